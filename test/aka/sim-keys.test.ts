import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Milenage } from '../../src/aka/milenage.ts';
import { readSqn } from '../../src/aka/sequence.ts';
import { type SimKeys, simAlgorithm } from '../../src/aka/sim-keys.ts';
import { Tuak } from '../../src/aka/tuak.ts';
import { akaVectors, hex, keysOf, octets } from './vectors.ts';

describe('published figures of the authentication algorithms', () => {
  for (const vector of akaVectors.vectors) {
    const { expect } = vector;
    const rand = octets(vector.RAND);
    const sqn = readSqn(octets(vector.SQN));
    const amf = Number.parseInt(vector.AMF, 16);
    for (const derive of vector.algorithm === 'xor' ? [false] : [false, true]) {
      it(`${vector.id}${derive ? ' with the operator key derived' : ''}`, () => {
        const algorithm = simAlgorithm(keysOf(vector, (expect.RES ?? '').length / 2, derive));
        const { res, ck, ik, ak } = algorithm.f2345(rand);
        assert.deepEqual(
          {
            MAC_A: hex(algorithm.f1(rand, sqn, amf)),
            // The XOR figures are those of a card, which counts AMF as zero.
            MAC_S: hex(algorithm.f1star(rand, sqn, vector.algorithm === 'xor' ? 0 : amf)),
            RES: hex(res),
            CK: hex(ck),
            IK: hex(ik),
            AK: hex(ak),
            AK_star: hex(algorithm.f5star(rand)),
          },
          expect,
        );
        if (algorithm instanceof Milenage) assert.equal(hex(algorithm.opc), vector.OPc);
        if (algorithm instanceof Tuak) assert.equal(hex(algorithm.topc), vector.TOPc);
      });
    }
  }
});

/** OUT1 to OUT5 of TS 35.206 §4.1, written once more over whole numbers. */
function plainMilenage(
  k: Uint8Array,
  opc: Uint8Array,
  rand: Uint8Array,
  sqnAndAmf: string,
  r: readonly number[],
  c: readonly Uint8Array[],
): string[] {
  const number = (value: Uint8Array) => BigInt(`0x${hex(value)}`);
  const text = (value: bigint) => value.toString(16).padStart(32, '0');
  const encrypt = (value: bigint) => {
    const aes = createCipheriv('aes-128-ecb', k, null).setAutoPadding(false);
    return BigInt(`0x${aes.update(text(value), 'hex', 'hex')}${aes.final('hex')}`);
  };
  const mask = number(opc);
  const temp = encrypt(number(rand) ^ mask);
  const in1 = BigInt(`0x${sqnAndAmf}${sqnAndAmf}`);
  return r.map((bits, at) => {
    const turned = (at === 0 ? in1 : temp) ^ mask;
    const rotated = BigInt.asUintN(128, (turned << BigInt(bits)) | (turned >> BigInt(128 - bits)));
    return text(encrypt((at === 0 ? temp : 0n) ^ rotated ^ number(c[at] ?? k)) ^ mask);
  });
}

