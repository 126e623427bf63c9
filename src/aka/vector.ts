import { timingSafeEqual } from 'node:crypto';
import type { SimAlgorithm } from './algorithm.ts';
import { checkLength, exclusiveOr } from './octets.ts';
import { readSqn, writeSqn } from './sequence.ts';

/** TS 33.102 §6.3.2: what the home network knows about one challenge. */
export interface AuthenticationVector {
  /** 16 octets. */
  readonly rand: Uint8Array;
  /** 16 octets. */
  readonly autn: Uint8Array;
  readonly xres: Uint8Array;
  /** 16 octets. */
  readonly ck: Uint8Array;
  /** 16 octets. */
  readonly ik: Uint8Array;
}

/** TS 33.102 §6.3.3: in AUTS the card counts AMF as zero, since the one it was given need not be trusted. */
export const RESYNCHRONISATION_AMF = 0;

/**
 * AUTN = (SQN xor AK) || AMF || MAC-A.
 *
 * @param challenge RAND of 16 octets, SQN below 2^48, AMF below 2^16
 */
export function makeVector(
  algorithm: SimAlgorithm,
  challenge: { readonly rand: Uint8Array; readonly sqn: number; readonly amf: number },
): AuthenticationVector {
  const { rand, sqn, amf } = challenge;
  const { res, ck, ik, ak } = algorithm.f2345(rand);
  const concealed = exclusiveOr(writeSqn(sqn), ak);
  const autn = Uint8Array.of(...concealed, amf >> 8, amf & 0xff, ...algorithm.f1(rand, sqn, amf));
  return { rand, autn, xres: res, ck, ik };
}

/**
 * The card's SQN out of AUTS = (SQNms xor AK*) || MAC-S, TS 33.102 §6.3.5; undefined when it was not made by this card
 * for this RAND.
 *
 * @throws MalformedError unless AUTS has 14 octets.
 */
export function checkAuts(algorithm: SimAlgorithm, rand: Uint8Array, auts: Uint8Array): number | undefined {
  checkLength('AUTS', auts, 14);
  const sqnMs = readSqn(exclusiveOr(auts.subarray(0, 6), algorithm.f5star(rand)));
  const macS = algorithm.f1star(rand, sqnMs, RESYNCHRONISATION_AMF);
  return timingSafeEqual(macS, auts.subarray(6)) ? sqnMs : undefined;
}
