import type { Clock } from '../core/clock.ts';
import { type Flow, samePeer } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import type { Random } from '../core/random.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { Dialogs, DialogUsage } from '../sip/dialog/dialogs.ts';
import {
  SUBSCRIPTION_MACHINE,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type SubscriptionState,
  type TerminationReason,
} from '../sip/dialog/subscription.ts';
import { header, responseTo } from '../sip/message/build.ts';
import {
  ALLOW_EVENTS,
  CONTACT,
  CONTENT_TYPE,
  EVENT,
  EXPIRES,
  parseNameAddr,
  RECORD_ROUTE,
  SUBSCRIPTION_STATE,
} from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction, Transactions } from '../sip/transaction/user.ts';
import type { Handsets } from '../store/handsets.ts';
import type { Table } from '../store/persistence.ts';
import {
  type Binding,
  isEmergency,
  type RegistrationChange,
  type Registrations,
  type Removal,
} from '../store/registrations.ts';
import type { Subscriber } from '../store/subscribers.ts';
import { printRegInfo } from './reginfo.ts';
import type { SubscriptionRecord } from './subscription-table.ts';

export interface RegEventParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transactions: Transactions;
  readonly dialogs: Dialogs;
  readonly handsets: Handsets;
  readonly registrations: Registrations;
  /** Where subscriptions survive a restart. */
  readonly subscriptions: Table<SubscriptionRecord>;
}

/** @throws SipError 489 for any package but reg (RFC 6665 §8.2.2: what is served stands in Allow-Events). */
export function checkPackage({ headers }: Request): void {
  const event = headers.get(EVENT);
  if (event?.value.toLowerCase() !== 'reg') {
    throw new SipError(489, `event package ${event?.value ?? '(none)'}; only reg is served`).with(ALLOW_EVENTS, 'reg');
  }
}

/** One phone's subscription to its registration: performs the effects of sip/dialog/subscription.ts. */
export class Subscription implements DialogUsage {
  readonly subscriber: Subscriber;
  readonly #parts: RegEventParts;
  readonly #dialog: Dialog;
  readonly #onGone: () => void;
  #machine: Machine<SubscriptionState, SubscriptionEvent, SubscriptionEffect, undefined> | undefined;
  #version = 0;
  /** What the next NOTIFY tells: contacts that changed, unless it tells everything. */
  #full = true;
  #bound: readonly Binding[] = [];
  #removed: readonly Removal[] = [];
  #granted = 0;
  #expiresAt = 0;
  #eventId: string | undefined;
  /** What a restart left to be told. */
  #left: Pick<SubscriptionRecord, 'untold' | 'ending'> | undefined;

  constructor(parts: RegEventParts, dialog: Dialog, subscriber: Subscriber, onGone: () => void) {
    this.#parts = parts;
    this.#dialog = dialog;
    this.subscriber = subscriber;
    this.#onGone = onGone;
  }

  get impi(): string {
    return this.subscriber.impi;
  }

  get flow(): Flow {
    return this.#dialog.flow;
  }

  get remoteTarget(): string {
    return this.#dialog.remoteTarget;
  }

  /** Answers 200 and notifies at once (RFC 6665 §4.2.1.2). */
  accept(transaction: ServerTransaction, granted: number): void {
    this.#granted = granted;
    this.#eventId = transaction.request.headers.get(EVENT)?.params.get('id');
    this.#begin(this.#parts.clock.now() + granted * 1000);
    this.#respond(transaction, granted);
    this.#dispatch({ type: 'subscribe', expiresAt: this.#expiresAt });
  }

  /** Takes up a subscription of before a restart; nothing is sent before `resume`. */
  restore(record: SubscriptionRecord): void {
    this.#granted = record.granted;
    this.#eventId = record.eventId;
    this.#version = record.version;
    this.#left = record;
    this.#begin(record.expiresAt);
  }

  /** Tells, in full, what may not have been told before the restart. */
  resume(): void {
    const left = this.#left;
    this.#left = undefined;
    const bound = this.#parts.registrations.usual(this.subscriber).length > 0;
    const reason = left?.ending ?? (bound ? undefined : 'noresource');
    if (reason !== undefined) this.#dispatch({ type: 'end', reason });
    else if (left?.untold === true) this.#dispatch({ type: 'change' });
  }

