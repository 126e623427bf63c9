import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { advanceSqn, DELTA, nextSqn } from '../../src/aka/sequence.ts';
import { type SimKeys, simAlgorithm } from '../../src/aka/sim-keys.ts';
import { Usim } from '../../src/aka/usim.ts';
import { checkAuts, makeVector } from '../../src/aka/vector.ts';
import { octets } from './vectors.ts';

const AMF = 0x9001;
const k = octets('465b5ce8b199b49faa5f0a2ee238a6bc');
const opc = octets('cd63cb71954a9f4e48a5994e37a02baf');
const rand = octets('23553cbe9637a89d218ae64dae47bf35');
const milenage: SimKeys = { algo: 'milenage', k, opc };
const cards: readonly SimKeys[] = [
  milenage,
  { algo: 'xor', k, resLength: 16 },
  { algo: 'tuak', k, topc: new Uint8Array(32), resLength: 16 },
];

/** A challenge of the network with `keys`. */
function challenge(keys: SimKeys, sqn: number, amf = AMF) {
  return makeVector(simAlgorithm(keys), { rand, sqn, amf });
}

/** What the network learns from an AUTS that must be there. */
function sqnToldBy(usim: Usim, keys: SimKeys, sqn: number, amf = AMF): number | undefined {
  const answer = usim.authenticate(rand, challenge(keys, sqn, amf).autn);
  assert.equal(answer.kind, 'sync-failure');
  return answer.kind === 'sync-failure' ? checkAuts(simAlgorithm(keys), rand, answer.auts) : undefined;
}

describe('Usim', () => {
  for (const keys of cards) {
    it(`${keys.algo}: agrees with the network on RES, CK and IK`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 16, maxLength: 16 }),
          fc.integer({ min: 32, max: 2 ** 33 }),
          (any, sqn) => {
            const { autn, xres, ck, ik } = makeVector(simAlgorithm(keys), { rand: any, sqn, amf: AMF });
            assert.deepEqual(new Usim(keys).authenticate(any, autn), { kind: 'success', res: xres, ck, ik });
          },
        ),
        { numRuns: 25 },
      );
    });

    it(`${keys.algo}: refuses an AUTN with any bit changed`, () => {
      const { autn } = challenge(keys, 64);
      const usim = new Usim(keys);
      for (let bit = 0; bit < 128; bit++) {
        const changed = autn.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
        assert.deepEqual(usim.authenticate(rand, changed), { kind: 'mac-failure' }, `bit ${bit}`);
      }
      assert.equal(usim.sqnMs, 0);
    });

    it(`${keys.algo}: refuses the AUTN of another K`, () => {
      const other = { ...keys, k: opc };
      assert.deepEqual(new Usim(keys).authenticate(rand, challenge(other, 64).autn), { kind: 'mac-failure' });
    });
  }

  it('takes each SQN once', () => {
    const usim = new Usim(milenage);
    assert.equal(usim.authenticate(rand, challenge(milenage, 64).autn).kind, 'success');
    assert.equal(usim.sqnMs, 64);
    assert.equal(sqnToldBy(usim, milenage, 64), 64);
  });

  it('takes what the counter makes, one after the other', () => {
    const usim = new Usim(milenage);
    let sqn = 0;
    for (let at = 0; at < 100; at++) {
      sqn = nextSqn('counter', sqn, 0);
      assert.equal(usim.authenticate(rand, challenge(milenage, sqn).autn).kind, 'success');
    }
  });

  it('takes an older SEQ with an IND that was not used since', () => {
    const usim = new Usim(milenage);
    assert.equal(usim.authenticate(rand, challenge(milenage, 100 * 32 + 1).autn).kind, 'success');
    assert.equal(usim.authenticate(rand, challenge(milenage, 50 * 32 + 2).autn).kind, 'success');
    assert.equal(sqnToldBy(usim, milenage, 50 * 32 + 1), 100 * 32 + 1);
  });

  it('refuses a SEQ further ahead than a card allows', () => {
    assert.equal(new Usim(milenage).authenticate(rand, challenge(milenage, DELTA * 32).autn).kind, 'success');
    assert.equal(sqnToldBy(new Usim(milenage), milenage, (DELTA + 1) * 32), 0);
  });

  it('accepts the challenge after a resynchronisation, whatever SQN it held', () => {
    fc.assert(
      fc.property(fc.integer({ min: 32, max: 2 ** 48 - 64 }), (held) => {
        const usim = new Usim(milenage, held);
        const told = sqnToldBy(usim, milenage, 32);
        assert.equal(told, held);
        assert.equal(usim.authenticate(rand, challenge(milenage, advanceSqn(held)).autn).kind, 'success');
      }),
    );
  });

  it('as a test card takes any SQN, and resynchronises when AMF asks', () => {
    const keys: SimKeys = { algo: 'xor', k };
    const usim = new Usim(keys, 0x5a82);
    for (const sqn of [0, 0, 64, 32]) {
      assert.equal(usim.authenticate(rand, challenge(keys, sqn).autn).kind, 'success');
    }
    assert.equal(sqnToldBy(usim, keys, 64, 0xffff), 0x5a82);
  });

  it('refuses RAND and AUTN of other lengths by name', () => {
    const usim = new Usim(milenage);
    const error = (message: RegExp) => ({ name: 'MalformedError', message });
    assert.throws(() => usim.authenticate(rand, new Uint8Array(15)), error(/AUTN has 15 octets, 16 expected/));
    assert.throws(() => usim.authenticate(new Uint8Array(17), new Uint8Array(16)), error(/RAND has 17 octets/));
  });
});
