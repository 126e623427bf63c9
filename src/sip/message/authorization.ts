import { MalformedError } from '../../core/errors.ts';
import type { HeaderType } from './headers.ts';
import { quote, Scanner, unquote } from './scanner.ts';

/**
 * Challenges and credentials, RFC 3261 §20.7, §20.27, §20.28, §20.44 with the parameters of RFC 2617 and RFC 3310.
 * A line is one scheme with its parameters: commas do not make it a list of values (§7.3.1).
 */

/** A parameter that has no field here, its value as it stood (quotes included). */
export type AuthParam = readonly [name: string, raw: string];

/** WWW-Authenticate and Proxy-Authenticate. Values are without quotes. */
export interface Challenge {
  /** `Digest`, or another scheme as it stood. */
  readonly scheme: string;
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm?: string;
  /** Lower case. */
  readonly qop?: readonly string[];
  readonly opaque?: string;
  readonly stale?: boolean;
  readonly others?: readonly AuthParam[];
}

/**
 * Authorization and Proxy-Authorization. Values are without quotes; an empty one counts as given where phones use it
 * (`nonce=""` in the first REGISTER, `response=""` after a refused AUTN), else as absent.
 */
export interface Credentials {
  /** `Digest`, or another scheme as it stood. */
  readonly scheme: string;
  readonly username?: string;
  readonly realm?: string;
  readonly nonce?: string;
  readonly uri?: string;
  readonly response?: string;
  readonly algorithm?: string;
  readonly qop?: string;
  /** One to eight hexadecimal digits. */
  readonly nc?: string;
  readonly cnonce?: string;
  readonly opaque?: string;
  /** RFC 3310 §3.4: base64 of AUTS. */
  readonly auts?: string;
  readonly others?: readonly AuthParam[];
}

// Looser than a token: some phones leave base64 and URIs unquoted, or a value out.
const UNQUOTED = /[^ \t\r\n,"]*/y;

/** The parameters of one line; `take` gives each out once, what is left over are the others. */
class AuthParams {
  readonly scheme: string;
  readonly #entries = new Map<string, AuthParam>();

  constructor(raw: string) {
    const scanner = new Scanner(raw);
    scanner.skipSpace();
    const scheme = scanner.token('scheme');
    this.scheme = scheme.toLowerCase() === 'digest' ? 'Digest' : scheme;
    do {
      while (scanner.take(',')) {
        // RFC 3261 §25.1 writes lists without empty elements, phones do not.
      }
      scanner.skipSpace();
      if (scanner.atEnd) break;
      const name = scanner.token('parameter');
      scanner.expect('=');
      const value = scanner.quoted() ?? scanner.match(UNQUOTED) ?? '';
      // RFC 3261 §7.3.1: no parameter twice; which one is meant would be a guess.
      const key = name.toLowerCase();
      if (this.#entries.has(key)) scanner.fail(`second '${name}'`);
      this.#entries.set(key, [name, value]);
    } while (scanner.take(','));
    scanner.end();
    if (this.#entries.size === 0) throw new MalformedError(`${scheme} without parameters`);
  }

  take(name: string): string | undefined {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    return entry === undefined ? undefined : unquote(entry[1]);
  }

  /** For values that mean nothing when they are empty. */
  takeFilled(name: string): string | undefined {
    return this.take(name) || undefined;
  }

  others(): AuthParam[] | undefined {
    return this.#entries.size === 0 ? undefined : [...this.#entries.values()];
  }
}

export function parseChallenge(raw: string): Challenge {
  const params = new AuthParams(raw);
  const realm = params.take('realm');
  const nonce = params.take('nonce');
  if (realm === undefined || nonce === undefined) throw new MalformedError('challenge without realm or nonce');
  return withoutAbsent({
    scheme: params.scheme,
    realm,
    nonce,
    algorithm: params.takeFilled('algorithm'),
    qop: parseQopOptions(params.takeFilled('qop')),
    opaque: params.take('opaque'),
    stale: parseStale(params.takeFilled('stale')),
    others: params.others(),
  });
}

function parseQopOptions(value: string | undefined): string[] | undefined {
  const options = value
    ?.toLowerCase()
    .split(/[\s,]+/)
    .filter((option) => option !== '');
  return options?.length === 0 ? undefined : options;
}

/** RFC 2617 §3.2.1: anything but `true` is false. */
function parseStale(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value.toLowerCase() === 'true';
}

export function printChallenge({ scheme, realm, nonce, algorithm, qop, opaque, stale, others }: Challenge): string {
  return printParams(scheme, others, [
    ['realm', quote(realm)],
    ['nonce', quote(nonce)],
    ['algorithm', algorithm],
    ['qop', qop && quote(qop.join(','))],
    ['opaque', opaque === undefined ? undefined : quote(opaque)],
    ['stale', stale?.toString()],
  ]);
}

export function parseCredentials(raw: string): Credentials {
  const params = new AuthParams(raw);
  const nc = params.takeFilled('nc');
  if (nc !== undefined && !/^[0-9A-Fa-f]{1,8}$/.test(nc)) throw new MalformedError('nc: hexadecimal digits expected');
  return withoutAbsent({
    scheme: params.scheme,
    username: params.take('username'),
    realm: params.take('realm'),
    nonce: params.take('nonce'),
    uri: params.take('uri'),
    response: params.take('response'),
    algorithm: params.takeFilled('algorithm'),
    qop: params.takeFilled('qop'),
    nc,
    cnonce: params.take('cnonce'),
    opaque: params.take('opaque'),
    auts: params.takeFilled('auts'),
    others: params.others(),
  });
}

export function printCredentials(credentials: Credentials): string {
  const quoted = (value: string | undefined) => (value === undefined ? undefined : quote(value));
  return printParams(credentials.scheme, credentials.others, [
    ['username', quoted(credentials.username)],
    ['realm', quoted(credentials.realm)],
    ['nonce', quoted(credentials.nonce)],
    ['uri', quoted(credentials.uri)],
    ['response', quoted(credentials.response)],
    ['algorithm', credentials.algorithm],
    ['qop', credentials.qop],
    ['nc', credentials.nc],
    ['cnonce', quoted(credentials.cnonce)],
    ['opaque', quoted(credentials.opaque)],
    ['auts', quoted(credentials.auts)],
  ]);
}

function printParams(
  scheme: string,
  others: readonly AuthParam[] = [],
  fields: readonly (readonly [name: string, raw: string | undefined])[],
): string {
  let text = '';
  for (const [name, raw] of fields) if (raw !== undefined) text += `${text === '' ? '' : ', '}${name}=${raw}`;
  for (const [name, raw] of others) text += `${text === '' ? '' : ', '}${name}=${raw}`;
  return `${scheme} ${text}`;
}

/** Only what is there is set, rather than the rest deleted: an object with deleted fields is many times slower to use. */
function withoutAbsent<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  const present: Partial<T> = {};
  for (const name in fields) if (fields[name] !== undefined) present[name] = fields[name];
  return present as T;
}

function challengeHeader(name: string): HeaderType<Challenge> {
  return { name, list: false, parse: parseChallenge, print: printChallenge };
}

function credentialsHeader(name: string): HeaderType<Credentials> {
  return { name, list: false, parse: parseCredentials, print: printCredentials };
}

export const WWW_AUTHENTICATE = challengeHeader('WWW-Authenticate');
export const PROXY_AUTHENTICATE = challengeHeader('Proxy-Authenticate');
export const AUTHORIZATION = credentialsHeader('Authorization');
export const PROXY_AUTHORIZATION = credentialsHeader('Proxy-Authorization');
