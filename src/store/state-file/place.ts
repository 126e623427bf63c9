import { accessSync, chmodSync, closeSync, constants, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What SQLite writes beside its file while it works on it. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

/**
 * Makes sure that there is a file which this user may write and nobody else may read: it holds keys.
 * The file is not opened when it is there, since closing it would give up the locks of a server that has it.
 * @throws Error of the system's.
 */
export function preparePlace(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) closeSync(openSync(path, 'wx', 0o600));
  else if (!found.isFile()) throw new Error('it is no file');
  for (const name of [path, ...COMPANIONS.map((ending) => path + ending)]) makePrivate(name);
  accessSync(path, constants.R_OK | constants.W_OK);
  accessSync(dirname(path), constants.W_OK | constants.X_OK);
}

function makePrivate(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) !== 0) chmodSync(path, 0o600);
}

/**
 * Renames a file that cannot be read, and what belongs to it.
 * @returns the new name. @throws Error of the system's.
 */
export function moveAside(path: string, wallNow: number): string {
  const stem = `${path}.damaged-${new Date(wallNow).toISOString().replace(/[:.]/g, '')}`;
  let aside = stem;
  for (let count = 2; existsSync(aside); count++) aside = `${stem}-${count}`;
  renameSync(path, aside);
  for (const ending of COMPANIONS) if (existsSync(path + ending)) renameSync(path + ending, aside + ending);
  return aside;
}

/** An error that says what to do about the setting. */
export function unusable(path: string, error: unknown): Error {
  return new Error(`state file ${path} (ue_db_filename) cannot be used: ${inWords(path, error)}`);
}

function inWords(path: string, error: unknown): string {
  const folder = dirname(path);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no folder ${folder}: create it`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not write there: see who owns the file and the folder ${folder}, and their permissions`;
    case 'EROFS':
      return `the file system of ${folder} is read-only`;
    case 'ENOSPC':
    case 'SQLITE_FULL':
      return 'the disk is full';
    case 'SQLITE_BUSY':
      return 'another process has it: stop that server, or give each its own file';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
