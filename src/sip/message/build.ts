import { isSpace } from './characters.ts';
import { TO, tagOf } from './header-types.ts';
import type { HeaderType } from './headers.ts';
import { Headers } from './headers.ts';
import { EMPTY_BODY, type Request, type Response } from './message.ts';
import { reasonPhrase } from './reason-phrases.ts';

export type HeaderValue = readonly [HeaderType<unknown>, unknown];

/** Pairs a header with its value, so that lists of headers are checked by type. */
export function header<T>(type: HeaderType<T>, value: T): HeaderValue {
  return [type, value];
}

export interface ResponseOptions {
  readonly reason?: string;
  /** Put on To when the request had no tag there (RFC 3261 §8.2.6.2); never on a 100. */
  readonly toTag?: string;
  readonly headers?: readonly HeaderValue[];
  readonly body?: Uint8Array;
}

/** A response with Via, From, To, Call-ID, CSeq and Timestamp of the request (RFC 3261 §8.2.6). */
export function responseTo(request: Request, status: number, options: ResponseOptions = {}): Response {
  const headers = new Headers();
  for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) headers.copy(name, request.headers);
  if (status === 100) headers.copy('Timestamp', request.headers);
  const to = options.toTag === undefined || status === 100 ? undefined : headers.tryGet(TO);
  if (to !== undefined && tagOf(to) === undefined) {
    headers.setRaw('To', `${withoutEmptyParameters(headers.raw('To') as string)};tag=${options.toTag}`);
  }
  for (const [type, value] of options.headers ?? []) headers.add(type, value);
  return { status, reason: options.reason ?? reasonPhrase(status), headers, body: options.body ?? EMPTY_BODY };
}

/** A request with these headers in this order; Via and Content-Length are the transaction's and the printer's. */
export function makeRequest(
  method: string,
  uri: string,
  values: readonly HeaderValue[],
  body: Uint8Array = EMPTY_BODY,
): Request {
  const headers = new Headers();
  for (const [type, value] of values) headers.add(type, value);
  return { method, uri, headers, body };
}

/** `sip:a@b;` becomes `sip:a@b`, so that a parameter may follow; without brackets it is the header's (§20.10). */
function withoutEmptyParameters(raw: string): string {
  let end = raw.length;
  while (end > 0 && (raw.charAt(end - 1) === ';' || isSpace(raw.charCodeAt(end - 1)))) end--;
  return raw.slice(0, end);
}
