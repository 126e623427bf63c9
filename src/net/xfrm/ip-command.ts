/** The program `ip` of iproute2 (ip-xfrm(8)), which speaks to the kernel for us: no shell between, and never for long. */
import { spawn } from 'node:child_process';
import { spawnFailure, timeoutFailure } from './failure.ts';

/** What it may take; a batch takes tenths of a second on a slow machine. */
const TIME_LIMIT_MS = 20_000;

export interface IpResult {
  readonly ok: boolean;
  readonly output: string;
  readonly errors: string;
}

/** Runs it to its end. @throws XfrmError when it does not run, or not to its end: what it did of `input` is not known then. */
export type RunIp = (args: readonly string[], input?: string) => Promise<IpResult>;

/** @param command what runs it: `ip`, and arguments that belong before all others (`-netns NAME`). */
export function ipCommand([program = 'ip', ...before]: readonly string[], timeLimitMs = TIME_LIMIT_MS): RunIp {
  // Users other than root do not have the folders of system administration on their PATH.
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  return (args, input = '') =>
    new Promise((done, fail) => {
      const child = spawn(program, [...before, ...args], { env, timeout: timeLimitMs, killSignal: 'SIGKILL' });
      let output = '';
      let errors = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text;
      });
      // It may end at its first error, with input unread.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      child.on('error', (error) => fail(spawnFailure(program, error)));
      child.on('close', (code) => {
        if (code === null) fail(timeoutFailure(program, timeLimitMs));
        else done({ ok: code === 0, output, errors });
      });
    });
}
