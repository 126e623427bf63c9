// What all the files of one configuration share while they are read: errors found, preprocessor variables, limits.
import { type Diagnostic, diagnosticAt } from './diagnostic.ts';
import {
  includedPath,
  openIncluded,
  openSource,
  type Place,
  type ReadFile,
  SourceFile,
  whyUnreadable,
} from './source.ts';
import { copyTo, type StringValue, type Value } from './value.ts';

/** Brackets, templates and included files inside each other. Far below what the stack of Node.js holds. */
const MAX_DEPTH = 200;
const MAX_OPEN_FILES = 64;
const MAX_INCLUDED_FILES = 10_000;
/** Arrays and objects that the uses of preprocessor variables may make: a few lines could ask for 2^30. */
const MAX_COPIES = 1_000_000;
const MAX_ERRORS = 100;

/** Text that is no sentence of the language; the innermost bracket it stands in goes on behind it. */
export class Fault extends Error {
  readonly place: Place;

  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

/** Reading cannot go on at all. It was reported. */
export class Abandoned extends Error {}

export class Reading {
  readonly errors: Diagnostic[] = [];
  readonly variables = new Map<string, Value>();
  readonly #read: ReadFile;
  readonly #open: string[] = [];
  readonly #texts = new Map<string, SourceFile>();
  #last: Place | undefined;
  #depth = 0;
  #muted = 0;
  #included = 0;
  #copies = 0;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** Reports an error, unless another one was just reported at the same place. */
  error({ file, offset }: Place, message: string): void {
    if (this.#muted > 0 || (this.#last?.file === file && this.#last.offset === offset)) return;
    const place = { file, offset };
    this.#last = place;
    this.errors.push(diagnosticAt('error', place, '', message));
    if (this.errors.length === MAX_ERRORS) {
      this.errors.push(diagnosticAt('error', place, '', `too many errors, the rest of the text was not read`));
      throw new Abandoned();
    }
  }

  /** @throws Abandoned, after reporting. */
  abandon(place: Place, message: string): never {
    this.errors.push(diagnosticAt('error', place, '', message));
    throw new Abandoned();
  }

  /** Runs `work` without reporting: the side of `&&` and `||` that does not count, and text left out by `#if`. */
  muted<T>(mute: boolean, work: () => T): T {
    if (!mute) return work();
    this.#muted++;
    try {
      return work();
    } finally {
      this.#muted--;
    }
  }

  /** Runs `work` one level deeper, so that no text can exhaust the stack. */
  nested<T>(place: Place, work: () => T): T {
    if (this.#depth >= MAX_DEPTH) this.abandon(place, `nested more than ${MAX_DEPTH} levels deep`);
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }

  /** The value of a preprocessor variable for the place where its name stands. */
  variable(place: Place, name: string): Value | undefined {
    const value = this.variables.get(name);
    if (value === undefined) return undefined;
    return copyTo(place, value, (depth) => {
      if (this.#depth + depth >= MAX_DEPTH) this.abandon(place, `nested more than ${MAX_DEPTH} levels deep`);
      if (++this.#copies > MAX_COPIES) this.abandon(place, 'preprocessor variables expand to too much');
    });
  }

  /** @returns undefined, after reporting, when it cannot be read. */
  openMain(name: string): SourceFile | undefined {
    try {
      const file = openSource(name, this.#read);
      this.#open.push(file.path);
      return file;
    } catch (error) {
      this.error({ file: new SourceFile(name, name, ''), offset: 0 }, `cannot be read: ${whyUnreadable(error)}`);
      return undefined;
    }
  }

  /** Opens a file for inclusion; `close` ends it. @returns undefined, after reporting, when it cannot be included. */
  open(name: StringValue): SourceFile | undefined {
    const path = includedPath(name.value, name.file);
    if (++this.#included > MAX_INCLUDED_FILES) this.abandon(name, `more than ${MAX_INCLUDED_FILES} files included`);
    if (this.#open.includes(path)) {
      this.error(name, `"${name.value}" includes itself`);
      return undefined;
    }
    if (this.#open.length >= MAX_OPEN_FILES) {
      this.abandon(name, `more than ${MAX_OPEN_FILES} files included inside each other`);
    }
    try {
      const file = this.#texts.get(path) ?? openIncluded(name.value, name.file, this.#read);
      this.#texts.set(path, file);
      this.#open.push(path);
      return file;
    } catch (error) {
      this.error(name, `"${name.value}" cannot be included: ${whyUnreadable(error)}`);
      return undefined;
    }
  }

  close(): void {
    this.#open.pop();
  }
}
