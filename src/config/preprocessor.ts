// The preprocessor (manual §5.1, item 8): the tokens of a file and of those it takes in, after the directives.
import { Lexer, type Token } from './lexer.ts';
import { truthOf } from './operators.ts';
import { Fault, type Reading } from './reading.ts';
import type { Place, SourceFile } from './source.ts';
import { booleanAt, describe, type Value } from './value.ts';

/** An `#if` whose `#endif` has not come. */
interface Condition extends Place {
  /** One of its branches was or is the one that counts. */
  taken: boolean;
  sawElse: boolean;
}

interface Frame {
  readonly lexer: Lexer;
  readonly conditions: Condition[];
}

/** Words that mean something in expressions. */
const RESERVED = new Set(['true', 'false', 'I', 'defined', 'include']);

/** Whether a name may be that of a preprocessor variable. */
export function isVariableName(word: string): boolean {
  return !RESERVED.has(word) && !/^[0-9]/.test(word);
}

export class Preprocessor {
  readonly #reading: Reading;
  readonly #evaluate: (tokens: Preprocessor) => Value;
  readonly #frames: Frame[];
  #current: Token;
  /** Set while a directive is read: how many brackets are open, inside which its line may end. */
  #brackets: number | undefined;

  /** @param evaluate reads one expression from the tokens. */
  constructor(file: SourceFile, reading: Reading, evaluate: (tokens: Preprocessor) => Value) {
    this.#reading = reading;
    this.#evaluate = evaluate;
    const lexer = new Lexer(file, reading);
    this.#frames = [{ lexer, conditions: [] }];
    this.#current = this.#next();
  }

  get current(): Token {
    return this.#current;
  }

  advance(): void {
    this.#current = this.#brackets === undefined ? this.#next() : this.#nextInDirective();
  }

