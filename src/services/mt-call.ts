import type { B2bua } from '../call/b2bua.ts';
import { type Caller, outsideCaller } from '../call/invite.ts';
import { MtCall } from '../call/mt-call.ts';
import { MalformedError } from '../core/errors.ts';
import { templateOffer } from '../sdp/own-description.ts';
import { parseSdp, type SessionDescription } from '../sdp/session-description.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { identityUri } from '../store/identity.ts';
import type { Registrations } from '../store/registrations.ts';
import type { Subscriber, Subscribers } from '../store/subscribers.ts';
import { reachable } from './ue-call.ts';

/** A file with SDP. */
export interface Template {
  readonly path: string;
  readonly text: string;
}

export interface MtCallParts {
  readonly b2bua: B2bua;
  readonly subscribers: Subscribers;
  readonly registrations: Registrations;
  /** The home domain, for callers that name none. */
  readonly domain: string;
  /** What is offered to a user when no file is named (setting mt_call_sdp_file). */
  readonly offerTo: (subscriber: Subscriber) => SessionDescription;
}

export interface MtCallWish {
  /** IMPI or IMPU. */
  readonly callee: string;
  readonly template: Template | undefined;
  /** IMPU. */
  readonly caller: string | undefined;
  readonly durationMs: number | undefined;
}

/** What phones commonly understand. Payload types are those of config/mt_call.sdp. */
const COMMON = `v=0
o=- 0 0 IN IP4 0.0.0.0
s=-
t=0 0
m=audio 0 RTP/AVP 96 97 98 99 8 0 100 101
b=AS:41
b=RS:0
b=RR:2000
a=rtpmap:96 AMR-WB/16000/1
a=fmtp:96 mode-change-capability=2; max-red=220
a=rtpmap:97 AMR-WB/16000/1
a=fmtp:97 octet-align=1; mode-change-capability=2; max-red=220
a=rtpmap:98 AMR/8000/1
a=fmtp:98 mode-change-capability=2; max-red=220
a=rtpmap:99 AMR/8000/1
a=fmtp:99 octet-align=1; mode-change-capability=2; max-red=220
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:100 telephone-event/16000
a=fmtp:100 0-15
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=maxptime:240
a=sendrecv
`;
/** The user part of who calls when nobody is named. */
const OWN_NAME = 'ims';

/** A file holds nothing that can be offered. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TemplateError';
  }
}

/** The offer a file holds, or the one of phones' common understanding. @throws TemplateError in words. */
export function offerOf(template: Template | undefined): SessionDescription {
  try {
    const offer = templateOffer(parseSdp(template?.text ?? COMMON));
    if (offer.media.length === 0) throw new MalformedError('SDP has no m= line');
    return offer;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new TemplateError(`${template?.path}: ${error.message}`);
  }
}

/**
 * Calls a user from here.
 * @returns the session ids of the dialogs, one for each phone, or in words why not.
 */
export function startMtCall(parts: MtCallParts, wish: MtCallWish): readonly string[] | string {
  const { b2bua, subscribers, registrations, offerTo } = parts;
  const { callee, template, durationMs } = wish;
  const found = subscribers.owner(callee);
  if (found === undefined) return `nobody has the identity '${callee}'; 'users' lists them`;
  try {
    const bindings = reachable(found, registrations);
    const offer = template === undefined ? offerTo(found.subscriber) : offerOf(template);
    const options = { caller: callerOf(parts, wish.caller), called: found.identity, bindings, offer, durationMs };
    const call = b2bua.add((onGone) => new MtCall(b2bua.parts, options, onGone));
    return call.records.map(({ sessionId }) => sessionId);
  } catch (error) {
    if (error instanceof SipError || error instanceof MalformedError || error instanceof TemplateError)
      return error.message;
    throw error;
  }
}

/** A caller by name: a user's identity with the others of that user, or any other one alone. */
function callerOf({ subscribers, domain }: MtCallParts, name = OWN_NAME): Caller {
  const uri = identityUri(/^(sips?|tel|urn):/i.test(name) ? name : `sip:${name}`, domain);
  return subscribers.owners(uri)[0] ?? outsideCaller(OWN_NAME, uri);
}
