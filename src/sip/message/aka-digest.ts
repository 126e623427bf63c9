import { createHmac } from 'node:crypto';
import { MalformedError } from '../../core/errors.ts';

/**
 * What AKA puts into digest authentication: RFC 3310 (AKAv1: nonce, password, auts) and RFC 4169 (AKAv2: password and
 * session keys).
 */

/** RFC 3310 §3.2: base64 of RAND, AUTN and whatever the server adds. */
export function akaNonce(rand: Uint8Array, autn: Uint8Array, serverData: Uint8Array = new Uint8Array(0)): string {
  return Buffer.concat([rand, autn, serverData]).toString('base64');
}

/** @throws MalformedError when `nonce` is no base64 or too short: the challenge is no AKA challenge. */
export function parseAkaNonce(nonce: string): { rand: Uint8Array; autn: Uint8Array; serverData: Uint8Array } {
  const octets = decodeBase64('nonce', nonce);
  if (octets.length < 32) throw new MalformedError(`nonce of ${octets.length} octets: RAND and AUTN are 32`);
  return { rand: octets.slice(0, 16), autn: octets.slice(16, 32), serverData: octets.slice(32) };
}

/** RFC 3310 §3.4. @throws MalformedError unless `auts` is the base64 of 14 octets. */
export function parseAuts(auts: string): Uint8Array {
  const octets = decodeBase64('auts', auts);
  if (octets.length !== 14) throw new MalformedError(`auts of ${octets.length} octets, 14 expected`);
  return octets;
}

export function printAuts(auts: Uint8Array): string {
  return Buffer.from(auts).toString('base64');
}

/**
 * The password of the digest: RES itself for AKAv1 (RFC 3310 §3.3, octets of any value), for AKAv2 the padded base64 of
 * HMAC-MD5 with key RES || IK || CK (RFC 4169 §3). A request that carries auts is signed with an empty password.
 */
export function akaPassword(
  algorithm: 'AKAv1-MD5' | 'AKAv2-MD5',
  keys: { readonly res: Uint8Array; readonly ck: Uint8Array; readonly ik: Uint8Array },
): Uint8Array {
  if (algorithm === 'AKAv1-MD5') return keys.res;
  const key = Buffer.concat([keys.res, keys.ik, keys.ck]);
  return Buffer.from(hmacMd5(key, 'http-digest-akav2-password').toString('base64'), 'latin1');
}

/** RFC 4169 §3: what stands in for CK and IK, in IPsec for one, after an AKAv2 challenge. 16 octets each. */
export function akaV2SessionKeys(keys: { readonly ck: Uint8Array; readonly ik: Uint8Array }): {
  ck: Uint8Array;
  ik: Uint8Array;
} {
  return {
    ck: new Uint8Array(hmacMd5(keys.ck, 'http-digest-akav2-cipherkey')),
    ik: new Uint8Array(hmacMd5(keys.ik, 'http-digest-akav2-integritykey')),
  };
}

function hmacMd5(key: Uint8Array, text: string): Buffer {
  return createHmac('md5', key).update(text, 'latin1').digest();
}

function decodeBase64(what: string, text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new MalformedError(`${what} is no base64`);
  return new Uint8Array(Buffer.from(text, 'base64'));
}
