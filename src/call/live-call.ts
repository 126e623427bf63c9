import type { Subscriber } from '../store/subscribers.ts';
import type { DialogRecord, DialogStateName } from './dialog-record.ts';
import type { EndReason } from './leg-states.ts';

/** A call of any kind as b2bua.ts keeps it: between users, with the echo, of the server's making. */
export interface LiveCall {
  readonly state: DialogStateName | 'gone';
  /** The users it concerns. */
  readonly subscribers: readonly Subscriber[];
  /** Its dialogs, the one that began first first; those that are over included. */
  readonly records: readonly DialogRecord[];
  /** Ends the call from our side. */
  stop(why: EndReason): void;
  /** A user's last binding is gone: its part in the call is over. */
  lose(subscriber: Subscriber): void;
}
