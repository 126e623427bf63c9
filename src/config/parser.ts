// The grammar of the configuration language (manual §5.1), by recursive descent.
import { parseExpression } from './expression.ts';
import type { Token } from './lexer.ts';
import { addMember, addMembers } from './merge.ts';
import { concatenate } from './operators.ts';
import { describeToken, isVariableName, Preprocessor } from './preprocessor.ts';
import { Abandoned, Fault, type Reading } from './reading.ts';
import type { SourceFile } from './source.ts';
import {
  type ArrayValue,
  arrayAt,
  booleanAt,
  complexAt,
  describe,
  numberAt,
  type ObjectValue,
  objectAt,
  stringAt,
  unknownAt,
  type Value,
} from './value.ts';

/** Reads a configuration file and those it includes. Errors are in `reading`; what they spoil is left out. */
export function parseConfiguration(file: SourceFile, reading: Reading): ObjectValue {
  const document = objectAt({ file, offset: 0 });
  try {
    parseInto(document, file, reading);
  } catch (error) {
    if (!(error instanceof Abandoned)) throw error;
  }
  return document;
}

function parseInto(object: ObjectValue, file: SourceFile, reading: Reading): void {
  const tokens = new Preprocessor(file, reading, (stream) => new Parser(stream, reading).expression());
  new Parser(tokens, reading).document(object);
}

class Parser {
  readonly #tokens: Preprocessor;
  readonly #reading: Reading;

  constructor(tokens: Preprocessor, reading: Reading) {
    this.#tokens = tokens;
    this.#reading = reading;
  }

  /** A whole file; the braces around it may be left out. */
  document(object: ObjectValue): void {
    const braces = this.#accept('{');
    this.#members(object);
    try {
      if (braces !== undefined) this.#close('}', braces);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#reading.error(error.place, error.message);
    }
    while (this.#tokens.current.kind !== 'end') {
      const { current } = this.#tokens;
      this.#reading.error(current, `the end of the file expected, found ${describeToken(current)}`);
      this.#tokens.advance();
      this.#accept(',');
      this.#members(object);
    }
  }

  expression(): Value {
    return parseExpression(this.#tokens, this.#reading, () => this.#primary());
  }

  #primary(): Value {
    const token = this.#tokens.current;
    switch (token.kind) {
      case 'number':
        this.#tokens.advance();
        return this.#number(token);
      case 'string':
        this.#tokens.advance();
        return token.bad ? unknownAt(token) : stringAt(token, token.text);
      case 'template':
        return this.#reading.nested(token, () => this.#template(token));
      case 'word':
        return this.#word(token);
      case 'mark':
        if (token.text === '{') return this.#reading.nested(token, () => this.#object(token));
        if (token.text === '[') return this.#reading.nested(token, () => this.#array(token));
        if (token.text === '(') return this.#reading.nested(token, () => this.#parentheses());
        break;
      case 'newline':
      case 'end':
        break;
    }
    throw new Fault(token, `a value expected, found ${describeToken(token)}`);
  }

