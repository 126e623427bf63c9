import { type AkaKeys, checkResLength, RES_LENGTH, type SimAlgorithm } from './algorithm.ts';
import { checkLength, exclusiveOr } from './octets.ts';
import { writeSqn } from './sequence.ts';

/** The algorithm of test cards, TS 34.108 §8.1.2.1: everything is cut from K xor RAND. */
export interface XorKeys {
  readonly algo: 'xor';
  /** 16 octets. */
  readonly k: Uint8Array;
  /** Octets of RES, 4 to 16; default 8. */
  readonly resLength?: number;
}

export class Xor implements SimAlgorithm {
  readonly #k: Uint8Array;
  readonly #resLength: number;

  /** @throws MalformedError naming the key that is wrong. */
  constructor({ k, resLength = RES_LENGTH }: XorKeys) {
    checkLength('K', k, 16);
    this.#k = k;
    this.#resLength = checkResLength('XOR', resLength, 16);
  }

  f1(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    return exclusiveOr(Uint8Array.of(...writeSqn(sqn), amf >> 8, amf & 0xff), this.#xdout(rand));
  }

  f1star(rand: Uint8Array, sqn: number, amf: number): Uint8Array {
    return this.f1(rand, sqn, amf);
  }

  f2345(rand: Uint8Array): AkaKeys {
    const xdout = this.#xdout(rand);
    return {
      res: xdout.slice(0, this.#resLength),
      ck: rotated(xdout, 1),
      ik: rotated(xdout, 2),
      ak: xdout.slice(3, 9),
    };
  }

  f5star(rand: Uint8Array): Uint8Array {
    return this.#xdout(rand).slice(3, 9);
  }

  #xdout(rand: Uint8Array): Uint8Array {
    checkLength('RAND', rand, 16);
    return exclusiveOr(this.#k, rand);
  }
}

function rotated(octets: Uint8Array, by: number): Uint8Array {
  return Uint8Array.of(...octets.subarray(by), ...octets.subarray(0, by));
}
