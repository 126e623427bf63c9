import { timingSafeEqual } from 'node:crypto';
import type { SimAlgorithm } from './algorithm.ts';
import { checkLength, exclusiveOr } from './octets.ts';
import { DELTA, IND_COUNT, indOf, readSqn, seqOf, writeSqn } from './sequence.ts';
import { type SimKeys, simAlgorithm } from './sim-keys.ts';
import { RESYNCHRONISATION_AMF } from './vector.ts';

/** TS 33.102 §6.3.3. */
export type UsimAnswer =
  | { readonly kind: 'success'; readonly res: Uint8Array; readonly ck: Uint8Array; readonly ik: Uint8Array }
  | { readonly kind: 'mac-failure' }
  | { readonly kind: 'sync-failure'; readonly auts: Uint8Array };

/** TS 34.108 §8.1.2.2: this AMF asks a test card for a resynchronisation. */
const AMF_RESYNCH = 0xffff;

/** The card's side of authentication: TS 33.102 §6.3.3 with the freshness check of Annex C.2. */
export class Usim {
  readonly #algorithm: SimAlgorithm;
  /** Test cards take any SQN (TS 34.108 §8.1.2). */
  readonly #testCard: boolean;
  /** Annex C.2: the highest SEQ accepted with each IND. */
  readonly #accepted: number[];
  #sqnMs: number;

  /**
   * @param sqnMs the highest SQN accepted before; every IND counts as used up to it
   * @throws MalformedError naming the key that is wrong
   */
  constructor(keys: SimKeys, sqnMs = 0) {
    this.#algorithm = simAlgorithm(keys);
    this.#testCard = keys.algo === 'xor';
    this.#sqnMs = sqnMs;
    this.#accepted = new Array<number>(IND_COUNT).fill(seqOf(sqnMs));
  }

  /** The highest SQN accepted, what AUTS tells. */
  get sqnMs(): number {
    return this.#sqnMs;
  }

  /** @throws MalformedError unless RAND and AUTN have 16 octets each. */
  authenticate(rand: Uint8Array, autn: Uint8Array): UsimAnswer {
    checkLength('AUTN', autn, 16);
    const { res, ck, ik, ak } = this.#algorithm.f2345(rand);
    const sqn = readSqn(exclusiveOr(autn.subarray(0, 6), ak));
    const amf = ((autn[6] ?? 0) << 8) | (autn[7] ?? 0);
    if (!timingSafeEqual(this.#algorithm.f1(rand, sqn, amf), autn.subarray(8))) return { kind: 'mac-failure' };
    const fresh = this.#testCard ? amf !== AMF_RESYNCH : this.#isFresh(sqn);
    if (!fresh) return { kind: 'sync-failure', auts: this.#auts(rand) };
    this.#accepted[indOf(sqn)] = seqOf(sqn);
    this.#sqnMs = Math.max(this.#sqnMs, sqn);
    return { kind: 'success', res, ck, ik };
  }

  #isFresh(sqn: number): boolean {
    const seq = seqOf(sqn);
    return seq - seqOf(this.#sqnMs) <= DELTA && seq > (this.#accepted[indOf(sqn)] ?? 0);
  }

  #auts(rand: Uint8Array): Uint8Array {
    const concealed = exclusiveOr(writeSqn(this.#sqnMs), this.#algorithm.f5star(rand));
    return Uint8Array.of(...concealed, ...this.#algorithm.f1star(rand, this.#sqnMs, RESYNCHRONISATION_AMF));
  }
}
