import { MalformedError } from '../core/errors.ts';

/** Octet strings as the algorithms of authentication use them. */

/** @throws MalformedError unless `octets` is as long as one of `lengths`, in octets. */
export function checkLength(what: string, octets: Uint8Array, ...lengths: readonly number[]): void {
  if (!lengths.includes(octets.length)) {
    throw new MalformedError(`${what} has ${octets.length} octets, ${lengths.join(' or ')} expected`);
  }
}

/** Bit by bit, as long as `a`; `b` is at least that long. */
export function exclusiveOr(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length);
  for (let at = 0; at < result.length; at++) result[at] = (a[at] ?? 0) ^ (b[at] ?? 0);
  return result;
}
