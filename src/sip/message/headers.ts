import { MalformedError } from '../../core/errors.ts';
import { quotedEnd, runEnd, trimmed } from './characters.ts';
import { octetText, ownText } from './header-text.ts';

/**
 * How one header is read and printed. The definitions are in header-types.ts; each value is parsed when somebody
 * asks for it and remembered.
 */
export interface HeaderType<T> {
  /** Canonical spelling, `Call-ID`. */
  readonly name: string;
  /** Whether one line may hold several values separated by commas. */
  readonly list: boolean;
  parse(raw: string): T;
  print(value: T): string;
}

interface Line {
  /** As it stood, or canonical for headers of ours. */
  readonly name: string;
  /** Lower-case long form, what headers are found by. */
  readonly key: string;
  /** Unfolded and trimmed; one character per octet (latin1), so that any octet is forwarded as it came. */
  readonly value: string;
}

/** RFC 3261 §20, RFC 3265, 3326, 3515, 3841, 3892, 4028, 4474, 6665: the compact forms. */
const COMPACT: { readonly [letter: string]: string } = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/**
 * Spelling → key, so that the usual spellings cost one look-up. Bounded, in number and length: strangers choose the
 * spellings.
 */
const KEYS = new Map<string, string>();
const MOST_KEYS = 2000;
const LONGEST_KEY = 50;

/** What headers are found by: the long form in small letters. */
export function headerKey(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const key = (lower.length === 1 ? COMPACT[lower] : undefined) ?? lower;
  if (KEYS.size < MOST_KEYS && name.length <= LONGEST_KEY) KEYS.set(ownText(name), ownText(key));
  return key;
}

/** The values of one header that were asked for: the first, or all of them. */
interface Memo {
  readonly values: readonly unknown[];
  readonly complete: boolean;
}

/** The headers of one message in their order. */
export class Headers {
  #lines: Line[];
  #memo: Map<string, Memo> | undefined;

  constructor(lines: Line[] = []) {
    this.#lines = lines;
  }