describe('simAlgorithm', () => {
  const k = octets('00112233445566778899aabbccddeeff');
  const k32 = new Uint8Array(32);
  const rand = octets('f96ae36e2d65fa8464c498ffc830380f');

  it('gives RES of 8 octets unless told otherwise', () => {
    assert.equal(simAlgorithm({ algo: 'xor', k }).f2345(rand).res.length, 8);
    assert.equal(simAlgorithm({ algo: 'milenage', k, op: k }).f2345(rand).res.length, 8);
    assert.equal(simAlgorithm({ algo: 'tuak', k, top: k32 }).f2345(rand).res.length, 8);
  });

  it('cuts a shorter RES of XOR and Milenage from the front of the long one', () => {
    for (const keys of [
      { algo: 'xor', k },
      { algo: 'milenage', k, op: k },
    ] as const) {
      const whole = hex(simAlgorithm({ ...keys, resLength: 8 }).f2345(rand).res);
      assert.equal(hex(simAlgorithm({ ...keys, resLength: 4 }).f2345(rand).res), whole.slice(0, 8));
    }
  });

  it('derives another RES of TUAK for each length', () => {
    const res = [4, 8, 16].map((resLength) =>
      hex(simAlgorithm({ algo: 'tuak', k, top: k32, resLength }).f2345(rand).res),
    );
    assert.deepEqual(
      res.map((text) => text.length / 2),
      [4, 8, 16],
    );
    assert.equal(new Set(res.map((text) => text.slice(0, 8))).size, 3);
  });

  it('permutes as often as keccak_iter says', () => {
    const [once, twice] = [1, 2].map((iterations) =>
      hex(simAlgorithm({ algo: 'tuak', k, topc: k32, iterations }).f2345(rand).ck),
    );
    assert.notEqual(once, twice);
  });

  it('takes OPc and TOPc when both forms of the operator key are given', () => {
    const other = octets('ffeeddccbbaa99887766554433221100');
    assert.deepEqual(
      simAlgorithm({ algo: 'milenage', k, opc: other, op: k }).f2345(rand),
      simAlgorithm({ algo: 'milenage', k, opc: other }).f2345(rand),
    );
    assert.deepEqual(
      simAlgorithm({ algo: 'tuak', k, topc: k32, top: k32.map(() => 1) }).f2345(rand),
      simAlgorithm({ algo: 'tuak', k, topc: k32 }).f2345(rand),
    );
  });

  it('customises Milenage with any r and c', () => {
    const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const five = { minLength: 5, maxLength: 5 };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 127 }), five),
        fc.array(block, five),
        block,
        block,
        (r, c, opc, any) => {
          const algorithm = simAlgorithm({ algo: 'milenage', k, opc, r, c });
          const { res, ck, ik, ak } = algorithm.f2345(any);
          const out1 =
            hex(algorithm.f1(any, 0x123456789abc, 0x9001)) + hex(algorithm.f1star(any, 0x123456789abc, 0x9001));
          const expected = plainMilenage(k, opc, any, '123456789abc9001', r, c);
          assert.deepEqual(
            [out1, hex(ak), hex(res), hex(ck), hex(ik), hex(algorithm.f5star(any))],
            [
              expected[0],
              expected[1]?.slice(0, 12),
              expected[1]?.slice(16),
              expected[2],
              expected[3],
              expected[4]?.slice(0, 12),
            ],
          );
        },
      ),
    );
  });

  const refused: readonly [what: string, keys: SimKeys, message: RegExp][] = [
    ['a short K of XOR', { algo: 'xor', k: k.slice(1) }, /K has 15 octets, 16 expected/],
    ['a short K of Milenage', { algo: 'milenage', k: k.slice(1), op: k }, /K has 15 octets, 16 expected/],
    ['a K of TUAK of 24 octets', { algo: 'tuak', k: new Uint8Array(24), top: k32 }, /K has 24 octets, 16 or 32/],
    ['Milenage without operator key', { algo: 'milenage', k }, /OP or OPc/],
    ['a short OP', { algo: 'milenage', k, op: k.slice(2) }, /OP has 14 octets/],
    ['a short OPc', { algo: 'milenage', k, opc: k.slice(2) }, /OPc has 14 octets/],
    ['four rotations', { algo: 'milenage', k, op: k, r: [1, 2, 3, 4] }, /r: five/],
    ['a rotation of 128', { algo: 'milenage', k, op: k, r: [64, 0, 32, 64, 128] }, /r: five/],
    ['four constants', { algo: 'milenage', k, op: k, c: [k, k, k, k] }, /c: five constants/],
    ['a short constant', { algo: 'milenage', k, op: k, c: [k, k, k, k, rand.slice(1)] }, /c5 has 15/],
    ['TUAK without operator key', { algo: 'tuak', k }, /TOP or TOPc/],
    ['a short TOP', { algo: 'tuak', k, top: k }, /TOP has 16 octets, 32/],
    ['a short TOPc', { algo: 'tuak', k, topc: k }, /TOPc has 16 octets, 32/],
    ['no iteration', { algo: 'tuak', k, top: k32, iterations: 0 }, /iterations/],
    ['RES of TUAK of 12', { algo: 'tuak', k, top: k32, resLength: 12 }, /4, 8, 16 or 32/],
    ['RES of Milenage of 16', { algo: 'milenage', k, op: k, resLength: 16 }, /RES of 16 octets: Milenage has 4 to 8/],
    ['RES of XOR of 17', { algo: 'xor', k, resLength: 17 }, /XOR has 4 to 16/],
    ['RES of XOR of 3', { algo: 'xor', k, resLength: 3 }, /XOR has 4 to 16/],
  ];
  for (const [what, keys, message] of refused) {
    it(`refuses ${what} by name`, () => {
      assert.throws(() => simAlgorithm(keys), { name: 'MalformedError', message });
    });
  }

  it('refuses RAND of another length in every function', () => {
    for (const keys of [
      { algo: 'xor', k },
      { algo: 'milenage', k, op: k },
      { algo: 'tuak', k, top: k32 },
    ] as const) {
      const algorithm = simAlgorithm(keys);
      for (const short of [new Uint8Array(0), rand.slice(1), new Uint8Array(17)]) {
        const error = { name: 'MalformedError', message: /RAND has \d+ octets, 16 expected/ };
        assert.throws(() => algorithm.f1(short, 0, 0), error);
        assert.throws(() => algorithm.f1star(short, 0, 0), error);
        assert.throws(() => algorithm.f2345(short), error);
        assert.throws(() => algorithm.f5star(short), error);
      }
    }
  });
});
