import type { Subscriber } from '../store/subscribers.ts';
import { Call, type CallParts, type CallRequest } from './call.ts';
import type { EndReason } from './leg-states.ts';

/** The calls there are. A back-to-back user agent: each handset talks to us, in a dialog of its own. */
export class B2bua {
  readonly #parts: CallParts;
  readonly #calls = new Set<Call>();
  readonly #bySubscriber = new Map<Subscriber, Set<Call>>();

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  /** Calls in any state, the ones remembered after their end included. */
  get size(): number {
    return this.#calls.size;
  }

  /** @throws SipError for an INVITE that cannot become a call. */
  start(request: CallRequest): void {
    const call = new Call(this.#parts, request, (gone) => this.#forget(gone));
    this.#calls.add(call);
    for (const subscriber of call.subscribers) {
      const calls = this.#bySubscriber.get(subscriber);
      if (calls === undefined) this.#bySubscriber.set(subscriber, new Set([call]));
      else calls.add(call);
    }
  }

  /** Calls of a user that are not over. */
  callsOf(subscriber: Subscriber): readonly Call[] {
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

  #forget(call: Call): void {
    this.#calls.delete(call);
    for (const subscriber of call.subscribers) {
      const calls = this.#bySubscriber.get(subscriber);
      calls?.delete(call);
      if (calls?.size === 0) this.#bySubscriber.delete(subscriber);
    }
  }
}
