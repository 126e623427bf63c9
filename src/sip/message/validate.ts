/** What a server checks before it looks what a request is about (RFC 3261 §8.2, §16.3; RFC 4475). */
import { MalformedError } from '../../core/errors.ts';
import {
  CALL_ID,
  CONTACT,
  CONTENT_LENGTH,
  CSEQ,
  FROM,
  MAX_FORWARDS,
  PROXY_REQUIRE,
  RECORD_ROUTE,
  REQUIRE,
  ROUTE,
  TO,
  VIA,
} from './header-types.ts';
import { type Headers, type HeaderType, headerKey } from './headers.ts';
import type { Request, Response } from './message.ts';
import { isNestedDeeper } from './multipart.ts';
import { contentLength, DEFAULT_LIMITS, type Head, type Limits } from './parse.ts';
import { SipError } from './sip-error.ts';
import { isSip, parseUri, uriScheme } from './uri.ts';

/** RFC 3261 §8.1.1: what every request has; Max-Forwards may be missing (RFC 2543 peers). */
const MANDATORY: readonly HeaderType<unknown>[] = [FROM, TO, CALL_ID, CSEQ];
/** One line each (RFC 3261 §7.3.1): a bit per key. Two that say the same harm nobody. */
const SINGLE = new Map(
  ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length', 'Content-Type', 'Expires'].map((name, index) => [
    headerKey(name),
    1 << index,
  ]),
);
const WELL_FORMED: readonly HeaderType<unknown>[] = [
  VIA,
  MAX_FORWARDS,
  CONTENT_LENGTH,
  REQUIRE,
  PROXY_REQUIRE,
  ROUTE,
  RECORD_ROUTE,
  CONTACT,
];
const SCHEMES = ['sip', 'sips', 'tel', 'urn'];
/** IANA registry "Methods": others are answered 501 before a mismatch is complained of (RFC 4475 §3.1.2.18). */
const METHODS = 'ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE'.split(
  ' ',
);

/**
 * The refusal owed to a request, or undefined when it is well-formed. An ACK is never answered: refused, it is
 * dropped. So is a request without a readable topmost Via (`headers.get(VIA)` looks at that one only): nobody knows
 * where its answer belongs (RFC 3261 §18.2.2).
 * @param available octets of body that arrived after the headers.
 */
export function checkRequest(
  head: Head,
  request: Request,
  available: number,
  { nesting }: Limits = DEFAULT_LIMITS,
): SipError | undefined {
  if (head.version !== '2.0') return new SipError(505, `SIP version ${head.version}, only 2.0 is spoken`);
  if (head.excess !== undefined) return new SipError(513, head.excess);
  const { headers } = request;
  try {
    for (const type of MANDATORY) if (headers.get(type) === undefined) return bad(`${type.name} missing`);
    const repeated = repeatedHeader(headers);
    if (repeated !== undefined) return bad(`${repeated} more than once`);
    for (const type of WELL_FORMED) headers.all(type);
    if (headers.get(VIA) === undefined) return bad('Via missing');
    const length = headers.get(CONTENT_LENGTH);
    if (length !== undefined && length > available) {
      return bad(`Content-Length ${length}, but ${available} octets came`);
    }
    if (isNestedDeeper(request, nesting)) return bad(tooDeep(nesting));
    return checkCSeq(request) ?? checkContact(request) ?? checkUri(request.uri);
  } catch (error) {
    if (error instanceof MalformedError) return bad(error.message);
    throw error;
  }
}

/** The first header of which two lines differ although there may be one only. */
function repeatedHeader(headers: Headers): string | undefined {
  let seen = 0;
  for (const { name, key, value } of headers.lines) {
    const bit = SINGLE.get(key) ?? 0;
    if ((seen & bit) !== 0 && value !== headers.raw(key)) return name;
    seen |= bit;
  }
  return undefined;
}

function checkCSeq({ method, headers }: Request): SipError | undefined {
  const cseq = headers.get(CSEQ);
  if (cseq?.method === method) return undefined;
  if (!METHODS.includes(method)) return new SipError(501, `method ${method}, which nobody here knows`);
  return bad(`CSeq method ${cseq?.method} differs from ${method}`);
}

/** RFC 3261 §10.2.2, §10.3 step 6: `*` removes all bindings; it stands alone, in a REGISTER. */
function checkContact({ method, headers }: Request): SipError | undefined {
  const contacts = headers.all(CONTACT);
  if (!contacts.includes('*') || (method === 'REGISTER' && contacts.length === 1)) return undefined;
  return bad(method === 'REGISTER' ? 'Contact: * beside others' : `Contact: * in ${method}`);
}

function checkUri(text: string): SipError | undefined {
  const scheme = uriScheme(text);
  if (scheme !== undefined && !SCHEMES.includes(scheme)) {
    return new SipError(416, `Request-URI scheme ${scheme}; sip, sips, tel and urn are served`);
  }
  const uri = parseUri(text);
  // RFC 3261 §19.1.1, table 1: a Request-URI has no header part; RFC 4475 §3.1.2.11 refuses it.
  return isSip(uri) && uri.headers !== undefined ? bad('header part in the Request-URI') : undefined;
}

/**
 * Why a response cannot be matched or used, or undefined when it can: a malformed one is dropped
 * (RFC 3261 §8.1.3, §18.1.2, §18.3).
 */
export function checkResponse(
  head: Head,
  response: Response,
  { nesting }: Limits = DEFAULT_LIMITS,
): string | undefined {
  if (head.version !== '2.0') return `SIP version ${head.version}`;
  if (head.excess !== undefined) return head.excess;
  const { headers, body } = response;
  try {
    for (const type of MANDATORY) if (headers.get(type) === undefined) return `${type.name} missing`;
    if (headers.get(VIA) === undefined) return 'Via missing';
    const repeated = repeatedHeader(headers);
    if (repeated !== undefined) return `${repeated} more than once`;
    const length = contentLength(headers);
    if (length === undefined && headers.has('Content-Length')) return 'Content-Length is no number';
    if (length !== undefined && length > body.length) return `Content-Length ${length}, but ${body.length} octets came`;
    return isNestedDeeper(response, nesting) ? tooDeep(nesting) : undefined;
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

function tooDeep(nesting: number): string {
  return `multipart bodies nested more than ${nesting} levels deep`;
}

function bad(what: string): SipError {
  // RFC 3261 §21.4.1: the phrase should name the problem.
  return new SipError(400, what, `Bad Request (${what.replace(/[^\x20-\x7e]/g, '?').slice(0, 120)})`);
}
