import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandOrSkip, findCommand } from './require-package.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/kernel-lab', import.meta.url));

/**
 * Runs a test file inside scripts/kernel-lab, as root on a kernel with ESP, SCTP and network namespaces. One start of
 * that kernel, some seconds, serves all the tests of the file:
 * `if (inKernelLab(import.meta.url)) { test('…', …); }`
 * @param url the test file's own `import.meta.url`.
 * @param seconds the most the whole file may take.
 * @returns true inside. Outside it is false, and there is one test which runs the file and has the inner tests as its
 * own; without the Debian packages it is skipped, naming them.
 */
export function inKernelLab(url: string, seconds = 240): boolean {
  if (process.env.KERNEL_LAB !== undefined) return true;
  const file = fileURLToPath(url);
  test(`in the kernel lab: ${basename(file, '.test.js')}`, async (t) => {
    if (commandOrSkip(t, 'linux.uml', 'user-mode-linux') === undefined) return;
    if (commandOrSkip(t, 'modprobe', 'kmod') === undefined) return;
    if (commandOrSkip(t, 'ip', 'iproute2') === undefined) return;
    const lab = start(file, seconds);
    t.after(() => lab.kill('SIGTERM'));
    t.signal.addEventListener('abort', () => lab.kill('SIGTERM'));
    await repeat(t, lab);
  });
  return false;
}

function start(file: string, seconds: number): ChildProcessByStdio<null, Readable, Readable> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const command = [SCRIPT, process.execPath, '--enable-source-maps', '--test-reporter=tap', '--test-force-exit', file];
  // A test process that is killed takes its lab along.
  if (findCommand('setpriv') !== undefined) command.unshift('setpriv', '--pdeathsig', 'TERM');
  const [program = '', ...args] = command;
  return spawn(program, args, {
    env: { ...env, KERNEL_LAB_SECONDS: String(seconds) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Makes a test of `t` of every test of the lab, whose results it reads as TAP. */
async function repeat(t: TestContext, lab: ChildProcessByStdio<null, Readable, Readable>): Promise<void> {
  let errors = '';
  lab.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((done, fail) => {
    lab.on('error', fail);
    lab.on('close', done);
  });
  // It is awaited only after the output.
  ended.catch(() => {});
  let results = 0;
  let failures = 0;
  const report: string[] = [];
  const finish = async () => {
    const [, not, name, skipped] = /^(not )?ok \d+ - (.*?)(?: # SKIP ?(.*))?$/m.exec(report.join('\n')) ?? [];
    const text = report.splice(0);
    if (name === undefined) return;
    results++;
    if (not !== undefined) failures++;
    await t.test(name, (inner) => {
      for (const line of text.filter((each) => /^# (?!Subtest)/.test(each))) inner.diagnostic(line.slice(2));
      if (skipped !== undefined) inner.skip(skipped);
      if (not !== undefined) throw new Error(`${text.join('\n')}\n${errors}`);
    });
  };
  for await (const line of createInterface(lab.stdout)) {
    if (/^# Subtest:|^1\.\./.test(line)) await finish();
    report.push(line);
  }
  const code = await ended;
  // A failed test says it all.
  if (failures === 0 && (code !== 0 || results === 0)) {
    throw new Error(`the lab ended with ${code} after ${results} tests:\n${report.join('\n')}\n${errors}`);
  }
}
