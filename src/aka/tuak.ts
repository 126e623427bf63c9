import { keccakP } from '@noble/hashes/sha3.js';
import { swap32IfBE } from '@noble/hashes/utils.js';
import { MalformedError } from '../core/errors.ts';
import { type AkaKeys, RES_LENGTH, type SimAlgorithm } from './algorithm.ts';
import { checkLength } from './octets.ts';
import { writeSqn } from './sequence.ts';

/** TUAK, TS 35.231: the Keccak permutation of 1600 bits over everything that is known. */
export interface TuakKeys {
  readonly algo: 'tuak';
  /** 16 or 32 octets. */
  readonly k: Uint8Array;
  /** 32 octets; taken when there is no `topc`. */
  readonly top?: Uint8Array;
  /** 32 octets. */
  readonly topc?: Uint8Array;
  /** Permutations for each output, default 1. */
  readonly iterations?: number;
  /** Octets of RES: 4, 8, 16 or 32; default 8. */
  readonly resLength?: number;
  /** Octets of MAC-A and MAC-S: 8, 16 or 32. AUTN has room for the default, 8. */
  readonly macLength?: number;
  /** Octets of CK: 16 or 32. TS 33.102 §6.3.7 wants the default, 16. */
  readonly ckLength?: number;
  /** As `ckLength`, of IK. */
  readonly ikLength?: number;
}

// "TUAK1.0", TS 35.231 §6.2.
const ALGONAME = Buffer.from('TUAK1.0', 'latin1');
const NOTHING = new Uint8Array(0);
/** How INSTANCE names a length of MAC or RES (§6.3, §6.4): 4 octets 0, 8 octets 1, 16 octets 2, 32 octets 4. */
const lengthCode = (octets: number): number => octets >> 3;

export class Tuak implements SimAlgorithm {
  readonly #k: Uint8Array;
  readonly #iterations: number;
  readonly #resLength: number;
  readonly #macLength: number;
  readonly #ckLength: number;
  readonly #ikLength: number;
  readonly #topc: Uint8Array;

  /** @throws MalformedError naming the key that is wrong. */
  constructor(keys: TuakKeys) {
    const { k, top, topc, iterations = 1, resLength = RES_LENGTH } = keys;
    const { macLength = 8, ckLength = 16, ikLength = 16 } = keys;
    checkLength('K', k, 16, 32);
    if (!Number.isInteger(iterations) || iterations < 1) {
      throw new MalformedError(`${iterations} Keccak iterations: at least 1 expected`);
    }
    if (![4, 8, 16, 32].includes(resLength)) {
      throw new MalformedError(`RES of ${resLength} octets: TUAK has 4, 8, 16 or 32`);
    }
    if (![8, 16, 32].includes(macLength)) throw new MalformedError(`MAC of ${macLength} octets: TUAK has 8, 16 or 32`);
    if (![16, 32].includes(ckLength)) throw new MalformedError(`CK of ${ckLength} octets: TUAK has 16 or 32`);
    if (![16, 32].includes(ikLength)) throw new MalformedError(`IK of ${ikLength} octets: TUAK has 16 or 32`);
    this.#k = k;
    this.#iterations = iterations;
    this.#resLength = resLength;
    this.#macLength = macLength;
    this.#ckLength = ckLength;
    this.#ikLength = ikLength;
    if (topc !== undefined) {
      checkLength('TOPc', topc, 32);
      this.#topc = topc;
    } else {
      if (top === undefined) throw new MalformedError('TUAK needs TOP or TOPc');
      checkLength('TOP', top, 32);
      this.#topc = read(this.#permute(top, 0x00, NOTHING), 0, 32);
    }
  }

  /** 32 octets. */
  get topc(): Uint8Array {
    return this.#topc;
  }

  f1(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    return this.#mac(0x00, rand, sqn, amf);
  }

  f1star(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    return this.#mac(0x80, rand, sqn, amf);
  }

  f2345(rand: Uint8Array): AkaKeys {
    checkLength('RAND', rand, 16);
    const lengths =
      (lengthCode(this.#resLength) << 3) | (this.#ckLength === 32 ? 4 : 0) | (this.#ikLength === 32 ? 2 : 0);
    const out = this.#permute(this.#topc, 0x40 | lengths, rand);
    return {
      res: read(out, 0, this.#resLength),
      ck: read(out, 32, this.#ckLength),
      ik: read(out, 64, this.#ikLength),
      ak: read(out, 96, 6),
    };
  }

  f5star(rand: Uint8Array): Uint8Array {
    checkLength('RAND', rand, 16);
    return read(this.#permute(this.#topc, 0xc0, rand), 96, 6);
  }

  #mac(instance: number, rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    checkLength('RAND', rand, 16);
    const authenticated = Uint8Array.of(amf >> 8, amf & 0xff, ...writeSqn(sqn));
    const out = this.#permute(this.#topc, instance | (lengthCode(this.#macLength) << 3), rand, authenticated);
    return read(out, 0, this.#macLength);
  }

  /** §6.2: IN is filled from its least significant end, so every field stands in it with its last octet first. */
  #permute(top: Uint8Array, instance: number, rand: Uint8Array, authenticated = NOTHING): Uint8Array {
    const state = new Uint8Array(200);
    write(state, 0, top);
    state[32] = instance | (this.#k.length === 32 ? 1 : 0);
    write(state, 33, ALGONAME);
    write(state, 40, rand);
    write(state, 56, authenticated.subarray(0, 2));
    write(state, 58, authenticated.subarray(2));
    write(state, 64, this.#k);
    // Padding: five ones behind the last field, and bit 1087.
    state[96] = 0x1f;
    state[135] = 0x80;
    const words = new Uint32Array(state.buffer);
    swap32IfBE(words);
    for (let round = 0; round < this.#iterations; round++) keccakP(words);
    swap32IfBE(words);
    return state;
  }
}

function write(state: Uint8Array, at: number, field: Uint8Array): void {
  for (let index = 0; index < field.length; index++) state[at + index] = field[field.length - 1 - index] ?? 0;
}

function read(state: Uint8Array, at: number, length: number): Uint8Array {
  return state.slice(at, at + length).reverse();
}
