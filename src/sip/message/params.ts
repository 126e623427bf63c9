import { type Scanner, unquote } from './scanner.ts';

/**
 * `;name=value` parameters in their order. Values stay as they stood (quotes included) so that a feature tag is
 * echoed exactly; names keep their spelling and compare without case (RFC 3261 §7.3.1).
 */
export class Params {
  static readonly none = new Params([]);
  readonly entries: readonly (readonly [name: string, raw: string | undefined])[];

  constructor(entries: readonly (readonly [string, string | undefined])[]) {
    this.entries = entries;
  }

  /** `{ expires: '60', lr: true }`; undefined and false leave a parameter out. */
  static of(values: { readonly [name: string]: string | true | false | undefined }): Params {
    const entries: [string, string | undefined][] = [];
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
    return found === undefined ? undefined : unquote(found[1] ?? '');
  }

  /** Replaces or appends; `true` is a parameter without a value, undefined takes it away. */
  with(name: string, raw: string | true | undefined): Params {
    const wanted = name.toLowerCase();
    const value = raw === true ? undefined : raw;
    const entries = this.entries.filter(([other]) => raw !== undefined || other.toLowerCase() !== wanted);
    const index = entries.findIndex(([other]) => other.toLowerCase() === wanted);
    if (raw !== undefined) entries.splice(index < 0 ? entries.length : index, index < 0 ? 0 : 1, [name, value]);
    return new Params(entries);
  }

  without(...names: readonly string[]): Params {
    const gone = names.map((name) => name.toLowerCase());
    return new Params(this.entries.filter(([name]) => !gone.includes(name.toLowerCase())));
  }

  toString(): string {
    let text = '';
    for (const [name, raw] of this.entries) text += raw === undefined ? `;${name}` : `;${name}=${raw}`;
    return text;
  }

  #find(name: string): readonly [string, string | undefined] | undefined {
    for (const entry of this.entries) {
      if (entry[0].length === name.length && (entry[0] === name || entry[0].toLowerCase() === name.toLowerCase())) {
        return entry;
      }
    }
    return undefined;
  }
}

/** Reads `;name=value` parameters of a header value up to its end or a comma. */
export function parseParams(scanner: Scanner): Params {
  const entries: [string, string | undefined][] = [];
  while (scanner.take(';')) {
    // RFC 4475 3.1.1.1 and phones: an empty parameter (";;" or a final ";") says nothing.
    if (scanner.atEnd || scanner.peek() === ';' || scanner.peek() === ',') continue;
    const name = scanner.token('parameter name');
    entries.push([name, scanner.take('=') ? scanner.parameterValue() : undefined]);
  }
  return entries.length === 0 ? Params.none : new Params(entries);
}
