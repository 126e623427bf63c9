import { isIPv6 } from 'node:net';
import { MalformedError } from '../../core/errors.ts';
import { decimal, trimmed } from './characters.ts';
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
  const start = scanner.position;
  const quoted = scanner.quoted();
  scanner.skipSpace();
  const open = quoted === undefined ? raw.indexOf('<', start) : scanner.position;
  // A bare URI may be followed by a parameter with '<' in its value: +sip.instance="<urn:…>".
  if (open < 0 || (open > start && quoted === undefined && raw.lastIndexOf(';', open) >= 0))
    return parseAddrSpec(scanner);
  if (raw.charAt(open) !== '<') scanner.fail("'<' expected after the display name");
  const display = quoted ?? trimmed(raw, start, open);
  if (open > start && quoted === undefined && !WORDS.test(display)) scanner.fail('display name needs quotes');
  const close = raw.indexOf('>', open);
  if (close < 0) scanner.fail("'>' missing");
  const uri = parseUri(raw.slice(open + 1, close));
  scanner.position = close + 1;
  const params = parseParams(scanner);
  scanner.end();
  return display === '' ? { uri, params } : { display, uri, params };
}

/** RFC 3261 §20.10: without brackets all parameters are the header's, and the URI may hold no comma or '?'. */
function parseAddrSpec(scanner: Scanner): NameAddr {
  const text = trimmed(scanner.until(';'));
  if (text.includes(',') || text.includes('?')) throw new MalformedError(`URI with ',' or '?' needs angle brackets`);
  const uri = parseUri(text);
  const params = parseParams(scanner);
  scanner.end();
  return { uri, params };
}

/** Tokens with spaces between, and what many send without quotes: UTF-8. */
const WORDS = /^[A-Za-z0-9\-.!%*_+`'~ \t\u0080-\u00ff]*$/;

export function printNameAddr({ display, uri, params }: NameAddr): string {
  return `${display === undefined ? '' : `${display} `}<${printUri(uri)}>${params.toString()}`;
}

/** RFC 3261 §25.1 via-parm before its parameters: transport, host, port, with white space wherever it may be. */
const SENT =
  /[ \t]*SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+(\[[\dA-Fa-f:.]+\]|[\w.-]+)[ \t]*(?::[ \t]*(\d+))?/iy;

export function parseVia(raw: string): Via {
  SENT.lastIndex = 0;
  const [, name, host = '', digits] = SENT.exec(raw) ?? [];
  const scanner = new Scanner(raw, SENT.lastIndex);
  if (name === undefined) return scanner.fail('SIP/2.0, transport and host expected');
  if (host.charAt(0) === '[' && !isIPv6(host.slice(1, -1))) scanner.fail('IPv6 address expected in brackets');
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) scanner.fail('port out of range');
  const params = parseParams(scanner);
  scanner.end();
  const transport = name.toUpperCase();
  const sentBy = host.toLowerCase();
  return port === undefined ? { transport, host: sentBy, params } : { transport, host: sentBy, port, params };
}

export function printVia({ transport, host, port, params }: Via): string {
  return `SIP/2.0/${transport} ${host}${port === undefined ? '' : `:${port}`}${params.toString()}`;
}

function parseParameterised(raw: string): Parameterised {
  const scanner = new Scanner(raw);
  scanner.skipSpace();
  const value = scanner.until('; \t');
  if (value === '') scanner.fail('value expected');
  const params = parseParams(scanner);
  scanner.end();
  return { value, params };
}

/** Decimal digits (RFC 3261 §25.1), however many, below `limit`. */
function parseNumber(raw: string, limit: number): number {
  const number = decimal(trimmed(raw));
  if (number === undefined) throw new MalformedError(`number expected, found ${JSON.stringify(raw.slice(0, 40))}`);
  if (number >= limit) throw new MalformedError(`number ${raw.slice(0, 40)} too large`);
  return number;
}

function nameAddr(name: string, list = true): HeaderType<NameAddr> {
  return { name, list, parse: parseNameAddr, print: printNameAddr };
}

function parameterised(name: string, list: boolean): HeaderType<Parameterised> {
  return { name, list, parse: parseParameterised, print: ({ value, params }) => `${value}${params.toString()}` };
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

const MOST_SECONDS = 2 ** 32 - 1;

/** Seconds (RFC 3261 §20.19, §20.10): beyond 2^32-1 they count as that, and what is no number counts as 3600. */
function lenientSeconds(raw: string): number {
  return Math.min(decimal(trimmed(raw)) ?? 3600, MOST_SECONDS);
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
  // Peers compare it octet by octet and never look into it, so any word will do, several @ included.
  parse(raw) {
    if (raw === '' || /[ \t\r\n]/.test(raw)) throw new MalformedError('one word expected');
    return raw;
  },
  print: (value) => value,
};
const CSEQ_VALUE = /^[ \t]*(\d+)[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)[ \t]*$/;
export const CSEQ: HeaderType<CSeq> = {
  name: 'CSeq',
  list: false,
  parse(raw) {
    const [, digits, method] = CSEQ_VALUE.exec(raw) ?? [];
    if (digits === undefined || method === undefined) throw new MalformedError('number and method expected');
    // RFC 3261 §8.1.1.5: below 2^31.
    return { number: parseNumber(digits, 2 ** 31), method };
  },
  print: ({ number: sequence, method }) => `${sequence} ${method}`,
};
/** `*` stands alone as the string '*' (RFC 3261 §10.2.2). */
export const CONTACT: HeaderType<NameAddr | '*'> = {
  name: 'Contact',
  list: true,
  parse: (raw) => (trimmed(raw) === '*' ? '*' : parseNameAddr(raw)),
  print: (value) => (value === '*' ? '*' : printNameAddr(value)),
};
export const MAX_FORWARDS = number('Max-Forwards', 256);
export const EXPIRES: HeaderType<number> = { name: 'Expires', list: false, parse: lenientSeconds, print: String };
export const MIN_EXPIRES = number('Min-Expires', 2 ** 32);
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
export const WARNING = text('Warning');

/** The tag of a From or To. */
export function tagOf(value: NameAddr | undefined): string | undefined {
  return value?.params.get('tag');
}

/** The seconds of a Contact's `expires` parameter (RFC 3261 §20.10), undefined when it has none. */
export function expiresOf(contact: NameAddr): number | undefined {
  const raw = contact.params.get('expires');
  return raw === undefined ? undefined : lenientSeconds(raw);
}
