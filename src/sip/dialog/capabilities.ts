import type { HeaderValue } from '../message/build.ts';
import { header } from '../message/build.ts';
import { PROXY_REQUIRE, REQUIRE, UNSUPPORTED } from '../message/header-types.ts';
import type { HeaderType } from '../message/headers.ts';
import type { Request } from '../message/message.ts';
import { SipError } from '../message/sip-error.ts';

/** What the server understands, in one place for Allow, Supported, 405, 420 and OPTIONS. */
export const METHODS = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'PRACK',
  'UPDATE',
  'REGISTER',
  'SUBSCRIBE',
  'MESSAGE',
] as const;

/** Methods of published RFCs that are known and not served: 405 rather than 501 (RFC 3261 §21.4.6, §21.5.2). */
export const KNOWN_METHODS: readonly string[] = [...METHODS, 'NOTIFY', 'INFO', 'REFER', 'PUBLISH', 'MESSAGE'];

export const EXTENSIONS = ['100rel', 'path', 'precondition', 'timer'] as const;

/** Header lists of ours are one line, as handsets write them. */
const ALLOW_LINE = lineType('Allow');
const SUPPORTED_LINE = lineType('Supported');

export const ALLOW_HEADER: HeaderValue = header(ALLOW_LINE, METHODS);
export const SUPPORTED_HEADER: HeaderValue = supportedHeader(EXTENSIONS);

export function supportedHeader(extensions: readonly string[]): HeaderValue {
  return header(SUPPORTED_LINE, extensions);
}

function lineType(name: string): HeaderType<readonly string[]> {
  return { name, list: false, parse: (raw) => raw.split(','), print: (values) => values.join(', ') };
}

/**
 * Refuses a request that requires what we cannot do (RFC 3261 §8.2.2.3; Proxy-Require §20.29, for we are its proxy too).
 * @param granted extensions that may be required all the same, in lower case.
 * @param extensions those that are served.
 * @throws SipError 420 with Unsupported.
 */
export function checkRequired(
  { headers }: Request,
  granted: readonly string[] = [],
  extensions: readonly string[] = EXTENSIONS,
): void {
  const wanted = new Set([...headers.all(REQUIRE), ...headers.all(PROXY_REQUIRE)].map((name) => name.toLowerCase()));
  const missing = [...wanted].filter((name) => !extensions.includes(name) && !granted.includes(name));
  if (missing.length > 0) {
    throw new SipError(420, `the request requires ${missing.join(', ')}, which is not offered here`).with(
      UNSUPPORTED,
      ...missing,
    );
  }
}
