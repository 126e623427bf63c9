/**
 * The algorithms of `ipsec-3gpp` (TS 33.203 Annex H), which of them go together, and the keys ESP takes from those of
 * an authentication (Annex I).
 */
import { createHmac } from 'node:crypto';
import type { EspEncryption, EspIntegrity } from '../net/ports.ts';

/** Older releases of Annex H have hmac-md5-96 and des-ede3-cbc, later ones aes-gmac and aes-gcm; none has des-cbc. */
const INTEGRITY: readonly EspIntegrity[] = ['hmac-md5-96', 'hmac-sha-1-96', 'aes-gmac', 'null'];
const ENCRYPTION: readonly EspEncryption[] = ['null', 'aes-cbc', 'des-ede3-cbc', 'des-cbc', 'aes-gcm'];

export interface AlgorithmPair {
  readonly integrity: EspIntegrity;
  readonly encryption: EspEncryption;
}

export function isKnownIntegrity(name: string): name is EspIntegrity {
  return (INTEGRITY as readonly string[]).includes(name);
}

export function isKnownEncryption(name: string): name is EspEncryption {
  return (ENCRYPTION as readonly string[]).includes(name);
}

/** The pair when ESP can be done with it, else undefined. */
export function algorithmPair(integrity: string, encryption: string): AlgorithmPair | undefined {
  if (!isKnownIntegrity(integrity) || !isKnownEncryption(encryption)) return undefined;
  // AES-GCM checks integrity itself (RFC 4106 §1), AES-GMAC is integrity without encryption (RFC 4543 §3).
  if (encryption === 'aes-gcm') return integrity === 'null' ? { integrity, encryption } : undefined;
  if (integrity === 'aes-gmac') return encryption === 'null' ? { integrity, encryption } : undefined;
  return integrity === 'null' && encryption === 'null' ? undefined : { integrity, encryption };
}

/** Every pair that goes together. */
export const ALGORITHM_PAIRS: readonly AlgorithmPair[] = INTEGRITY.flatMap((integrity) =>
  ENCRYPTION.flatMap((encryption) => algorithmPair(integrity, encryption) ?? []),
);

/** The keys of one authentication, 16 octets each: CK' and IK' after AKAv2. */
export interface SessionKeys {
  readonly ck: Uint8Array;
  readonly ik: Uint8Array;
}

export function integrityKey(integrity: EspIntegrity, keys: SessionKeys): Uint8Array {
  switch (integrity) {
    case 'hmac-md5-96':
      return keys.ik;
    case 'hmac-sha-1-96':
      return Buffer.concat([keys.ik, new Uint8Array(4)]);
    case 'aes-gmac':
      return Buffer.concat([keys.ik, salt(keys, 0x58, 'AES_GMAC_SALT')]);
    case 'null':
      return NO_KEY;
  }
}

export function encryptionKey(encryption: EspEncryption, keys: SessionKeys): Uint8Array {
  switch (encryption) {
    case 'null':
      return NO_KEY;
    case 'aes-cbc':
      return keys.ck;
    case 'des-ede3-cbc':
      // CK1 ‖ CK2 ‖ CK1, the halves of CK.
      return Buffer.concat([keys.ck, keys.ck.subarray(0, 8)]);
    case 'des-cbc':
      return keys.ck.subarray(0, 8);
    case 'aes-gcm':
      return Buffer.concat([keys.ck, salt(keys, 0x59, 'AES_GCM_SALT')]);
  }
}

const NO_KEY = new Uint8Array(0);

/** The last 32 bits of the KDF of TS 33.220 §B.2 over CK ‖ IK, with one parameter. */
function salt({ ck, ik }: SessionKeys, functionCode: number, parameter: string): Uint8Array {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(parameter.length);
  const input = Buffer.concat([Buffer.of(functionCode), Buffer.from(parameter, 'latin1'), length]);
  const key = Buffer.concat([ck, ik]);
  return createHmac('sha256', key).update(input).digest().subarray(-4);
}
