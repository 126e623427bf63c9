import { MalformedError } from '../../core/errors.ts';
import {
  CALL_ID,
  CONTACT,
  CONTENT_LENGTH,
  CSEQ,
  EXPIRES,
  FROM,
  MAX_FORWARDS,
  PROXY_REQUIRE,
  RECORD_ROUTE,
  REQUIRE,
  ROUTE,
  TO,
  VIA,
} from './header-types.ts';
import type { HeaderType } from './headers.ts';
import type { Request, Response } from './message.ts';
import type { Head } from './parse.ts';
import { SipError } from './sip-error.ts';
import { parseUri } from './uri.ts';

/** RFC 3261 §8.1.1: what every request has; one line each (§7.3.1), Max-Forwards may be missing (RFC 2543 peers). */
const MANDATORY: readonly HeaderType<unknown>[] = [FROM, TO, CALL_ID, CSEQ];
const SINGLE = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length', 'Content-Type', 'Expires'];
const WELL_FORMED: readonly HeaderType<unknown>[] = [
  VIA,
  MAX_FORWARDS,
  CONTENT_LENGTH,
  EXPIRES,
  REQUIRE,
  PROXY_REQUIRE,
  ROUTE,
  RECORD_ROUTE,
  CONTACT,
];
const SCHEMES = ['sip', 'sips', 'tel', 'urn'];

/**
 * What a server checks before it looks what a request is about (RFC 3261 §8.2, §16.3; RFC 4475).
 * @param available octets of body that arrived after the headers.
 * @returns the refusal owed, or undefined when the request is well-formed.
 */
export function checkRequest(head: Head, request: Request, available: number): SipError | undefined {
  if (head.version !== '2.0') return new SipError(505, `SIP version ${head.version}, only 2.0 is spoken`);
  try {
    for (const type of MANDATORY) if (request.headers.get(type) === undefined) return bad(`${type.name} missing`);
    for (const name of SINGLE) {
      const values = request.headers.rawAll(name);
      if (values.length > 1 && values.some((value) => value !== values[0])) return bad(`${name} more than once`);
    }
    for (const type of WELL_FORMED) request.headers.all(type);
    const cseq = request.headers.get(CSEQ);
    if (cseq?.method !== request.method) return bad(`CSeq method ${cseq?.method} differs from ${request.method}`);
    const length = request.headers.get(CONTENT_LENGTH);
    if (length !== undefined && length > available)
      return bad(`Content-Length ${length}, but ${available} octets came`);
    return checkUri(request.uri);
  } catch (error) {
    if (error instanceof MalformedError) return bad(error.message);
    throw error;
  }
}

function checkUri(text: string): SipError | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && !SCHEMES.includes(scheme)) {
    return new SipError(416, `Request-URI scheme ${scheme}; sip, sips, tel and urn are served`);
  }
  parseUri(text);
  return undefined;
}

/** Whether a response can be matched and used; a malformed one is dropped (RFC 3261 §8.1.3, §18.1.2). */
export function checkResponse(head: Head, response: Response): string | undefined {
  if (head.version !== '2.0') return `SIP version ${head.version}`;
  try {
    for (const type of [...MANDATORY, VIA]) if (response.headers.get(type) === undefined) return `${type.name} missing`;
    return undefined;
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

function bad(what: string): SipError {
  // RFC 3261 §21.4.1: the phrase should name the problem.
  return new SipError(400, what, `Bad Request (${what.replace(/[^\x20-\x7e]/g, '?').slice(0, 120)})`);
}
