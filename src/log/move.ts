/** Where a renamed log file goes. */
import { constants, existsSync, mkdirSync, renameSync, type Stats, statSync } from 'node:fs';
import { copyFile, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from './file-error.ts';

/**
 * Makes a directory and those above it that are missing, one by one: under /proc, where mkdir(2) says ENOENT although
 * the directory above is there, `mkdirSync` with `recursive` tries for ever.
 */
export function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? new Error(`${dirname(path)} takes no directories`) : error;
  }
}

/** @throws Error when there is something else, or no way to look. */
function isDirectory(path: string): boolean {
  const found = lookAt(path);
  if (found !== undefined && !found.isDirectory()) throw new Error(`${path} is no directory`);
  return found !== undefined;
}

/** What is there, if anything; below a file there is nothing, which newer versions of Node.js say by themselves. */
function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Renames; onto another file system in two steps, of which the copying goes on in the background. */
export function move(from: string, to: string, onError: (error: unknown) => void): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    const beside = freeName(join(dirname(from), basename(to)));
    renameSync(from, beside);
    copyFile(beside, to, constants.COPYFILE_EXCL)
      .then(() => unlink(beside))
      .catch(onError);
  }
}

/** The name, or the first free one of those numbered after it. */
export function freeName(wanted: string): string {
  let name = wanted;
  for (let again = 1; existsSync(name); again++) name = `${wanted}.${again}`;
  return name;
}
