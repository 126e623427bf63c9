import { MalformedError } from '../../core/errors.ts';
import { type Scanner, unquote } from './scanner.ts';

type Entry = readonly [name: string, raw: string | undefined];

/** Parameters of one value; more are malformed, so that looking each up in the other's stays cheap. */
export const MOST_PARAMETERS = 100;

/**
 * `;name=value` parameters in their order. Values stay as they stood (quotes included) so that a feature tag is
 * echoed exactly; names keep their spelling and compare without case (RFC 3261 §7.3.1).
 */
export class Params {
  static readonly none = new Params([]);
  readonly entries: readonly Entry[];
  readonly #decode: ((text: string) => string) | undefined;

  /** @param decode how names and values are read for look-ups: those of URIs may hold escapes (RFC 3261 §19.1.2). */
  constructor(entries: readonly Entry[], decode?: (text: string) => string) {
    this.entries = entries;
    this.#decode = decode;
  }

  /** `{ expires: '60', lr: true }`; undefined and false leave a parameter out. */
  static of(values: { readonly [name: string]: string | true | false | undefined }): Params {
    const entries: Entry[] = [];
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined && value !== false) entries.push([name, value === true ? undefined : value]);
    }
    return new Params(entries);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** The value without quotes; '' for a parameter without a value, undefined when it is absent. */
  get(name: string): string | undefined {
    const found = this.#find(name);
    if (found === undefined) return undefined;
    const value = unquote(found[1] ?? '');
    return this.#decode === undefined ? value : this.#decode(value);
  }

  /** The names as look-ups compare them: without escapes and case. */
  names(): string[] {
    return this.entries.map((entry) => this.#nameOf(entry).toLowerCase());
  }

  /** Replaces or appends; `true` is a parameter without a value, undefined takes it away. */
  with(name: string, raw: string | true | undefined): Params {
    if (raw === undefined) return this.without(name);
    const found = this.#find(name);
    const entry: Entry = [name, raw === true ? undefined : raw];
    const entries = this.entries.map((other) => (other === found ? entry : other));
    if (found === undefined) entries.push(entry);
    return new Params(entries, this.#decode);
  }

  without(...names: readonly string[]): Params {
    const gone = names.map((name) => name.toLowerCase());
    const kept = this.entries.filter((entry) => !gone.includes(this.#nameOf(entry).toLowerCase()));
    return new Params(kept, this.#decode);
  }

  toString(): string {
    let text = '';
    for (const [name, raw] of this.entries) text += raw === undefined ? `;${name}` : `;${name}=${raw}`;
    return text;
  }

  #find(name: string): Entry | undefined {
    for (const entry of this.entries) {
      const other = this.#nameOf(entry);
      if (other === name || (other.length === name.length && other.toLowerCase() === name.toLowerCase())) return entry;
    }
    return undefined;
  }

  #nameOf(entry: Entry): string {
    return this.#decode === undefined ? entry[0] : this.#decode(entry[0]);
  }
}

/** Reads `;name=value` parameters of a header value up to its end or a comma. */
export function parseParams(scanner: Scanner): Params {
  let entries: Entry[] | undefined;
  while (scanner.take(';')) {
    // Phones: an empty parameter (";;" or a final ";") or an empty value ("rport=") says nothing and harms nobody.
    if (endsParameter(scanner)) continue;
    const name = scanner.token('parameter name');
    const valued = scanner.take('=');
    entries ??= [];
    entries.push([name, valued ? (endsParameter(scanner) ? '' : scanner.parameterValue()) : undefined]);
    if (entries.length > MOST_PARAMETERS) throw new MalformedError(`more than ${MOST_PARAMETERS} parameters`);
  }
  return entries === undefined ? Params.none : new Params(entries);
}

function endsParameter(scanner: Scanner): boolean {
  const next = scanner.peek();
  return next === '' || next === ';' || next === ',';
}
