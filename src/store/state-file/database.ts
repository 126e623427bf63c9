import { statSync } from 'node:fs';
import type Database from 'libsql';
import { type Connection, readRows } from './connection.ts';

/** "LTIM": tells our files from those of other programs. */
const APPLICATION_ID = 0x4c54494d;

/** The file holds something else, or no longer what it did. */
export class DamagedError extends Error {}

/**
 * Opens a file that exists, for this process alone, and brings it to the present version.
 * @throws DamagedError for what is no state file, SqliteError when it cannot be had, Error in words for a newer version.
 */
export function openDatabase(library: typeof Database, path: string, schema: readonly string[]): Connection {
  const connection = new library(path, { timeout: 0 });
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    // A closed connection lives on until its statements are collected as garbage, and would then remove the write-ahead
    // log of the file's successor. Without such a log of its own it removes nothing.
    connection.exec('PRAGMA journal_mode = DELETE');
    check(connection, path, schema);
    migrate(library, connection, schema);
    // Lost power takes back nothing that was committed (https://sqlite.org/pragma.html#pragma_synchronous).
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    return connection;
  } catch (error) {
    giveUp(connection);
    throw isDamage(error) ? new DamagedError(error.message) : error;
  }
}

/** Lets go of the file, which is then whole without companions. @throws SqliteError */
export function closeDatabase(connection: Connection): void {
  // The lock goes with the first access after this, not with the connection (see above).
  connection.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM sqlite_schema');
  connection.close();
}

function giveUp(connection: Connection): void {
  try {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    closeDatabase(connection);
  } catch {
    // What cannot be read cannot be let go of better than this.
    connection.close();
  }
}

function check(connection: Connection, path: string, schema: readonly string[]): void {
  const application = Number(pragma(connection, 'application_id'));
  const isNew = application === 0 && tablesOf(connection) === '';
  if (application !== APPLICATION_ID && !isNew) throw new DamagedError('it was written by another program');
  // SQLite takes what is missing of the last page for zeros.
  const size = Number(pragma(connection, 'page_count')) * Number(pragma(connection, 'page_size'));
  if (statSync(path).size < size) throw new DamagedError('it is cut short');
  const problem = pragma(connection, 'integrity_check');
  if (problem !== 'ok') throw new DamagedError(problem.split('\n').at(-1));
  const version = versionOf(connection);
  if (version > schema.length) {
    throw new Error(
      `it is of version ${version} and this program knows ${schema.length}: start the newer program, or move the file away`,
    );
  }
}

/** One transaction: a file is of one version or of the other. */
function migrate(library: typeof Database, connection: Connection, schema: readonly string[]): void {
  const version = versionOf(connection);
  if (version < schema.length) {
    connection.exec(
      ['BEGIN', ...schema.slice(version), stamp(schema.length), 'COMMIT'].map((text) => `${text};`).join('\n'),
    );
  }
  // A flipped bit in a name is no breach of the file's integrity.
  const fresh = new library(':memory:');
  fresh.exec(schema.map((text) => `${text};`).join('\n'));
  if (tablesOf(fresh) !== tablesOf(connection)) throw new DamagedError('its tables are not those of its version');
  fresh.close();
}

function stamp(version: number): string {
  return `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`;
}

function versionOf(connection: Connection): number {
  return Number(pragma(connection, 'user_version'));
}

function pragma(connection: Connection, name: string): string {
  const [first] = readRows(connection, `pragma_${name}`, [name]);
  return String(first?.[0]);
}

function tablesOf(connection: Connection): string {
  return [...readRows(connection, 'sqlite_schema', ['type', 'name', 'sql'])].map(String).sort().join('\n');
}

/**
 * What SQLite says of a file it cannot make sense of. SQLITE_ERROR is a migration that meets what should not be there,
 * SQLITE_READONLY a file that may be written but for the version in its header.
 */
function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return /^SQLITE_(CORRUPT|NOTADB|FORMAT|ERROR|SCHEMA|READONLY)/.test(String(error.code));
}
