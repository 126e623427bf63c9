import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

const LOCK = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package-lock.json'), 'utf8')) as Lock;

describe('the lock file', () => {
  // npm leaves out platforms that its registry did not offer, and then refuses its own lock file in `npm ci`.
  it('names every platform of the packages that are built per platform', () => {
    const missing = Object.values(LOCK.packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => LOCK.packages[`node_modules/${name}`] === undefined);
    assert.deepEqual(missing, []);
  });
});
