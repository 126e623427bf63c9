import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const PLACES = [
  'README.md',
  'config',
  'doc',
  'lteims',
  'package.json',
  'scripts',
  'src',
  'test',
  'tsconfig.json',
  'web',
];

/** Unfinished work, notes to oneself, and references that mean nothing to a reader of this repository. */
const UNWANTED: readonly RegExp[] = [
  /\b(TODO|FIXME|XXX|HACK)\b/,
  /\bfor now\b/i,
  /\bnot yet implemented\b/i,
  /\b(stub|stubs|stubbed)\b/i,
  /(?<![\w-]\/[\w.-]+ )\bissue #?\d+/i, // one of a named public repository may be a source
  /\.\.\/shared\b/,
  /\bDESIGN\.md\b/,
  /\b(describe|it|test)\.(only|todo)\(/,
];

function filesBelow(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}

describe('the words of the sources', () => {
  it('are none that a reader can do nothing with', () => {
    const found = PLACES.flatMap((place) => filesBelow(join(ROOT, place)))
      .map((file) => relative(ROOT, file))
      // Published material is kept as it is, and this file has to spell the words.
      .filter((file) => !file.startsWith(join('test', 'vectors')) && file !== join('test', 'house', 'words.test.ts'))
      .flatMap((file) =>
        readFileSync(join(ROOT, file), 'utf8')
          .split('\n')
          .flatMap((line, at) =>
            UNWANTED.some((word) => word.test(line)) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
          ),
      );
    assert.deepEqual(found, []);
  });
});
