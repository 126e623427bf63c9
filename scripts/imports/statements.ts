/** Finds the modules a file names: import and export statements, `import('x')` as a call and as a type. */

import { type Token, UnreadableError } from './tokens.ts';

export interface Import {
  readonly specifier: string;
  /** The names taken, `default` among them; undefined where the whole module is. */
  readonly names: readonly string[] | undefined;
  readonly line: number;
}

export function readImports(tokens: readonly Token[]): readonly Import[] {
  const imports: Import[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' || isSign(tokens[at - 1], '.')) continue;
    const found =
      token.text === 'import' ? readImport(tokens, at) : token.text === 'export' ? readExport(tokens, at) : [];
    imports.push(...found);
  }
  return imports;
}

function readImport(tokens: readonly Token[], at: number): readonly Import[] {
  const next = tokens[at + 1];
  const line = tokens[at]?.line ?? 0;
  // import.meta; a property called import.
  if (next === undefined || isSign(next, '.') || isSign(next, ':')) return [];
  if (next.kind === 'string') return [{ specifier: next.text, names: [], line }];
  if (isSign(next, '(')) {
    const specifier = tokens[at + 2];
    if (specifier?.kind !== 'string')
      throw new UnreadableError('import() of something that is not a plain string', line);
    return [{ specifier: specifier.text, names: undefined, line }];
  }
  return readClause(tokens, at + 1, line);
}

function readExport(tokens: readonly Token[], at: number): readonly Import[] {
  const start = isWord(tokens[at + 1], 'type') ? at + 2 : at + 1;
  const line = tokens[at]?.line ?? 0;
  if (isSign(tokens[start], '*')) return readClause(tokens, start, line);
  if (!isSign(tokens[start], '{')) return [];
  const end = tokens.findIndex((token, index) => index > start && isSign(token, '}'));
  return isWord(tokens[end + 1], 'from') ? readClause(tokens, start, line) : [];
}

/** What is between `import` or `export` and the module: `a, { type b as c }`, `* as d`. */
function readClause(tokens: readonly Token[], start: number, line: number): readonly Import[] {
  const from = tokens.findIndex(
    (token, index) => index > start && isWord(token, 'from') && tokens[index + 1]?.kind === 'string',
  );
  const specifier = tokens[from + 1];
  const clause = tokens.slice(start, from);
  if (from < 0 || specifier === undefined || clause.some((token) => isSign(token, ';') || isSign(token, '='))) {
    throw new UnreadableError('import in a form that is not known here', line);
  }
  const whole = clause.some((token) => isSign(token, '*'));
  return [{ specifier: specifier.text, names: whole ? undefined : readNames(clause), line }];
}

function readNames(clause: readonly Token[]): readonly string[] {
  const open = clause.findIndex((token) => isSign(token, '{'));
  const before = open < 0 ? clause : clause.slice(0, open);
  const hasDefault = before.some(
    (token, at) => token.kind === 'word' && !(at === 0 && isTypeModifier(before, open >= 0)),
  );
  const names = hasDefault ? ['default'] : [];
  if (open < 0) return names;
  let fresh = true;
  for (const [at, token] of clause.slice(open + 1).entries()) {
    const next = clause[open + 2 + at];
    if (isSign(token, ',')) fresh = true;
    else if (
      fresh &&
      token.kind !== 'sign' &&
      !(isWord(token, 'type') && next?.kind === 'word' && next.text !== 'as')
    ) {
      names.push(token.text);
      fresh = false;
    }
  }
  return names;
}

/** Whether the clause's first word is the `type` of `import type { … }` or `import type name`. */
function isTypeModifier(before: readonly Token[], braces: boolean): boolean {
  return isWord(before[0], 'type') && (before.length > 1 ? before[1]?.kind === 'word' : braces);
}

function isSign(token: Token | undefined, text: string): boolean {
  return token?.kind === 'sign' && token.text === text;
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}
