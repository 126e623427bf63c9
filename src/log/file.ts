/**
 * The log file: lines are gathered and written together, at once when one is urgent. A file that cannot be written
 * is said once on the console and tried again; the daemon never waits for it or ends because of it.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Clock, Scheduled } from '../core/clock.ts';
import { codeOf, inWords } from './file-error.ts';
import { freeName, makeDirectory, move } from './move.ts';
import type { LogOptions } from './options.ts';

/** The longest a line waits in memory. */
const WAIT_MS = 100;
const BATCH_OCTETS = 64 * 1024;
/** A file that failed is tried again after this. */
const RETRY_MS = 10_000;
/** What is kept for a file that fails; later lines are counted and dropped. */
const MOST_PENDING_OCTETS = 4 * 1024 * 1024;

/**
 * Appending whatever the option says, so that somebody else may truncate the file under us; and never waiting for the
 * reader of a pipe (fifo(7)).
 */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK;

export type FileOptions = Pick<LogOptions, 'append' | 'rotateSize' | 'path'>;

export interface LogFileParts {
  readonly clock: Clock;
  readonly filename: string;
  /** Read whenever it matters, so that changes count at once. */
  readonly options: () => FileOptions;
  /** First lines of a file; `rotated` for one that follows a renamed one. */
  readonly header: (rotated: boolean) => string;
  /** A line that says in the file what it lacks. */
  readonly lost: (words: string) => string;
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
  /** Whether it is a pipe whose reader has not read; tried again after a while, not with each line. */
  #full = false;
  /** Whether the next opening starts an empty file. */
  #truncating = false;
  #flushing: Scheduled | undefined;
  #retrying: Scheduled | undefined;
  #rotationFailed = false;
  #closed = false;

  constructor(parts: LogFileParts) {
    this.#parts = parts;
  }

  /**
   * Opens the file, once; lines written before wait. With `rotateFirst` what an earlier run left is renamed instead of
   * truncated.
   */
  open(rotateFirst: boolean): void {
    const renamed = rotateFirst && this.#rename();
    const { path } = this.#parts.options();
    if (!rotateFirst && path !== '') {
      const wrong = this.makePath(path);
      if (wrong !== undefined) this.#rotationFails(new Error(wrong));
    }
    // Below the header.
    const early = this.#pending.join('');
    this.#pending = [];
    this.#pendingOctets = 0;
    this.#open(this.#parts.options().append || rotateFirst, renamed);
    this.#push(early);
    this.flush();
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
    if (this.#descriptor === undefined || this.#full) return;
    if (rotateSize > 0 && size >= Math.max(rotateSize, this.#rotateAgainAt)) this.rotate();
    else if (urgent || this.#pendingOctets >= BATCH_OCTETS) this.flush();
    else this.#flushSoon();
  }

  flush(): void {
    this.#flushing?.cancel();
    this.#flushing = undefined;
    this.#full = false;
    if (this.#descriptor === undefined || this.#pendingOctets === 0) return;
    const octets = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    this.#pendingOctets = 0;
    let written = 0;
    try {
      while (written < octets.length) written += writeSync(this.#descriptor, octets, written);
      this.#size += written;
    } catch (error) {
      this.#size += written;
      this.#push(octets.subarray(written).toString());
      this.#full = codeOf(error) === 'EAGAIN';
      if (this.#full) this.#flushSoon();
      else this.#fail(error);
      return;
    }
    if (this.#lost === 0) return;
    this.#push(this.#parts.lost(`${this.#lost} lines lost while the file could not be written`));
    this.#lost = 0;
    this.flush();
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

  /** Makes the directory that `file.path` would name. @returns what is wrong with it in words. */
  makePath(path: string): string | undefined {
    const directory = this.#directory(path);
    try {
      makeDirectory(directory);
      return undefined;
    } catch (error) {
      return `directory ${directory} cannot be made: ${inWords(error)}`;
    }
  }

  /** Writes what waits and closes the file; what is written later is dropped. */
  close(): void {
    if (this.#closed) return;
    if (this.#retrying !== undefined) this.#retry();
    this.flush();
    this.#closed = true;
    this.#flushing?.cancel();
    this.#retrying?.cancel();
    this.#release();
  }

  #flushSoon(): void {
    this.#flushing ??= this.#parts.clock.schedule(this.#parts.clock.now() + WAIT_MS, () => this.flush());
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
      this.#descriptor = openSync(this.#parts.filename, this.#truncating ? FLAGS | constants.O_TRUNC : FLAGS, 0o644);
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
    this.#parts.console(`Log file ${this.#parts.filename} is written again`);
  }

  /** Whether the file of our name is out of the way. */
  #rename(): boolean {
    const { filename, console, options, suffix } = this.#parts;
    const directory = this.#directory(options().path);
    try {
      // A pipe or device of that name is not ours to put away.
      if (existsSync(filename) && !statSync(filename).isFile()) throw new Error('it is no regular file');
      makeDirectory(directory);
      const target = freeName(join(directory, `${basename(filename)}.${suffix()}`));
      if (existsSync(filename)) move(filename, target, (error) => console(this.#rotationWarning(error)));
      this.#rotationFailed = false;
      return true;
    } catch (error) {
      this.#rotationFails(error);
      return false;
    }
  }

  #directory(path: string): string {
    return resolve(dirname(this.#parts.filename), path);
  }

  #rotationFails(error: unknown): void {
    if (!this.#rotationFailed) this.#parts.console(this.#rotationWarning(error));
    this.#rotationFailed = true;
  }

  #rotationWarning(error: unknown): string {
    return `Warning: log file ${this.#parts.filename} cannot be moved: ${inWords(error)}`;
  }
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // What a failed disk says at closing was said at writing.
  }
}
