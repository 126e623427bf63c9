import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { advanceSqn, DELTA, indOf, nextSqn, readSqn, SQN_LIMIT, seqOf, writeSqn } from '../../src/aka/sequence.ts';
import { hex, octets } from './vectors.ts';

const anySqn = fc.integer({ min: 0, max: SQN_LIMIT - 1 });
const NOW_MS = Date.UTC(2026, 6, 1);

describe('SQN as octets', () => {
  it('has six, the most significant first', () => {
    assert.equal(hex(writeSqn(0x123456789abc)), '123456789abc');
    assert.equal(readSqn(octets('ff9bb4d0b607')), 0xff9bb4d0b607);
  });

  it('is read back as it was written, wherever the octets lie', () => {
    fc.assert(fc.property(anySqn, (sqn) => readSqn(writeSqn(sqn)) === sqn));
    assert.equal(readSqn(octets('ffff0000000000ff').subarray(2)), 0xff);
  });

  it('refuses other lengths', () => {
    assert.throws(() => readSqn(octets('0000000000')), { name: 'MalformedError', message: /SQN has 5 octets/ });
    assert.throws(() => readSqn(octets('00000000000000')), { name: 'MalformedError', message: /SQN has 7 octets/ });
  });
});

describe('counter', () => {
  it('raises SEQ and takes every IND in turn', () => {
    const used = new Set<number>();
    let sqn = 0;
    for (let challenge = 0; challenge < 32; challenge++) {
      const next = nextSqn('counter', sqn, NOW_MS);
      assert.ok(seqOf(next) > seqOf(sqn));
      assert.ok(next - sqn > 32);
      used.add(indOf(next));
      sqn = next;
    }
    assert.equal(used.size, 32);
  });

  it('wraps within 48 bits', () => {
    assert.equal(advanceSqn(SQN_LIMIT - 1), 32);
    fc.assert(fc.property(anySqn, (sqn) => advanceSqn(sqn) < SQN_LIMIT));
  });
});

describe('time', () => {
  it('moves SEQ one a second while challenges are rarer', () => {
    const first = nextSqn('time', 0, NOW_MS);
    assert.equal(seqOf(nextSqn('time', first, NOW_MS + 60_000)) - seqOf(first), 60);
  });

  it('is far ahead of a counter and within what a fresh card accepts', () => {
    const seq = seqOf(nextSqn('time', 0, NOW_MS));
    assert.ok(seq > 1_000_000 && seq <= DELTA);
  });

  it('counts on when challenges are more frequent', () => {
    let sqn = nextSqn('time', 0, NOW_MS);
    for (let challenge = 0; challenge < 100; challenge++) {
      const next = nextSqn('time', sqn, NOW_MS);
      assert.ok(seqOf(next) > seqOf(sqn));
      assert.ok(seqOf(next) - seqOf(sqn) <= 2);
      sqn = next;
    }
  });

  it('counts on from a card that is ahead of the clock', () => {
    const sqnMs = SQN_LIMIT / 2;
    assert.equal(nextSqn('time', sqnMs, NOW_MS), advanceSqn(sqnMs));
  });

  it('counts on when the clock stands before its origin or too far ahead', () => {
    assert.equal(nextSqn('time', 64, 0), advanceSqn(64));
    assert.equal(nextSqn('time', 64, Date.UTC(2040, 0, 1)), advanceSqn(64));
  });

  it('never repeats a SEQ nor jumps further than a card allows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: SQN_LIMIT - 64 }), fc.integer({ min: 0, max: 4e12 }), (sqn, now) => {
        const ahead = seqOf(nextSqn('time', sqn, now)) - seqOf(sqn);
        return ahead >= 1 && ahead <= DELTA;
      }),
    );
  });
});
