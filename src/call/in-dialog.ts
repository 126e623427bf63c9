import { ALLOW_HEADER, checkRequired } from '../sip/dialog/capabilities.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import { responseTo } from '../sip/message/build.ts';
import { REASON } from '../sip/message/header-types.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { sessionOf } from './body.ts';
import type { EarlyDialog } from './early-dialog.ts';
import { IncomingEarly } from './incoming-early.ts';
import type { LegMessages } from './leg-messages.ts';
import type { LegEvent } from './leg-states.ts';

/** What a request inside a call meets. */
export interface InDialog {
  readonly messages: LegMessages;
  readonly dialog: Dialog;
  /** While the INVITE has no 2xx. */
  readonly early: EarlyDialog | undefined;
}

type Reader = (transaction: ServerTransaction, place: InDialog) => LegEvent | undefined;

/** What a handset may send inside a call; answers the request itself where that is no event of the leg. */
const METHODS: { readonly [method: string]: Reader } = {
  INVITE(transaction, { messages }) {
    messages.session.check(transaction.request);
    return { type: 'reinvite', transaction, sdp: sessionOf(transaction.request) };
  },
  UPDATE(transaction, { messages, dialog, early }) {
    const { request } = transaction;
    messages.session.check(request);
    const sdp = sessionOf(request);
    dialog.refreshTarget(request);
    dialog.flow = messages.parts.handsets.back(request, transaction.flow);
    if (sdp === undefined) {
      // RFC 3311 §5.2: nothing is offered, so nothing is answered; it refreshes the session timer and the target.
      messages.respond(transaction, messages.response(transaction, dialog, 200, undefined));
      return undefined;
    }
    if (early === undefined) return { type: 'update', transaction, sdp };
    early.update(transaction, sdp);
    return undefined;
  },
  PRACK(transaction, { early }) {
    if (!(early instanceof IncomingEarly)) throw new SipError(481, 'PRACK where nothing awaits one');
    early.prack(transaction);
    return undefined;
  },
  BYE(transaction) {
    return { type: 'bye', transaction, reason: transaction.request.headers.raw(REASON.name) };
  },
  OPTIONS(transaction, { messages, dialog }) {
    messages.respond(
      transaction,
      responseTo(transaction.request, 200, { headers: messages.headers(dialog.flow, undefined) }),
    );
    return undefined;
  },
};

/** Those in which a handset may require something. */
const MAY_REQUIRE = ['INVITE', 'UPDATE', 'PRACK'];

/**
 * A request inside a call's dialog as its leg's event; undefined when it has been dealt with.
 * @throws SipError 405, 420, or what is wrong with its session description.
 */
export function inDialogEvent(transaction: ServerTransaction, place: InDialog): LegEvent | undefined {
  const { request } = transaction;
  const read = Object.hasOwn(METHODS, request.method) ? METHODS[request.method] : undefined;
  if (read === undefined) throw new SipError(405, `${request.method} inside a call`).with(...ALLOW_HEADER);
  // Handsets require sec-agree in every request of a call once they have used it.
  if (MAY_REQUIRE.includes(request.method)) checkRequired(request, ['sec-agree'], place.messages.extensions);
  return read(transaction, place);
}
