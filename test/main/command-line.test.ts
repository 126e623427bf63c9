import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.ts';
import { MAIN, temporaryFolder } from '../support/daemon.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

async function lteims(t: TestContext, ...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const child = new Child(t, process.execPath, [MAIN, ...args]);
  const code = await child.exitCode();
  assert.doesNotMatch(child.errors, /^ +at /m, 'a stack trace is for programmers');
  return { code, output: child.output, errors: child.errors };
}

function file(t: TestContext, name: string, text: string): string {
  const path = join(temporaryFolder(t), name);
  writeFileSync(path, text);
  return path;
}

describe('command line', () => {
  it('checks the configuration that comes with it', async (t) => {
    const { code, errors } = await lteims(t, '--check', join(ROOT, 'config/ims.cfg'));
    assert.equal(errors, '');
    assert.equal(code, 0);
  });

  it('names everything that is wrong with a configuration, each with its place', async (t) => {
    const path = file(
      t,
      'bad.cfg',
      ['sip_addr: "300.1.1.1",', 'domain: 17,', 'timer_t1: -1,', 'tcp_treshold: 5,', 'ue_db: [{ impi: "a" }],'].join(
        '\n',
      ),
    );
    const { code, errors } = await lteims(t, '--check', path);
    assert.equal(code, 1);
    const lines = errors.trim().split('\n');
    for (const [line, property] of [
      [1, 'sip_addr'],
      [2, 'domain'],
      [3, 'timer_t1'],
      [4, 'tcp_treshold'],
    ] as const) {
      const found = lines.filter((one) => one.includes(`${path}:${line}`) && one.includes(property));
      assert.equal(found.length, 1, `${property} once in:\n${errors}`);
    }
  });

  it('does not start with a configuration that is wrong', async (t) => {
    const path = file(t, 'bad.cfg', 'sip_addr: "300.1.1.1"');
    const { code, errors } = await lteims(t, path);
    assert.equal(code, 1);
    assert.match(errors, /bad\.cfg:1.*sip_addr/);
  });

  it('says that a configuration is not there', async (t) => {
    const path = join(temporaryFolder(t), 'none.cfg');
    for (const args of [[path], ['--check', path]]) {
      const { code, errors } = await lteims(t, ...args);
      assert.equal(code, 1);
      assert.ok(errors.includes(path), errors);
    }
  });

  it('says that a configuration is a folder', async (t) => {
    const path = temporaryFolder(t);
    const { code, errors } = await lteims(t, '--check', path);
    assert.equal(code, 1);
    assert.ok(errors.includes(path), errors);
  });

  it('explains wrong use and ends with 2', async (t) => {
    for (const [args, what] of [
      [['--chek', 'config/ims.cfg'], /--chek/],
      [[], /config/],
      [['one.cfg', 'two.cfg'], /argument/],
    ] as const) {
      const { code, errors } = await lteims(t, ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(errors, what);
    }
  });

  it('prints help and version', async (t) => {
    const help = await lteims(t, '--help');
    assert.equal(help.code, 0);
    assert.match(help.output, /--check/);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    assert.deepEqual(await lteims(t, '--version'), { code: 0, output: `${version}\n`, errors: '' });
  });
});
