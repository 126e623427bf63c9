// Operators of expressions in their precedence, which is that of JavaScript (manual §5.1, items 2 and 3).
import { applyBinary, applyUnary, truthOf } from './operators.ts';
import type { Preprocessor } from './preprocessor.ts';
import type { Reading } from './reading.ts';
import { booleanAt, unknownAt, type Value } from './value.ts';

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
};

/**
 * Reads an expression and computes it on the way: variables have their values already.
 * @param primary reads what stands between operators.
 * @throws Fault where the text is no expression.
 */
export function parseExpression(tokens: Preprocessor, reading: Reading, primary: () => Value): Value {
  return binary(1);

  function binary(lowest: number): Value {
    let left = unary();
    for (;;) {
      const operator = tokens.current;
      const precedence = operator.kind === 'mark' ? PRECEDENCE[operator.text] : undefined;
      if (precedence === undefined || precedence < lowest) return left;
      tokens.advance();
      if (operator.text === '&&' || operator.text === '||') {
        left = logical(left, operator.text === '||', precedence);
      } else {
        left = applyBinary(operator.text, operator, left, binary(precedence + 1), reading);
      }
    }
  }

  /** The right side is not judged when the left one decides: `defined(X) && X > 1`. */
  function logical(left: Value, decisive: boolean, precedence: number): Value {
    const first = truthOf(left, reading);
    const right = reading.muted(first === decisive, () => binary(precedence + 1));
    if (first === decisive) return booleanAt(left, decisive);
    const second = truthOf(right, reading);
    return first === undefined || second === undefined ? unknownAt(left) : booleanAt(left, second);
  }

  function unary(): Value {
    const operator = tokens.current;
    if (operator.kind !== 'mark' || !'!-+'.includes(operator.text)) return primary();
    tokens.advance();
    return applyUnary(operator.text, operator, reading.nested(operator, unary), reading);
  }
}
