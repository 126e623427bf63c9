/**
 * Holds src against the table: which part imports which, who reaches outside, who asks for time and randomness, and no
 * cycles between files. Type imports count like others: what a type names is known to its reader.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, sep } from 'node:path';
import { findCycles } from './cycles.ts';
import { type Import, readImports } from './statements.ts';
import { MAY_IMPORT, MAY_REACH_OUT, ONLY_IN, PURE_MODULES, PURE_NAMES, RANDOM_NAMES, RANDOM_PART } from './table.ts';
import { readTokens, type Token, UnreadableError } from './tokens.ts';

const AMBIENT = Object.entries(ONLY_IN).flatMap(([part, codes]) =>
  codes.map((code) => ({ part, code, tokens: readTokens(code) })),
);

/** Each breach of the table in `root`/src, as `src/FILE:LINE: what is wrong`; none is a clean tree. */
export function checkImports(root: string): readonly string[] {
  const source = join(root, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.split(sep).join('/').slice(0, -'.ts'.length))
    .sort();
  const tree: Tree = { files: new Set(files), packages: readDependencies(root), edges: new Map() };

  const breaches = files.flatMap((file) => {
    try {
      return checkSource(file, readTokens(readFileSync(join(source, `${file}.ts`), 'utf8')), tree);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      return [`src/${file}.ts:${error.line}: ${error.message}`];
    }
  });
  const cycles = findCycles(tree.edges).map(
    (cycle) => `src/${cycle[0]}.ts:1: imports itself: ${[...cycle, cycle[0]].join(' -> ')}`,
  );
  return [...breaches, ...cycles];
}

interface Tree {
  /** Paths below src, without `.ts`. */
  readonly files: ReadonlySet<string>;
  /** What an installation without development packages has. */
  readonly packages: ReadonlySet<string>;
  /** Which file imports which, filled while reading. */
  readonly edges: Map<string, readonly string[]>;
}

function checkSource(file: string, tokens: readonly Token[], tree: Tree): readonly string[] {
  const part = longestFit(Object.keys(MAY_IMPORT), file);
  if (part === undefined) return [`src/${file}.ts:1: is in no part of the import table (scripts/imports/table.ts)`];
  const breaches: string[] = [];
  const targets: string[] = [];
  for (const found of readImports(tokens)) {
    const isFile = /^\.{1,2}\//.test(found.specifier);
    const target = posix.join(posix.dirname(file), found.specifier).replace(/\.ts$/, '');
    const what = isFile ? checkFile(part, target, found.specifier, tree) : checkModule(file, found, tree);
    if (what !== undefined) breaches.push(`src/${file}.ts:${found.line}: ${what}`);
    else if (isFile) targets.push(target);
  }
  tree.edges.set(file, targets);
  for (const { code, part: only, tokens: wanted } of AMBIENT) {
    if (longestFit([only], file) !== undefined) continue;
    for (const line of findUses(tokens, wanted)) breaches.push(`src/${file}.ts:${line}: ${code} is only for ${only}`);
  }
  return breaches;
}

function checkFile(part: string, target: string, specifier: string, tree: Tree): string | undefined {
  if (target.startsWith('../')) return `${specifier} is outside src`;
  if (!specifier.endsWith('.ts') || !tree.files.has(target)) return `${specifier} is no file of src`;
  const allowed = MAY_IMPORT[part];
  if (allowed === 'everything' || allowed === undefined) return undefined;
  return longestFit([part, ...allowed], target) === undefined ? `${part} may not import ${target}` : undefined;
}

function checkModule(file: string, { specifier, names }: Import, tree: Tree): string | undefined {
  if (builtinModules.includes(specifier)) return `write node:${specifier}`;
  if (!specifier.startsWith('node:')) {
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
    return tree.packages.has(name) ? undefined : `${name} is not among the dependencies in package.json`;
  }
  if (specifier === 'node:crypto' && longestFit([RANDOM_PART], file) === undefined) {
    const random = (names ?? ['*']).find((name) => RANDOM_NAMES.includes(name));
    if (random !== undefined) return `${random} of node:crypto is only for ${RANDOM_PART}`;
  }
  if (PURE_MODULES.includes(specifier)) return undefined;
  const pure = PURE_NAMES[specifier];
  if (pure !== undefined && names !== undefined && names.length > 0 && names.every((name) => pure.includes(name))) {
    return undefined;
  }
  const part = longestFit(Object.keys(MAY_REACH_OUT), file);
  const allowed = part === undefined ? [] : (MAY_REACH_OUT[part] ?? []);
  const base = specifier.replace(/\/promises$/, '');
  return allowed === 'everything' || allowed.includes(base) ? undefined : `may not use ${specifier}`;
}

/** The longest of `parts` that is `path` or a folder above it. */
function longestFit(parts: readonly string[], path: string): string | undefined {
  return parts
    .filter((part) => path === part || path.startsWith(`${part}/`))
    .reduce<string | undefined>(
      (best, part) => (best === undefined || part.length > best.length ? part : best),
      undefined,
    );
}

/** Lines where `wanted` stands in the code as a name of its own or of globalThis, not as another object's property. */
function findUses(tokens: readonly Token[], wanted: readonly Token[]): readonly number[] {
  return tokens
    .filter((_, at) => {
      const fits = wanted.every(({ kind, text }, offset) => {
        const other = tokens[at + offset];
        return other?.kind === kind && other.text === text;
      });
      return fits && (tokens[at - 1]?.text !== '.' || tokens[at - 2]?.text === 'globalThis');
    })
    .map(({ line }) => line);
}

function readDependencies(root: string): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object | undefined>;
  return new Set([...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.optionalDependencies ?? {})]);
}
