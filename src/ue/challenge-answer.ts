/**
 * How a handset answers a challenge: with its password (RFC 2617), or with what its SIM says (RFC 3310, TS 33.203 §6.1).
 * A card that finds the challenge wrong answers too: with an empty response when MAC is wrong, with AUTS when SQN is
 * (TS 24.229 §5.1.1.5.3).
 */
import type { SimKeys } from '../aka/sim-keys.ts';
import { Usim } from '../aka/usim.ts';
import { MalformedError } from '../core/errors.ts';
import { type Random, randomHex } from '../core/random.ts';
import type { SessionKeys } from '../ipsec/algorithm.ts';
import { akaPassword, akaV2SessionKeys, parseAkaNonce, printAuts } from '../sip/message/aka-digest.ts';
import type { Challenge, Credentials } from '../sip/message/authorization.ts';
import { type DigestAlgorithm, digestAlgorithm, digestResponse } from '../sip/message/digest.ts';

/** What the handset proves itself with: a password, a SIM, or both. */
export interface Secrets {
  readonly password?: string;
  readonly sim?: SimKeys;
  /** The highest SQN the card has accepted before, below 2^48; 0 when absent. */
  readonly sqn?: number;
}

export type Answer =
  | { readonly kind: 'password'; readonly credentials: Credentials }
  /** The card accepted the network; what goes on between the two is protected with these keys. */
  | { readonly kind: 'res'; readonly credentials: Credentials; readonly keys: SessionKeys }
  /** The card refused the network: MAC of AUTN is not what its keys give. */
  | { readonly kind: 'mac-failure'; readonly credentials: Credentials }
  /** The card refused the sequence number and told its own. */
  | { readonly kind: 'sync-failure'; readonly credentials: Credentials; readonly sqnMs: number }
  | { readonly kind: 'unanswerable'; readonly why: string };

const EMPTY = new Uint8Array(0);

export class ChallengeAnswers {
  /** The card, when there is one: tests look at its SQN. */
  readonly usim: Usim | undefined;
  readonly #username: string;
  readonly #password: Uint8Array | undefined;
  readonly #random: Random;
  #again: ((method: string, uri: string) => Credentials | undefined) | undefined;

  /** @throws MalformedError naming the SIM key that is wrong. */
  constructor(username: string, { password, sim, sqn }: Secrets, random: Random) {
    this.#username = username;
    this.#password = password === undefined ? undefined : Buffer.from(password, 'utf8');
    this.#random = random;
    this.usim = sim === undefined ? undefined : new Usim(sim, sqn);
  }

  /** @param uri digest-uri of the credentials. */
  answer(challenge: Challenge, method: string, uri: string): Answer {
    if (challenge.scheme !== 'Digest') return unanswerable(`scheme ${challenge.scheme}`);
    const algorithm = digestAlgorithm(challenge.algorithm ?? 'MD5');
    if (algorithm === undefined) return unanswerable(`algorithm ${challenge.algorithm}`);
    if (challenge.qop !== undefined && !challenge.qop.includes('auth')) {
      return unanswerable(`quality of protection ${challenge.qop.join()}`);
    }
    if (algorithm === 'AKAv1-MD5' || algorithm === 'AKAv2-MD5') return this.#aka(challenge, algorithm, method, uri);
    const password = this.#password;
    if (password === undefined) return unanswerable(`${algorithm} without a password`);
    let count = 0;
    const sign = (by: string, to: string) => this.#signed(challenge, ++count, algorithm, password, by, to);
    this.#again = sign;
    return { kind: 'password', credentials: sign(method, uri) };
  }

  /**
   * Credentials to put on a request before it is challenged: a password's next use of the nonce (RFC 2617 §3.3), or a
   * SIM's last answer as it was (TS 24.229 §5.1.1.4.1). Undefined before the first challenge.
   */
  again(method: string, uri: string): Credentials | undefined {
    return this.#again?.(method, uri);
  }

  #aka(challenge: Challenge, algorithm: 'AKAv1-MD5' | 'AKAv2-MD5', method: string, uri: string): Answer {
    const { usim } = this;
    if (usim === undefined) return unanswerable(`${algorithm} without a SIM`);
    let nonce: ReturnType<typeof parseAkaNonce>;
    try {
      nonce = parseAkaNonce(challenge.nonce);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return unanswerable(error.message);
    }
    const card = usim.authenticate(nonce.rand, nonce.autn);
    switch (card.kind) {
      case 'success': {
        const credentials = this.#signed(challenge, 1, algorithm, akaPassword(algorithm, card), method, uri);
        this.#again = (by, to) => (by === method && to === uri ? credentials : undefined);
        return { kind: 'res', credentials, keys: algorithm === 'AKAv2-MD5' ? akaV2SessionKeys(card) : card };
      }
      case 'mac-failure':
        return { kind: 'mac-failure', credentials: { ...this.#base(challenge, uri), response: '' } };
      case 'sync-failure': {
        // RFC 3310 §3.4: signed with an empty password.
        const signed = this.#signed(challenge, 1, algorithm, EMPTY, method, uri);
        return {
          kind: 'sync-failure',
          credentials: { ...signed, auts: printAuts(card.auts) },
          sqnMs: usim.sqnMs,
        };
      }
    }
  }

  #base({ realm, nonce, algorithm, opaque }: Challenge, uri: string): Credentials {
    return {
      scheme: 'Digest',
      username: this.#username,
      realm,
      nonce,
      uri,
      ...(algorithm !== undefined && { algorithm }),
      ...(opaque !== undefined && { opaque }),
    };
  }

  #signed(
    challenge: Challenge,
    count: number,
    algorithm: DigestAlgorithm,
    password: Uint8Array,
    method: string,
    uri: string,
  ): Credentials {
    const { realm, nonce } = challenge;
    const input = { algorithm, username: this.#username, realm, nonce, password, method, uri };
    const base = this.#base(challenge, uri);
    if (challenge.qop === undefined) return { ...base, response: digestResponse(input) };
    const use = { qop: 'auth', nc: count.toString(16).padStart(8, '0'), cnonce: randomHex(this.#random, 8) };
    return { ...base, ...use, response: digestResponse({ ...input, ...use }) };
  }
}

function unanswerable(why: string): Answer {
  return { kind: 'unanswerable', why };
}
