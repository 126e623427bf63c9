/** The oldest Node.js promised and the current lines start the server and pass the quick tests. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const TESTS = join(import.meta.dirname, '..');

/**
 * Not the tests of the house, which try the launcher with Node.js versions of their own, nor those that spend their time
 * in SIPp and softphones.
 */
function quickTests(): readonly string[] {
  return readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && !/^(long|house|e2e)$/.test(file.split(sep)[0] ?? ''))
    .map((file) => join(TESTS, file));
}

for (const version of ['20.19', '24', '26']) {
  describe(`Node.js ${version}`, () => {
    it('starts the server and passes the quick tests', (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'lteims-node-'));
      t.after(() => rmSync(folder, { recursive: true }));
      const options = ['--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder];
      const install = spawnSync('npm', ['install', ...options, `node@${version}`], { encoding: 'utf8' });
      if (install.status !== 0) {
        t.skip(`skipped: npm could not install node@${version}: ${install.stderr}`);
        return;
      }

      const bin = join(folder, 'node_modules', '.bin');
      // A test runner inside a test would report to the outer one.
      const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
      const env = { ...inherited, PATH: `${bin}${delimiter}${process.env.PATH}` };
      const run = (command: string, args: readonly string[]) => {
        const { status, stdout, stderr } = spawnSync(command, args, {
          cwd: ROOT,
          env,
          encoding: 'utf8',
          maxBuffer: 2 ** 28,
        });
        return { status, output: stdout + stderr };
      };

      assert.ok(run('node', ['--version']).output.startsWith(`v${version}.`));
      const check = run('./lteims', ['--check', 'config/ims.cfg']);
      assert.equal(check.status, 0, check.output);
      const tests = run('node', ['--test', '--test-force-exit', '--test-reporter=spec', ...quickTests()]);
      assert.equal(tests.status, 0, tests.output.slice(tests.output.indexOf('ℹ tests')));
      assert.match(tests.output, /ℹ pass [1-9]/);
    });
  });
}
