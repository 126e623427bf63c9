import type { SimAlgorithm } from '../aka/algorithm.ts';
import { nextSqn } from '../aka/sequence.ts';
import { simAlgorithm } from '../aka/sim-keys.ts';
import { type AuthenticationVector, checkAuts, makeVector } from '../aka/vector.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { Table } from '../store/persistence.ts';
import type { IdentityOwner, Sim, Subscriber } from '../store/subscribers.ts';

/** The digest schemes of the Cx interface that are served (TS 29.229 §6.3.9). */
export type Scheme = 'MD5' | 'AKAv1-MD5' | 'AKAv2-MD5';

/** What a challenge is made of and its answer checked with. */
export type AuthenticationData =
  | { readonly scheme: 'MD5'; readonly password: string }
  /** H(A1) in place of the password, for this realm. */
  | { readonly scheme: 'MD5'; readonly ha1: string; readonly realm: string }
  | { readonly scheme: 'AKAv1-MD5' | 'AKAv2-MD5'; readonly vector: AuthenticationVector };

/** AUTS of a card with the RAND it answers (TS 33.102 §6.3.5). */
export interface Resynchronisation {
  readonly rand: Uint8Array;
  readonly auts: Uint8Array;
}

/**
 * The authentication centre as the S-CSCF asks it (TS 29.228 §6.3). The answer may come at once or later; a SipError
 * is the refusal owed to the phone.
 */
export interface Hss {
  /**
   * @param user who authenticates, and as whom.
   * @param scheme undefined leaves it to the HSS, which an HSS of users outside may be asked.
   */
  authenticationData(
    user: IdentityOwner,
    scheme: Scheme | undefined,
    resynchronisation: Resynchronisation | undefined,
    done: (answer: AuthenticationData | SipError) => void,
  ): void;
}

/** Asks for each user whoever has its keys. */
export class HssOfUser implements Hss {
  readonly #local: Hss;
  readonly #outside: Hss;

  constructor(local: Hss, outside: Hss) {
    this.#local = local;
    this.#outside = outside;
  }

  authenticationData(...[user, ...rest]: Parameters<Hss['authenticationData']>): void {
    (user.subscriber.outside === undefined ? this.#local : this.#outside).authenticationData(user, ...rest);
  }
}

export interface LocalHssParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Where sequence numbers survive a restart: a card that has seen one refuses it. */
  readonly sequenceNumbers: Table<Subscriber>;
  /** Told of a card whose sequence number was ahead of ours, with both numbers. */
  readonly onResynchronised: (subscriber: Subscriber, from: number, to: number) => void;
}

/** Enough for any randomness worth the name; no more, lest a source that stands still keeps us here. */
const MOST_DRAWS = 16;

/** The HSS of the users in ue_db. */
export class LocalHss implements Hss {
  readonly #parts: LocalHssParts;
  /** OPc, TOPc and key schedules are computed once per card. */
  readonly #algorithms = new WeakMap<Sim, SimAlgorithm>();

  constructor(parts: LocalHssParts) {
    this.#parts = parts;
  }

  authenticationData(
    { subscriber }: Pick<IdentityOwner, 'subscriber'>,
    scheme: Scheme | undefined,
    resynchronisation: Resynchronisation | undefined,
    done: (answer: AuthenticationData | SipError) => void,
  ): void {
    if (scheme === undefined) {
      done(noKeys(subscriber, 'no keys at all'));
      return;
    }
    if (scheme === 'MD5') {
      const { password } = subscriber;
      done(password === undefined ? noKeys(subscriber, 'no pwd') : { scheme, password });
      return;
    }
    const { sim } = subscriber;
    if (sim === undefined) {
      done(noKeys(subscriber, 'no K'));
      return;
    }
    const algorithm = this.#algorithm(sim);
    if (resynchronisation !== undefined && !this.#resynchronise(subscriber, algorithm, resynchronisation)) {
      done(
        new SipError(
          403,
          `${subscriber.impi}: the AUTS of the card is wrong (MAC-S): check K and OP/OPc of its ue_db entry`,
        ),
      );
      return;
    }
    subscriber.sqn = nextSqn(sim.sqnMode, subscriber.sqn, this.#parts.clock.wallNow());
    this.#parts.sequenceNumbers.put(subscriber);
    done({ scheme, vector: this.#vector(algorithm, subscriber.sqn, sim.amf) });
  }

  /**
   * One whose RES holds no NUL: clients that keep the digest password as a C string, SIPp for one, would fail three
   * times in a hundred. It costs RES less than a twentieth of a bit.
   */
  #vector(algorithm: SimAlgorithm, sqn: number, amf: number): AuthenticationVector {
    const draw = () => makeVector(algorithm, { rand: this.#parts.random.bytes(16), sqn, amf });
    let vector = draw();
    for (let draws = 1; draws < MOST_DRAWS && vector.xres.includes(0); draws++) vector = draw();
    return vector;
  }

  #algorithm(sim: Sim): SimAlgorithm {
    const known = this.#algorithms.get(sim);
    if (known !== undefined) return known;
    const algorithm = simAlgorithm(sim.keys);
    this.#algorithms.set(sim, algorithm);
    return algorithm;
  }

  /** Takes the card's sequence number for ours when AUTS proves it (TS 33.102 §6.3.5). */
  #resynchronise(subscriber: Subscriber, algorithm: SimAlgorithm, { rand, auts }: Resynchronisation): boolean {
    const sqn = checkAuts(algorithm, rand, auts);
    if (sqn === undefined) return false;
    this.#parts.onResynchronised(subscriber, subscriber.sqn, sqn);
    subscriber.sqn = sqn;
    return true;
  }
}

function noKeys({ impi }: Subscriber, what: string): SipError {
  return new SipError(403, `${impi} cannot be authenticated that way: its ue_db entry has ${what}`);
}
