import { MalformedError } from '../core/errors.ts';

/** What f2 to f5 give for one RAND. */
export interface AkaKeys {
  /** 4 to 16 octets. */
  readonly res: Uint8Array;
  /** 16 octets. */
  readonly ck: Uint8Array;
  /** 16 octets. */
  readonly ik: Uint8Array;
  /** 6 octets. */
  readonly ak: Uint8Array;
}

/**
 * The functions of TS 33.102 §6.3 with the subscriber's keys inside. RAND has 16 octets, SQN is below 2^48, AMF below
 * 2^16. All throw MalformedError when RAND is of another length.
 */
export interface SimAlgorithm {
  /** MAC-A, 8 octets. */
  f1(rand: Uint8Array, sqn: number, amf: number): Uint8Array;
  /** MAC-S, 8 octets. */
  f1star(rand: Uint8Array, sqn: number, amf: number): Uint8Array;
  f2345(rand: Uint8Array): AkaKeys;
  /** AK for resynchronisation, 6 octets. */
  f5star(rand: Uint8Array): Uint8Array;
}

/** TS 33.102 §6.3.7 allows 4 to 16 octets; the configuration's `res_len` is 8 unless set. */
export const RES_LENGTH = 8;

/** @throws MalformedError when `length` is no RES length of `algorithm`. */
export function checkResLength(algorithm: string, length: number, most: number): number {
  if (!Number.isInteger(length) || length < 4 || length > most) {
    throw new MalformedError(`RES of ${length} octets: ${algorithm} has 4 to ${most}`);
  }
  return length;
}
