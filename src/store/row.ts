import { MalformedError } from '../core/errors.ts';
import type { Row } from './persistence.ts';

/** Columns of a row as what they should be. All throw MalformedError when they are something else. */

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new MalformedError(`column ${column} holds no text`);
  return value;
}

export function optionalTextOf(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new MalformedError(`column ${column} holds no number`);
  return value;
}

/** A whole number of 0 to 2^53. */
export function integerOf(row: Row, column: string): number {
  const value = numberOf(row, column);
  if (!Number.isSafeInteger(value) || value < 0) throw new MalformedError(`column ${column} holds ${value}`);
  return value;
}

export function optionalIntegerOf(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integerOf(row, column);
}

export function octetsOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new MalformedError(`column ${column} holds no octets`);
  return Uint8Array.from(value);
}

/** One of these words. */
export function wordOf<W extends string>(row: Row, column: string, words: readonly W[]): W {
  const text = textOf(row, column);
  const word = words.find((one) => one === text);
  if (word === undefined) throw new MalformedError(`column ${column} holds ${text}`);
  return word;
}

/** Texts in order, kept as a JSON array. */
export function textsOf(row: Row, column: string): readonly string[] {
  const values = parseJson(textOf(row, column), column);
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) {
    throw new MalformedError(`column ${column} holds no list of texts`);
  }
  return values;
}

function parseJson(text: string, column: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedError(`column ${column} holds no JSON`);
  }
}
