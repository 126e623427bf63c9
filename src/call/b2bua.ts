import type { Subscriber } from '../store/subscribers.ts';
import { Call } from './call.ts';
import type { CallParts, CallRequest } from './call-parts.ts';
import type { DialogRecord } from './dialog-record.ts';
import { EndedDialogs } from './ended-dialogs.ts';
import type { EndReason } from './leg-states.ts';
import type { LiveCall } from './live-call.ts';

/** The calls there are. A back-to-back user agent: each handset talks to us, in a dialog of its own. */
export class B2bua {
  readonly parts: CallParts;
  readonly #calls = new Set<LiveCall>();
  /** Dialogs of calls that are gone. */
  readonly #ended: EndedDialogs;
  readonly #bySubscriber = new Map<Subscriber, Set<LiveCall>>();

  constructor(parts: CallParts) {
    this.parts = parts;
    this.#ended = new EndedDialogs(parts.clock);
  }

  /** Calls in any state, the ones remembered after their end included. */
  get size(): number {
    return this.#calls.size;
  }

  /** The calls in the order they began, as `size` counts them. */
  get calls(): Iterable<LiveCall> {
    return this.#calls;
  }

  /** The dialogs there are, those included that ended a moment ago: what is shown of calls. */
  get dialogs(): readonly DialogRecord[] {
    const live = [...this.#calls].flatMap(({ records }) => records);
    return [...this.#ended.records, ...live].filter((record) => this.#ended.isShown(record));
  }

  /** The call one of whose dialogs this is. */
  callOf(sessionId: string): LiveCall | undefined {
    for (const call of this.#calls) if (call.records.some((record) => record.sessionId === sessionId)) return call;
    return undefined;
  }

  /** A call between users. @throws SipError for an INVITE that cannot become one. */
  start(request: CallRequest): void {
    this.add((onGone) => new Call(this.parts, request, onGone));
  }

  /**
   * Keeps a call of any kind until it says that it is gone, which it must not before `make` has returned.
   * @throws what `make` throws.
   */
  add<C extends LiveCall>(make: (onGone: () => void) => C): C {
    const call = make(() => this.#forget(call));
    this.#calls.add(call);
    for (const subscriber of call.subscribers) {
      const calls = this.#bySubscriber.get(subscriber);
      if (calls === undefined) this.#bySubscriber.set(subscriber, new Set([call]));
      else calls.add(call);
    }
    return call;
  }

  /** Calls of a user in any state, as `size` counts them. */
  sizeOf(subscriber: Subscriber): number {
    return this.#bySubscriber.get(subscriber)?.size ?? 0;
  }

  /** Calls of a user that are not over. */
  callsOf(subscriber: Subscriber): readonly LiveCall[] {
    return [...(this.#bySubscriber.get(subscriber) ?? [])].filter(({ state }) => state !== 'stop');
  }

  /** Ends what a user whose last binding is gone takes part in. */
  lose(subscriber: Subscriber): void {
    for (const call of this.callsOf(subscriber)) call.lose(subscriber);
  }

  /** Ends every call, as the server does before it stops. */
  stopAll(why: EndReason): void {
    for (const call of [...this.#calls]) call.stop(why);
  }

  #forget(call: LiveCall): void {
    this.#calls.delete(call);
    this.#ended.add(call.records);
    for (const subscriber of call.subscribers) {
      const calls = this.#bySubscriber.get(subscriber);
      calls?.delete(call);
      if (calls?.size === 0) this.#bySubscriber.delete(subscriber);
    }
  }
}
