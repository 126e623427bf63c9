import { type Cipher, createCipheriv } from 'node:crypto';
import { MalformedError } from '../core/errors.ts';
import { type AkaKeys, checkResLength, RES_LENGTH, type SimAlgorithm } from './algorithm.ts';
import { checkLength, exclusiveOr } from './octets.ts';
import { writeSqn } from './sequence.ts';

/** MILENAGE, TS 35.206, with AES-128 as its kernel. */
export interface MilenageKeys {
  readonly algo: 'milenage';
  /** 16 octets. */
  readonly k: Uint8Array;
  /** 16 octets; taken when there is no `opc`. */
  readonly op?: Uint8Array;
  /** 16 octets. */
  readonly opc?: Uint8Array;
  /** Rotations r1 to r5 in bits, 0 to 127. */
  readonly r?: readonly number[];
  /** Constants c1 to c5, 16 octets each. */
  readonly c?: readonly Uint8Array[];
  /** Octets of RES, 4 to 8; default 8. */
  readonly resLength?: number;
}

// TS 35.206 §4.1.
const ROTATIONS = [64, 0, 32, 64, 96];
const CONSTANTS = [0, 1, 2, 4, 8].map((last) => Uint8Array.of(...new Uint8Array(15), last));

export class Milenage implements SimAlgorithm {
  /** ECB carries nothing from block to block, so one cipher object serves for ever. */
  readonly #aes: Cipher;
  readonly #opc: Uint8Array;
  readonly #r: readonly number[];
  readonly #c: readonly Uint8Array[];
  readonly #resLength: number;

  /** @throws MalformedError naming the key that is wrong. */
  constructor({ k, op, opc, r = ROTATIONS, c = CONSTANTS, resLength = RES_LENGTH }: MilenageKeys) {
    checkLength('K', k, 16);
    this.#resLength = checkResLength('Milenage', resLength, 8);
    if (r.length !== 5 || !r.every((bits) => Number.isInteger(bits) && bits >= 0 && bits < 128)) {
      throw new MalformedError('r: five numbers from 0 to 127 expected');
    }
    if (c.length !== 5) throw new MalformedError(`c: five constants expected, found ${c.length}`);
    for (const [at, constant] of c.entries()) checkLength(`c${at + 1}`, constant, 16);
    this.#r = r;
    this.#c = c;
    this.#aes = createCipheriv('aes-128-ecb', k, null).setAutoPadding(false);
    if (opc !== undefined) {
      checkLength('OPc', opc, 16);
      this.#opc = opc;
    } else {
      if (op === undefined) throw new MalformedError('Milenage needs OP or OPc');
      checkLength('OP', op, 16);
      this.#opc = exclusiveOr(op, this.#aes.update(op));
    }
  }

  /** 16 octets. */
  get opc(): Uint8Array {
    return this.#opc;
  }

  f1(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    return this.#out1(rand, sqn, amf).slice(0, 8);
  }

  f1star(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    return this.#out1(rand, sqn, amf).slice(8);
  }

  f2345(rand: Uint8Array): AkaKeys {
    const temp = this.#temp(rand);
    const out2 = this.#out(1, temp);
    return {
      res: out2.slice(8, 8 + this.#resLength),
      ck: this.#out(2, temp),
      ik: this.#out(3, temp),
      ak: out2.slice(0, 6),
    };
  }

  f5star(rand: Uint8Array): Uint8Array {
    return this.#out(4, this.#temp(rand)).slice(0, 6);
  }

  #temp(rand: Uint8Array): Uint8Array {
    checkLength('RAND', rand, 16);
    return this.#aes.update(exclusiveOr(rand, this.#opc));
  }

  /** OUT1, of which f1 and f1* are the halves. */
  #out1(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    const half = [...writeSqn(sqn), amf >> 8, amf & 0xff];
    const in1 = Uint8Array.of(...half, ...half);
    return this.#encrypt(0, exclusiveOr(this.#rotate(0, in1), this.#temp(rand)));
  }

  /** OUT2 to OUT5 for `index` 1 to 4. */
  #out(index: number, temp: Uint8Array): Uint8Array {
    return this.#encrypt(index, this.#rotate(index, temp));
  }

  /** rot(block xor OPc, r): towards the most significant bit. */
  #rotate(index: number, block: Uint8Array): Uint8Array {
    const r = this.#r[index] ?? 0;
    const octets = r >> 3;
    const bits = r & 7;
    const masked = exclusiveOr(block, this.#opc);
    return masked.map((_, at) => {
      const high = masked[(at + octets) % 16] ?? 0;
      const low = masked[(at + octets + 1) % 16] ?? 0;
      return (high << bits) | (low >> (8 - bits));
    });
  }

  /** E[block xor c] xor OPc. */
  #encrypt(index: number, block: Uint8Array): Uint8Array {
    const constant = this.#c[index] ?? block;
    return exclusiveOr(this.#aes.update(exclusiveOr(block, constant)), this.#opc);
  }
}
