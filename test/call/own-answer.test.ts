import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changesNothing, inAnswerTo } from '../../src/call/own-answer.ts';
import { parseSdp, printSdp } from '../../src/sdp/session-description.ts';

const sdp = (port: number, formats: string, direction: string, more = '') =>
  parseSdp(
    `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP ${formats}\r\n` +
      `${formats
        .split(' ')
        .map((format) => `a=rtpmap:${format} X${format}/8000\r\n`)
        .join('')}a=fmtp:97 x\r\na=ptime:20\r\na=${direction}\r\n${more}`,
  );

const VIDEO = 'm=video 4002 RTP/AVP 99\r\n';
const before = sdp(4000, '96 97 101', 'sendrecv');
const other = sdp(5000, '97 101', 'sendrecv');

describe('an offer that changes nothing for the other side', () => {
  for (const [title, offer] of [
    ['is the same again', before],
    ['drops formats that are not used', sdp(4000, '97 101', 'sendrecv')],
    ['moves', sdp(4444, '97 101', 'sendrecv')],
  ] as const) {
    it(title, () => assert.equal(changesNothing(before, offer, other), true));
  }

  for (const [title, offer] of [
    ['holds', sdp(4000, '97 101', 'sendonly')],
    ['drops a format that is used', sdp(4000, '96 101', 'sendrecv')],
    ['ends the media', sdp(0, '97 101', 'sendrecv')],
    ['adds media', sdp(4000, '97 101', 'sendrecv', VIDEO)],
  ] as const) {
    it(`is not one that ${title}`, () => assert.equal(changesNothing(before, offer, other), false));
  }

  it('leaves media that the other side refused as they are', () => {
    const refused = sdp(0, '97', 'sendrecv');
    assert.equal(changesNothing(before, sdp(0, '97', 'sendrecv'), refused), true);
    assert.equal(changesNothing(before, sdp(4000, '97', 'sendrecv'), refused), false);
  });
});

describe('the answer out of what the other side said', () => {
  it('has only what is offered: formats with their attributes, and the direction', () => {
    const text = printSdp(inAnswerTo(sdp(4000, '97 101', 'sendonly'), before)).toString();
    assert.match(text, /m=audio 4000 RTP\/AVP 97 101\r\n/);
    assert.match(text, /a=rtpmap:97 .*a=rtpmap:101 .*a=fmtp:97 x.*a=ptime:20.*a=recvonly/s);
    assert.doesNotMatch(text, /rtpmap:96|sendrecv/);
  });

  it('is what it said where all of that is offered', () => {
    assert.deepEqual(printSdp(inAnswerTo(before, other)), printSdp(other));
  });
});
