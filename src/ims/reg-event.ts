import { randomHex } from '../core/random.ts';
import type { Originator } from '../services/service.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import { EXPIRES } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { Uri } from '../sip/message/uri.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { RegistrationChange } from '../store/registrations.ts';
import { identityOf, type Subscriber, type Subscribers } from '../store/subscribers.ts';
import { type RegEventParts, Subscription } from './reg-subscription.ts';
import { readSubscription } from './subscription-table.ts';

export interface RegEventOptions {
  /** Longest subscription granted, seconds; 0 grants what is asked (setting subscribe_expires). */
  readonly subscribeExpires: number;
}

/** RFC 3680 §4.4. */
const DEFAULT_EXPIRES = 3761;
const LONGEST_EXPIRES = 864_000;
/** A phone that restarts leaves subscriptions behind; nobody needs more at once. */
const MOST_PER_SUBSCRIBER = 8;

/** The notifier of registration state (RFC 3680, TS 24.229 §5.4.2): tells a phone which of its contacts are bound. */
export class RegEvent {
  readonly #parts: RegEventParts;
  readonly #options: RegEventOptions;
  readonly #bySubscriber = new Map<Subscriber, Subscription[]>();

  constructor(parts: RegEventParts, options: RegEventOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Live subscriptions. */
  get size(): number {
    let size = 0;
    for (const subscriptions of this.#bySubscriber.values()) size += subscriptions.length;
    return size;
  }

  /**
   * A SUBSCRIBE outside a dialog, its package checked and its sender proven.
   * @throws SipError 403 for somebody else's registration or without one.
   */
  subscribe(transaction: ServerTransaction, target: Uri, { subscriber }: Originator): void {
    const { request, flow } = transaction;
    if (identityOf(subscriber, target) === undefined) {
      throw new SipError(403, `${subscriber.impi} may watch its own registration only`);
    }
    if (this.#parts.registrations.usual(subscriber).length === 0) {
      throw new SipError(403, `${subscriber.impi} subscribes to its registration but has none`);
    }
    const dialog = Dialog.fromRequest(
      request,
      randomHex(this.#parts.random, 8),
      this.#parts.handsets.back(request, flow),
    );
    const others = this.#bySubscriber.get(subscriber) ?? [];
    // A phone that lost its dialog (restart, new address) subscribes anew: the one before is dead.
    for (const other of others.filter((one) => one.remoteTarget === dialog.remoteTarget)) other.drop();
    if (others.length >= MOST_PER_SUBSCRIBER) others[0]?.drop();
    this.#add(dialog, subscriber).accept(transaction, this.#granted(request));
  }

  /** Takes up the subscriptions of before a restart, but those that have ended meanwhile. */
  restore(subscribers: Subscribers): void {
    const { clock, logger, subscriptions } = this.#parts;
    subscriptions.restore((row) => {
      const record = readSubscription(row, clock);
      const subscriber = subscribers.byImpi(record.impi);
      if (subscriber === undefined) logger.warn(`${record.impi} is not in ue_db any more: its subscription ends`);
      if (subscriber === undefined || record.expiresAt <= clock.now()) return false;
      this.#add(Dialog.restored(record.dialog), subscriber).restore(record);
      return true;
    });
  }

  /** Goes on with them, once messages can be sent and the registrations are what they should be. */
  resume(): void {
    for (const subscription of [...this.#bySubscriber.values()].flat()) subscription.resume();
  }

  #add(dialog: Dialog, subscriber: Subscriber): Subscription {
    const subscription = new Subscription(this.#parts, dialog, subscriber, () => this.#forget(subscription));
    this.#bySubscriber.set(subscriber, [...(this.#bySubscriber.get(subscriber) ?? []), subscription]);
    return subscription;
  }

  #granted(request: Request): number {
    const asked = Math.min(request.headers.get(EXPIRES) ?? DEFAULT_EXPIRES, LONGEST_EXPIRES);
    return this.#options.subscribeExpires === 0 ? asked : Math.min(asked, this.#options.subscribeExpires);
  }

  /** The order of events: a replaced contact's own subscription dies silently, everybody else is told. */
  changed(change: RegistrationChange): void {
    for (const subscription of this.#bySubscriber.get(change.subscriber)?.slice() ?? []) {
      subscription.registrationChanged(change);
    }
  }

  #forget(subscription: Subscription): void {
    const { subscriber } = subscription;
    const left = (this.#bySubscriber.get(subscriber) ?? []).filter((other) => other !== subscription);
    if (left.length === 0) this.#bySubscriber.delete(subscriber);
    else this.#bySubscriber.set(subscriber, left);
  }
}
