// From a configuration file to settings: the one way in.
import { dirname } from 'node:path';
import type { Diagnostic } from './diagnostic.ts';
import { parseConfiguration } from './parser.ts';
import { Reading } from './reading.ts';
import { Check, type TextChecks } from './schema/check.ts';
import { readTable } from './schema/object.ts';
import { completeSettings, type Settings, settingsRules, settingsTable } from './settings.ts';
import { type ReadFile, readFromDisk } from './source.ts';

export interface LoadOptions {
  /** Checks of strings whose grammar belongs to another folder. */
  readonly checks?: TextChecks;
  /** How files are read, from disk by default. */
  readonly read?: ReadFile;
}

export interface Loaded {
  /** There when there are no errors. */
  readonly settings?: Settings;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads and checks a configuration file with everything it includes. Throws nothing for what files contain: all that
 * is wrong is in `errors`, in reading order, errors of the language before those of the properties.
 * @param path as messages shall name it, relative to the working directory or absolute.
 */
export function loadConfig(path: string, options: LoadOptions = {}): Loaded {
  const read = options.read ?? readFromDisk;
  const reading = new Reading(read);
  const file = reading.openMain(path);
  if (file === undefined) return { errors: reading.errors, warnings: [] };
  const document = parseConfiguration(file, reading);
  const check = new Check({
    folder: dirname(file.path),
    read,
    // Where the text itself is wrong, what seems to be missing may only have been misread.
    partial: reading.errors.length > 0,
    ...(options.checks === undefined ? {} : { texts: options.checks }),
  });
  const result = readTable(document, '', settingsTable, check, settingsRules);
  const errors = [...reading.errors, ...check.errors];
  const { warnings } = check;
  return errors.length > 0 || result === undefined
    ? { errors, warnings }
    : { settings: completeSettings(result), errors, warnings };
}
