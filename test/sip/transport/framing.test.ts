import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isRequest } from '../../../src/sip/message/message.ts';
import { DEFAULT_LIMITS } from '../../../src/sip/message/parse.ts';
import { type Frame, Framer } from '../../../src/sip/transport/framing.ts';

function message(body: string | Buffer, callId = 'a', end = '\r\n'): Buffer {
  const octets = Buffer.from(body as string);
  const lines = ['MESSAGE sip:b@h SIP/2.0', `Call-ID: ${callId}`, `l: ${octets.length}`, '', ''];
  return Buffer.concat([Buffer.from(lines.join(end)), octets]);
}

function frames(chunks: readonly Buffer[], limits = DEFAULT_LIMITS): Frame[] {
  const framer = new Framer(limits);
  const found: Frame[] = [];
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk));
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) found.push(frame);
  }
  return found;
}

function brief(frame: Frame): string {
  if (frame.kind === 'ping') return 'ping';
  if (frame.kind === 'broken') return `broken ${frame.refusal?.status ?? ''}`.trim();
  return `${frame.head.message.headers.raw('Call-ID')}:${Buffer.from(frame.head.message.body).toString('latin1')}`;
}

function split(data: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (data.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((place, index) => data.subarray(place, places[index] ?? data.length));
}

describe('cutting messages out of a stream', () => {
  it('finds the same messages wherever segments split', () => {
    const piece = fc.oneof(
      fc.tuple(fc.string({ maxLength: 60 }), fc.constantFrom('\r\n', '\n')).map(([body, end]) => ({ body, end })),
      fc.constant({ crlf: '\r\n\r\n' }),
      fc.constant({ crlf: '\r\n' }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat()), (pieces, cuts) => {
        const data = Buffer.concat(
          pieces.map((one, index) => ('crlf' in one ? Buffer.from(one.crlf) : message(one.body, `c${index}`, one.end))),
        );
        const whole = frames([data]).map(brief);
        assert.deepEqual(frames(split(data, cuts)).map(brief), whole);
        const expected = pieces.flatMap((one, index) =>
          'crlf' in one ? [] : [`c${index}:${Buffer.from(one.body).toString('latin1')}`],
        );
        assert.deepEqual(
          whole.filter((text) => text !== 'ping'),
          expected,
        );
      }),
    );
  });

  it('never fails on garbage, wherever it splits, and finds nothing behind it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 5 }), (garbage, cuts) => {
        const data = Buffer.concat([garbage, message('x')]);
        const found = frames(split(data, cuts));
        assert.ok(found.slice(0, -1).every((frame) => frame.kind !== 'broken'));
      }),
    );
  });

  it('keeps a body when later segments are pushed', () => {
    const framer = new Framer(DEFAULT_LIMITS);
    const data = Buffer.concat([message('first body'), message('second', 'b')]);
    for (const octet of data.subarray(0, message('first body').length)) framer.push(Buffer.of(octet));
    const frame = framer.next();
    framer.push(Buffer.from(data.subarray(message('first body').length)));
    assert.equal(brief(framer.next() as Frame), 'b:second');
    assert.equal(brief(frame as Frame), 'a:first body');
    assert.equal(framer.partial, false);
  });

  it('answers pings and ignores single line ends', () => {
    assert.deepEqual(frames([Buffer.from('\r\n')]), []);
    assert.deepEqual(frames([Buffer.from('\r\n\r\n')]).map(brief), ['ping']);
    const split = ['\r', '\n', '\r', '\n'].map((text) => Buffer.from(text));
    assert.deepEqual(frames(split).map(brief), ['ping']);
    assert.deepEqual(frames([Buffer.from('\r\n'), message('x'), Buffer.from('\r\n')]).map(brief), ['a:x']);
    const between = Buffer.concat([message('x'), Buffer.from('\r\n\r\n'), message('y', 'b')]);
    assert.deepEqual(frames([between]).map(brief), ['a:x', 'ping', 'b:y']);
  });

  it('gives the whole octets of each message', () => {
    const [frame] = frames([Buffer.concat([message('x'), message('y')])]);
    assert.ok(frame?.kind === 'message' && isRequest(frame.head.message));
    assert.deepEqual(frame.octets, message('x'));
  });

  const head = (lines: string[]) => Buffer.from(['OPTIONS sip:h SIP/2.0', ...lines, '', ''].join('\r\n'));
  const broken: [string, Buffer, string][] = [
    ['no Content-Length', head(['Call-ID: a']), 'broken 400'],
    ['negative Content-Length', head(['Content-Length: -5']), 'broken 400'],
    ['two different Content-Lengths', head(['Content-Length: 0', 'l: 5']), 'broken 400'],
    ['longer than the limit', head(['Content-Length: 999999']), 'broken 513'],
    ['an endless Content-Length', head(['Content-Length: 99999999999999999999']), 'broken 513'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'broken'],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), 'broken'],
    ['a head that does not end', Buffer.from(`OPTIONS sip:h SIP/2.0\r\nX: ${'x'.repeat(70_000)}`), 'broken'],
    ['too many headers', head(Array.from({ length: 300 }, () => 'X: y')), 'broken 513'],
  ];
  for (const [name, data, expected] of broken) {
    it(`ends at: ${name}`, () => {
      assert.deepEqual(frames([data, message('behind')]).map(brief), [expected]);
    });
  }

  it('costs the same per octet for many octets in small pieces', () => {
    const time = (count: number) => {
      const data = Buffer.concat(Array.from({ length: count }, () => message('x'.repeat(40_000))));
      const framer = new Framer(DEFAULT_LIMITS);
      const started = process.cpuUsage();
      let found = 0;
      for (let at = 0; at < data.length; at += 3) {
        framer.push(data.subarray(at, at + 3));
        while (framer.next() !== undefined) found++;
      }
      assert.equal(found, count);
      const { user, system } = process.cpuUsage(started);
      return user + system;
    };
    time(4);
    // Quadratic work would make it 13,000 scans of up to 40,000 octets each: seconds.
    assert.ok(time(8) < 1_000_000);
  });
});
