import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Direction } from '../../src/sdp/attributes.ts';
import { answerDirection, checkAnswer, isHeld, rejectMedia, reverseDirection } from '../../src/sdp/offer-answer.ts';
import { parseSdp, printSdp } from '../../src/sdp/session-description.ts';
import { HANDSET, RFC_3264_ANSWER, RFC_3264_OFFER, RFC_4566 } from './descriptions.ts';

describe('directions', () => {
  // RFC 3264 §6.1, each row: offered, wanted by the answerer, answered.
  const ROWS: readonly [Direction, Direction, Direction][] = [
    ['sendrecv', 'sendrecv', 'sendrecv'],
    ['sendrecv', 'recvonly', 'recvonly'],
    ['sendrecv', 'inactive', 'inactive'],
    ['sendonly', 'sendrecv', 'recvonly'],
    ['sendonly', 'sendonly', 'inactive'],
    ['recvonly', 'sendrecv', 'sendonly'],
    ['recvonly', 'recvonly', 'inactive'],
    ['inactive', 'sendrecv', 'inactive'],
  ];
  for (const [offered, wanted, answered] of ROWS) {
    it(`${offered} offered, ${wanted} wanted: ${answered}`, () => {
      assert.equal(answerDirection(offered, wanted), answered);
    });
  }

  it('are named by the other side the other way round', () => {
    const all: Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
    assert.deepEqual(all.map(reverseDirection), ['sendrecv', 'recvonly', 'sendonly', 'inactive']);
  });
});

describe('hold', () => {
  const held = (from: string, to: string) => isHeld(parseSdp(HANDSET.replace(from, to)), 0);

  it('is seen in the direction and in the address of nowhere', () => {
    assert.equal(isHeld(parseSdp(HANDSET), 0), false);
    assert.equal(held('a=sendrecv', 'a=sendonly'), true);
    assert.equal(held('a=sendrecv', 'a=inactive'), true);
    assert.equal(held('c=IN IP6 2001:db8:1::5', 'c=IN IP4 0.0.0.0'), true);
    assert.equal(held('c=IN IP6 2001:db8:1::5', 'c=IN IP6 ::'), true);
  });

  it('is not what recvonly, a refused media or no media is', () => {
    assert.equal(held('a=sendrecv', 'a=recvonly'), false);
    assert.equal(isHeld(rejectMedia(parseSdp(HANDSET.replace('a=sendrecv', 'a=inactive')), 0), 0), false);
    assert.equal(isHeld(parseSdp(HANDSET), 1), false);
  });
});

describe('rejectMedia', () => {
  it('gives one media port 0 and leaves the others', () => {
    const text = printSdp(rejectMedia(parseSdp(RFC_3264_OFFER), 1)).toString();
    assert.equal(text, RFC_3264_OFFER.replace('m=video 51372', 'm=video 0'));
  });
});

describe('checkAnswer', () => {
  const check = (offer: string, answer: string) => checkAnswer(parseSdp(offer), parseSdp(answer));

  it('is content with the answers of RFC 3264 §10.1', () => {
    assert.equal(check(RFC_3264_OFFER, RFC_3264_ANSWER), undefined);
  });

  it('says that m= lines are missing or too many', () => {
    assert.equal(check(RFC_3264_OFFER, HANDSET), 'the answer has 1 m= lines, the offer 3');
  });

  it('says that they are in another order', () => {
    const swapped = RFC_4566.replace('m=audio', 'm=x').replace('m=video', 'm=audio').replace('m=x', 'm=video');
    assert.equal(check(RFC_4566, swapped), 'm= line 1 of the answer is video, of the offer audio');
  });

  it('says that a refused media came alive, save one that was offered bundle-only', () => {
    const refused = HANDSET.replace('49152', '0');
    assert.equal(check(refused, HANDSET), 'm= line 1 of the answer has port 49152, but was not offered');
    assert.equal(check(`${refused}a=bundle-only\r\n`, HANDSET), undefined);
  });
});
