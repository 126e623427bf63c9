import { MalformedError } from '../core/errors.ts';
import { printUri, type Uri } from '../sip/message/uri.ts';
import { identityKey, identityUri } from './identity.ts';

/** From lowest to highest (manual §5.2.1, authent_type). */
export const AUTHENTICATION_LEVELS = ['none', 'MD5', 'AKAv1', 'AKAv2'] as const;
export type AuthenticationLevel = (typeof AUTHENTICATION_LEVELS)[number];

/** The secrets of one SIM as its authentication centre holds them, in the words of aka/sim-keys. */
export interface Sim {
  readonly keys: SimSecrets;
  /** Authentication management field, 16 bits. */
  readonly amf: number;
  readonly sqnMode: 'counter' | 'time';
}

/** Octets: K 16 (TUAK also 32), OP and OPc 16, c1 to c5 16 each, TOP and TOPc 32. */
export type SimSecrets = { readonly k: Uint8Array; readonly resLength?: number } & (
  | { readonly algo: 'xor' }
  | {
      readonly algo: 'milenage';
      readonly op?: Uint8Array;
      readonly opc?: Uint8Array;
      readonly r?: readonly number[];
      readonly c?: readonly Uint8Array[];
    }
  | { readonly algo: 'tuak'; readonly top?: Uint8Array; readonly topc?: Uint8Array; readonly iterations?: number }
);

/** One public user identity (IMPU) of a subscriber. */
export interface Identity {
  readonly uri: Uri;
  /** `uri` printed: what P-Associated-URI and reg-event bodies show. */
  readonly text: string;
  /** See identityKey. */
  readonly key: string;
  readonly imeisv?: string;
  readonly code?: number;
  readonly anonymous: boolean;
  /** Whether its owner is authenticated at all. */
  readonly authentication: boolean;
  readonly ringOnly: boolean;
  readonly precondition?: boolean;
  readonly reliableProvisional: boolean;
}

/** What becomes of the preconditions of one phone towards another (setting precondition_policy). */
export type PreconditionPolicy = 'pass' | 'strip' | 'force-ready';

/** One private user identity (IMPI) with its implicit registration set. */
export interface Subscriber {
  readonly impi: string;
  readonly imsi?: string;
  readonly msisdn?: string;
  readonly domain: string;
  readonly level: AuthenticationLevel;
  readonly password?: string;
  readonly sim?: Sim;
  /** Sequence number last used, below 2^48: the only thing of a subscriber that changes by itself. */
  sqn: number;
  /** Quality of protection offered in challenges; some phones refuse to answer one. */
  readonly qop: 'auth' | 'none';
  readonly authOnRegisterOnly: boolean;
  /** Whether its phones are refused when they offer no security agreement. */
  readonly ipsecRequired: boolean;
  /** Several phones with one test SIM. */
  readonly multiSim: boolean;
  readonly forceSmsOverSgs: boolean;
  /** `pass` when it is not set. */
  readonly preconditionPolicy?: PreconditionPolicy;
  /**
   * The implicit registration set in the order of P-Associated-URI: the default identity, a SIP URI, first. That of
   * `outside` users changes, through Subscribers.rename only.
   */
  identities: readonly Identity[];
  /** Of users whose keys an HSS has that is asked over Cx. */
  readonly outside?: Outside;
}

/** What the HSS said of one of its users. */
export interface Outside {
  /** How it had the user authenticated last. */
  level: Exclude<AuthenticationLevel, 'none'> | undefined;
  /** Identities that may register the set and do nothing else (TS 29.228 Annex B.2.1). */
  barred: readonly Identity[];
}

/** The users there are, found by IMPI and by any form of a public identity. */
export class Subscribers {
  readonly #byImpi = new Map<string, Subscriber>();
  readonly #byImsi = new Map<string, Subscriber>();
  readonly #byIdentity = new Map<string, IdentityOwner[]>();

  get size(): number {
    return this.#byImpi.size;
  }

  all(): IterableIterator<Subscriber> {
    return this.#byImpi.values();
  }

  add(subscriber: Subscriber): void {
    this.#byImpi.set(subscriber.impi, subscriber);
    const { imsi } = subscriber;
    if (imsi !== undefined && (this.#byImsi.get(imsi)?.impi ?? subscriber.impi) === subscriber.impi) {
      this.#byImsi.set(imsi, subscriber);
    }
    for (const identity of subscriber.identities) {
      const owners = this.#byIdentity.get(identity.key);
      if (owners === undefined) this.#byIdentity.set(identity.key, [{ subscriber, identity }]);
      else if (owners.every((owner) => owner.subscriber !== subscriber)) owners.push({ subscriber, identity });
    }
  }

  /** Gives a subscriber other identities; `identities` hold the same objects where they stay. */
  rename(subscriber: Subscriber, identities: readonly Identity[]): void {
    for (const { key } of subscriber.identities) {
      const owners = this.#byIdentity.get(key)?.filter((owner) => owner.subscriber !== subscriber) ?? [];
      if (owners.length === 0) this.#byIdentity.delete(key);
      else this.#byIdentity.set(key, owners);
    }
    subscriber.identities = identities;
    this.add(subscriber);
  }

  byImpi(impi: string): Subscriber | undefined {
    return this.#byImpi.get(impi);
  }

  /** The first configured, where several have one SIM. */
  byImsi(imsi: string): Subscriber | undefined {
    return this.#byImsi.get(imsi);
  }

  /** The user somebody typed: an IMPI, or an IMPU with or without its scheme. */
  named(text: string): Subscriber | undefined {
    return this.#byImpi.get(text) ?? this.owner(text)?.subscriber;
  }

  /** As `named`, with the identity: the default one for an IMPI. */
  owner(text: string): IdentityOwner | undefined {
    const subscriber = this.#byImpi.get(text);
    const identity = subscriber?.identities[0];
    if (subscriber !== undefined) return identity && { subscriber, identity };
    try {
      return this.owners(identityUri(/^(sips?|tel|urn):/i.test(text) ? text : `sip:${text}`, 'x'))[0];
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    }
  }

  /** Everyone who has the identity; with a shared identity the first configured is first. */
  owners(uri: Uri): readonly IdentityOwner[] {
    return this.#byIdentity.get(identityKey(uri)) ?? [];
  }
}

export interface IdentityOwner {
  readonly subscriber: Subscriber;
  readonly identity: Identity;
}

/** The identity of this subscriber that `uri` names. */
export function identityOf(subscriber: Subscriber, uri: Uri): Identity | undefined {
  const key = identityKey(uri);
  return subscriber.identities.find((identity) => identity.key === key);
}

export type IdentityOptions = Omit<Identity, 'text' | 'key'>;

export function makeIdentity(options: IdentityOptions): Identity {
  return { ...options, text: printUri(options.uri), key: identityKey(options.uri) };
}
