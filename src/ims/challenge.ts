import type { Clock } from '../core/clock.ts';
import { type Random, randomHex } from '../core/random.ts';
import { akaNonce, akaPassword } from '../sip/message/aka-digest.ts';
import type { DigestPassword } from '../sip/message/digest.ts';
import type { Identity, IdentityOwner, Subscriber } from '../store/subscribers.ts';
import type { AuthenticationData } from './hss.ts';

/** TS 24.229 §7.7, reg-await-auth; an MD5 nonce may be used as long. */
export const CHALLENGE_LIFETIME_MS = 4 * 60_000;
/** Strangers cause challenges, so their number is bounded; the oldest goes first. */
const MOST_CHALLENGES = 200_000;

/** A challenge that was sent and what its answer is checked with. */
export interface Challenge {
  readonly nonce: string;
  readonly subscriber: Subscriber;
  /** Whom the subscriber said it is. */
  readonly identity: Identity;
  readonly data: AuthenticationData;
  readonly realm: string;
  readonly password: DigestPassword;
  readonly expiresAt: number;
  /** How often the card asked for resynchronisation in a row. */
  readonly resynchronisations: number;
  /** Highest nonce count seen; -1 until it was answered (RFC 2617 §3.2.2: a replay does not raise it). */
  nonceCount: number;
  /** The set of security associations that was agreed with it, if one was. */
  set?: number;
}

/**
 * The challenges that may still be answered, by nonce. All live equally long, so that the order they were made in is
 * the order they end in and no timer is needed.
 */
export class Challenges {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #byNonce = new Map<string, Challenge>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#byNonce.size;
  }

  make({ subscriber, identity }: IdentityOwner, data: AuthenticationData, resynchronisations = 0): Challenge {
    this.#purge();
    const challenge: Challenge = {
      nonce: data.scheme === 'MD5' ? randomHex(this.#random, 16) : akaNonce(data.vector.rand, data.vector.autn),
      subscriber,
      identity,
      data,
      realm: 'realm' in data ? data.realm : subscriber.domain,
      password: passwordOf(data),
      expiresAt: this.#clock.now() + CHALLENGE_LIFETIME_MS,
      resynchronisations,
      nonceCount: -1,
    };
    this.#byNonce.set(challenge.nonce, challenge);
    return challenge;
  }

  /** The challenge with this nonce, if it was this subscriber's and has not ended. */
  find(nonce: string, subscriber: Subscriber): Challenge | undefined {
    const challenge = this.#byNonce.get(nonce);
    if (challenge === undefined || challenge.subscriber !== subscriber) return undefined;
    return challenge.expiresAt > this.#clock.now() ? challenge : undefined;
  }

  forget(challenge: Challenge): void {
    this.#byNonce.delete(challenge.nonce);
  }

  #purge(): void {
    const now = this.#clock.now();
    for (const [nonce, { expiresAt }] of this.#byNonce) {
      if (expiresAt > now && this.#byNonce.size < MOST_CHALLENGES) return;
      this.#byNonce.delete(nonce);
    }
  }
}

function passwordOf(data: AuthenticationData): DigestPassword {
  if ('ha1' in data) return { ha1: data.ha1 };
  if (data.scheme === 'MD5') return Buffer.from(data.password, 'utf8');
  const { xres, ck, ik } = data.vector;
  return akaPassword(data.scheme, { res: xres, ck, ik });
}
