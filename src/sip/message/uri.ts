import { isIPv6 } from 'node:net';
import { MalformedError } from '../../core/errors.ts';
import { MOST_PARAMETERS, Params } from './params.ts';

/** SIP and SIPS URIs (RFC 3261 §19.1). `user` is as it stood, escapes included; `host` is lower-case. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user?: string;
  readonly password?: string;
  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** What follows `?`, as it stood. */
  readonly headers?: string;
}

/** Telephone URIs (RFC 3966). `number` is as it stood, separators included. */
export interface TelUri {
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** Any other absolute URI, `urn:service:sos` among them. */
export interface OtherUri {
  readonly scheme: string;
  readonly opaque: string;
}

export type Uri = SipUri | TelUri | OtherUri;

// RFC 3261 §25.1, RFC 3966 §3. '#' stands in the user part because phones dial it unescaped.
const USER = String.raw`[\w\-.!~*'()&=+$,;?/#%]+`;
const PASSWORD = String.raw`[\w\-.!~*'()&=+$,%]*`;
const HOST = String.raw`\[[\dA-Fa-f:.]+\]|\w[\w.-]*`;
/** No space, control character, quote or angle bracket; parameters also end at '?'. */
const PARAMS = String.raw`[!#-;=@-~\x80-\xff]*`;
const TAIL = String.raw`[!#-;=?-~\x80-\xff]*`;

/** What separates two parts is in neither, so nothing is tried in two ways and the time is linear. */
const SIP = new RegExp(
  String.raw`^([Ss][Ii][Pp][Ss]?):(?:(${USER})(?::(${PASSWORD}))?@)?(${HOST})(?::(\d+))?(?:;(${PARAMS}))?(?:\?(${TAIL}))?$`,
);
const TEL = new RegExp(String.raw`^(\+?[\dA-Fa-f*#().-]+)(?:;(${TAIL}))?$`);
const OTHER = new RegExp(`^(?!$)${TAIL}$`);
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const BAD_ESCAPE = /%(?![\dA-Fa-f]{2})/;

/** @throws MalformedError when the text is not a URI of its scheme. */
export function parseUri(text: string): Uri {
  const sip = SIP.exec(text);
  if (sip !== null) return readSip(sip);
  const scheme = uriScheme(text);
  if (scheme === undefined) throw new MalformedError(`URI without a scheme: ${excerpt(text)}`);
  if (scheme === 'sip' || scheme === 'sips') throw new MalformedError(`user, host or port wrong in ${excerpt(text)}`);
  const body = text.slice(scheme.length + 1);
  if (scheme === 'tel') return parseTel(body);
  if (!OTHER.test(body)) throw new MalformedError(`not a URI: ${excerpt(text)}`);
  return { scheme, opaque: body };
}

/** The scheme in small letters, or undefined when the text does not begin with one. */
export function uriScheme(text: string): string | undefined {
  return SCHEME.exec(text)?.[1]?.toLowerCase();
}

function readSip(parts: RegExpExecArray): SipUri {
  const [text, scheme = '', user, password, host = '', port, params, headers] = parts;
  const uri: { -readonly [Key in keyof SipUri]: SipUri[Key] } = {
    scheme: scheme.length === 3 ? 'sip' : 'sips',
    host: /[A-Z]/.test(host) ? host.toLowerCase() : host,
    params: params === undefined ? Params.none : uriParams(params),
  };
  if (host.charAt(0) === '[' && !isIPv6(host.slice(1, -1)))
    throw new MalformedError(`address wrong in ${excerpt(text)}`);
  if (user !== undefined) uri.user = checkEscapes(user);
  if (password !== undefined) uri.password = checkEscapes(password);
  if (port !== undefined) {
    uri.port = Number(port);
    if (uri.port > 65_535) throw new MalformedError(`port wrong in ${excerpt(text)}`);
  }
  if (headers !== undefined) uri.headers = headers;
  return uri;
}

function checkEscapes(text: string): string {
  if (text.indexOf('%') >= 0 && BAD_ESCAPE.test(text)) throw new MalformedError(`escape wrong in ${excerpt(text)}`);
  return text;
}

function parseTel(body: string): TelUri {
  const [, number, params] = TEL.exec(body) ?? [];
  if (number === undefined) throw new MalformedError(`telephone number ${excerpt(body)}`);
  return { scheme: 'tel', number, params: params === undefined ? Params.none : uriParams(params) };
}

function uriParams(text: string): Params {
  const entries: [string, string | undefined][] = [];
  for (let start = 0; start < text.length; ) {
    const semicolon = text.indexOf(';', start);
    const end = semicolon < 0 ? text.length : semicolon;
    if (end > start) entries.push(cut(text.slice(start, end), '='));
    start = end + 1;
    if (entries.length > MOST_PARAMETERS) throw new MalformedError(`more than ${MOST_PARAMETERS} parameters in URI`);
  }
  if (entries.some(([name]) => name === '')) throw new MalformedError('URI parameter without a name');
  return new Params(entries, text.indexOf('%') >= 0 ? unescapeUri : undefined);
}

export function printUri(uri: Uri): string {
  if (isSip(uri)) {
    const userinfo =
      uri.user === undefined ? '' : `${uri.user}${uri.password === undefined ? '' : `:${uri.password}`}@`;
    const port = uri.port === undefined ? '' : `:${uri.port}`;
    const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
    return `${uri.scheme}:${userinfo}${uri.host}${port}${uri.params.toString()}${headers}`;
  }
  return isTel(uri) ? `tel:${uri.number}${uri.params.toString()}` : `${uri.scheme}:${uri.opaque}`;
}

export function isSip(uri: Uri): uri is SipUri {
  return 'host' in uri;
}

export function isTel(uri: Uri): uri is TelUri {
  return 'number' in uri;
}

/** `%41` read as `A`, octet by octet; what is not an escape stays. */
export function unescapeUri(text: string): string {
  return text.includes('%')
    ? text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

/** The parameters in which two SIP URIs may not differ when only one has them (RFC 3261 §19.1.4). */
const COMPARED_ALWAYS = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** RFC 3261 §19.1.4 for SIP URIs, RFC 3966 §4 for telephone URIs, without case otherwise. */
export function sameUri(a: Uri, b: Uri): boolean {
  if (isSip(a) && isSip(b)) {
    if (a.scheme !== b.scheme || a.host !== b.host || a.port !== b.port) return false;
    if (comparable(a.user) !== comparable(b.user) || comparable(a.password) !== comparable(b.password)) return false;
    if (COMPARED_ALWAYS.some((name) => a.params.has(name) !== b.params.has(name))) return false;
    return a.params.names().every((name) => !b.params.has(name) || sameParam(a, b, name)) && sameHeaders(a, b);
  }
  if (isTel(a) && isTel(b)) {
    if (dialled(a.number) !== dialled(b.number)) return false;
    const names = a.params.names();
    return (
      names.length === b.params.entries.length &&
      names.every((name) => b.params.has(name) && (sameParam(a, b, name) || sameNumber(a, b, name)))
    );
  }
  return printUri(a).toLowerCase() === printUri(b).toLowerCase();
}

/** A number without its visual separators (RFC 3966 §5.1.1). */
export function dialled(number: string): string {
  return number.replace(/[-.() ]/g, '').toLowerCase();
}

type WithParams = { readonly params: Params };

function sameParam(a: WithParams, b: WithParams, name: string): boolean {
  return a.params.get(name)?.toLowerCase() === b.params.get(name)?.toLowerCase();
}

/** RFC 3966 §4: extensions and global phone contexts are numbers, compared without visual separators. */
function sameNumber(a: WithParams, b: WithParams, name: string): boolean {
  const [first = '', second = ''] = [a.params.get(name), b.params.get(name)];
  const numbers = name === 'ext' || (name === 'phone-context' && first.startsWith('+') && second.startsWith('+'));
  return numbers && dialled(first) === dialled(second);
}

/** Header parts must both be there and hold the same, in any order. */
function sameHeaders(a: SipUri, b: SipUri): boolean {
  if (a.headers === b.headers) return true;
  if (a.headers === undefined || b.headers === undefined) return false;
  const sorted = (headers: string) => headers.split('&').map(unescapeUri).sort().join('&').toLowerCase();
  return sorted(a.headers) === sorted(b.headers);
}

/**
 * User parts compare by character, but only an unreserved character is the same as its escape (RFC 3261 §19.1.4):
 * `%61` is `a`, `%3B` is not `;`.
 */
function comparable(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes('%')) return text;
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = unescapeUri(escaped);
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : escaped.toUpperCase();
  });
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
