/**
 * Splits TypeScript into tokens, well enough to find imports and calls: comments are dropped; strings, templates and
 * regular expressions are tokens of their own, so nothing inside them is taken for code.
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'regexp' | 'sign';
  /** As written; of a string, what is between its quotes. */
  readonly text: string;
  readonly line: number;
}

/** Source that cannot be split, which must not pass as source without imports. */
export class UnreadableError extends Error {
  readonly line: number;

  constructor(what: string, line: number) {
    super(what);
    this.line = line;
  }
}

const SKIPPED = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const WORD = /[\p{ID_Start}$_#\d][\p{ID_Continue}$]*/uy;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** A template's text up to its end or to the next `${`. */
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y;
const SIGN = /\+\+|--|[\s\S]/uy;

/** Words after which a slash begins a regular expression, although a word's value cannot be divided there. */
const KEYWORDS = new Set(
  'await case delete do else extends in instanceof new of return throw typeof void yield'.split(' '),
);

export function readTokens(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** Depth of braces at which each open template goes on. */
  const templates: number[] = [];
  let at = 0;
  let line = 1;
  let depth = 0;
  /** Whether the token before ends a value, so that a slash divides. */
  let afterValue = false;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) return undefined;
    at += text.length;
    return text;
  }

  function add(kind: Token['kind'], text: string | undefined, what: string, from = 0, to?: number): string {
    if (text === undefined) throw new UnreadableError(`${what} without an end`, line);
    tokens.push({ kind, text: text.slice(from, to), line });
    line += text.split('\n').length - 1;
    return text;
  }

  function addTemplate(): void {
    const text = add('template', take(TEMPLATE_TEXT), 'template');
    afterValue = text.endsWith('`');
    if (!afterValue) templates.push(depth);
  }

  for (;;) {
    line += (take(SKIPPED) ?? '').split('\n').length - 1;
    const first = source[at];
    if (first === undefined) break;
    if (first === "'" || first === '"') {
      add('string', take(STRING), 'string', 1, -1);
      afterValue = true;
    } else if (first === '`') {
      at += 1;
      addTemplate();
    } else if (first === '}' && templates.at(-1) === depth) {
      templates.pop();
      at += 1;
      addTemplate();
    } else if (first === '/' && !afterValue) {
      add('regexp', take(REGEXP), 'regular expression');
      afterValue = true;
    } else {
      const word = take(WORD);
      if (word !== undefined) {
        add('word', word, 'word');
        afterValue = !KEYWORDS.has(word);
        continue;
      }
      const sign = add('sign', take(SIGN), 'sign');
      if (sign === '{') depth += 1;
      if (sign === '}') depth -= 1;
      // `value!`, `value++` and `value--` are values still; before a value they leave a slash impossible.
      if (sign !== '!' && sign !== '++' && sign !== '--') afterValue = sign === ')' || sign === ']' || sign === '}';
    }
  }
  if (templates.length > 0) throw new UnreadableError('template without an end', line);
  return tokens;
}
