// Values of the configuration language (manual §5.1), each with the place it stands at.
import type { Place } from './source.ts';

export interface NumberValue extends Place {
  readonly kind: 'number';
  readonly value: number;
}

/** Its imaginary part is never 0: that would be a number. */
export interface ComplexValue extends Place {
  readonly kind: 'complex';
  readonly re: number;
  readonly im: number;
}

export interface StringValue extends Place {
  readonly kind: 'string';
  readonly value: string;
}

export interface BooleanValue extends Place {
  readonly kind: 'boolean';
  readonly value: boolean;
}

export interface ArrayValue extends Place {
  readonly kind: 'array';
  readonly items: Value[];
}

export interface ObjectValue extends Place {
  readonly kind: 'object';
  /** In reading order. */
  readonly members: Map<string, Member>;
}

/** One property of an object; its place is the name's. */
export interface Member extends Place {
  readonly value: Value;
}

/** What an expression that was reported as wrong stands for: whoever meets it says nothing more. */
export interface UnknownValue extends Place {
  readonly kind: 'unknown';
}

export type Value = NumberValue | ComplexValue | StringValue | BooleanValue | ArrayValue | ObjectValue | UnknownValue;

export function numberAt({ file, offset }: Place, value: number): NumberValue {
  return { file, offset, kind: 'number', value };
}

/** A complex number, or the plain number it is when there is no imaginary part. */
export function complexAt({ file, offset }: Place, re: number, im: number): ComplexValue | NumberValue {
  return im === 0 ? { file, offset, kind: 'number', value: re } : { file, offset, kind: 'complex', re, im };
}

export function stringAt({ file, offset }: Place, value: string): StringValue {
  return { file, offset, kind: 'string', value };
}

export function booleanAt({ file, offset }: Place, value: boolean): BooleanValue {
  return { file, offset, kind: 'boolean', value };
}

export function arrayAt({ file, offset }: Place, items: Value[] = []): ArrayValue {
  return { file, offset, kind: 'array', items };
}

export function objectAt({ file, offset }: Place): ObjectValue {
  return { file, offset, kind: 'object', members: new Map() };
}

export function unknownAt({ file, offset }: Place): UnknownValue {
  return { file, offset, kind: 'unknown' };
}

/**
 * A value for another place, sharing nothing that may change. `visit` is called with the depth of each array and
 * object inside, and may throw.
 */
export function copyTo(place: Place, value: Value, visit: (depth: number) => void, depth = 0): Value {
  const { file, offset } = place;
  if (value.kind === 'array') {
    visit(depth);
    return arrayAt(
      place,
      value.items.map((item) => copyTo(item, item, visit, depth + 1)),
    );
  }
  if (value.kind === 'object') {
    visit(depth);
    const copy = objectAt(place);
    for (const [name, member] of value.members) {
      copy.members.set(name, { ...member, value: copyTo(member.value, member.value, visit, depth + 1) });
    }
    return copy;
  }
  return { ...value, file, offset };
}

/** The text of a number, string or boolean, as `+` and templates write it; undefined for other values. */
export function textOf(value: Value): string | undefined {
  switch (value.kind) {
    case 'string':
      return value.value;
    case 'number':
    case 'boolean':
      return String(value.value);
    case 'complex':
      return `${value.re === 0 ? '' : value.re}${value.re !== 0 && value.im > 0 ? '+' : ''}${value.im}*I`;
    default:
      return undefined;
  }
}

/** A value as messages name it, e.g. `the string "abc"`. */
export function describe(value: Value): string {
  switch (value.kind) {
    case 'string':
      return `the string ${quote(value.value)}`;
    case 'number':
      return `the number ${value.value}`;
    case 'complex':
      return `the complex number ${textOf(value)}`;
    case 'boolean':
      return String(value.value);
    case 'array':
      return value.items.length === 0 ? 'an empty array' : 'an array';
    case 'object':
      return 'an object';
    case 'unknown':
      return 'an unknown value';
  }
}

/** A string for a message: quoted, on one line, cut when long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