  /** Lines as they are printed. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** A copy that shares nothing that can change. */
  clone(): Headers {
    const copy = new Headers(this.#lines.slice());
    if (this.#memo !== undefined) copy.#memo = new Map(this.#memo);
    return copy;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The first line's value as it stood. */
  raw(name: string): string | undefined {
    return this.#first(headerKey(name))?.value;
  }

  /** Every line's value as it stood. */
  rawAll(name: string): string[] {
    const key = headerKey(name);
    const values: string[] = [];
    for (const line of this.#lines) if (line.key === key) values.push(line.value);
    return values;
  }

  /** The first value; the others are not looked at. @throws MalformedError naming the header. */
  get<T>(type: HeaderType<T>): T | undefined {
    const key = headerKey(type.name);
    const known = this.#memo?.get(key);
    if (known !== undefined) return known.values[0] as T | undefined;
    for (const line of this.#lines) {
      if (line.key !== key) continue;
      const raw = type.list ? firstElement(line.value) : line.value;
      if (raw === undefined) continue;
      const value = parseNamed(type, raw);
      this.#remember(key, [value], false);
      return value;
    }
    this.#remember(key, [], true);
    return undefined;
  }

  /** All values, those of comma lists and of several lines alike. @throws MalformedError naming the header. */
  all<T>(type: HeaderType<T>): readonly T[] {
    const key = headerKey(type.name);
    const known = this.#memo?.get(key);
    if (known?.complete) return known.values as readonly T[];
    const values: T[] = [];
    for (const line of this.#lines) {
      if (line.key !== key) continue;
      for (const raw of type.list ? splitList(line.value) : [line.value]) values.push(parseNamed(type, raw));
    }
    this.#remember(key, values, true);
    return values;
  }

  /** The first value, or undefined when it is absent or malformed: for headers that only inform. */
  tryGet<T>(type: HeaderType<T>): T | undefined {
    try {
      return this.get(type);
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    }
  }

  /** Replaces all lines of the header, at the place of the first one. */
  set<T>(type: HeaderType<T>, value: T): this {
    return this.setRaw(type.name, type.print(value));
  }

  setRaw(name: string, value: string): this {
    return this.#replace(headerKey(name), [newLine(name, value)]);
  }

  /** Adds a line after the others. */
  add<T>(type: HeaderType<T>, value: T): this {
    return this.addRaw(type.name, type.print(value));
  }

  addRaw(name: string, value: string): this {
    const line = newLine(name, value);
    this.#lines.push(line);
    this.#memo?.delete(line.key);
    return this;
  }

  /** Adds a line before the others of the same header (Via, Record-Route, Path), or before all others. */
  prepend<T>(type: HeaderType<T>, value: T): this {
    const line = newLine(type.name, type.print(value));
    this.#lines.splice(Math.max(0, this.#index(line.key)), 0, line);
    this.#memo?.delete(line.key);
    return this;
  }

  /** Replaces the first value and leaves the others as they stood, malformed ones too: a Via that gets `received`. */
  replaceFirst<T>(type: HeaderType<T>, value: T): this {
    const key = headerKey(type.name);
    const index = this.#lines.findIndex(
      (line) => line.key === key && (!type.list || firstElement(line.value) !== undefined),
    );
    if (index < 0) return this.prepend(type, value);
    const others = type.list ? splitList((this.#lines[index] as Line).value).slice(1) : [];
    this.#lines[index] = newLine(type.name, [type.print(value), ...others].join(', '));
    this.#memo?.delete(key);
    return this;
  }

  /** Replaces all values of a list header by these, one line each; none takes the header away. */
  setAll<T>(type: HeaderType<T>, values: readonly T[]): this {
    return this.#replace(
      headerKey(type.name),
      values.map((value) => newLine(type.name, type.print(value))),
    );
  }

  /** Copies every line of the header as it stands. */
  copy(name: string, from: Headers): this {
    const key = headerKey(name);
    for (const line of from.#lines) if (line.key === key) this.#lines.push(line);
    this.#memo?.delete(key);
    return this;
  }

  remove(...names: readonly string[]): this {
    for (const name of names) this.#replace(headerKey(name), []);
    return this;
  }

  #first(key: string): Line | undefined {
    for (const line of this.#lines) if (line.key === key) return line;
    return undefined;
  }

  #index(key: string): number {
    return this.#lines.findIndex((line) => line.key === key);
  }

  /** Puts `lines` where the first line of `key` is, or at the end, and takes the others away. */
  #replace(key: string, lines: readonly Line[]): this {
    this.#memo?.delete(key);
    const index = this.#index(key);
    if (index < 0) {
      this.#lines.push(...lines);
      return this;
    }
    const after = this.#lines.slice(index).filter((line) => line.key !== key);
    this.#lines = [...this.#lines.slice(0, index), ...lines, ...after];
    return this;
  }

  #remember(key: string, values: readonly unknown[], complete: boolean): void {
    this.#memo ??= new Map();
    this.#memo.set(key, { values, complete });
  }
}

/**
 * A line of ours. What would end the line and begin another is made a space, and text that is not octets yet becomes
 * them as UTF-8: a name somebody configured or dialled must not add a header.
 */
function newLine(name: string, value: string): Line {
  return { name, key: headerKey(name), value: octetText(value) };
}

function parseNamed<T>(type: HeaderType<T>, raw: string): T {
  try {
    return type.parse(raw);
  } catch (error) {
    if (error instanceof MalformedError) throw new MalformedError(`${type.name}: ${error.message}`);
    throw error;
  }
}

/** Cuts at commas outside quotes and angle brackets. Empty elements are left out (RFC 3261 §25.1). */
export function splitList(text: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const end = elementEnd(text, start);
    const part = trimmed(text, start, end);
    if (part !== '') parts.push(part);
    start = end + 1;
  }
  return parts;
}

/** The first element that is not empty. */
function firstElement(text: string): string | undefined {
  for (let start = 0; start <= text.length; ) {
    const end = elementEnd(text, start);
    const part = trimmed(text, start, end);
    if (part !== '') return part;
    start = end + 1;
  }
  return undefined;
}

const PLAIN = /[^",<]*/y;

/** Where the element that begins at `start` ends: at a comma or at the end of the text. */
function elementEnd(text: string, start: number): number {
  let at = text.indexOf(',', start) < 0 ? text.length : runEnd(text, start, PLAIN);
  while (at < text.length && text.charAt(at) !== ',') {
    const end = text.charAt(at) === '"' ? quotedEnd(text, at) : text.indexOf('>', at) + 1;
    if (end <= 0) return text.length;
    at = runEnd(text, end, PLAIN);
  }
  return at;
}
