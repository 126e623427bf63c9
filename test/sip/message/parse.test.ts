import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../src/core/errors.ts';
import { isRequest } from '../../../src/sip/message/message.ts';
import { contentLength, DEFAULT_LIMITS, parseHead, parseMessage } from '../../../src/sip/message/parse.ts';
import { VOLTE_INVITE, VOLTE_REGISTER, VOLTE_RINGING } from '../../support/sip-samples.ts';

const octets = (text: string) => Buffer.from(text, 'latin1');
const read = (text: string) => parseMessage(octets(text));
const lines = (text: string) => read(text).message.headers.lines.map(({ name, value }) => `${name}=${value}`);

describe('parseMessage', () => {
  it('reads start lines', () => {
    const { message, version } = read('INVITE sip:a@h SIP/2.0\r\n\r\n');
    assert.ok(isRequest(message));
    assert.deepEqual([message.method, message.uri, version], ['INVITE', 'sip:a@h', '2.0']);
    const response = read('SIP/2.0 183 Session  Progress\r\n\r\n').message;
    assert.ok(!isRequest(response));
    assert.deepEqual([response.status, response.reason], [183, 'Session  Progress']);
    assert.equal(read('INVITE sip:a@h sip/2.1\r\n\r\n').version, '2.1');
  });

  it('refuses other start lines', () => {
    for (const line of [
      'GET / HTTP/1.1',
      'INVITE sip:a@h',
      'INVITE SIP/2.0',
      'INVITE  SIP/2.0',
      'IN(VITE sip:a@h SIP/2.0',
      'sip:a@h SIP/2.0',
      'INVITE sip:a@h SIP/2',
      'INVITE sip:a@h SIP/2.0.1',
      'SIP/2.0',
      'SIP/2.0 OK',
      'SIP/2.0 2000 OK',
      'SIP/2.0 99 OK',
      '\u0016\u0003\u0001\u0002',
    ]) {
      assert.throws(() => read(`${line}\r\n\r\n`), MalformedError, line);
    }
  });

  it('unfolds and trims values, and leaves them alone otherwise', () => {
    assert.deepEqual(lines('A sip:b SIP/2.0\r\nX :  a\r\n \tb \r\nY:\r\n z\r\nZ:\r\nW: "a:b"  \u00c3\u00a0\r\n\r\n'), [
      'X=a b',
      'Y=z',
      'Z=',
      'W="a:b"  \u00c3\u00a0',
    ]);
  });

  it('takes bare line feeds and mixtures', () => {
    for (const end of ['\n\n', '\n\r\n', '\r\n\n']) {
      const { message, length } = read(`A sip:b SIP/2.0\nX: 1\r\nY: 2${end}body\r\n\r\n`);
      assert.deepEqual(
        message.headers.lines.map(({ value }) => value),
        ['1', '2'],
      );
      assert.equal(Buffer.from(message.body).toString(), 'body\r\n\r\n');
      assert.equal(length, 'A sip:b SIP/2.0\nX: 1\r\nY: 2'.length + end.length);
    }
  });

  it('makes a space of a bare CR, so that no peer takes it for a line end', () => {
    assert.deepEqual(lines('A sip:b SIP/2.0\r\nX: 1\rEvil: 2\r\n\r\n'), ['X=1 Evil: 2']);
  });

  it('passes over line ends before the start line', () => {
    const { message, length } = read('\r\n\r\n\nA sip:b SIP/2.0\r\nContent-Length: 1\r\n\r\nxy');
    assert.equal(message.body.length, 1);
    assert.equal(length, 43);
  });

  it('frames the body by Content-Length, and takes all when there is none', () => {
    const body = (header: string) =>
      Buffer.from(read(`A sip:b SIP/2.0\r\n${header}\r\n\r\n0123`).message.body).toString();
    assert.equal(body('Content-Length: 2'), '01');
    assert.equal(body('l:0'), '');
    assert.equal(body('X: y'), '0123');
    assert.equal(body('Content-Length: 9'), '0123');
    assert.equal(body('Content-Length: -1'), '0123');
  });

  it('ends a datagram without an empty line where it ends, unless that is within a line', () => {
    assert.deepEqual(lines('A sip:b SIP/2.0\r\nX: 1\r\n'), ['X=1']);
    assert.throws(() => read('A sip:b SIP/2.0\r\nX: 1'), MalformedError);
    for (const nothing of ['', '\r\n', '\r\n\r\n']) assert.throws(() => read(nothing), MalformedError);
  });

  it('says where a line is wrong', () => {
    for (const line of ['no colon', ': x', 'a b: c', 'a(b): c', '\u00e9: c']) {
      assert.throws(
        () => read(`A sip:b SIP/2.0\r\nX: 1\r\n${line}\r\n\r\n`),
        (error) => error instanceof MalformedError && error.offset === 23,
        line,
      );
    }
    assert.throws(() => read('A sip:b SIP/2.0\r\n X: 1\r\n\r\n'), MalformedError);
  });

  it('keeps to its limits', () => {
    const limits = { ...DEFAULT_LIMITS, messageSize: 100, headerCount: 3 };
    const excess = (text: string) => parseMessage(octets(text), limits).excess ?? '';
    const start = 'A sip:b SIP/2.0\r\n';
    assert.equal(parseMessage(octets(`${start}${'X: 1\r\n'.repeat(3)}\r\n`), limits).message.headers.lines.length, 3);
    assert.equal(excess(`${start}${'X: 1\r\n'.repeat(3)}\r\n`), '');
    assert.match(excess(`${start}${'X: 1\r\n'.repeat(4)}\r\n`), /header lines/);
    assert.match(excess(`${start}X: 1${'\r\n 1'.repeat(3)}\r\n\r\n`), /header lines/);
    assert.match(excess(`${start}\r\n${'x'.repeat(100)}`), /octets/);
    assert.throws(() => parseHead(octets(`${start}${'X'.repeat(100)}`), limits), MalformedError);
    const most = octets(`A sip:b SIP/2.0\r\nX: ${'x'.repeat(65_535 - 24)}\r\n\r\n`);
    assert.equal(most.length, DEFAULT_LIMITS.messageSize);
    assert.equal(parseMessage(most).length, most.length);
  });
});

