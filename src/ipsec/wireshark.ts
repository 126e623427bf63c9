/** The associations of a set as lines of Wireshark's `esp_sa` table, with which a capture of Gm is read. */
import type { EspEncryption, EspIntegrity } from '../net/ports.ts';
import { encryptionKey, integrityKey } from './algorithm.ts';
import { type AssociationSet, associationsOf, keysOf } from './association-set.ts';

const ENCRYPTION: { readonly [E in EspEncryption]: string } = {
  null: 'NULL',
  'aes-cbc': 'AES-CBC [RFC3602]',
  'des-ede3-cbc': 'TripleDES-CBC [RFC2451]',
  'des-cbc': 'DES-CBC [RFC2405]',
  'aes-gcm': 'AES-GCM with 16 octet ICV [RFC4106]',
};

/** Wireshark knows no AES-GMAC, whose packets begin with octets of its own (RFC 4543 §3). */
const INTEGRITY: { readonly [I in EspIntegrity]: string | undefined } = {
  'hmac-md5-96': 'HMAC-MD5-96 [RFC2403]',
  'hmac-sha-1-96': 'HMAC-SHA-1-96 [RFC2404]',
  'aes-gmac': undefined,
  null: 'NULL',
};

/** Four lines; none where Wireshark lacks the algorithm. */
export function espSaLines(set: AssociationSet): string[] {
  const { encryption, integrity } = set.algorithms;
  const integrityName = INTEGRITY[integrity];
  if (integrityName === undefined) return [];
  const keys = keysOf(set);
  const algorithms = [
    ENCRYPTION[encryption],
    hexadecimal(encryptionKey(encryption, keys)),
    integrityName,
    hexadecimal(integrityKey(integrity, keys)),
  ];
  const family = set.ours.address.includes(':') ? 'IPv6' : 'IPv4';
  return associationsOf(set).map(({ source, destination, spi }) => {
    const ends = [family, source.address, destination.address, `0x${spi.toString(16).padStart(8, '0')}`];
    return [...ends, ...algorithms].map((field) => `"${field}"`).join(',');
  });
}

function hexadecimal(key: Uint8Array): string {
  return key.length === 0 ? '' : `0x${Buffer.from(key).toString('hex')}`;
}
