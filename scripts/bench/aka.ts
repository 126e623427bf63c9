/** What authentication costs by itself. */
import { randomBytes } from 'node:crypto';
import { type SimKeys, simAlgorithm } from '../../src/aka/sim-keys.ts';
import { makeVector } from '../../src/aka/vector.ts';
import type { Credentials } from '../../src/sip/message/authorization.ts';
import { digestResponse, verifyDigest } from '../../src/sip/message/digest.ts';
import { measure, type Row } from './message.ts';

const SECRETS: readonly SimKeys[] = [
  { algo: 'xor', k: randomBytes(16) },
  { algo: 'milenage', k: randomBytes(16), opc: randomBytes(16) },
  { algo: 'tuak', k: randomBytes(16), topc: randomBytes(32) },
];

/** Vectors made for a challenge by each algorithm, and a response of a phone checked. */
export function akaBench(): Row[] {
  const rand = randomBytes(16);
  const vectors = SECRETS.map((keys) => {
    const algorithm = simAlgorithm(keys);
    return measure(`vector, ${keys.algo}`, () => makeVector(algorithm, { rand, sqn: 32, amf: 0x9001 }).autn.length);
  });
  const password = Buffer.from('secret');
  const said = {
    username: 'alice@bench.example',
    realm: 'bench.example',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    uri: 'sip:bench.example',
    qop: 'auth',
    nc: '00000001',
    cnonce: '0a4f113b',
  };
  const response = digestResponse({ ...said, method: 'REGISTER', password });
  const credentials: Credentials = { scheme: 'Digest', ...said, response };
  return [
    ...vectors,
    measure('digest response checked', () => (verifyDigest(credentials, 'REGISTER', password) ? 1 : 0)),
  ];
}
