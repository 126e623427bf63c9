// Configuration text in, plain values and printed errors out.
import { printDiagnostic } from '../../src/config/diagnostic.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import { parseConfiguration } from '../../src/config/parser.ts';
import { Reading } from '../../src/config/reading.ts';
import type { TextChecks } from '../../src/config/schema/check.ts';
import { readFromMemory } from '../../src/config/source.ts';
import { textOf, type Value } from '../../src/config/value.ts';

export interface Parsed {
  readonly value: unknown;
  readonly errors: readonly string[];
}

/** Parses `/ims.cfg` of some files, or one file's text. */
export function parse(files: string | Readonly<Record<string, string>>): Parsed {
  const reading = new Reading(readFromMemory(typeof files === 'string' ? { '/ims.cfg': files } : files));
  const file = reading.openMain('/ims.cfg');
  const document = file === undefined ? undefined : parseConfiguration(file, reading);
  return { value: document === undefined ? undefined : plain(document), errors: reading.errors.map(printDiagnostic) };
}

/** The value of one expression; errors are thrown. */
export function evaluate(expression: string): unknown {
  const { value, errors } = parse(`x: ${expression}`);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return (value as { x: unknown }).x;
}

/** Loads `/ims.cfg` of some files, or one file's text. */
export function load(files: string | Readonly<Record<string, string>>, checks: TextChecks = {}): Loaded {
  return loadConfig('/ims.cfg', {
    checks,
    read: readFromMemory(typeof files === 'string' ? { '/ims.cfg': files } : files),
  });
}

export function printed(diagnostics: Loaded['errors']): string[] {
  return diagnostics.map(printDiagnostic);
}

/** What every configuration needs, on one line, then the text given. */
export const NEEDED = 'sip_addr: "192.0.2.1", domain: "ims.test",\n';

function plain(value: Value): unknown {
  switch (value.kind) {
    case 'array':
      return value.items.map(plain);
    case 'object':
      return Object.fromEntries([...value.members].map(([name, member]) => [name, plain(member.value)]));
    case 'complex':
      return textOf(value);
    case 'unknown':
      return undefined;
    default:
      return value.value;
  }
}
