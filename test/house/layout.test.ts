import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

/** Folders of src that hold sources, as `sip/message`. */
function sourceFolders(): readonly string[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return [...new Set(files.map(dirname))].filter((folder) => folder !== '.').sort();
}

describe('the layout', () => {
  it('has every folder of src in the table of the README', (t) => {
    const readme = join(ROOT, 'README.md');
    if (!existsSync(readme)) return t.skip('skipped: there is no README.md');
    const text = readFileSync(readme, 'utf8');
    assert.deepEqual(
      sourceFolders().filter((folder) => !text.includes(`${folder}/`)),
      [],
    );
  });

  it('has tests only for folders of src, and a few of their own', () => {
    const own = ['flow', 'house', 'long', 'support', 'vectors'];
    const tops = new Set([...sourceFolders().map((folder) => folder.split('/')[0]), ...own]);
    const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(
      folders.map(({ name }) => name).filter((name) => !tops.has(name)),
      [],
    );
  });
});
