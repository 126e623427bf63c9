import { CSEQ, MAX_FORWARDS, REASON } from '../message/header-types.ts';
import { Headers } from '../message/headers.ts';
import { EMPTY_BODY, type Request, type Response } from '../message/message.ts';

/** The ACK for a failure response to `invite` (RFC 3261 §17.1.1.3). Its Via, the INVITE's, is put on by the wire. */
export function ackFor(invite: Request, response: Response): Request {
  return derive('ACK', invite, response.headers);
}

/**
 * The CANCEL of `invite` (RFC 3261 §9.1). Its Via, the INVITE's, is put on by the wire.
 * @param reason value of a Reason header (RFC 3326).
 */
export function cancelFor(invite: Request, reason?: string): Request {
  const cancel = derive('CANCEL', invite, invite.headers);
  if (reason !== undefined) cancel.headers.addRaw(REASON.name, reason);
  return cancel;
}

function derive(method: string, invite: Request, to: Headers): Request {
  const headers = new Headers()
    .copy('Route', invite.headers)
    .copy('From', invite.headers)
    .copy('To', to)
    .copy('Call-ID', invite.headers)
    .add(CSEQ, { number: invite.headers.get(CSEQ)?.number ?? 0, method })
    .add(MAX_FORWARDS, 70);
  return { method, uri: invite.uri, headers, body: EMPTY_BODY };
}