describe('parseHead', () => {
  for (const [name, sample] of Object.entries({ VOLTE_INVITE, VOLTE_REGISTER, VOLTE_RINGING })) {
    it(`waits for every prefix of ${name}, and then finds its end`, () => {
      const length = parseMessage(sample).length;
      for (let size = 0; size < length; size++) {
        assert.equal(parseHead(sample.subarray(0, size)), undefined);
        assert.equal(parseHead(sample.subarray(0, size), DEFAULT_LIMITS, size - 1), undefined);
      }
      for (let size = length; size <= sample.length; size++) {
        assert.equal(parseHead(sample.subarray(0, size))?.length, length);
      }
    });
  }

  it('finds the end however the octets before were told', () => {
    for (const end of ['\r\n\r\n', '\n\n', '\n\r\n', '\r\n\n']) {
      const data = octets(`\r\nA sip:b SIP/2.0\r\nX: 1${end}`);
      for (let from = 0; from < data.length; from++) {
        assert.equal(parseHead(data, DEFAULT_LIMITS, from)?.length, data.length, `${JSON.stringify(end)} from ${from}`);
      }
    }
  });

  it('leaves what follows to its caller', () => {
    const two = Buffer.concat([VOLTE_REGISTER, VOLTE_REGISTER]);
    const first = parseHead(two);
    assert.equal(first?.length, VOLTE_REGISTER.length);
    assert.equal(first?.message.body.length, 0);
  });

  it('costs no more than its octets when they come one by one', () => {
    const data = octets(`A sip:b SIP/2.0\n${`X: ${'x'.repeat(250)}\n`.repeat(240)}\n`);
    const before = process.cpuUsage();
    let found = 0;
    for (let size = 1; size <= data.length; size++) {
      if (parseHead(data.subarray(0, size), DEFAULT_LIMITS, size - 1) !== undefined) found = size;
    }
    const { user, system } = process.cpuUsage(before);
    assert.equal(found, data.length);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
  });
});

describe('contentLength', () => {
  it('is one number or none', () => {
    const of = (...headers: readonly string[]) =>
      contentLength(read(`A sip:b SIP/2.0\r\n${headers.join('\r\n')}\r\n\r\n`).message.headers);
    assert.equal(of('Content-Length: 007'), 7);
    assert.equal(of('l: 7', 'Content-Length: 07'), 7);
    assert.equal(of('X: 7'), undefined);
    assert.equal(of('l: 7', 'Content-Length: 8'), undefined);
    for (const bad of ['', '-7', '7.0', '7 7', '0x7']) assert.equal(of(`l: ${bad}`), undefined, bad);
  });
});
