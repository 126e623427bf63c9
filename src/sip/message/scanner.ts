import { MalformedError } from '../../core/errors.ts';

// RFC 3261 §25.1: token characters, and the host-like ones some parameters carry unquoted (IPv6 in brackets).
const TOKEN = /[A-Za-z0-9\-.!%*_+`'~]+/y;
const PARAMETER_VALUE = /[A-Za-z0-9\-.!%*_+`'~[\]:/&$?=@<>(){}|^]+/y;
const SPACE = /[ \t\r\n]*/y;
const QUOTED = /"(?:[^"\\]|\\[\s\S])*"/y;

/** A cursor over one header value. Positions in errors are characters from the value's start. */
export class Scanner {
  readonly text: string;
  position: number;

  constructor(text: string, position = 0) {
    this.text = text;
    this.position = position;
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  peek(): string {
    return this.text.charAt(this.position);
  }

  skipSpace(): void {
    this.match(SPACE);
  }

  /** Takes `character` and the space around it when it comes next. */
  take(character: string): boolean {
    this.skipSpace();
    if (this.text.charAt(this.position) !== character) return false;
    this.position++;
    this.skipSpace();
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) this.fail(`'${character}' expected`);
  }

  token(what: string): string {
    return this.match(TOKEN) ?? this.fail(`${what} expected`);
  }

  /** A quoted string as it stands, quotes and escapes included, or undefined when none comes next. */
  quoted(): string | undefined {
    if (this.peek() !== '"') return undefined;
    return this.match(QUOTED) ?? this.fail('closing quote missing');
  }

  /** A parameter's value as it stands: token, host or quoted string. */
  parameterValue(): string {
    return this.quoted() ?? this.match(PARAMETER_VALUE) ?? this.fail('parameter value expected');
  }

  /** Everything up to one of `stops`, which is not taken. */
  until(stops: string): string {
    const start = this.position;
    while (this.position < this.text.length && !stops.includes(this.text.charAt(this.position))) this.position++;
    return this.text.slice(start, this.position);
  }

  rest(): string {
    const rest = this.text.slice(this.position);
    this.position = this.text.length;
    return rest;
  }

  end(): void {
    this.skipSpace();
    if (!this.atEnd) this.fail('unexpected text');
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.position = pattern.lastIndex;
    return found[0];
  }

  fail(what: string): never {
    throw new MalformedError(what, this.position);
  }
}

/** The text of a quoted string; anything else is returned as it is. */
export function unquote(raw: string): string {
  return raw.startsWith('"') ? raw.slice(1, -1).replace(/\\([\s\S])/g, '$1') : raw;
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