  #number(token: Token): Value {
    const value = Number(token.text);
    if (Number.isFinite(value)) return numberAt(token, value);
    if (!token.bad) this.#reading.error(token, `${token.text} is too large`);
    return unknownAt(token);
  }

  #parentheses(): Value {
    const open = this.#tokens.current;
    this.#tokens.advance();
    const value = this.expression();
    this.#close(')', open);
    return value;
  }

  /** A word is looked up before the next token is read: a directive may stand between them. */
  #word(token: Token): Value {
    if (token.text === 'defined') return this.#defined(token);
    const value = this.#meaning(token);
    this.#tokens.advance();
    return value;
  }

  #meaning(token: Token): Value {
    const { text } = token;
    if (text === 'true' || text === 'false') return booleanAt(token, text === 'true');
    if (text === 'I') return complexAt(token, 0, 1);
    const value = this.#reading.variable(token, text);
    if (value !== undefined) return value;
    this.#reading.error(token, /^[0-9]/.test(text) ? `${text} is not a number` : `unknown identifier ${text}`);
    return unknownAt(token);
  }

  #defined(token: Token): Value {
    this.#tokens.advance();
    const open = this.#accept('(');
    const name = this.#tokens.current;
    if (name.kind !== 'word' || !isVariableName(name.text)) {
      throw new Fault(name, `the name of a variable expected after 'defined', found ${describeToken(name)}`);
    }
    const value = booleanAt(token, this.#reading.variables.has(name.text));
    this.#tokens.advance();
    if (open !== undefined) this.#close(')', open);
    return value;
  }

  #template(start: Token): Value {
    const parts: Value[] = [];
    try {
      for (;;) {
        const piece = this.#tokens.current;
        parts.push(piece.bad ? unknownAt(start) : stringAt(piece, piece.text));
        if (piece.closed) break;
        this.#tokens.advance();
        parts.push(this.expression());
        const end = this.#tokens.current;
        if (end.text !== '}' || end.kind !== 'mark') {
          throw new Fault(end, `'}' expected after the expression in a string, found ${describeToken(end)}`);
        }
        this.#tokens.templateRest(start);
      }
    } catch (error) {
      if (!(error instanceof Fault) || !this.#tokens.skipTemplate(start)) throw error;
      this.#reading.error(error.place, error.message);
      return unknownAt(start);
    }
    this.#tokens.advance();
    return concatenate(start, parts, this.#reading);
  }

  #object(open: Token): ObjectValue {
    this.#tokens.advance();
    const object = objectAt(open);
    this.#members(object);
    this.#close('}', open);
    return object;
  }

  #array(open: Token): ArrayValue {
    this.#tokens.advance();
    const array = arrayAt(open);
    this.#sequence(
      "',' or ']'",
      (token) => token.kind !== 'mark' || '{['.includes(token.text),
      () => {
        array.items.push(this.expression());
      },
    );
    this.#close(']', open);
    return array;
  }

  /** Properties up to the end of the object or file. */
  #members(object: ObjectValue): void {
    this.#sequence(
      "',' or '}'",
      (token) => token.kind !== 'mark',
      () => this.#member(object),
    );
  }

  #member(object: ObjectValue): void {
    const name = this.#tokens.current;
    if (name.kind !== 'word' && name.kind !== 'string' && name.kind !== 'number') {
      throw new Fault(name, `a property name expected, found ${describeToken(name)}`);
    }
    this.#tokens.advance();
    if (this.#accept(':') === undefined) {
      if (name.kind === 'word' && name.text === 'include') {
        this.#include(object);
        return;
      }
      const found = describeToken(this.#tokens.current);
      throw new Fault(this.#tokens.current, `':' expected after the property name '${name.text}', found ${found}`);
    }
    const value = this.expression();
    addMember(object, name.text, { file: name.file, offset: name.offset, value });
  }

  #include(object: ObjectValue): void {
    const name = this.expression();
    if (name.kind !== 'string') {
      if (name.kind !== 'unknown') this.#reading.error(name, `a file name in quotes expected, found ${describe(name)}`);
      return;
    }
    const file = this.#reading.open(name);
    if (file === undefined) return;
    const included = objectAt({ file, offset: 0 });
    this.#reading.nested(name, () => parseInto(included, file, this.#reading));
    this.#reading.close();
    addMembers(object, included);
  }

  /**
   * Elements separated by commas up to a closing bracket, which is left. After an error it goes on with the next one.
   * @param begins whether an element can begin with a token.
   */
  #sequence(separators: string, begins: (token: Token) => boolean, element: () => void): void {
    while (!this.#atClose()) {
      try {
        const before = this.#reading.errors.length;
        element();
        if (this.#accept(',') !== undefined || this.#atClose()) continue;
        const { current } = this.#tokens;
        // The usual mistakes are at the end of a line: a forgotten bracket, so that a property follows in an array,
        if (current.firstOnLine && current.kind === 'word' && separators.includes(']')) return;
        // An element that is wrong may have had its comma where nobody saw it.
        if (this.#reading.errors.length === before) {
          this.#reading.error(current, `${separators} expected, found ${describeToken(current)}`);
        }
        // and a forgotten comma.
        if (current.firstOnLine && begins(current)) continue;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.#reading.error(error.place, error.message);
      }
      this.#skipElement();
    }
  }

  /** Passes the rest of an element that is wrong, with its comma. */
  #skipElement(): void {
    let open = 0;
    for (;;) {
      const { current } = this.#tokens;
      if (current.kind === 'end' || current.kind === 'newline') return;
      if (current.kind === 'mark') {
        if (open === 0 && current.text === ',') {
          this.#tokens.advance();
          return;
        }
        if ('{[('.includes(current.text)) open++;
        else if ('}]'.includes(current.text)) {
          if (open === 0) return;
          open--;
        } else if (current.text === ')' && open > 0) open--;
      }
      if (current.kind === 'template' && !current.closed && this.#tokens.skipTemplate(current)) continue;
      // Rather the next property. Reading it passes it, so this cannot go on for ever.
      if (open === 0 && current.firstOnLine && current.kind === 'word') return;
      this.#tokens.advance();
    }
  }

  #atClose(): boolean {
    const { kind, text } = this.#tokens.current;
    return kind === 'end' || kind === 'newline' || (kind === 'mark' && (text === '}' || text === ']'));
  }

  #accept(mark: string): Token | undefined {
    const { current } = this.#tokens;
    if (current.kind !== 'mark' || current.text !== mark) return undefined;
    this.#tokens.advance();
    return current;
  }

  #close(mark: string, open: Token): void {
    if (this.#accept(mark) !== undefined) return;
    const { line } = open.file.locate(open.offset);
    const where = `'${mark}' of the '${open.text}' in line ${line}`;
    throw new Fault(this.#tokens.current, `${where} expected, found ${describeToken(this.#tokens.current)}`);
  }
}
