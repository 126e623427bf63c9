import type { Flow } from '../../core/flow.ts';
import { CALL_ID, FROM, TO, tagOf } from '../message/header-types.ts';
import type { Message, Request } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/user.ts';
import { type Dialog, dialogKey } from './dialog.ts';

/** What lives inside a dialog: a call's leg, a subscription. */
export interface DialogUsage {
  /** Private identity of the peer. */
  readonly impi: string;
  /** The peer as it is reached: from there its requests are believed, since only it knows the dialog's tags. */
  readonly flow: Flow;
  /** A request inside the dialog. May throw SipError, which is answered. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK for a 2xx of ours. */
  onAck?(request: Request, flow: Flow): void;
}

/** The dialogs there are; each has one usage. */
export class Dialogs {
  readonly #usages = new Map<string, DialogUsage>();

  get size(): number {
    return this.#usages.size;
  }

  add(dialog: Dialog, usage: DialogUsage): void {
    this.#usages.set(dialog.key, usage);
  }

  remove(dialog: Dialog): void {
    this.#usages.delete(dialog.key);
  }

  /** Who a request of the peer is for, or undefined when it has no To tag or no dialog of ours. */
  find(request: Request): DialogUsage | undefined {
    const key = requestKey(request);
    return key === undefined ? undefined : this.#usages.get(key);
  }
}

/** A received request names us in To and the peer in From. */
function requestKey({ headers }: Message): string | undefined {
  const local = tagOf(headers.tryGet(TO));
  const remote = tagOf(headers.tryGet(FROM));
  return local === undefined ? undefined : dialogKey(headers.raw(CALL_ID.name) ?? '', local, remote ?? '');
}