  /** With the `}` of an expression in a template as the current token: goes on with the template's text. */
  templateRest(start: Token): void {
    this.#current = this.#top().lexer.templateRest(start.offset);
    if (this.#brackets !== undefined && !this.#current.closed) this.#brackets++;
  }

  /** Goes behind a template that is wrong inside. @returns false where its end is not to be found. */
  skipTemplate(start: Token): boolean {
    const { lexer } = this.#top();
    if (lexer.file !== start.file || this.#brackets !== undefined) return false;
    lexer.skipTemplate(start.offset);
    this.advance();
    return true;
  }

  #next(): Token {
    for (;;) {
      const { lexer } = this.#top();
      const token = lexer.next();
      if (token.kind === 'mark' && token.text === '#' && token.firstOnLine) this.#directive(token);
      else if (token.kind !== 'end') return token;
      else if (!this.#endFile()) return token;
    }
  }

  #nextInDirective(): Token {
    const token = this.#top().lexer.next((this.#brackets ?? 0) <= 0);
    if (token.kind === 'mark' && '([{'.includes(token.text)) this.#brackets = (this.#brackets ?? 0) + 1;
    else if (token.kind === 'mark' && ')]}'.includes(token.text)) this.#brackets = (this.#brackets ?? 0) - 1;
    else if (token.kind === 'template' && !token.closed) this.#brackets = (this.#brackets ?? 0) + 1;
    return token;
  }

  /** @returns whether another file goes on. */
  #endFile(): boolean {
    for (const condition of this.#top().conditions.splice(0)) this.#reading.error(condition, '#if without its #endif');
    if (this.#frames.length === 1) return false;
    this.#frames.pop();
    this.#reading.close();
    return true;
  }

  #directive(hash: Token): void {
    const { lexer } = this.#top();
    this.#brackets = 0;
    let included: SourceFile | undefined;
    try {
      this.advance();
      const name = this.#current;
      if (name.kind === 'newline' || name.kind === 'end') return;
      included = this.#obey(name.kind === 'word' ? name.text : '', hash);
      if (this.#current.kind !== 'newline' && this.#current.kind !== 'end') {
        throw new Fault(this.#current, `nothing more expected on this line, found ${describeToken(this.#current)}`);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#reading.error(error.place, error.message);
      lexer.skipLine();
    } finally {
      this.#brackets = undefined;
    }
    if (included !== undefined) this.#frames.push({ lexer: new Lexer(included, this.#reading), conditions: [] });
  }

  /** @returns the file to go on with after an `#include`. */
  #obey(name: string, hash: Token): SourceFile | undefined {
    switch (name) {
      case 'define':
        this.#define();
        return undefined;
      case 'undef':
        this.#reading.variables.delete(this.#variableName());
        return undefined;
      case 'include':
        return this.#include();
      case 'if':
      case 'ifdef':
      case 'ifndef': {
        const condition = { file: hash.file, offset: hash.offset, taken: this.#holds(name, hash), sawElse: false };
        this.#top().conditions.push(condition);
        if (!condition.taken) this.#skipBranches(condition);
        return undefined;
      }
      case 'elif':
      case 'else': {
        const condition = this.#openCondition(name, hash);
        // Reading came here through the branch that counts. The condition of an #elif is not looked at.
        this.#top().lexer.skipLine();
        this.#skipBranches(condition);
        return undefined;
      }
      case 'endif':
        this.#openCondition(name, hash);
        this.#top().conditions.pop();
        this.advance();
        return undefined;
      default:
        throw new Fault(hash, `a directive expected after '#', found ${describeToken(this.#current)}`);
    }
  }

  #define(): void {
    const name = this.#variableName();
    const { kind } = this.#current;
    const empty = kind === 'newline' || kind === 'end';
    const value = empty ? booleanAt(this.#current, true) : this.#evaluate(this);
    this.#reading.variables.set(name, value);
  }

  #include(): SourceFile | undefined {
    this.advance();
    const name = this.#evaluate(this);
    if (name.kind === 'string') return this.#reading.open(name);
    if (name.kind !== 'unknown') this.#reading.error(name, `a file name in quotes expected, found ${describe(name)}`);
    return undefined;
  }

  /** The name after the directive, which is passed. */
  #variableName(): string {
    this.advance();
    const { kind, text } = this.#current;
    if (kind !== 'word' || !isVariableName(text)) {
      throw new Fault(this.#current, `the name of a variable expected, found ${describeToken(this.#current)}`);
    }
    this.advance();
    return text;
  }

  #holds(name: string, hash: Token): boolean {
    if (name === 'ifdef') return this.#reading.variables.has(this.#variableName());
    if (name === 'ifndef') return !this.#reading.variables.has(this.#variableName());
    try {
      this.advance();
      return truthOf(this.#evaluate(this), this.#reading) ?? false;
    } catch (error) {
      // The branches are known even if the condition is not: go on with them, or each #endif would be an error too.
      if (!(error instanceof Fault)) throw error;
      this.#reading.error(error.place.file === hash.file ? error.place : hash, error.message);
      this.#top().lexer.skipLine();
      this.#brackets = 0;
      this.advance();
      return false;
    }
  }

  #openCondition(name: string, hash: Token): Condition {
    const condition = this.#top().conditions.at(-1);
    if (condition === undefined) throw new Fault(hash, `#${name} without an #if`);
    if (condition.sawElse && name !== 'endif') throw new Fault(hash, `#${name} after #else`);
    if (name === 'else') condition.sawElse = true;
    return condition;
  }

  /** Passes text up to the branch that counts or the `#endif`. */
  #skipBranches(condition: Condition): void {
    const { lexer, conditions } = this.#top();
    let inside = 0;
    for (;;) {
      const hash = lexer.skipToHash();
      if (hash.kind === 'end') break;
      const { kind, text } = lexer.next(true);
      if (kind !== 'word') continue;
      if (text === 'if' || text === 'ifdef' || text === 'ifndef') inside++;
      else if (text === 'endif' && inside-- === 0) {
        conditions.pop();
        break;
      } else if ((text === 'else' || text === 'elif') && inside === 0) {
        if (condition.sawElse) this.#reading.error(hash, `#${text} after #else`);
        if (text === 'else') condition.sawElse = true;
        if (condition.taken) continue;
        condition.taken = text === 'else' || this.#holds('if', hash);
        if (text === 'elif' && !condition.taken) continue;
        if (text === 'elif') return;
        break;
      }
    }
    this.advance();
  }

  #top(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new Error('no file is open');
    return frame;
  }
}

/** A token as messages name it. */
export function describeToken({ kind, text }: Token): string {
  if (kind === 'end') return 'the end of the file';
  if (kind === 'newline') return 'the end of the line';
  if (kind === 'string' || kind === 'template') return 'a string';
  return `'${text.length > 40 ? `${text.slice(0, 37)}...` : text}'`;
}
