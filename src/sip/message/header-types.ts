import { MalformedError } from '../../core/errors.ts';
import type { HeaderType } from './headers.ts';
import { type Params, parseParams } from './params.ts';
import { Scanner } from './scanner.ts';
import { parseUri, printUri, type Uri } from './uri.ts';

/** RFC 3261 §20.10, §20.20: a display name, a URI in brackets (or bare) and parameters. */
export interface NameAddr {
  /** As it stood, quotes included. */
  readonly display?: string;
  readonly uri: Uri;
  readonly params: Params;
}

/** RFC 3261 §20.42. */
export interface Via {
  readonly transport: string;
  /** A name or address as in a URI: IPv6 in brackets. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** A token or media type with parameters: Event, Content-Type, Accept, Subscription-State, Reason, Privacy … */
export interface Parameterised {
  readonly value: string;
  readonly params: Params;
}

export function parseNameAddr(raw: string): NameAddr {
  const scanner = new Scanner(raw);
  scanner.skipSpace();
  const quoted = scanner.quoted();
  scanner.skipSpace();
  const words = quoted === undefined ? scanner.until('<') : '';
  if (scanner.peek() === '<') {
    if (!/^[A-Za-z0-9\-.!%*_+`'~ \t\u0080-\u00ff]*$/.test(words)) scanner.fail('display name needs quotes');
    scanner.position++;
    const uri = parseUri(scanner.until('>'));
    if (scanner.peek() !== '>') scanner.fail("'>' missing");
    scanner.position++;
    const params = parseParams(scanner);
    scanner.end();
    const display = quoted ?? words.trim();
    return display === '' ? { uri, params } : { display, uri, params };
  }
  if (quoted !== undefined) scanner.fail("'<' expected after the display name");
  // RFC 3261 §20.10: without brackets all parameters are the header's, and the URI may hold no comma or '?'.
  const bare = new Scanner(raw.trim());
  const text = bare.until(';').trim();
  if (/[,?]/.test(text)) throw new MalformedError(`URI with ',' or '?' needs angle brackets`);
  const uri = parseUri(text);
  const params = parseParams(bare);
  bare.end();
  return { uri, params };
}

export function printNameAddr({ display, uri, params }: NameAddr): string {
  return `${display === undefined ? '' : `${display} `}<${printUri(uri)}>${params}`;
}

export function parseVia(raw: string): Via {
  const scanner = new Scanner(raw);
  scanner.skipSpace();
  const protocol = scanner.token('protocol');
  scanner.expect('/');
  const version = scanner.token('version');
  scanner.expect('/');
  const transport = scanner.token('transport').toUpperCase();
  if (protocol.toUpperCase() !== 'SIP' || version !== '2.0') scanner.fail('SIP/2.0 expected');
  scanner.skipSpace();
  const host = scanner.match(/\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+/y) ?? scanner.fail('host expected');
  const port = scanner.take(':') ? Number(scanner.match(/[0-9]{1,5}/y) ?? scanner.fail('port expected')) : undefined;
  if (port !== undefined && (port < 1 || port > 65535)) scanner.fail('port out of range');
  const params = parseParams(scanner);
  scanner.end();
  return { transport, host: host.toLowerCase(), ...(port !== undefined && { port }), params };
}

export function printVia({ transport, host, port, params }: Via): string {
  return `SIP/2.0/${transport} ${host}${port === undefined ? '' : `:${port}`}${params}`;
}

function parseParameterised(raw: string): Parameterised {
  const scanner = new Scanner(raw);
  scanner.skipSpace();
  const value = scanner.until('; \t').trim();
  if (value === '') scanner.fail('value expected');
  const params = parseParams(scanner);
  scanner.end();
  return { value, params };
}

/** A number of RFC 3261's delta-seconds or CSeq range: decimal digits, below 2^31 or 2^32 by `limit`. */
function parseNumber(raw: string, limit: number): number {
  const text = raw.trim();
  if (!/^[0-9]{1,20}$/.test(text))
    throw new MalformedError(`number expected, found ${JSON.stringify(raw.slice(0, 40))}`);
  const number = Number(text);
  if (number >= limit) throw new MalformedError(`number ${text} too large`);
  return number;
}

function nameAddr(name: string, list = true): HeaderType<NameAddr> {
  return { name, list, parse: parseNameAddr, print: printNameAddr };
}

function parameterised(name: string, list: boolean): HeaderType<Parameterised> {
  return { name, list, parse: parseParameterised, print: ({ value, params }) => `${value}${params}` };
}

function token(name: string, list = true): HeaderType<string> {
  return {
    name,
    list,
    parse(raw) {
      const scanner = new Scanner(raw);
      scanner.skipSpace();
      const value = scanner.token(name);
      scanner.end();
      return value;
    },
    print: (value) => value,
  };
}

function text(name: string): HeaderType<string> {
  return { name, list: false, parse: (raw) => raw, print: (value) => value };
}

function number(name: string, limit: number): HeaderType<number> {
  return { name, list: false, parse: (raw) => parseNumber(raw, limit), print: String };
}

/** RFC 3261 §20.19: a value above 2^32-1 counts as 2^32-1; anything not a number is malformed. */
function deltaSeconds(name: string): HeaderType<number> {
  return {
    name,
    list: false,
    parse: (raw) => Math.min(parseNumber(raw, Number.POSITIVE_INFINITY), 2 ** 32 - 1),
    print: String,
  };
}

export const VIA: HeaderType<Via> = { name: 'Via', list: true, parse: parseVia, print: printVia };
export const FROM = nameAddr('From', false);
export const TO = nameAddr('To', false);
export const ROUTE = nameAddr('Route');
export const RECORD_ROUTE = nameAddr('Record-Route');
export const PATH = nameAddr('Path');
export const SERVICE_ROUTE = nameAddr('Service-Route');
export const P_ASSOCIATED_URI = nameAddr('P-Associated-URI');
export const P_ASSERTED_IDENTITY = nameAddr('P-Asserted-Identity');
export const P_PREFERRED_IDENTITY = nameAddr('P-Preferred-Identity');
export const P_CALLED_PARTY_ID = nameAddr('P-Called-Party-ID', false);
export const CALL_ID: HeaderType<string> = {
  name: 'Call-ID',
  list: false,
  parse(raw) {
    if (!/^[^\s@]+(@[^\s@]+)?$/.test(raw)) throw new MalformedError('one word, or two around an @, expected');
    return raw;
  },
  print: (value) => value,
};
export const CSEQ: HeaderType<CSeq> = {
  name: 'CSeq',
  list: false,
  parse(raw) {
    const scanner = new Scanner(raw);
    scanner.skipSpace();
    // RFC 3261 §8.1.1.5: below 2^31.
    const sequence = parseNumber(scanner.match(/[0-9]+/y) ?? scanner.fail('number expected'), 2 ** 31);
    scanner.skipSpace();
    const method = scanner.token('method');
    scanner.end();
    return { number: sequence, method };
  },
  print: ({ number: sequence, method }) => `${sequence} ${method}`,
};
/** `*` stands alone as the string '*' (RFC 3261 §10.2.2). */
export const CONTACT: HeaderType<NameAddr | '*'> = {
  name: 'Contact',
  list: true,
  parse: (raw) => (raw.trim() === '*' ? '*' : parseNameAddr(raw)),
  print: (value) => (value === '*' ? '*' : printNameAddr(value)),
};
export const MAX_FORWARDS = number('Max-Forwards', 256);
export const EXPIRES = deltaSeconds('Expires');
export const MIN_EXPIRES = deltaSeconds('Min-Expires');
export const RSEQ = number('RSeq', 2 ** 32);
export const CONTENT_LENGTH = number('Content-Length', 2 ** 31);
export const CONTENT_TYPE = parameterised('Content-Type', false);
export const ACCEPT = parameterised('Accept', true);
export const EVENT = parameterised('Event', false);
export const SUBSCRIPTION_STATE = parameterised('Subscription-State', false);
export const SESSION_EXPIRES = parameterised('Session-Expires', false);
export const SUPPORTED = token('Supported');
export const REQUIRE = token('Require');
export const PROXY_REQUIRE = token('Proxy-Require');
export const UNSUPPORTED = token('Unsupported');
export const ALLOW = token('Allow');
export const ALLOW_EVENTS = token('Allow-Events');
export const ACCEPT_CONTACT = text('Accept-Contact');
export const REASON = parameterised('Reason', true);
export const PRIVACY = text('Privacy');
export const USER_AGENT = text('User-Agent');
export const SERVER = text('Server');
export const RETRY_AFTER = text('Retry-After');

/** The tag of a From or To. */
export function tagOf(value: NameAddr | undefined): string | undefined {
  return value?.params.get('tag');
}
