/**
 * The log file: lines are gathered and written together, at once when one is urgent. A file that cannot be written
 * is said once on the console and tried again; the daemon never waits for it or ends because of it.
 */
import { closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { copyFile, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Clock, Scheduled } from '../core/clock.ts';
import type { LogOptions } from './options.ts';

/** The longest a line waits in memory. */
const WAIT_MS = 100;
const BATCH_OCTETS = 64 * 1024;
/** A file that failed is tried again after this. */
const RETRY_MS = 10_000;
/** What is kept for a file that fails; later lines are counted and dropped. */
const MOST_PENDING_OCTETS = 4 * 1024 * 1024;

export type FileOptions = Pick<LogOptions, 'append' | 'rotateSize' | 'path'>;

export interface LogFileParts {
  readonly clock: Clock;
  readonly filename: string;
  /** Read whenever it matters, so that changes count at once. */
  readonly options: () => FileOptions;
  /** First lines of a file; `rotated` for one that follows a renamed one. */
  readonly header: (rotated: boolean) => string;
  /** `20261123-045016`: what a renamed file's name ends with. */
  readonly suffix: () => string;
  readonly console: (line: string) => void;
}

export class LogFile {
  readonly #parts: LogFileParts;
  #descriptor: number | undefined;
  #pending: string[] = [];
  #pendingOctets = 0;
  /** Octets in the file. */
  #size = 0;
  /** Size at which it is renamed although an earlier renaming failed. */
  #rotateAgainAt = 0;
  #lost = 0;
  /** Whether the next opening starts an empty file. */
  #truncating = false;
  #flushing: Scheduled | undefined;
  #retrying: Scheduled | undefined;
  #rotationFailed = false;
  #closed = false;

  /** Opens the file. With `rotateFirst` what an earlier run left is renamed instead of truncated. */
  constructor(parts: LogFileParts, rotateFirst: boolean) {
    this.#parts = parts;
    const renamed = rotateFirst && this.#rename();
    this.#open(parts.options().append || rotateFirst, renamed);
  }

  /** Takes whole lines. An urgent text is on its way to the disk when this returns. */
  write(text: string, urgent: boolean): void {
    if (this.#closed) return;
    if (this.#pendingOctets > MOST_PENDING_OCTETS) {
      this.#lost++;
      return;
    }
    this.#push(text);
    const { rotateSize } = this.#parts.options();
    const size = this.#size + this.#pendingOctets;
    if (this.#descriptor === undefined) return;
    if (rotateSize > 0 && size >= Math.max(rotateSize, this.#rotateAgainAt)) this.rotate();
    else if (urgent || this.#pendingOctets >= BATCH_OCTETS) this.flush();
    else this.#flushing ??= this.#parts.clock.schedule(this.#parts.clock.now() + WAIT_MS, () => this.flush());
  }

  flush(): void {
    this.#flushing?.cancel();
    this.#flushing = undefined;
    if (this.#descriptor === undefined || this.#pendingOctets === 0) return;
    const octets = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    this.#pendingOctets = 0;
    let written = 0;
    try {
      while (written < octets.length) written += writeSync(this.#descriptor, octets, written);
      this.#size += written;
    } catch (error) {
      this.#push(octets.subarray(written).toString());
      this.#fail(error);
    }
  }

  /** Closes the file and opens it by its name again: a new one when it was moved away, truncated unless `append`. */
  cut(): void {
    this.#reopen(false);
  }

  /** Renames the file with a time stamp, into the directory `file.path`, and opens a new one. */
  rotate(): void {
    this.flush();
    if (this.#descriptor === undefined) return;
    if (this.#rename()) this.#reopen(true);
    else this.#rotateAgainAt = this.#size + this.#parts.options().rotateSize;
  }

  /** Writes what waits and closes the file; what is written later is dropped. */
  close(): void {
    if (this.#closed) return;
    if (this.#retrying !== undefined) this.#retry();
    this.flush();
    this.#closed = true;
    this.#retrying?.cancel();
    this.#release();
  }

  #push(text: string): void {
    this.#pending.push(text);
    this.#pendingOctets += Buffer.byteLength(text);
  }

  #reopen(rotated: boolean): void {
    this.flush();
    if (this.#retrying !== undefined) return;
    this.#release();
    this.#open(this.#parts.options().append, rotated);
  }

  /** Opens the file under our name with a header of its own. */
  #open(append: boolean, rotated: boolean): void {
    this.#truncating = !append;
    this.#push(this.#parts.header(rotated));
    this.#openDescriptor();
    this.flush();
  }

  #openDescriptor(): void {
    try {
      // Appending whatever the option says, so that somebody else may truncate the file under us.
      const truncation = this.#truncating ? constants.O_TRUNC : 0;
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | truncation;
      this.#descriptor = openSync(this.#parts.filename, flags, 0o644);
      this.#truncating = false;
      this.#size = fstatSync(this.#descriptor).size;
      this.#rotateAgainAt = 0;
    } catch (error) {
      this.#fail(error);
    }
  }

  #release(): void {
    if (this.#descriptor !== undefined) closeQuietly(this.#descriptor);
    this.#descriptor = undefined;
  }

  #fail(error: unknown): void {
    this.#release();
    const { clock, console, filename } = this.#parts;
    if (this.#retrying === undefined) {
      console(`Warning: log file ${filename}: ${inWords(error)}; going on without it and trying again`);
    }
    this.#retrying = clock.schedule(clock.now() + RETRY_MS, () => this.#retry());
  }

  #retry(): void {
    this.#retrying?.cancel();
    this.#openDescriptor();
    this.flush();
    if (this.#descriptor === undefined) return;
    this.#retrying = undefined;
    if (this.#lost > 0) this.#push(`# ${this.#lost} lines lost while the file could not be written\n`);
    this.#lost = 0;
    this.#parts.console(`Log file ${this.#parts.filename} is written again`);
  }

  /** Whether the file of our name is out of the way. */
  #rename(): boolean {
    const { filename, console, options, suffix } = this.#parts;
    const directory = resolve(dirname(filename), options().path);
    try {
      mkdirSync(directory, { recursive: true });
      const target = freeName(join(directory, `${basename(filename)}.${suffix()}`));
      if (existsSync(filename)) move(filename, target, (error) => console(this.#rotationWarning(error)));
      this.#rotationFailed = false;
      return true;
    } catch (error) {
      if (!this.#rotationFailed) console(this.#rotationWarning(error));
      this.#rotationFailed = true;
      return false;
    }
  }

  #rotationWarning(error: unknown): string {
    return `Warning: log file ${this.#parts.filename} cannot be moved: ${inWords(error)}`;
  }
}

/** Renames; onto another file system in two steps, of which the copying goes on in the background. */
function move(from: string, to: string, onError: (error: unknown) => void): void {
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

function freeName(wanted: string): string {
  let name = wanted;
  for (let again = 1; existsSync(name); again++) name = `${wanted}.${again}`;
  return name;
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // What a failed disk says at closing was said at writing.
  }
}

const CAUSES: { readonly [code: string]: string } = {
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOENT: 'no such directory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'its directory is a file',
  EROFS: 'the file system is read-only',
};

function inWords(error: unknown): string {
  const code = codeOf(error);
  return CAUSES[code] ?? (error instanceof Error ? error.message : String(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
