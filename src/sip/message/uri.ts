import { MalformedError } from '../../core/errors.ts';
import { Params } from './params.ts';

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

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*))(?::([0-9]{1,5}))?$/;
const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/;
const PASSWORD = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/;
const FORBIDDEN = /[\s<>"]/;

/** @throws MalformedError when the text is not a URI of its scheme. */
export function parseUri(text: string): Uri {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new MalformedError(`URI without a scheme: ${excerpt(text)}`);
  if (FORBIDDEN.test(text)) throw new MalformedError(`space, quote or bracket in URI ${excerpt(text)}`);
  const body = text.slice(scheme.length + 1);
  if (scheme === 'sip' || scheme === 'sips') return parseSip(scheme, body);
  if (scheme === 'tel') return parseTel(body);
  return { scheme, opaque: body };
}

function parseSip(scheme: 'sip' | 'sips', body: string): SipUri {
  // The user part may hold ';' and '?', so the last '@' before any header part ends it.
  const at = body.lastIndexOf('@', userEnd(body));
  const userinfo = at < 0 ? undefined : body.slice(0, at);
  const rest = at < 0 ? body : body.slice(at + 1);
  const [address = '', headers] = cut(rest, '?');
  const [hostPort = '', parameters] = cut(address, ';');
  const [, host, port] = HOST_PORT.exec(hostPort) ?? [];
  if (host === undefined) throw new MalformedError(`host missing or wrong in URI ${excerpt(`${scheme}:${body}`)}`);
  if (port !== undefined && Number(port) > 65535) throw new MalformedError(`port ${port} in URI`);
  const [user, password] = userinfo === undefined ? [] : cut(userinfo, ':');
  if (user !== undefined && !USER.test(user)) throw new MalformedError(`user part ${excerpt(user)} in URI`);
  if (password !== undefined && !PASSWORD.test(password)) throw new MalformedError('password part in URI');
  return {
    scheme,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    host: host.toLowerCase(),
    ...(port !== undefined && { port: Number(port) }),
    params: uriParams(parameters),
    ...(headers !== undefined && { headers }),
  };
}

/** An '@' in the header part (`?to=a@b`) is not the one that ends the user part. */
function userEnd(body: string): number {
  const question = body.indexOf('?');
  const at = body.indexOf('@');
  return question >= 0 && at >= 0 && at < question ? question : body.length;
}

function parseTel(body: string): TelUri {
  const [number = '', parameters] = cut(body, ';');
  if (!/^\+?[0-9A-Fa-f*#().-]+$/.test(number)) throw new MalformedError(`telephone number ${excerpt(number)}`);
  return { scheme: 'tel', number, params: uriParams(parameters) };
}

function uriParams(text: string | undefined): Params {
  if (text === undefined) return Params.none;
  const entries: [string, string | undefined][] = [];
  for (const part of text.split(';')) {
    if (part === '') continue;
    const [name = '', value] = cut(part, '=');
    if (name === '') throw new MalformedError('URI parameter without a name');
    entries.push([name, value]);
  }
  return new Params(entries);
}

export function printUri(uri: Uri): string {
  if (isSip(uri)) {
    const userinfo =
      uri.user === undefined ? '' : `${uri.user}${uri.password === undefined ? '' : `:${uri.password}`}@`;
    const port = uri.port === undefined ? '' : `:${uri.port}`;
    const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
    return `${uri.scheme}:${userinfo}${uri.host}${port}${uri.params}${headers}`;
  }
  return isTel(uri) ? `tel:${uri.number}${uri.params}` : `${uri.scheme}:${uri.opaque}`;
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
    if (unescapeUri(a.user ?? '') !== unescapeUri(b.user ?? '') || a.password !== b.password) return false;
    if ((a.user === undefined) !== (b.user === undefined) || (a.headers ?? '') !== (b.headers ?? '')) return false;
    if (COMPARED_ALWAYS.some((name) => a.params.has(name) !== b.params.has(name))) return false;
    return a.params.entries.every(([name]) => !b.params.has(name) || sameValue(a.params.get(name), b.params.get(name)));
  }
  if (isTel(a) && isTel(b)) {
    const context = (uri: TelUri) => uri.params.get('phone-context')?.toLowerCase();
    return dialled(a.number) === dialled(b.number) && context(a) === context(b);
  }
  return printUri(a).toLowerCase() === printUri(b).toLowerCase();
}

/** A number without its visual separators (RFC 3966 §5.1.1). */
export function dialled(number: string): string {
  return number.replace(/[-.() ]/g, '').toLowerCase();
}

function sameValue(a: string | undefined, b: string | undefined): boolean {
  return unescapeUri(a ?? '').toLowerCase() === unescapeUri(b ?? '').toLowerCase();
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
