import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { UserProfile } from '../diameter/user-profile.ts';
import type { Uri } from '../sip/message/uri.ts';
import { printUri } from '../sip/message/uri.ts';
import { outsideIdentity, readOutsideUser } from '../store/outside-table.ts';
import type { Table } from '../store/persistence.ts';
import {
  AUTHENTICATION_LEVELS,
  type Identity,
  type IdentityOwner,
  identityOf,
  type Outside,
  type Subscriber,
  type Subscribers,
} from '../store/subscribers.ts';

export interface OutsideUsersParts {
  readonly logger: Logger;
  readonly subscribers: Subscribers;
  /** Where what is known of them survives a restart. */
  readonly table: Table<Subscriber>;
  /** A user ue_db does not have, without identities. */
  readonly create: (impi: string) => Subscriber;
}

type OutsideSubscriber = Subscriber & { readonly outside: Outside };

export function isOutside(subscriber: Subscriber): subscriber is OutsideSubscriber {
  return subscriber.outside !== undefined;
}

/** The users an HSS outside has, as far as it has told us of them. */
export class OutsideUsers {
  readonly #parts: OutsideUsersParts;

  constructor(parts: OutsideUsersParts) {
    this.#parts = parts;
  }

  /** Users the HSS has told us of. */
  get size(): number {
    let size = 0;
    for (const subscriber of this.#parts.subscribers.all()) if (isOutside(subscriber)) size++;
    return size;
  }

  /** Somebody nobody here knows, as whoever it says it is; nothing is kept. undefined for the name of a local user. */
  stranger(impi: string, uri: Uri): Subscriber | undefined {
    if (this.#isLocal(uri)) return undefined;
    const subscriber = this.#parts.create(impi);
    subscriber.identities = [outsideIdentity(printUri(uri), [])];
    return subscriber;
  }

  /** The identity a user of ours names, which may be one that only the HSS knows yet. */
  identityOf(subscriber: OutsideSubscriber, uri: Uri): Identity | undefined {
    const { outside } = subscriber;
    const known = identityOf(subscriber, uri) ?? identityOf({ ...subscriber, identities: outside.barred }, uri);
    return known ?? (this.#isLocal(uri) ? undefined : outsideIdentity(printUri(uri), []));
  }

  /** Takes what the HSS says of a user. @throws MalformedError for an identity that is none; nothing is changed then. */
  take(subscriber: OutsideSubscriber, { identities }: UserProfile): void {
    const { subscribers, logger } = this.#parts;
    const known = [...subscriber.identities, ...subscriber.outside.barred];
    const named = identities.map(({ impu, barred }) => ({ identity: outsideIdentity(impu, known), barred }));
    const ours = named.filter(({ identity }) => {
      const taken = this.#isLocal(identity.uri, subscriber);
      if (taken) logger.warn(`${subscriber.impi}: the HSS gives it ${identity.text}, which ue_db gives a user here`);
      return !taken;
    });
    subscriber.outside.barred = ours.filter(({ barred }) => barred).map(({ identity }) => identity);
    const free = ours.filter(({ barred }) => !barred).map(({ identity }) => identity);
    if (subscribers.byImpi(subscriber.impi) === subscriber) subscribers.rename(subscriber, free);
    else subscriber.identities = free;
    this.keep(subscriber);
  }

  keep(subscriber: OutsideSubscriber): void {
    this.#parts.table.put(subscriber);
  }

  /** The user of a profile, made when it is new. undefined for a local one. @throws MalformedError */
  known(impi: string, profile: UserProfile): Subscriber | undefined {
    const { subscribers, create } = this.#parts;
    const subscriber = subscribers.byImpi(impi) ?? create(impi);
    if (!isOutside(subscriber)) return undefined;
    this.take(subscriber, profile);
    if (subscribers.byImpi(impi) === undefined) subscribers.add(subscriber);
    return subscriber;
  }

  /** Those of before a restart. One that ue_db has with keys now is a local user. */
  restore(): void {
    const { subscribers, create, table } = this.#parts;
    table.restore((row) => {
      const { impi, level, identities, barred } = readOutsideUser(row);
      const subscriber = subscribers.byImpi(impi) ?? create(impi);
      if (!isOutside(subscriber)) return false;
      const read = (texts: readonly string[]) => texts.map((text) => outsideIdentity(text, subscriber.identities));
      const [free, others] = [read(identities), read(barred)];
      const found = AUTHENTICATION_LEVELS.find((one) => one === level);
      subscriber.outside.level = found === 'none' ? undefined : found;
      subscriber.outside.barred = others;
      if (free.some(({ uri }) => this.#isLocal(uri, subscriber))) throw new MalformedError(`${impi} has a local name`);
      subscribers.rename(subscriber, free);
      return true;
    });
  }

  /** Whether a user whose keys are here has the identity. */
  #isLocal(uri: Uri, except?: Subscriber): boolean {
    const owners: readonly IdentityOwner[] = this.#parts.subscribers.owners(uri);
    return owners.some(({ subscriber }) => subscriber !== except && !isOutside(subscriber));
  }
}
