import type Database from 'libsql';
import type { Value } from '../persistence.ts';

/** A connection to a SQLite file by the package libsql. */
export type Connection = Database.Database;

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * All rows of a table. Texts are fetched in hexadecimal, since the library cuts them at a NUL and ends the process over
 * one that is no UTF-8; such a one, found in a damaged file, comes as octets.
 */
export function* readRows(
  connection: Connection,
  table: string,
  columns: readonly string[],
): Generator<readonly Value[]> {
  // Of integer, real, text, blob and null one letter each.
  const kinds = columns.map((name) => `substr(typeof(${name}), 1, 1)`).join(' || ');
  const values = columns.map((name) => `iif(typeof(${name}) = 'text', hex(${name}), ${name})`).join(', ');
  for (const found of connection.prepare(`SELECT ${kinds}, ${values} FROM ${table}`).raw().iterate()) {
    const [letters, ...fetched] = found as readonly [string, ...Value[]];
    yield fetched.map((value, at) => (letters[at] === 't' ? textOf(value as string) : value));
  }
}

function textOf(hex: string): Value {
  const octets = Buffer.from(hex, 'hex');
  try {
    return UTF_8.decode(octets);
  } catch {
    return octets;
  }
}
