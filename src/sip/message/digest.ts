import { hash, timingSafeEqual } from 'node:crypto';
import type { Credentials } from './authorization.ts';

/**
 * Digest responses with MD5: RFC 2617 §3.2.2 with qop `auth`, and the form of RFC 2069 without qop, which phones use
 * too. `auth-int` is neither offered nor accepted: phones that chose it were seen to fail. Text is as in headers, one
 * character per octet.
 */
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'AKAv1-MD5' | 'AKAv2-MD5';

const ALGORITHMS: readonly DigestAlgorithm[] = ['MD5', 'MD5-sess', 'AKAv1-MD5', 'AKAv2-MD5'];

/** The algorithm in any spelling of case, undefined for one we do not have. */
export function digestAlgorithm(name: string): DigestAlgorithm | undefined {
  const exact = ALGORITHMS.find((algorithm) => algorithm === name);
  if (exact !== undefined) return exact;
  const wanted = name.toLowerCase();
  return ALGORITHMS.find((algorithm) => algorithm.toLowerCase() === wanted);
}

/**
 * The octets of a password in UTF-8, or what `akaPassword` gives; or H(A1) in hexadecimal digits, which stands for it
 * together with the user name and one realm.
 */
export type DigestPassword = Uint8Array | { readonly ha1: string };

export interface DigestInput {
  /** The AKA algorithms hash as MD5 does, their passwords differ. Default MD5. */
  readonly algorithm?: DigestAlgorithm | undefined;
  readonly username: string;
  readonly realm: string;
  readonly password: DigestPassword;
  readonly method: string;
  /** As in the credentials. */
  readonly uri: string;
  readonly nonce: string;
  /** Without qop, nc and cnonce together the form of RFC 2069 is computed. */
  readonly qop?: string | undefined;
  readonly nc?: string | undefined;
  readonly cnonce?: string | undefined;
}

/** 32 hexadecimal digits in lower case. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, qop, nc, cnonce } = input;
  const secret = hashedSecret(input);
  const nonce = inner(input.nonce);
  const a1 = algorithm === 'MD5-sess' ? md5(`${secret}:${nonce}:${inner(cnonce ?? '')}`) : secret;
  const a2 = md5(`${input.method}:${inner(input.uri)}`);
  if (qop === undefined || nc === undefined || cnonce === undefined) return md5(`${a1}:${nonce}:${a2}`);
  return md5(`${a1}:${nonce}:${nc}:${inner(cnonce)}:${qop}:${a2}`);
}

/**
 * Whether the response in `credentials` was made with `password` for a request of `method`. That realm, nonce, uri,
 * algorithm and nc are the ones we want is for the caller to see.
 */
export function verifyDigest(credentials: Credentials, method: string, password: DigestPassword): boolean {
  const { username, realm, nonce, uri, response, qop, nc, cnonce } = credentials;
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) return false;
  if (qop !== undefined && qop.toLowerCase() !== 'auth') return false;
  const algorithm = digestAlgorithm(credentials.algorithm ?? 'MD5');
  if (algorithm === undefined || response?.length !== 32) return false;
  const wanted = digestResponse({ algorithm, username, realm, password, method, uri, nonce, qop, nc, cnonce });
  return timingSafeEqual(Buffer.from(wanted, 'latin1'), Buffer.from(response.toLowerCase(), 'latin1'));
}

/** H(A1) of RFC 2617 §3.2.2.2 for MD5. */
function hashedSecret({ username, realm, password }: DigestInput): string {
  if ('ha1' in password) return password.ha1;
  const user = Buffer.from(`${inner(username)}:${inner(realm)}:`, 'latin1');
  return hash('md5', Buffer.concat([user, password]), 'hex');
}

function md5(text: string): string {
  return hash('md5', Buffer.from(text, 'latin1'), 'hex');
}

/** RFC 2617 §3.2.1, unq(): what stands between the quotes, escapes and all. */
function inner(text: string): string {
  return /["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text;
}
