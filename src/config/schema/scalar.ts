// Single values: strings, numbers, booleans, choices, octets.
import { describe, quote } from '../value.ts';
import type { Type } from './property.ts';
import { nearest } from './spelling.ts';

/** Any string but the empty one. */
export const text: Type<string> = pattern('string', /^.+$/s);

/** More than any property needs; regular expressions are not run over more. */
const MAX_LENGTH = 65536;

/** A string of a form; `expected` says which. */
export function pattern(expected: string, form: RegExp): Type<string> {
  return {
    expected,
    read(value, path, check) {
      if (value.kind === 'string') {
        if (value.value.length > MAX_LENGTH) {
          return check.wrong(value, path, expected, `a string of ${value.value.length} characters`);
        }
        if (form.test(value.value)) return value.value;
      }
      const unquoted = value.kind === 'number' ? `${describe(value)}: put it in quotes` : undefined;
      return check.wrong(value, path, expected, unquoted);
    },
  };
}

export interface Range {
  readonly min?: number;
  readonly max?: number;
  /** 0 is allowed beside the range; the words say what it means. */
  readonly orZero?: string;
}

export function integer(range: Range): Type<number> {
  return numeric(`integer${printRange(range)}`, range, Number.isSafeInteger);
}

/** A number above 0, such as a time in seconds. */
export const positive: Type<number> = numeric('number greater than 0', { min: Number.MIN_VALUE }, Number.isFinite);

function numeric(expected: string, range: Range, valid: (value: number) => boolean): Type<number> {
  const { min = -Infinity, max = Infinity, orZero } = range;
  return {
    expected,
    read(value, path, check) {
      if (value.kind === 'number' && valid(value.value)) {
        if (value.value >= min && value.value <= max) return value.value;
        if (orZero !== undefined && value.value === 0) return 0;
      }
      return check.wrong(value, path, expected);
    },
  };
}

function printRange({ min, max, orZero }: Range): string {
  const zero = orZero === undefined ? '' : `, or 0 (${orZero})`;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}${zero}`;
  if (min !== undefined) return ` of at least ${min}${zero}`;
  return zero;
}

/** true or false; 0 and 1 mean the same (manual §5.1, item 3). */
export const flag: Type<boolean> = {
  expected: 'boolean',
  read(value, path, check) {
    if (value.kind === 'boolean') return value.value;
    if (value.kind === 'number' && (value.value === 0 || value.value === 1)) return value.value === 1;
    return check.wrong(value, path, 'true or false');
  },
};

/**
 * One of some strings.
 * @param spellings further strings, with the ones they mean.
 */
export function choice<const T extends string>(
  choices: readonly T[],
  spellings: Readonly<Record<string, T>> = {},
): Type<T> {
  const expected = orList(choices.map((one) => `"${one}"`));
  return {
    expected,
    read(value, path, check) {
      if (value.kind !== 'string') return check.wrong(value, path, expected);
      const chosen = choices.find((one) => one === value.value);
      if (chosen !== undefined) return chosen;
      if (Object.hasOwn(spellings, value.value)) return spellings[value.value];
      const near = nearest(value.value, choices);
      const suggestion = near === undefined ? '' : ` (did you mean "${near}"?)`;
      return check.wrong(value, path, expected, `${quote(value.value)}${suggestion}`);
    },
  };
}

/** Octets written as a string of hexadecimal digits, of one of the given lengths. */
export function octets(...lengths: readonly number[]): Type<Uint8Array> {
  const digits = lengths.map((length) => String(2 * length));
  const expected = `${orList(lengths.map(String))} bytes of hexadecimal`;
  return {
    expected,
    read(value, path, check) {
      const wanted = `${expected} expected (${orList(digits)} digits)`;
      if (value.kind === 'unknown') return undefined;
      if (value.kind !== 'string') {
        const unquoted = value.kind === 'number' ? ': put it in quotes' : '';
        return check.error(value, path, `${wanted}, found ${describe(value)}${unquoted}`);
      }
      const odd = value.value.search(/[^0-9a-fA-F]/);
      if (odd >= 0) {
        const char = quote(String.fromCodePoint(value.value.codePointAt(odd) ?? 0));
        return check.error(value, path, `${wanted}, found ${char} as digit ${odd + 1}`);
      }
      if (lengths.some((length) => value.value.length === 2 * length)) return readHex(value.value);
      return check.error(value, path, `${wanted}, found ${value.value.length} digits`);
    },
  };
}

function readHex(digits: string): Uint8Array {
  const result = new Uint8Array(digits.length / 2);
  for (let index = 0; index < result.length; index++) {
    result[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  }
  return result;
}

/** A value nobody looks at. */
export const anything: Type<unknown> = { expected: 'anything', read: (value) => value };

/** `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
