import { MalformedError } from '../../core/errors.ts';
import { isQuoted, isSpace, PARAMETER_VALUE, quotedEnd, runEnd, TOKEN } from './characters.ts';

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
    while (isSpace(this.text.charCodeAt(this.position))) this.position++;
  }

  /** Takes `character` and the space around it when it comes next. */
  take(character: string): boolean {
    this.skipSpace();
    if (this.text.charCodeAt(this.position) !== character.charCodeAt(0)) return false;
    this.position++;
    this.skipSpace();
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) this.fail(`'${character}' expected`);
  }

  token(what: string): string {
    return this.run(TOKEN) ?? this.fail(`${what} expected`);
  }

  /** The characters of one class that come next (characters.ts), or undefined when there is none. */
  run(kind: RegExp): string | undefined {
    const start = this.position;
    this.position = runEnd(this.text, start, kind);
    return this.position === start ? undefined : this.text.slice(start, this.position);
  }

  /** A quoted string as it stands, quotes and escapes included, or undefined when none comes next. */
  quoted(): string | undefined {
    const { text, position } = this;
    if (text.charAt(position) !== '"') return undefined;
    const end = quotedEnd(text, position);
    if (end < 0) this.fail('closing quote missing');
    this.position = end;
    return text.slice(position, end);
  }

  /** A parameter's value as it stands: token, host or quoted string. */
  parameterValue(): string {
    return this.quoted() ?? this.run(PARAMETER_VALUE) ?? this.fail('parameter value expected');
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

  /** What a sticky `pattern` matches here. */
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
  if (!isQuoted(raw)) return raw;
  const text = raw.slice(1, -1);
  return text.indexOf('\\') >= 0 ? text.replace(/\\([\s\S])/g, '$1') : text;
}

/** A quoted string of `text`; line ends and NULs, which it cannot hold (RFC 3261 §25.1), become spaces. */
export function quote(text: string): string {
  if (!/["\\\r\n\0]/.test(text)) return `"${text}"`;
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[\r\n\0]/g, ' ')}"`;
}
