import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readSqn, SQN_LIMIT } from '../../src/aka/sequence.ts';
import { simAlgorithm } from '../../src/aka/sim-keys.ts';
import { checkAuts, makeVector } from '../../src/aka/vector.ts';
import { akaVectors, hex, keysOf, octets } from './vectors.ts';

describe('makeVector', () => {
  for (const vector of akaVectors.authentication_vectors) {
    it(`agrees with ${vector.id}`, () => {
      const algorithm = simAlgorithm(keysOf(vector, vector.expect.RES.length / 2));
      const rand = octets(vector.RAND);
      const sqn = readSqn(octets(vector.SQN));
      const made = makeVector(algorithm, { rand, sqn, amf: Number.parseInt(vector.AMF, 16) });
      assert.equal(hex(made.rand), vector.RAND);
      assert.deepEqual(
        { RES: hex(made.xres), CK: hex(made.ck), IK: hex(made.ik), AUTN: hex(made.autn) },
        vector.expect,
      );
    });
  }

  for (const vector of akaVectors.vectors) {
    const autn = vector.derived?.AUTN;
    if (autn === undefined) continue;
    it(`makes the AUTN of ${vector.id}`, () => {
      const sqn = readSqn(octets(vector.SQN));
      const amf = Number.parseInt(vector.AMF, 16);
      const made = makeVector(simAlgorithm(keysOf(vector, 8)), { rand: octets(vector.RAND), sqn, amf });
      assert.equal(hex(made.autn), autn);
    });
  }
});

describe('checkAuts', () => {
  const published = [
    ...akaVectors.resync_auts.map((vector) => ({ vector, auts: vector.AUTS, sqn: vector.expect_SQN_MS })),
    ...akaVectors.vectors.flatMap((vector) => {
      const auts = vector.derived?.AUTS_for_SQN;
      return auts === undefined ? [] : [{ vector, auts, sqn: vector.SQN }];
    }),
  ];
  for (const { vector, auts, sqn } of published) {
    const algorithm = simAlgorithm(keysOf(vector, 8));
    const rand = octets(vector.RAND);

    it(`finds the SQN of ${vector.id}`, () => {
      assert.equal(checkAuts(algorithm, rand, octets(auts)), readSqn(octets(sqn)));
    });

    it(`refuses ${vector.id} with any bit changed`, () => {
      for (let bit = 0; bit < 14 * 8; bit++) {
        const changed = octets(auts);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
        assert.equal(checkAuts(algorithm, rand, changed), undefined, `bit ${bit}`);
      }
    });

    it(`refuses ${vector.id} for another RAND`, () => {
      const other = rand.slice();
      // XOR takes no more than RAND's first nine octets into AUTS.
      other[0] = (other[0] ?? 0) ^ 1;
      assert.equal(checkAuts(algorithm, other, octets(auts)), undefined);
    });
  }

  it('is never believed when made up', () => {
    const algorithm = simAlgorithm({ algo: 'milenage', k: new Uint8Array(16), op: new Uint8Array(16) });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 14, maxLength: 14 }),
        (rand, auts) => checkAuts(algorithm, rand, auts) === undefined,
      ),
    );
  });

  it('refuses every other length by name', () => {
    const algorithm = simAlgorithm({ algo: 'xor', k: new Uint8Array(16) });
    for (const length of [0, 1, 6, 13, 15, 16]) {
      assert.throws(() => checkAuts(algorithm, new Uint8Array(16), new Uint8Array(length)), {
        name: 'MalformedError',
        message: `AUTS has ${length} octets, 14 expected`,
      });
    }
  });

  it('reads any SQN a card may hold', () => {
    const algorithm = simAlgorithm({ algo: 'xor', k: new Uint8Array(16) });
    const rand = new Uint8Array(16);
    for (const sqn of ['000000000000', 'ffffffffffff', '800000000000']) {
      const auts = Uint8Array.of(...octets(sqn), ...algorithm.f1star(rand, readSqn(octets(sqn)), 0));
      assert.equal(checkAuts(algorithm, rand, auts), readSqn(octets(sqn)));
    }
    assert.equal(readSqn(octets('ffffffffffff')), SQN_LIMIT - 1);
  });
});
