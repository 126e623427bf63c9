import { MalformedError } from '../../src/core/errors.ts';
import { CONTACT, type NameAddr } from '../../src/sip/message/header-types.ts';
import { isRequest, type Request, type Response } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import type { SipError } from '../../src/sip/message/sip-error.ts';
import { isSip, type SipUri } from '../../src/sip/message/uri.ts';
import { checkRequest, checkResponse } from '../../src/sip/message/validate.ts';

/** What the message layer makes of one datagram, before a transaction, a router or a registrar looks at it. */
export type Verdict =
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'refused'; readonly status: number; readonly refusal: SipError; readonly request: Request }
  | { readonly kind: 'dropped'; readonly why: string; readonly response: Response }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'response'; readonly response: Response };

export function judge(data: Buffer): Verdict {
  try {
    const head = parseMessage(data);
    const { message } = head;
    if (isRequest(message)) {
      const refusal = checkRequest(head, message, data.length - head.length);
      if (refusal === undefined) return { kind: 'request', request: message };
      return { kind: 'refused', status: refusal.status, refusal, request: message };
    }
    const why = checkResponse(head, message);
    return why === undefined ? { kind: 'response', response: message } : { kind: 'dropped', why, response: message };
  } catch (error) {
    if (error instanceof MalformedError) return { kind: 'malformed', why: error.message };
    throw error;
  }
}

/** The request of a datagram that must pass. */
export function passed(data: Buffer): Request {
  const verdict = judge(data);
  if (verdict.kind !== 'request') throw new Error(`a request that passes expected, found ${JSON.stringify(verdict)}`);
  return verdict.request;
}

/** The response of a datagram that must pass. */
export function usable(data: Buffer): Response {
  const verdict = judge(data);
  if (verdict.kind !== 'response') throw new Error(`a usable response expected, found ${JSON.stringify(verdict)}`);
  return verdict.response;
}

/** The Contacts of a datagram that must pass, SIP URIs all. */
export function contacts(data: Buffer): (NameAddr & { readonly uri: SipUri })[] {
  return passed(data)
    .headers.all(CONTACT)
    .map((contact) => {
      if (contact === '*' || !isSip(contact.uri)) throw new Error('a SIP URI in Contact expected');
      return { uri: contact.uri, params: contact.params };
    });
}

/** The status a request is refused with. */
export function refusedWith(data: Buffer): number {
  const verdict = judge(data);
  if (verdict.kind !== 'refused') throw new Error(`a refusal expected, found ${JSON.stringify(verdict)}`);
  return verdict.status;
}

/** A body as phones send it. */
export const SDP =
  'v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n';

export interface Overrides {
  readonly [name: string]: string | readonly string[] | undefined;
}

/**
 * A request that is in order but for `headers`, which replace the usual ones of the same name, or take them away
 * (undefined). Content-Length is right unless given.
 */
export function request(startLine: string, headers: Overrides = {}, body: string | Buffer = ''): Buffer {
  const method = startLine.slice(0, startLine.indexOf(' '));
  const usual: Overrides = {
    Via: 'SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bKq7Yd;rport',
    'Max-Forwards': '70',
    From: '<sip:nora@home.example>;tag=n0r4',
    To: '<sip:olaf@home.example>',
    'Call-ID': 'k2jd83@198.51.100.7',
    CSeq: `17 ${method}`,
  };
  return compose(startLine, { ...usual, ...headers }, body);
}

/** A response that is in order but for `headers`, as in `request`. */
export function response(startLine: string, headers: Overrides = {}, body: string | Buffer = ''): Buffer {
  const usual: Overrides = {
    Via: 'SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKserver1',
    From: '<sip:nora@home.example>;tag=n0r4',
    To: '<sip:olaf@home.example>;tag=01af',
    'Call-ID': 'k2jd83@198.51.100.7',
    CSeq: '17 INVITE',
  };
  return compose(startLine, { ...usual, ...headers }, body);
}

function compose(startLine: string, headers: Overrides, body: string | Buffer): Buffer {
  const octets = Buffer.from(body);
  const lines = [startLine];
  for (const [name, value] of Object.entries({
    ...headers,
    'Content-Length': `${octets.length}`,
    ...lengthOf(headers),
  })) {
    for (const one of value === undefined ? [] : [value].flat()) lines.push(`${name}: ${one}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8'), octets]);
}

function lengthOf(headers: Overrides): Overrides {
  return 'Content-Length' in headers ? { 'Content-Length': headers['Content-Length'] } : {};
}