  onRequest(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    if (request.method !== 'SUBSCRIBE') throw new SipError(405, `${request.method} inside a subscription`);
    checkPackage(request);
    // Its last NOTIFY is under way: what comes now crossed it.
    if (this.#machine?.state.name !== 'active') throw new SipError(481, 'SUBSCRIBE in a subscription that has ended');
    this.#dialog.accept(request);
    this.#dialog.flow = this.#parts.handsets.back(request, flow);
    this.#dialog.refreshTarget(request);
    const asked = request.headers.get(EXPIRES) ?? this.#granted;
    const granted = Math.min(asked, this.#granted);
    this.#full = true;
    this.#expiresAt = this.#parts.clock.now() + granted * 1000;
    this.#respond(transaction, granted);
    this.#dispatch({ type: 'subscribe', expiresAt: this.#expiresAt });
  }

  /** Emergency registrations are nobody's to watch (TS 24.229 §5.4.8.2). */
  registrationChanged(change: RegistrationChange): void {
    const bound = change.bound.filter((binding) => !isEmergency(binding));
    const removed = change.removed.filter(({ binding }) => !isEmergency(binding));
    if (bound.length + removed.length === 0) return;
    const own = removed.find(({ binding }) => sameHandset(binding.flow, this.#dialog.flow));
    if (own?.replaced === true) {
      this.drop();
      return;
    }
    this.#bound = [...this.#bound, ...bound];
    this.#removed = [...this.#removed, ...removed.filter(({ replaced }) => !replaced)];
    if (this.#parts.registrations.usual(this.subscriber).length > 0) this.#dispatch({ type: 'change' });
    else this.#dispatch({ type: 'end', reason: terminationReason(removed) });
  }

  /** Ends it without a word to the phone. */
  drop(): void {
    this.#machine?.abandon();
    this.#gone();
  }

  #begin(expiresAt: number): void {
    this.#expiresAt = expiresAt;
    this.#parts.dialogs.add(this.#dialog, this);
    this.#machine = new Machine(
      SUBSCRIPTION_MACHINE,
      { name: 'active', timers: { expiry: expiresAt }, notifying: false, changed: false },
      this.#parts.clock,
      undefined,
      {
        perform: (effect) => {
          this.#notify(effect);
          this.#keep();
        },
        onFinal: () => this.#gone(),
      },
    );
  }

  #dispatch(event: SubscriptionEvent): void {
    this.#machine?.dispatch(event);
    if (this.#machine?.over === false) this.#keep();
  }

  #keep(): void {
    this.#parts.subscriptions.put(this.#record());
  }

  #gone(): void {
    this.#parts.dialogs.remove(this.#dialog);
    this.#parts.subscriptions.delete(this.#record());
    this.#onGone();
  }

  #record(): SubscriptionRecord {
    const state = this.#machine?.state;
    return {
      impi: this.impi,
      dialog: this.#dialog.state,
      expiresAt: this.#expiresAt,
      granted: this.#granted,
      eventId: this.#eventId,
      version: this.#version,
      untold: state?.name !== 'active' || state.notifying || state.changed,
      ending: state?.name === 'ending' ? state.reason : undefined,
    };
  }

  #respond(transaction: ServerTransaction, granted: number): void {
    const { request, flow } = transaction;
    const response = responseTo(request, 200, {
      toTag: this.#dialog.local.params.get('tag') ?? '',
      headers: [header(EXPIRES, granted), header(CONTACT, this.#contact())],
    });
    response.headers.copy(RECORD_ROUTE.name, request.headers);
    response.headers.prepend(RECORD_ROUTE, parseNameAddr(this.#parts.handsets.routeOn(flow)));
    transaction.respond(response);
  }

  #contact() {
    return parseNameAddr(`<${this.#parts.handsets.contactOn(this.#dialog.flow, 'scscf')}>`);
  }

  #notify({ terminated }: SubscriptionEffect): void {
    const { clock, registrations, transactions } = this.#parts;
    const present = registrations.usual(this.subscriber);
    const body = printRegInfo({
      subscriber: this.subscriber,
      version: this.#version++,
      state: this.#full ? 'full' : 'partial',
      bindings: this.#full ? present : present.filter(({ id }) => this.#bound.some((binding) => binding.id === id)),
      active: present.length > 0,
      removed: this.#removed,
      now: clock.now(),
    });
    this.#full = false;
    this.#bound = [];
    this.#removed = [];
    const request = this.#dialog.request(
      'NOTIFY',
      [
        header(CONTACT, this.#contact()),
        header(EVENT, { value: 'reg', params: Params.of({ id: this.#eventId }) }),
        header(SUBSCRIPTION_STATE, this.#state(terminated)),
        header(CONTENT_TYPE, { value: 'application/reginfo+xml', params: Params.none }),
      ],
      body,
    );
    transactions.request(request, this.#dialog.flow, {
      onResponse: ({ status }) => {
        if (status >= 200) this.#dispatch({ type: status < 300 ? 'notifyAnswered' : 'notifyFailed' });
      },
      onFailure: () => {
        this.#parts.logger.warn(`${this.subscriber.impi} did not answer NOTIFY; its subscription ends`);
        this.#dispatch({ type: 'notifyFailed' });
      },
    });
  }

  #state(terminated: TerminationReason | undefined) {
    if (terminated !== undefined) return { value: 'terminated', params: Params.of({ reason: terminated }) };
    const state = this.#machine?.state;
    const left = state?.name === 'active' ? state.timers.expiry - this.#parts.clock.now() : 0;
    return { value: 'active', params: Params.of({ expires: String(Math.max(0, Math.round(left / 1000))) }) };
  }
}

/** RFC 3680 §5.1 events told by the reasons of RFC 6665 §4.1.3. */
function terminationReason(removed: readonly Removal[]): TerminationReason {
  const event = removed.at(-1)?.event;
  if (event === 'deactivated' || event === 'rejected') return event;
  return event === 'expired' ? 'timeout' : 'noresource';
}

/** A refresh gives a protected handset another port_uc. */
function sameHandset(a: Flow, b: Flow): boolean {
  return samePeer(a, b) && (a.protected !== undefined || a.remote.port === b.remote.port);
}
