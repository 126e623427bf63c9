import { type SimKeys, simAlgorithm } from '../../src/aka/sim-keys.ts';
import { type AuthenticationVector, makeVector } from '../../src/aka/vector.ts';
import { akaNonce } from '../../src/sip/message/aka-digest.ts';
import {
  AUTHORIZATION,
  type Credentials,
  parseChallenge,
  WWW_AUTHENTICATE,
} from '../../src/sip/message/authorization.ts';
import { header } from '../../src/sip/message/build.ts';
import {
  CONTACT,
  EXPIRES,
  type NameAddr,
  P_ASSOCIATED_URI,
  parseNameAddr,
  SERVICE_ROUTE,
} from '../../src/sip/message/header-types.ts';
import type { Response } from '../../src/sip/message/message.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { answer } from './scripted-server.ts';

/** What a home network does, as far as tests of handsets need it. */

export const DOMAIN = 'ims.example.org';
export const K = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
export const XOR: SimKeys = { algo: 'xor', k: K };
export const MILENAGE: SimKeys = {
  algo: 'milenage',
  k: K,
  opc: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
};
export const RAND = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');

/** SEQ 1 with IND 1. */
export const FRESH_SQN = 33;

export function vector(keys: SimKeys, sqn = FRESH_SQN): AuthenticationVector {
  return makeVector(simAlgorithm(keys), { rand: RAND, sqn, amf: 0x9001 });
}

/** 401 with an AKA challenge, or with an MD5 one when there is no vector. */
export function challenge(
  transaction: ServerTransaction,
  made: AuthenticationVector | string,
  { algorithm = 'AKAv1-MD5', extra = '', opaque = 'ims' } = {},
): void {
  const nonce = typeof made === 'string' ? made : akaNonce(made.rand, made.autn);
  const name = typeof made === 'string' ? 'MD5' : algorithm;
  const text = `Digest realm="${DOMAIN}", nonce="${nonce}", algorithm=${name}, qop="auth", opaque="${opaque}"${extra}`;
  transaction.respond(answer(transaction, 401, { headers: [header(WWW_AUTHENTICATE, parseChallenge(text))] }));
}

export function credentialsOf({ request }: Pick<ServerTransaction, 'request'>): Credentials | undefined {
  return request.headers.get(AUTHORIZATION);
}

/** 200 that grants every contact what was asked, or `granted`. */
export function accept(transaction: ServerTransaction, granted?: number): void {
  const { headers } = transaction.request;
  const expires = granted ?? headers.get(EXPIRES) ?? 3600;
  const contacts = headers.all(CONTACT).filter((contact): contact is NameAddr => contact !== '*');
  const response: Response = answer(transaction, 200, {
    headers: [
      ...(expires === 0 ? [] : contacts).map((contact) =>
        header(CONTACT, { ...contact, params: contact.params.with('expires', String(expires)) }),
      ),
      header(P_ASSOCIATED_URI, parseNameAddr(`<sip:alice@${DOMAIN}>`)),
      header(P_ASSOCIATED_URI, parseNameAddr('<tel:+1234>')),
      header(SERVICE_ROUTE, parseNameAddr('<sip:scscf.example.org;lr>')),
    ],
  });
  transaction.respond(response);
}
