import type { Flow } from '../core/flow.ts';
import { Listeners } from '../core/listeners.ts';
import type { NameAddr } from '../sip/message/header-types.ts';
import { sameUri } from '../sip/message/uri.ts';
import type { Identity, Subscriber } from './subscribers.ts';

/** What last happened to a contact (RFC 3680 §5.1). */
export type ContactEvent =
  | 'registered'
  | 'refreshed'
  | 'shortened'
  | 'expired'
  | 'deactivated'
  | 'rejected'
  | 'unregistered';

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
  readonly #byAddress = new Map<string, Set<Binding>>();
  #size = 0;

  /** Bindings of all subscribers. */
  get size(): number {
    return this.#size;
  }

  of(subscriber: Subscriber): readonly Binding[] {
    return this.#bySubscriber.get(subscriber) ?? [];
  }

  all(): IterableIterator<readonly Binding[]> {
    return this.#bySubscriber.values();
  }

  /** The bindings whose handset has this IP address, whatever its port and transport. */
  atAddress(address: string): Iterable<Binding> {
    return this.#byAddress.get(address) ?? [];
  }

  /** Whether this binding is still the present one, not refreshed or removed since. */
  holds(binding: Binding): boolean {
    return this.of(binding.subscriber).includes(binding);
  }

  /**
   * Replaces and removes bindings of one subscriber at once, then tells everyone.
   * A bound contact takes the place of the one with the same contact URI.
   */
  change(change: RegistrationChange): void {
    const gone = new Set(change.removed.map(({ binding }) => binding));
    let bindings = this.of(change.subscriber).filter((binding) => !gone.has(binding));
    for (const binding of change.bound) {
      const index = bindings.findIndex((other) => sameContact(other, binding));
      const old = bindings[index];
      if (old !== undefined) this.#forgetAddress(old);
      bindings = index < 0 ? [...bindings, binding] : bindings.with(index, binding);
      this.#rememberAddress(binding);
    }
    for (const binding of gone) this.#forgetAddress(binding);
    this.#size += bindings.length - this.of(change.subscriber).length;
    if (bindings.length === 0) this.#bySubscriber.delete(change.subscriber);
    else this.#bySubscriber.set(change.subscriber, bindings);
    this.changed.call(change);
  }

  #rememberAddress(binding: Binding): void {
    const { address } = binding.flow.remote;
    const set = this.#byAddress.get(address);
    if (set === undefined) this.#byAddress.set(address, new Set([binding]));
    else set.add(binding);
  }

  #forgetAddress(binding: Binding): void {
    const { address } = binding.flow.remote;
    const set = this.#byAddress.get(address);
    set?.delete(binding);
    if (set?.size === 0) this.#byAddress.delete(address);
  }
}

/** RFC 3261 §10.2.4: the same URI; RFC 5626 §6 or a phone with a new address: the same device. */
export function sameContact(
  a: Pick<Binding, 'contact' | 'instance'>,
  b: Pick<Binding, 'contact' | 'instance'>,
): boolean {
  if (a.instance !== undefined && b.instance !== undefined) return a.instance === b.instance;
  return sameUri(a.contact.uri, b.contact.uri);
}
