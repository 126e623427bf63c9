// Arrays, and single values that stand for arrays of one.
import type { Value } from '../value.ts';
import type { Check } from './check.ts';
import type { Type } from './property.ts';

export interface ListOptions {
  /** Exactly so many elements. */
  readonly length?: number;
  /** At least so many. */
  readonly min?: number;
  /** One element may stand there without the brackets. */
  readonly orOne?: true;
}

/** An array of elements of one type; `names` says what they are, in plural. */
export function list<T>(names: string, type: Type<T>, options: ListOptions = {}): Type<readonly T[]> {
  const { length, min = 0, orOne } = options;
  const expected = `array of ${length === undefined ? '' : `${length} `}${names}`;
  const shown = orOne ? `${type.expected}, or ${expected}` : expected;
  return {
    expected: shown,
    ...(type.table === undefined ? {} : { table: type.table }),
    read(value, path, check) {
      if (value.kind !== 'array') {
        if (!orOne) return check.wrong(value, path, shown);
        const one = type.read(value, path, check);
        return one === undefined ? undefined : [one];
      }
      const count = value.items.length;
      if ((length !== undefined && count !== length) || count < min) {
        return check.wrong(value, path, length === undefined ? `at least ${min} element` : expected, `${count}`);
      }
      return readItems(value.items, path, type, check);
    },
  };
}

function readItems<T>(items: readonly Value[], path: string, type: Type<T>, check: Check): readonly T[] | undefined {
  const result: T[] = [];
  for (const [index, item] of items.entries()) {
    const read = type.read(item, `${path}[${index}]`, check);
    if (read !== undefined) result.push(read);
  }
  return result.length === items.length ? result : undefined;
}
