import { MalformedError } from '../../core/errors.ts';

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

/** Spelling → key, so that the usual spellings cost one look-up. Bounded: strangers choose the spellings. */
const KEYS = new Map<string, string>();
const MOST_KEYS = 2000;

export function headerKey(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const key = (lower.length === 1 ? COMPACT[lower] : undefined) ?? lower;
  if (KEYS.size < MOST_KEYS) KEYS.set(name, key);
  return key;
}

/** The headers of one message in their order. */
export class Headers {
  #lines: Line[];
  #memo: Map<string, readonly unknown[]> | undefined;

  constructor(lines: Line[] = []) {
    this.#lines = lines;
  }

  /** Lines as they are printed. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** A copy that shares nothing that can change. */
  clone(): Headers {
    return new Headers(this.#lines.slice());
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The first line's value as it stood. */
  raw(name: string): string | undefined {
    const key = headerKey(name);
    for (const line of this.#lines) if (line.key === key) return line.value;
    return undefined;
  }

  /** Every line's value as it stood. */
  rawAll(name: string): string[] {
    const key = headerKey(name);
    const values: string[] = [];
    for (const line of this.#lines) if (line.key === key) values.push(line.value);
    return values;
  }

  /** The first value. @throws MalformedError naming the header. */
  get<T>(type: HeaderType<T>): T | undefined {
    return this.all(type)[0];
  }

  /** All values, those of comma lists and of several lines alike. @throws MalformedError naming the header. */
  all<T>(type: HeaderType<T>): readonly T[] {
    const key = headerKey(type.name);
    const known = this.#memo?.get(key);
    if (known !== undefined) return known as readonly T[];
    const values: T[] = [];
    for (const line of this.#lines) {
      if (line.key !== key) continue;
      for (const raw of type.list ? splitList(line.value) : [line.value]) values.push(parseNamed(type, raw));
    }
    this.#memo ??= new Map();
    this.#memo.set(key, values);
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
    const key = this.#changed(name);
    const index = this.#lines.findIndex((line) => line.key === key);
    if (index < 0) {
      this.#lines.push({ name, key, value });
      return this;
    }
    this.#lines = this.#lines.filter((line, at) => at <= index || line.key !== key);
    this.#lines[index] = { name, key, value };
    return this;
  }

  /** Adds a line after the others. */
  add<T>(type: HeaderType<T>, value: T): this {
    return this.addRaw(type.name, type.print(value));
  }

  addRaw(name: string, value: string): this {
    this.#lines.push({ name, key: this.#changed(name), value });
    return this;
  }

  /** Adds a line before the others of the same header (Via, Record-Route, Path), or before all others. */
  prepend<T>(type: HeaderType<T>, value: T): this {
    const key = this.#changed(type.name);
    const index = this.#lines.findIndex((line) => line.key === key);
    this.#lines.splice(Math.max(0, index), 0, { name: type.name, key, value: type.print(value) });
    return this;
  }

  /** Replaces all values of a list header by these, one line each; none takes the header away. */
  setAll<T>(type: HeaderType<T>, values: readonly T[]): this {
    const key = this.#changed(type.name);
    const index = this.#lines.findIndex((line) => line.key === key);
    const kept = this.#lines.filter((line) => line.key !== key);
    const lines = values.map((value) => ({ name: type.name, key, value: type.print(value) }));
    kept.splice(index < 0 ? kept.length : index, 0, ...lines);
    this.#lines = kept;
    return this;
  }

  /** Copies every line of the header as it stands. */
  copy(name: string, from: Headers): this {
    const key = this.#changed(name);
    for (const line of from.#lines) if (line.key === key) this.#lines.push(line);
    return this;
  }

  remove(...names: readonly string[]): this {
    const keys = names.map((name) => this.#changed(name));
    this.#lines = this.#lines.filter((line) => !keys.includes(line.key));
    return this;
  }

  #changed(name: string): string {
    const key = headerKey(name);
    this.#memo?.delete(key);
    return key;
  }
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
  if (!text.includes(',')) return text === '' ? [] : [text];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let angle = false;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22 && !angle) quoted = true;
    else if (code === 0x3c) angle = true;
    else if (code === 0x3e) angle = false;
    if (at >= text.length || (code === 0x2c && !quoted && !angle)) {
      const part = text.slice(start, at).trim();
      if (part !== '') parts.push(part);
      start = at + 1;
    }
  }
  return parts;
}
