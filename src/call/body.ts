import { MalformedError } from '../core/errors.ts';
import { parseSdp, type SessionDescription } from '../sdp/session-description.ts';
import { ACCEPT, CONTENT_TYPE } from '../sip/message/header-types.ts';
import { EMPTY_BODY, type Message, type Request } from '../sip/message/message.ts';
import { partOfType } from '../sip/message/multipart.ts';
import { Params } from '../sip/message/params.ts';
import { SipError } from '../sip/message/sip-error.ts';

const CRLF = Buffer.from('\r\n');

export const SDP_TYPE = { value: 'application/sdp', params: Params.none };

/**
 * The session description a message carries, undefined when it has no body, or parts none of which is one (a location,
 * as emergency calls have).
 * @throws SipError 415 for another type, 400 for a description that cannot be read.
 */
export function sessionOf(message: Message): SessionDescription | undefined {
  if (message.body.length === 0) return undefined;
  const type = message.headers.get(CONTENT_TYPE)?.value.toLowerCase();
  let { body } = message;
  if (type?.startsWith('multipart/')) {
    const part = partOfType(message, SDP_TYPE.value);
    if (part === undefined) return undefined;
    // Its last line break may have been the delimiter's.
    body = Buffer.concat([part, part.at(-1) === 0x0a ? EMPTY_BODY : CRLF]);
  } else if (type !== undefined && type !== SDP_TYPE.value) {
    throw new SipError(415, `body of type ${type}; only ${SDP_TYPE.value} is understood`).with(ACCEPT, SDP_TYPE);
  }
  try {
    return parseSdp(body);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new SipError(400, `SDP: ${error.message}`, 'Bad Request (SDP)');
  }
}

/**
 * Whether the caller can understand what a called phone will answer (RFC 3261 §21.4.7).
 * @throws SipError 406 when its Accept leaves SDP out.
 */
export function checkAccept({ headers }: Request): void {
  if (!headers.has(ACCEPT.name)) return;
  const types = headers.all(ACCEPT).map(({ value }) => value.toLowerCase());
  if (types.some((type) => type === SDP_TYPE.value || type === 'application/*' || type === '*/*')) return;
  throw new SipError(
    406,
    `the caller accepts ${types.join(', ') || 'nothing'}, and a call is answered with ${SDP_TYPE.value}`,
  );
}

/** As sessionOf, for responses and ACK, which cannot be refused: what cannot be read counts as absent. */
export function trySessionOf(message: Message): SessionDescription | undefined {
  try {
    return sessionOf(message);
  } catch (error) {
    if (error instanceof SipError || error instanceof MalformedError) return undefined;
    throw error;
  }
}
