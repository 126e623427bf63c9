// What is wrong with a configuration, and where.
import type { Place } from './source.ts';

/** One error or warning. `path` is empty when it concerns the text and not a property. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The property, e.g. `ue_db[3].K`. */
  readonly path: string;
  readonly message: string;
}

export function diagnosticAt(
  severity: Diagnostic['severity'],
  place: Place,
  path: string,
  message: string,
): Diagnostic {
  return { severity, file: place.file.name, ...place.file.locate(place.offset), path, message };
}

/** `FILE:LINE:COLUMN: PROPERTY: what was expected, what was found`, or `Warning: FILE:LINE: text`. */
export function printDiagnostic({ severity, file, line, column, path, message }: Diagnostic): string {
  if (severity === 'warning') return `Warning: ${file}:${line}: ${message}`;
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

/** `file:line:column` of a place named inside another message. */
export function printPlace(place: Place): string {
  const { line, column } = place.file.locate(place.offset);
  return `${place.file.name}:${line}:${column}`;
}
