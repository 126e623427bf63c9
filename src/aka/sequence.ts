import { checkLength } from './octets.ts';

/**
 * Sequence numbers as the network keeps them, TS 33.102 Annex C.1 and C.3: SQN = SEQ || IND, 48 bits, of which the
 * last 5 are IND. A number holds all 48 exactly.
 */
export type SqnMode = 'counter' | 'time';

export const SQN_LIMIT = 2 ** 48;
export const IND_COUNT = 32;
/** Annex C.3: a card refuses a SEQ that is further ahead of its own, since a wrap could follow. */
export const DELTA = 2 ** 28;

// Seconds from here stay less than DELTA ahead of an unused card until the middle of 2033.
const TIME_ORIGIN_MS = Date.UTC(2025, 0, 1);

export function seqOf(sqn: number): number {
  return Math.floor(sqn / IND_COUNT);
}

export function indOf(sqn: number): number {
  return sqn % IND_COUNT;
}

/**
 * The next SQN of the counter: SEQ grows by one (by two when IND starts over, so that SQN always grows by more than 32,
 * which cards without the array of Annex C.2 may ask) and IND takes all its values in turn, so that of the card's 32
 * entries few were used by another authentication centre.
 *
 * After a synchronisation failure it is given the card's own SQN.
 */
export function advanceSqn(last: number): number {
  return (last + IND_COUNT + 1) % SQN_LIMIT;
}

/**
 * The SQN of the next challenge. In `time` mode SEQ follows the clock in seconds and rarely meets that of another
 * authentication centre with the same card; where the clock is behind the card, or so far ahead that the card would
 * refuse it, SEQ counts instead.
 *
 * @param last SQN of the last challenge, the configured one, or what the card told in AUTS
 * @param wallNowMs milliseconds since 1970
 */
export function nextSqn(mode: SqnMode, last: number, wallNowMs: number): number {
  const counted = advanceSqn(last);
  if (mode === 'counter') return counted;
  const seq = Math.floor((wallNowMs - TIME_ORIGIN_MS) / 1000);
  const ahead = seq - seqOf(counted);
  return ahead > 0 && ahead < DELTA ? seq * IND_COUNT + indOf(counted) : counted;
}

/** 6 octets, the most significant first. */
export function writeSqn(sqn: number): Uint8Array {
  const octets = new Uint8Array(6);
  new DataView(octets.buffer).setUint16(0, Math.floor(sqn / 2 ** 32));
  new DataView(octets.buffer).setUint32(2, sqn % 2 ** 32);
  return octets;
}

/** @throws MalformedError unless there are 6 octets. */
export function readSqn(octets: Uint8Array): number {
  checkLength('SQN', octets, 6);
  const view = new DataView(octets.buffer, octets.byteOffset);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}
