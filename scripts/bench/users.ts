/** The users of the benchmark: what the server is configured with, and how their phones answer challenges. */
import { hash } from 'node:crypto';
import { type SimKeys, simAlgorithm } from '../../src/aka/sim-keys.ts';
import { parseAkaNonce } from '../../src/sip/message/aka-digest.ts';

export const DOMAIN = 'bench.example';
const PASSWORD = 'secret';
/** TS 35.208 §4.3, test set 1. */
const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
const KEYS: SimKeys = { algo: 'milenage', k: Buffer.from(K, 'hex'), opc: Buffer.from(OPC, 'hex') };
const CARD = simAlgorithm(KEYS);

export type Authentication = 'MD5' | 'AKAv1';

/** Entries of ue_db: u0, u1, … */
export function userEntries(count: number, authentication: Authentication): object[] {
  const secret = authentication === 'MD5' ? { pwd: PASSWORD } : { sim_algo: 'milenage', K, opc: OPC };
  return Array.from({ length: count }, (_, index) => ({
    impi: impiOf(index),
    impu: [`sip:u${index}`, `tel:+1555${String(index).padStart(7, '0')}`],
    authent_type: authentication,
    ...secret,
  }));
}

function impiOf(index: number): string {
  return `u${index}@${DOMAIN}`;
}

/** The value of Authorization or Proxy-Authorization that answers the challenge of `response`. */
export function credentials(index: number, response: string, method: string, uri: string, count = 1): string {
  const nonce = /nonce="([^"]+)"/.exec(response)?.[1];
  if (nonce === undefined) throw new Error(`no nonce in:\n${response}`);
  const algorithm = /algorithm=([^,\s]+)/.exec(response)?.[1] ?? 'MD5';
  const password = algorithm === 'MD5' ? PASSWORD : CARD.f2345(parseAkaNonce(nonce).rand).res;
  const nc = count.toString(16).padStart(8, '0');
  const a1 = hash('md5', Buffer.concat([Buffer.from(`${impiOf(index)}:${DOMAIN}:`), Buffer.from(password)]));
  const a2 = hash('md5', `${method}:${uri}`);
  const answer = hash('md5', `${a1}:${nonce}:${nc}:5f3a:auth:${a2}`);
  return (
    `Digest username="${impiOf(index)}", realm="${DOMAIN}", nonce="${nonce}", uri="${uri}", ` +
    `response="${answer}", algorithm=${algorithm}, cnonce="5f3a", opaque="ims", qop=auth, nc=${nc}`
  );
}
