// Words of the configuration language (manual §5.1) in one file.
import type { Reading } from './reading.ts';
import type { Place, SourceFile } from './source.ts';

export interface Token extends Place {
  /** `template` is a piece of a backquote string; `newline` comes only where a line's end matters. */
  readonly kind: 'word' | 'number' | 'string' | 'template' | 'mark' | 'newline' | 'end';
  /** Strings and templates decoded, the others as written. */
  readonly text: string;
  /** Nothing but blanks and comments stands before it on its line. */
  readonly firstOnLine: boolean;
  /** It was reported as wrong. */
  readonly bad: boolean;
  /** Of a template piece: it ends with the closing quote, not with `${`. */
  readonly closed: boolean;
}

const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const PAIRS = new Set(['||', '&&', '==', '!=', '<=', '>=']);
const MARKS = '+-*/!<>(){}[],:#';
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  '"': '"',
  "'": "'",
  '`': '`',
  '\\': '\\',
  '/': '/',
  $: '$',
};

export class Lexer {
  readonly file: SourceFile;
  readonly #reading: Reading;
  readonly #text: string;
  #position = 0;
  #firstOnLine = true;

  constructor(file: SourceFile, reading: Reading) {
    this.file = file;
    this.#reading = reading;
    this.#text = file.text;
  }

