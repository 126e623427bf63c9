// What the check of a configuration's values shares: errors, warnings, and where files are looked for.
import { resolve } from 'node:path';
import { type Diagnostic, diagnosticAt } from '../diagnostic.ts';
import type { Place, ReadFile } from '../source.ts';
import { describe, type Value } from '../value.ts';

/** Checks of strings that belong to other folders; each gives what is wrong, or undefined. */
export interface TextChecks {
  readonly log_options?: (text: string) => string | undefined;
}

export interface CheckOptions {
  /** Absolute folder of the main configuration file. */
  readonly folder: string;
  readonly read: ReadFile;
  readonly texts?: TextChecks;
  /** Only what is there is judged: nothing is missing and no default is filled in. */
  readonly partial?: boolean;
}

export class Check {
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly partial: boolean;
  readonly texts: TextChecks;
  readonly #options: CheckOptions;
  readonly #contents = new Map<string, string>();

  constructor(options: CheckOptions) {
    this.#options = options;
    this.partial = options.partial ?? false;
    this.texts = options.texts ?? {};
  }

  error(place: Place, path: string, message: string): undefined {
    this.errors.push(diagnosticAt('error', place, path, message));
    return undefined;
  }

  /** Reports a value that is not what `expected` says; silent about values already reported. */
  wrong(value: Value, path: string, expected: string, found = describe(value)): undefined {
    if (value.kind === 'unknown') return undefined;
    return this.error(value, path, `${expected} expected, found ${found}`);
  }

  warn(place: Place, path: string, message: string): void {
    this.warnings.push(diagnosticAt('warning', place, path, message));
  }

  /** Absolute path of a file that a property names (manual §5.2: relative to the configuration file). */
  resolve(name: string): string {
    return resolve(this.#options.folder, name);
  }

  /** Reads a file, once however many properties name it. @throws what the reader throws. */
  contents(path: string): string {
    let text = this.#contents.get(path);
    if (text === undefined) {
      text = this.#options.read(path);
      this.#contents.set(path, text);
    }
    return text;
  }
}
