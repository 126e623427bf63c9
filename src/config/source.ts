// Configuration files as text, and places in them that errors name.
import { closeSync, constants, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

/** A place in a configuration file; tokens and values carry theirs. */
export interface Place {
  readonly file: SourceFile;
  /** Characters from the start of the file. */
  readonly offset: number;
}

/** One file as it was read. */
export class SourceFile {
  /** How messages name it: as the user wrote it, or relative to the file that includes it. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  #lineStarts: number[] | undefined;

  constructor(name: string, path: string, text: string) {
    this.name = name;
    this.path = path;
    this.text = text;
  }

  /** Line and column of an offset, both counted from 1, columns in characters. */
  locate(offset: number): { readonly line: number; readonly column: number } {
    this.#lineStarts ??= startsOfLines(this.text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Gives the text of the file with this absolute path. Throws when there is none. */
export type ReadFile = (path: string) => string;

/** Reads from disk. @throws Error with `code` as node:fs does. */
export function readFromDisk(path: string): string {
  // A device such as /dev/zero never ends; a pipe (process substitution of a shell) does.
  const found = statSync(path);
  if (!found.isFile() && !found.isFIFO() && !found.isDirectory()) throw new Error('not a file');
  // fifo(7): otherwise opening waits for somebody who writes.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return found.isFIFO() ? readPipe(descriptor) : readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** How long whoever writes into a pipe may pause, and how often one looks meanwhile. */
const PIPE_PATIENCE_MS = 2000;
const PIPE_POLL_MS = 10;
const MOST_PIPE_OCTETS = 256 * 1024 * 1024;

/** Reads to the end of what a descriptor that does not block gives. */
function readPipe(descriptor: number): string {
  const chunks: Buffer[] = [];
  let octets = 0;
  const chunk = Buffer.alloc(64 * 1024);
  for (let waitedMs = 0; ; ) {
    const length = readNow(descriptor, chunk);
    if (length === 0) break;
    if (length !== undefined) {
      chunks.push(Buffer.from(chunk.subarray(0, length)));
      octets += length;
      if (octets > MOST_PIPE_OCTETS) throw new Error('a pipe that does not end');
      waitedMs = 0;
    } else if (waitedMs >= PIPE_PATIENCE_MS) {
      throw new Error('a pipe whose writer does not go on');
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_POLL_MS);
      waitedMs += PIPE_POLL_MS;
    }
  }
  if (chunks.length === 0) throw new Error('a pipe into which nobody writes');
  return Buffer.concat(chunks).toString();
}

/** Octets read, 0 at the end, undefined when there are none yet. */
function readNow(descriptor: number, chunk: Buffer): number | undefined {
  try {
    return readSync(descriptor, chunk);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Reads from a table of absolute paths. @throws Error when the path is not in it. */
export function readFromMemory(files: Readonly<Record<string, string>>): ReadFile {
  return (path) => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    if (text === undefined) throw Object.assign(new Error('not in memory'), { code: 'ENOENT' });
    return text;
  };
}

/** Why a file cannot be read, in plain words. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'is a directory';
  return error instanceof Error ? error.message : String(error);
}

export function openSource(name: string, read: ReadFile): SourceFile {
  const path = resolve(name);
  return new SourceFile(name, path, withoutByteOrderMark(read(path)));
}

/** A file named in another one: relative to that one (manual §5.1, item 7). */
export function openIncluded(name: string, from: SourceFile, read: ReadFile): SourceFile {
  const path = includedPath(name, from);
  const shown = isAbsolute(name) ? name : join(dirname(from.name), name);
  return new SourceFile(shown, path, withoutByteOrderMark(read(path)));
}

export function includedPath(name: string, from: SourceFile): string {
  return resolve(dirname(from.path), name);
}

/** Text that stands in no file, such as a request of the remote API. */
export function unnamedSource(name: string): SourceFile {
  return new SourceFile(basename(name), name, '');
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
