import type { Uri } from '../sip/message/uri.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';

/** Who a request was proven to come from. */
export interface Originator {
  readonly subscriber: Subscriber;
  /** The public identity it speaks as: P-Preferred-Identity or From when it is theirs, else the default one. */
  readonly identity: Identity;
}

/** A request outside a dialog, on its way to whoever takes it. */
export interface Incoming {
  readonly transaction: ServerTransaction;
  /** The Request-URI, read. */
  readonly called: Uri;
  /** Undefined for somebody unknown, who calls what is open to such. */
  readonly originator: Originator | undefined;
}

/** Answers "who takes this request?": the first service of the ordered list in index.ts that matches. */
export interface Service {
  readonly name: string;
  /** Methods it may take. */
  readonly methods: readonly string[];
  matches(incoming: Incoming): boolean;
  /** Answers the request, now or later. May throw SipError. */
  handle(incoming: Incoming): void;
}
