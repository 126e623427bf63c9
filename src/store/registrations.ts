import type { Flow } from '../core/flow.ts';
import { Listeners } from '../core/listeners.ts';
import type { NameAddr } from '../sip/message/header-types.ts';
import { isSip, sameUri } from '../sip/message/uri.ts';
import { noTable, type Table } from './persistence.ts';
import type { Identity, Subscriber } from './subscribers.ts';

/** What last happened to a contact (RFC 3680 §5.1). */
export const CONTACT_EVENTS = [
  'registered',
  'refreshed',
  'shortened',
  'expired',
  'deactivated',
  'rejected',
  'unregistered',
] as const;
export type ContactEvent = (typeof CONTACT_EVENTS)[number];

/** One contact a subscriber registered. Plain data; ims/registration decides about it. */
export interface Binding {
  /** Four hexadecimal digits: how the log and the monitor name it. */
  readonly id: string;
  readonly subscriber: Subscriber;
  /** The Contact as it was registered, feature tags included, without `expires`. */
  readonly contact: NameAddr;
  /** `+sip.instance` without brackets. */
  readonly instance: string | undefined;
  /** Preference, 0 to 1 (RFC 3261 §20.10). */
  readonly q: number;
  /** The identity the REGISTER was for; the rest of the set is registered with it. */
  readonly identity: Identity;
  readonly callId: string;
  readonly cseq: number;
  /** Instant of the clock. */
  readonly expiresAt: number;
  /** Milliseconds since 1970 of the first registration. */
  readonly registeredAt: number;
  readonly event: ContactEvent;
  /** How the handset is reached. */
  readonly flow: Flow;
  /** Path values of proxies between it and us, as they stood (RFC 3327). */
  readonly path: readonly string[];
  readonly userAgent: string | undefined;
  readonly features: Features;
}

/** What the contact's feature tags say (RFC 3840, TS 24.229 §7.9.2). */
export interface Features {
  readonly video: boolean;
  readonly sms: boolean;
  readonly mmtel: boolean;
}

/** A contact that is no longer bound, with the reason. */
export interface Removal {
  readonly binding: Binding;
  readonly event: 'expired' | 'deactivated' | 'rejected' | 'unregistered';
  /** Another contact of the same device took its place. */
  readonly replaced: boolean;
}

export interface RegistrationChange {
  readonly subscriber: Subscriber;
  readonly removed: readonly Removal[];
  /** Bindings that are new or refreshed. */
  readonly bound: readonly Binding[];
}

/** Who is bound where. Everyone concerned by a change listens in the order server.ts gives. */
export class Registrations {
  readonly changed = new Listeners<[RegistrationChange]>();
  readonly #bySubscriber = new Map<Subscriber, readonly Binding[]>();
  /**
   * How many bindings of each subscriber have their handset at an IP address. Those that are protected do not count: what
   * comes from their address in clear is not theirs.
   */
  readonly #byAddress = new Map<string, Map<Subscriber, number>>();
  /** The subscriber whose bindings each association carries, and how many. */
  readonly #byAssociation = new Map<number, { readonly subscriber: Subscriber; bindings: number }>();
  readonly #table: Table<Binding>;
  #size = 0;

  /** @param table where bindings survive a restart. */
  constructor(table: Table<Binding> = noTable) {
    this.#table = table;
  }

  /** Bindings of all subscribers. */
  get size(): number {
    return this.#size;
  }

  of(subscriber: Subscriber): readonly Binding[] {
    return this.#bySubscriber.get(subscriber) ?? [];
  }

  /** Where calls and messages to a subscriber go: an emergency registration is only for want of another. */
  reachable(subscriber: Subscriber): readonly Binding[] {
    const usual = this.usual(subscriber);
    return usual.length > 0 ? usual : this.of(subscriber);
  }

  /** Bindings that are no emergency registrations. */
  usual(subscriber: Subscriber): readonly Binding[] {
    return this.of(subscriber).filter((binding) => !isEmergency(binding));
  }

