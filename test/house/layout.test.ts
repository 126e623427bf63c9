import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAY_IMPORT } from '../../scripts/imports/table.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The parts of the import table that are folders here, as `sip/message`. */
const FOLDERS = Object.keys(MAY_IMPORT).filter((part) => existsSync(join(ROOT, 'src', part)));

describe('the layout', () => {
  it('has every part of src in the table of the README', (t) => {
    const readme = join(ROOT, 'README.md');
    if (!existsSync(readme)) return t.skip('skipped: there is no README.md');
    const text = readFileSync(readme, 'utf8');
    assert.deepEqual(
      FOLDERS.filter((folder) => !text.includes(`${folder}/`)),
      [],
    );
  });

  it('has tests only for folders of src, and a few of their own', () => {
    const own = ['e2e', 'flow', 'house', 'long', 'main', 'server', 'support', 'vectors'];
    const tops = new Set([...FOLDERS.map((folder) => folder.split('/')[0]), ...own]);
    const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(
      folders.map(({ name }) => name).filter((name) => !tops.has(name)),
      [],
    );
  });
});