  /** The next token. With `withinLine` a line's end is a token and not passed, save after a backslash. */
  next(withinLine = false): Token {
    for (;;) {
      if (this.#skipBlanks(withinLine)) return this.#token('newline', this.#position, '');
      const start = this.#position;
      const char = this.#text[start];
      if (char === undefined) return this.#token('end', start, '');
      if (isWordChar(char)) return isDigit(char) ? this.#number(start) : this.#word(start);
      if (char === '"') return this.#quoted(start, start + 1, '"');
      if (char === '`') return this.#quoted(start, start + 1, '`');
      if (char === '.' && isDigit(this.#text[start + 1] ?? '')) return this.#number(start);
      const pair = this.#text.slice(start, start + 2);
      if (PAIRS.has(pair)) return this.#mark(start, pair);
      if (MARKS.includes(char)) return this.#mark(start, char);
      this.#position += (this.#text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
      this.#error(
        start,
        `unexpected character ${JSON.stringify(this.#text.slice(start, this.#position))}${hint(char)}`,
      );
    }
  }

  /** The rest of a template after the `}` that was the last token. */
  templateRest(start: number): Token {
    return this.#quoted(start, this.#position, '`');
  }

  /** Passes the rest of the line. */
  skipLine(): void {
    const end = this.#text.indexOf('\n', this.#position);
    this.#position = end < 0 ? this.#text.length : end;
  }

  /** Goes behind the template that starts at this offset, whatever is inside. */
  skipTemplate(start: number): void {
    // What is open: a template, or the braces of an expression in one.
    const open: ('`' | '{')[] = ['`'];
    let at = start + 1;
    for (; at < this.#text.length && open.length > 0; at++) {
      const char = this.#text[at];
      const inside = open.at(-1);
      if (char === '\\') at++;
      else if (char === '"' && inside === '{') at = this.#endOfString(at);
      else if (char === '`' && inside === '`') open.pop();
      else if (char === '`') open.push('`');
      else if (char === '{' && (inside === '{' || this.#text[at - 1] === '$')) open.push('{');
      else if (char === '}' && inside === '{') open.pop();
    }
    this.#position = Math.min(at, this.#text.length);
  }

  /** Where a string ends that is only passed over: at its quote, or at the end of the line. */
  #endOfString(start: number): number {
    let at = start + 1;
    while (at < this.#text.length && this.#text[at] !== '"' && this.#text[at] !== '\n') {
      at += this.#text[at] === '\\' ? 2 : 1;
    }
    return at;
  }

  /** Goes to the next `#` that starts a line: how text that `#if` leaves out is passed. */
  skipToHash(): Token {
    return this.#reading.muted(true, () => {
      for (;;) {
        const token = this.next();
        if (token.kind === 'end' || (token.kind === 'mark' && token.text === '#' && token.firstOnLine)) return token;
        if (token.kind === 'template' && !token.closed) this.skipTemplate(token.offset);
      }
    });
  }

  /** @returns whether a line ended, which is then not passed, when `withinLine`. */
  #skipBlanks(withinLine: boolean): boolean {
    const text = this.#text;
    for (;;) {
      const char = text[this.#position];
      if (char === '\n') {
        if (withinLine) return true;
        this.#firstOnLine = true;
        this.#position++;
      } else if (char === ' ' || char === '\t' || char === '\r' || char === '\u00a0') {
        this.#position++;
      } else if (char === '/' && text[this.#position + 1] === '/') {
        this.skipLine();
      } else if (char === '/' && text[this.#position + 1] === '*') {
        this.#skipComment();
      } else if (char === '\\' && withinLine && /^\\\r?\n/.test(text.slice(this.#position, this.#position + 3))) {
        this.#position = text.indexOf('\n', this.#position) + 1;
      } else {
        return false;
      }
    }
  }

  #skipComment(): void {
    const start = this.#position;
    const end = this.#text.indexOf('*/', start + 2);
    this.#position = end < 0 ? this.#text.length : end + 2;
    if (end < 0) this.#error(start, 'comment without its closing */');
    else if (this.#text.slice(start, end).includes('\n')) this.#firstOnLine = true;
  }

  #word(start: number): Token {
    this.#skipWord();
    return this.#token('word', start, this.#text.slice(start, this.#position));
  }

  #number(start: number): Token {
    NUMBER.lastIndex = start;
    NUMBER.test(this.#text);
    this.#position = NUMBER.lastIndex;
    const end = this.#position;
    this.#skipWord();
    const text = this.#text.slice(start, this.#position);
    if (this.#position === end) return this.#token('number', start, text);
    // A property name may begin with digits: 100rel.
    if (!text.includes('.')) return this.#token('word', start, text);
    this.#error(start, `${text} is not a number`);
    return this.#token('number', start, text, { bad: true });
  }

  #skipWord(): void {
    while (isWordChar(this.#text[this.#position] ?? '')) this.#position++;
  }

  #mark(start: number, text: string): Token {
    this.#position = start + text.length;
    return this.#token('mark', start, text);
  }

  /** A string, or a template up to its next `${`. `from` is where its text goes on. */
  #quoted(start: number, from: number, quote: '"' | '`'): Token {
    const text = this.#text;
    const parts: string[] = [];
    let bad = false;
    let pieceStart = from;
    let at = from;
    for (; ; at++) {
      const char = text[at];
      if (char === undefined || (char === '\n' && quote === '"')) {
        this.#position = Math.min(at, text.length);
        this.#error(start, quote === '"' ? 'string without its closing "' : 'string without its closing `');
        return this.#token(quote === '"' ? 'string' : 'template', start, '', { bad: true });
      }
      if (char === quote || (char === '$' && quote === '`' && text[at + 1] === '{')) break;
      if (char !== '\\') continue;
      parts.push(text.slice(pieceStart, at));
      const decoded = readEscape(text, at);
      if (decoded === undefined) {
        this.#error(at, `unknown escape ${text.slice(at, at + 2).trim()} in a string`);
        bad = true;
      }
      parts.push(decoded?.text ?? '');
      at += (decoded?.length ?? 2) - 1;
      pieceStart = at + 1;
    }
    parts.push(text.slice(pieceStart, at));
    const closed = text[at] === quote;
    this.#position = at + (closed ? 1 : 2);
    return this.#token(quote === '"' ? 'string' : 'template', start, parts.join(''), { bad, closed });
  }

  #token(kind: Token['kind'], offset: number, text: string, flags?: { bad?: boolean; closed?: boolean }): Token {
    const { file } = this;
    const firstOnLine = this.#firstOnLine;
    this.#firstOnLine = false;
    return { file, offset, kind, text, firstOnLine, bad: flags?.bad ?? false, closed: flags?.closed ?? true };
  }

  #error(offset: number, message: string): void {
    this.#reading.error({ file: this.file, offset }, message);
  }
}

function readEscape(text: string, at: number): { text: string; length: number } | undefined {
  const code = text[at + 1] ?? '';
  const plain = Object.hasOwn(ESCAPES, code) ? ESCAPES[code] : undefined;
  if (plain !== undefined) return { text: plain, length: 2 };
  const digits = code === 'u' ? 4 : code === 'x' ? 2 : 0;
  const hex = text.slice(at + 2, at + 2 + digits);
  if (digits === 0 || !/^[0-9a-fA-F]+$/.test(hex) || hex.length !== digits) return undefined;
  return { text: String.fromCharCode(Number.parseInt(hex, 16)), length: 2 + digits };
}

function hint(char: string): string {
  if (char === "'") return ': strings stand in double quotes';
  if (char === '=') return ': a property is written name: value';
  if (char === ';') return ': properties are separated by commas';
  return '';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isWordChar(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || (char >= '0' && char <= '9') || char === '_';
}
