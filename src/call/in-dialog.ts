import { ALLOW_HEADER, checkRequired, SUPPORTED_HEADER } from '../sip/dialog/capabilities.ts';
import { responseTo } from '../sip/message/build.ts';
import { REASON } from '../sip/message/header-types.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { sessionOf } from './body.ts';
import type { LegEvent } from './leg-states.ts';

/** What a handset may send inside a call; answers the request itself where that is no event of the leg. */
const METHODS: { readonly [method: string]: (transaction: ServerTransaction) => LegEvent | undefined } = {
  INVITE(transaction) {
    // Handsets require sec-agree in every request of a call once they have used it.
    checkRequired(transaction.request, ['sec-agree']);
    return { type: 'reinvite', transaction, sdp: sessionOf(transaction.request) };
  },
  BYE(transaction) {
    return { type: 'bye', transaction, reason: transaction.request.headers.raw(REASON.name) };
  },
  OPTIONS(transaction) {
    transaction.respond(responseTo(transaction.request, 200, { headers: [ALLOW_HEADER, SUPPORTED_HEADER] }));
    return undefined;
  },
};

/**
 * A request inside a call's dialog as its leg's event; undefined when it has been answered.
 * @throws SipError 405, 420, or what is wrong with its session description.
 */
export function inDialogEvent(transaction: ServerTransaction): LegEvent | undefined {
  const { method } = transaction.request;
  const read = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (read === undefined) throw new SipError(405, `${method} inside a call`).with(...ALLOW_HEADER);
  return read(transaction);
}
