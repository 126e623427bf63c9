import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../../src/core/errors.ts';
import { responseTo } from '../../../src/sip/message/build.ts';
import * as types from '../../../src/sip/message/header-types.ts';
import type { Headers, HeaderType } from '../../../src/sip/message/headers.ts';
import { isRequest, type Message, printMessage } from '../../../src/sip/message/message.ts';
import { parseHead, parseMessage } from '../../../src/sip/message/parse.ts';
import { parseUri, sameUri } from '../../../src/sip/message/uri.ts';
import { checkRequest, checkResponse } from '../../../src/sip/message/validate.ts';
import { request, response } from '../../support/sip-judge.ts';
import { VOLTE_INVITE, VOLTE_REGISTER, VOLTE_RINGING } from '../../support/sip-samples.ts';

// Whatever comes, the message layer throws MalformedError or nothing, in time linear in the octets.

const CORPUS = [
  VOLTE_INVITE,
  VOLTE_REGISTER,
  VOLTE_RINGING,
  request('REGISTER sip:h SIP/2.0', { Contact: '*', Expires: '0', v: 'SIP / 2.0 / TCP [::1]:5060 ;a , SIP/2.0/UDP b' }),
  request('MESSAGE tel:+1;x=y SIP/2.0', { Contact: '"a \\" <>" <sips:a:b@[::1]?x=y>;q=0.1, sip:x;y' }, '\0\r\n\r\n'),
  response('SIP/2.0 200 ж', { Reason: 'Q.850;cause=16;text="x"', Event: 'reg;id=1', 'X-Fold': 'a\r\n b' }),
];
const TYPES = (Object.values(types) as readonly unknown[]).filter(
  (value): value is HeaderType<unknown> => typeof value === 'object' && value !== null && 'parse' in value,
);

/** All that is ever asked of a message; what is malformed is left out. */
function readAll(message: Message): void {
  for (const type of TYPES) {
    message.headers.tryGet(type);
    tolerate(() => message.headers.all(type).map((value) => type.print(value)));
  }
  if (isRequest(message)) tolerate(() => parseUri(message.uri));
}

function tolerate<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function digest(data: Buffer): void {
  const head = tolerate(() => parseMessage(data));
  tolerate(() => parseHead(data));
  if (head === undefined) return;
  const { message } = head;
  readAll(message);
  const text = (headers: Headers) =>
    headers.lines.filter(({ key }) => key !== 'content-length').map(({ value }) => value);
  const again = parseMessage(printMessage(message)).message;
  assert.deepEqual(text(again.headers), text(message.headers));
  assert.ok(Buffer.from(again.body).equals(message.body));
  if (!isRequest(message)) return void checkResponse(head, message);
  const refusal = checkRequest(head, message, data.length - head.length);
  const answer = responseTo(message, refusal?.status ?? 200, { toTag: 't', reason: refusal?.reason ?? 'OK' });
  // What is answered is well-formed as far as what it answers was.
  const answered = parseMessage(printMessage(refusal?.applyTo(answer) ?? answer));
  assert.ok(!isRequest(answered.message));
  if (refusal === undefined) assert.equal(checkResponse(answered, answered.message), undefined);
}

describe('the message layer', () => {
  it('digests every prefix of good messages', () => {
    for (const sample of CORPUS) for (let size = 0; size <= sample.length; size++) digest(sample.subarray(0, size));
  });

  it('digests good messages with octets changed, lost, doubled and put in', () => {
    const octet = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(...Buffer.from('\r\n \t"\\<>;,:=@?*%[]/\0-')),
    );
    const change = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('set', 'insert', 'remove', 'double', 'cut'),
      octet,
      length: fc.integer({ min: 1, max: 40 }),
    });
    const property = fc.property(
      fc.constantFrom(...CORPUS),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      (sample, changes) => {
        let data = Buffer.from(sample);
        for (const { at, kind, octet: value, length } of changes) {
          const place = at % (data.length + 1);
          const [before, after] = [data.subarray(0, place), data.subarray(place)];
          if (kind === 'set') data[place % Math.max(1, data.length)] = value;
          else if (kind === 'insert') data = Buffer.concat([before, Buffer.alloc(length, value), after]);
          else if (kind === 'remove') data = Buffer.concat([before, after.subarray(length)]);
          else if (kind === 'double') data = Buffer.concat([before, after.subarray(0, length), after]);
          else data = Buffer.from(before);
        }
        digest(data);
      },
    );
    fc.assert(property, { numRuns: 3000, plugins: [fc.interruptAfterTimeLimit(4000)] });
  });

  it('digests any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => digest(Buffer.from(octets))),
      { numRuns: 1000, plugins: [fc.interruptAfterTimeLimit(1500)] },
    );
  });
});

