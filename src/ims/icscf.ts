import type { Originator } from '../services/service.ts';
import { FROM, P_PREFERRED_IDENTITY, TO } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { isSip, isTel, printUri, type Uri } from '../sip/message/uri.ts';
import type { Table } from '../store/persistence.ts';
import { type IdentityOwner, identityOf, type Subscriber, type Subscribers } from '../store/subscribers.ts';
import { isOutside, type OutsideUsers } from './outside-users.ts';

export interface IcscfOptions {
  /** Makes the unknown user a private identity asks for, in labs that allow it (setting auto_create). */
  readonly create?: (impi: string, imsi: string) => Subscriber | undefined;
  /** Where those users survive a restart. */
  readonly created: Table<Subscriber>;
  /** Users of an HSS that is asked over Cx. */
  readonly outside?: OutsideUsers;
  /** Names of the home domain besides each user's own (settings domain, domain_aliases), lower-case. */
  readonly domains: readonly string[];
}

/** TS 23.003 §13.3: without an ISIM the private identity is the IMSI with the home domain. */
const IMSI_SHAPED = /^([0-9]{6,15})(?:@(.*))?$/;
const MOST_PENDING = 1000;

/** Finds whom a request concerns (TS 24.229 §5.3, the I-CSCF's location query). */
export class Icscf {
  readonly #subscribers: Subscribers;
  readonly #options: IcscfOptions;
  /** Users made on the spot whose phones are being challenged, by IMPI. */
  readonly #pending = new Map<string, Subscriber>();

  constructor(subscribers: Subscribers, options: IcscfOptions) {
    this.#subscribers = subscribers;
    this.#options = options;
  }

  /**
   * The user a REGISTER is for and the identity it registers.
   * @param username of the credentials, where there are some.
   * @throws SipError 400 for a To of another scheme, 403 for an unknown user or an identity that is not that user's.
   */
  registering(request: Request, username: string | undefined): Originator {
    const { uri } = request.headers.get(TO) as { uri: Uri };
    if (!isSip(uri) && !isTel(uri)) {
      throw new SipError(400, `To ${printUri(uri)} cannot be registered: a sip or tel URI is needed`);
    }
    if (username === undefined || username === '') {
      const [owner] = this.#subscribers.owners(uri);
      return owner ?? this.#created(impiOf(uri), uri);
    }
    const subscriber = this.byUsername(username);
    if (subscriber === undefined) return this.#created(username, uri);
    const identity = isOutside(subscriber)
      ? this.#options.outside?.identityOf(subscriber, uri)
      : identityOf(subscriber, uri);
    if (identity === undefined) {
      throw new SipError(403, `${printUri(uri)} is no identity of ${username}: add it to the impu of its ue_db entry`);
    }
    return { subscriber, identity };
  }

  /** Keeps a user that was made on the spot, now that its phone has proven to have the keys. */
  authenticated(subscriber: Subscriber): void {
    if (this.#pending.get(subscriber.impi) !== subscriber) return;
    this.#pending.delete(subscriber.impi);
    this.#subscribers.add(subscriber);
    if (!isOutside(subscriber)) this.#options.created.put(subscriber);
  }

  /**
   * An unknown IMSI becomes a user where that is allowed, one whose identities nobody has yet; anybody else may be a user
   * of the HSS outside.
   * @throws SipError 403 otherwise.
   */
  #created(impi: string, uri: Uri): Originator {
    const waiting = this.#pending.get(impi);
    const pending = waiting !== undefined && identityOf(waiting, uri) !== undefined ? waiting : undefined;
    const subscriber = pending ?? this.#make(impi) ?? this.#options.outside?.stranger(impi, uri);
    const identity = subscriber && identityOf(subscriber, uri);
    if (subscriber === undefined || identity === undefined) {
      throw new SipError(
        403,
        `unknown subscriber ${impi}: add it to ue_db, with this name as impi and ${printUri(uri)} among its impu`,
      );
    }
    if (pending === undefined) this.#remember(subscriber);
    return { subscriber, identity };
  }

  #make(impi: string): Subscriber | undefined {
    const [, imsi, host] = IMSI_SHAPED.exec(impi) ?? [];
    const subscriber = imsi === undefined ? undefined : this.#options.create?.(impi, imsi);
    if (subscriber === undefined || (host !== undefined && !this.isHome(host, subscriber))) return undefined;
    // The keys of the template prove nothing about somebody who has keys of his own.
    const taken = subscriber.identities.some(({ uri }) => this.#subscribers.owners(uri).length > 0);
    return taken ? undefined : subscriber;
  }

  /** Strangers can ask for users: those that have not proven to have the keys are few, the oldest goes first. */
  #remember(subscriber: Subscriber): void {
    const [oldest] = this.#pending.keys();
    if (this.#pending.size >= MOST_PENDING && oldest !== undefined) this.#pending.delete(oldest);
    this.#pending.set(subscriber.impi, subscriber);
  }

  /** A private identity as phones write it: some softphones leave the domain out or add it. */
  byUsername(username: string): Subscriber | undefined {
    const known = this.#subscribers.byImpi(username);
    if (known !== undefined) return known;
    const at = username.lastIndexOf('@');
    if (at < 0) return undefined;
    const bare = this.#subscribers.byImpi(username.slice(0, at));
    return bare !== undefined && this.isHome(username.slice(at + 1), bare) ? bare : undefined;
  }

  /**
   * Whom a request says it comes from: P-Preferred-Identity first (TS 24.229 §5.2.6.3), then From. Of several users
   * with the same identity the one that `isHere` is preferred.
   */
  asserted(request: Request, isHere: (subscriber: Subscriber) => boolean): IdentityOwner | undefined {
    const preferred = request.headers.all(P_PREFERRED_IDENTITY);
    const from = request.headers.get(FROM);
    for (const { uri } of from === undefined ? preferred : [...preferred, from]) {
      const owners = this.#subscribers.owners(uri);
      if (owners.length > 0) return owners.find(({ subscriber }) => isHere(subscriber)) ?? owners[0];
    }
    return undefined;
  }

  /** Who is called by this Request-URI, or nobody known. */
  called(uri: Uri): IdentityOwner | undefined {
    return this.#subscribers.owners(uri)[0];
  }

  /** Whether a Request-URI's host is one of our names for this user; handsets guess 2- and 3-digit MNC forms. */
  isHome(host: string, { domain }: Pick<Subscriber, 'domain'>): boolean {
    const name = host.toLowerCase();
    return name === domain.toLowerCase() || this.#options.domains.includes(name);
  }
}

/** The private identity of a phone that sent no credentials: of an IMSI-derived identity the same without scheme. */
function impiOf(uri: Uri): string {
  return isSip(uri) ? `${uri.user ?? ''}@${uri.host}` : printUri(uri);
}
