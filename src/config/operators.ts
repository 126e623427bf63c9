// What the operators of expressions do (manual §5.1, items 2 and 3).
import type { Reading } from './reading.ts';
import type { Place } from './source.ts';
import {
  booleanAt,
  type ComplexValue,
  complexAt,
  describe,
  type NumberValue,
  stringAt,
  textOf,
  unknownAt,
  type Value,
} from './value.ts';

/** A string a configuration can need; doubling one in every line would fill the memory. */
const MAX_STRING = 1 << 20;

/** Applies a binary operator other than `&&` and `||`. Errors are reported at the operator. */
export function applyBinary(operator: string, at: Place, left: Value, right: Value, reading: Reading): Value {
  if (left.kind === 'unknown' || right.kind === 'unknown') return unknownAt(left);
  switch (operator) {
    case '==':
      return booleanAt(left, equal(left, right));
    case '!=':
      return booleanAt(left, !equal(left, right));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(operator, at, left, right, reading);
    case '+':
      if (left.kind === 'string' || right.kind === 'string') return concatenate(left, [left, right], reading, at);
      break;
  }
  if (!isNumeric(left) || !isNumeric(right)) {
    reading.error(at, `'${operator}' needs two numbers, found ${describe(left)} and ${describe(right)}`);
    return unknownAt(left);
  }
  return calculate(operator, at, left, right, reading);
}

/** Applies `!`, `-` or `+`. */
export function applyUnary(operator: string, at: Place, value: Value, reading: Reading): Value {
  if (value.kind === 'unknown') return value;
  if (operator === '!') {
    const truth = truthOf(value, reading);
    return truth === undefined ? unknownAt(at) : booleanAt(at, !truth);
  }
  if (!isNumeric(value)) {
    reading.error(at, `'${operator}' needs a number, found ${describe(value)}`);
    return unknownAt(at);
  }
  const sign = operator === '-' ? -1 : 1;
  return complexAt(at, sign * real(value), sign * imaginary(value));
}

/** Whether a condition holds; numbers other than 0 are true. @returns undefined, after reporting, when it is none. */
export function truthOf(value: Value, reading: Reading): boolean | undefined {
  if (value.kind === 'boolean') return value.value;
  if (value.kind === 'number') return value.value !== 0;
  if (value.kind !== 'unknown') reading.error(value, `true or false expected, found ${describe(value)}`);
  return undefined;
}

/** The texts of all values in one string. */
export function concatenate(place: Place, values: readonly Value[], reading: Reading, at: Place = place): Value {
  let result = '';
  for (const value of values) {
    if (value.kind === 'unknown') return unknownAt(place);
    const text = textOf(value);
    if (text === undefined) {
      reading.error(value, `${describe(value)} cannot be part of a string`);
      return unknownAt(place);
    }
    if (result.length + text.length > MAX_STRING) {
      reading.error(at, `a string of more than ${MAX_STRING} characters`);
      return unknownAt(place);
    }
    result += text;
  }
  return stringAt(place, result);
}

/** Numbers, complex numbers and booleans compare as numbers; values of other kinds are equal to none of another kind. */
function equal(left: Value, right: Value): boolean {
  if (left.kind === 'string' && right.kind === 'string') return left.value === right.value;
  const [a, b] = [asNumeric(left), asNumeric(right)];
  return a !== undefined && b !== undefined && real(a) === real(b) && imaginary(a) === imaginary(b);
}

function compare(operator: string, at: Place, left: Value, right: Value, reading: Reading): Value {
  let order: number;
  if (left.kind === 'string' && right.kind === 'string') {
    order = left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
  } else if (left.kind === 'number' && right.kind === 'number') {
    order = left.value - right.value;
  } else {
    const found = `${describe(left)} and ${describe(right)}`;
    reading.error(at, `'${operator}' compares two numbers or two strings, found ${found}`);
    return unknownAt(left);
  }
  const holds = { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator] ?? false;
  return booleanAt(left, holds);
}

type Numeric = NumberValue | ComplexValue;

function calculate(operator: string, at: Place, left: Numeric, right: Numeric, reading: Reading): Value {
  const [a, b, c, d] = [real(left), imaginary(left), real(right), imaginary(right)];
  let result: [number, number];
  if (operator === '+') result = [a + c, b + d];
  else if (operator === '-') result = [a - c, b - d];
  else if (operator === '*') result = b === 0 && d === 0 ? [a * c, 0] : [a * c - b * d, a * d + b * c];
  else if (c === 0 && d === 0) {
    reading.error(at, 'division by zero');
    return unknownAt(left);
  } else if (d === 0) result = [a / c, b / c];
  else {
    const size = c * c + d * d;
    result = [(a * c + b * d) / size, (b * c - a * d) / size];
  }
  if (result.every(Number.isFinite)) return complexAt(left, ...result);
  reading.error(at, `the result of '${operator}' is too large`);
  return unknownAt(left);
}

function isNumeric(value: Value): value is Numeric {
  return value.kind === 'number' || value.kind === 'complex';
}

function asNumeric(value: Value): Numeric | undefined {
  if (isNumeric(value)) return value;
  return value.kind === 'boolean' ? { ...value, kind: 'number', value: value.value ? 1 : 0 } : undefined;
}

function real(value: Numeric): number {
  return value.kind === 'number' ? value.value : value.re;
}

function imaginary(value: Numeric): number {
  return value.kind === 'number' ? 0 : value.im;
}