describe('the time a message takes', () => {
  const SIZE = 60_000;
  const MOST_MICROSECONDS = 150_000;
  const fill = (piece: string, end = '') => piece.repeat(Math.floor((SIZE - end.length) / piece.length)) + end;

  const inTime = (what: string, work: () => unknown) => {
    const before = process.cpuUsage();
    tolerate(work);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < MOST_MICROSECONDS, `${what} took ${user + system} µs`);
  };

  // One piece a word, then those with a space in them.
  const pieces = [
    ...`a " \\ "\\ < > ; ;; , ;a ;a= ;a=b % %41 @ : [ ( (") "" <> <sip:a@b> <sip:a@b>, sip:a@b, sip: a/ 1 / ? & *`.split(
      ' ',
    ),
    ...`\u00ff \u00a0 ;a=" ;a="b" = SIP/2.0/UDP;a=b, \\" [: . a. -`.split(' '),
    ' ',
    '\t',
    ', ',
    'a ',
    '"a" ',
    '0 ',
    'SIP/2.0/UDP h,',
    'SIP/2.0/UDP h;a=b,',
  ];
  const values = pieces.flatMap((piece) => [
    fill(piece),
    fill(piece, '\u0001'),
    `<sip:${fill(piece, '>')}`,
    `sip:${fill(piece, '\u0001')}`,
    `"${fill(piece, '" <sip:a@b>')}`,
    `SIP/2.0/UDP h${fill(piece, '\u0001')}`,
  ]);

  const { VIA, CONTACT, FROM, CALL_ID, CSEQ, MAX_FORWARDS, EXPIRES, REQUIRE, REASON, CONTENT_TYPE } = types;
  for (const type of [VIA, CONTACT, FROM, CALL_ID, CSEQ, MAX_FORWARDS, EXPIRES, REQUIRE, REASON, CONTENT_TYPE]) {
    it(`is bounded for ${type.name}`, () => {
      for (const value of values) {
        const what = `${type.name} of ${JSON.stringify(value.slice(0, 40))}…`;
        const { headers } = parseMessage(
          Buffer.from(`A sip:a SIP/2.0\r\n${type.name}: ${value}\r\n\r\n`, 'latin1'),
        ).message;
        inTime(what, () => headers.all<unknown>(type));
        inTime(what, () => headers.get<unknown>(type));
      }
    });
  }

  it('is bounded for start lines, URIs and heads', () => {
    for (const value of values) {
      const what = JSON.stringify(value.slice(0, 40));
      inTime(what, () => parseUri(`sip:${value}`));
      inTime(what, () => parseUri(`tel:${value}`));
      inTime(what, () => parseMessage(Buffer.from(`A ${value} SIP/2.0\r\n\r\n`, 'latin1')));
      inTime(what, () => parseMessage(Buffer.from(`SIP/2.0 200 ${value}\r\n\r\n`, 'latin1')));
      inTime(what, () => parseMessage(Buffer.from(`${value}\r\n\r\n`, 'latin1')));
      inTime(what, () => parseMessage(Buffer.from(`A sip:a SIP/2.0\r\n${value}: x\r\n\r\n`, 'latin1')));
    }
    for (const piece of ['\r\n', '\n', '\r', '\r\n ', 'a:\n', 'a:\r\n', 'a:\r\n b\r\n', ' \r\n']) {
      inTime(JSON.stringify(piece), () => parseMessage(Buffer.from(`A sip:a SIP/2.0\r\n${fill(piece, '\r\n\r\n')}`)));
      inTime(JSON.stringify(piece), () => parseHead(Buffer.from(fill(piece))));
    }
  });

  it('is bounded for comparisons', () => {
    const uris = [';a=b', ';a%41', '&a=b'].map((piece) => tolerate(() => parseUri(`sip:h?x${fill(piece)}`)));
    for (const a of uris) for (const b of uris) inTime('sameUri', () => a && b && sameUri(a, b));
  });
});