  all(): IterableIterator<readonly Binding[]> {
    return this.#bySubscriber.values();
  }

  /** Whether a handset of this subscriber is bound in clear at this IP address, whatever its port and transport. */
  isAt(subscriber: Subscriber, address: string): boolean {
    return this.#byAddress.get(address)?.has(subscriber) ?? false;
  }

  /** The subscriber who is registered through these security associations. */
  carriedBy(association: number): Subscriber | undefined {
    return this.#byAssociation.get(association)?.subscriber;
  }

  /** The subscriber bound in clear at this IP address, when there is just one. */
  onlyOneAt(address: string): Subscriber | undefined {
    const subscribers = this.#byAddress.get(address);
    return subscribers?.size === 1 ? subscribers.keys().next().value : undefined;
  }

  /**
   * Replaces and removes bindings of one subscriber at once. A bound contact takes the place of the one with the same
   * contact URI. The listeners of `changed` are told by whoever made the change, after the phone has its answer.
   */
  change(change: RegistrationChange): void {
    const gone = new Set(change.removed.map(({ binding }) => binding));
    let bindings = this.of(change.subscriber).filter((binding) => !gone.has(binding));
    for (const binding of change.bound) {
      const index = bindings.findIndex((other) => sameContact(other, binding));
      const old = bindings[index];
      if (old !== undefined) {
        this.#count(old, -1);
        this.#table.delete(old);
      }
      bindings = index < 0 ? [...bindings, binding] : bindings.with(index, binding);
      this.#count(binding, 1);
      this.#table.put(binding);
    }
    for (const binding of gone) {
      this.#count(binding, -1);
      this.#table.delete(binding);
    }
    this.#size += bindings.length - this.of(change.subscriber).length;
    if (bindings.length === 0) this.#bySubscriber.delete(change.subscriber);
    else this.#bySubscriber.set(change.subscriber, bindings);
  }

  /** A binding of before a restart. */
  restore(binding: Binding): void {
    this.#bySubscriber.set(binding.subscriber, [...this.of(binding.subscriber), binding]);
    this.#count(binding, 1);
    this.#size++;
  }

  #count({ subscriber, flow }: Binding, by: 1 | -1): void {
    if (flow.protected !== undefined) {
      this.#countProtected(subscriber, flow.protected.association, by);
      return;
    }
    const { address } = flow.remote;
    const counts = this.#byAddress.get(address) ?? new Map<Subscriber, number>();
    const count = (counts.get(subscriber) ?? 0) + by;
    if (count > 0) counts.set(subscriber, count);
    else counts.delete(subscriber);
    if (counts.size > 0) this.#byAddress.set(address, counts);
    else this.#byAddress.delete(address);
  }

  #countProtected(subscriber: Subscriber, association: number, by: 1 | -1): void {
    const carried = this.#byAssociation.get(association) ?? { subscriber, bindings: 0 };
    carried.bindings += by;
    if (carried.bindings > 0) this.#byAssociation.set(association, carried);
    else this.#byAssociation.delete(association);
  }
}

/** Whether a phone registered this contact for an emergency call (`;sos` in its URI, TS 24.229 §5.1.6.2, §7.2A.13). */
export function isEmergency({ contact: { uri } }: Pick<Binding, 'contact'>): boolean {
  return isSip(uri) && uri.params.has('sos');
}

/** RFC 3261 §10.2.4: the same URI; RFC 5626 §6 or a phone with a new address: the same device.
 * A phone's emergency registration stands beside its usual one. */
export function sameContact(
  a: Pick<Binding, 'contact' | 'instance'>,
  b: Pick<Binding, 'contact' | 'instance'>,
): boolean {
  if (isEmergency(a) !== isEmergency(b)) return false;
  if (a.instance !== undefined && b.instance !== undefined) return a.instance === b.instance;
  return sameUri(a.contact.uri, b.contact.uri);
}
