/** Network namespaces as `ip netns` keeps them: a program that runs in one has its addresses and security associations. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';

const FOLDER = '/run/netns';
const OWN = '/proc/self/ns/net';
/** None of them ends the outer process, which waits for the inner one's end. */
const PASSED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether there is a namespace of that name. */
export function namespaceExists(name: string): boolean {
  return isName(name) && statSync(`${FOLDER}/${name}`, { throwIfNoEntry: false }) !== undefined;
}

/** Whether this process runs in it. */
export function isInNamespace(name: string): boolean {
  const there = isName(name) ? statSync(`${FOLDER}/${name}`, { throwIfNoEntry: false }) : undefined;
  const own = statSync(OWN, { throwIfNoEntry: false });
  return there !== undefined && there.ino === own?.ino && there.dev === own.dev;
}

/**
 * Runs this program again there, with the same arguments, input and output. Resolves with its exit code, 128 and the
 * signal's number when one ended it. Rejects with an Error in words without root, and when `ip` cannot be run.
 */
export async function runInNamespace(name: string): Promise<number> {
  if (process.geteuid?.() !== 0) throw new Error(`entering network namespace ${name} needs root: try sudo`);
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const inner = spawn('ip', ['netns', 'exec', name, ...again], { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals) => {
    // A terminal tells both itself.
    if (signal === 'SIGTERM' || !process.stdin.isTTY) inner.kill(signal);
  };
  for (const signal of PASSED) process.on(signal, pass);
  return new Promise<number>((resolve, reject) => {
    inner.on('error', ({ message }) => reject(new Error(`cannot run ip, which needs package iproute2: ${message}`)));
    inner.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  }).finally(() => {
    for (const signal of PASSED) process.off(signal, pass);
  });
}

/** No path, and no option of a command. */
function isName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name);
}
