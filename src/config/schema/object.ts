// Objects, read by a table of their properties.
import type { ObjectValue } from '../value.ts';
import type { Check } from './check.ts';
import type { Result, Table, Type } from './property.ts';

/**
 * Rules between the properties of one object. It is called with those that could be read, also when others are wrong:
 * `source` says which are there at all.
 */
export type Rules<T> = (read: Partial<Result<T>>, source: ObjectValue, path: string, check: Check) => void;

export function object<T extends Table>(expected: string, table: T, rules?: Rules<T>): Type<Result<T>> {
  return {
    expected,
    table,
    read(value, path, check) {
      if (value.kind !== 'object') return check.wrong(value, path, expected);
      return readTable(value, path, table, check, rules);
    },
  };
}

/** @param path of the object, empty at the top. */
export function readTable<T extends Table>(
  source: ObjectValue,
  path: string,
  table: T,
  check: Check,
  rules?: Rules<T>,
): Result<T> | undefined {
  const before = check.errors.length;
  const prefix = path === '' ? '' : `${path}.`;
  const result: Record<string, unknown> = {};
  let complete = true;
  for (const [name, { value, file, offset }] of source.members) {
    const property = Object.hasOwn(table, name) ? table[name] : undefined;
    if (property === undefined) {
      check.warn({ file, offset }, `${prefix}${name}`, `unused property '${name}'`);
      continue;
    }
    if (property.obsolete !== undefined) check.warn({ file, offset }, `${prefix}${name}`, property.obsolete);
    const read = property.type.read(value, `${prefix}${name}`, check);
    if (read === undefined) complete = false;
    else if (property.presence !== 'ignored') result[name] = read;
  }
  if (!check.partial) addAbsent(source, prefix, table, check, result);
  rules?.(result as Partial<Result<T>>, source, path, check);
  // Every property was read as its declaration in the table says, which is what Result is made of.
  return complete && check.errors.length === before ? (result as Result<T>) : undefined;
}

function addAbsent(
  source: ObjectValue,
  prefix: string,
  table: Table,
  check: Check,
  result: Record<string, unknown>,
): void {
  for (const name in table) {
    const property = table[name];
    if (property === undefined || source.members.has(name)) continue;
    if (property.presence === 'preset') result[name] = property.initial;
    if (property.presence === 'required') {
      check.error(source, `${prefix}${name}`, `${property.type.expected} expected, found nothing`);
    }
  }
}
