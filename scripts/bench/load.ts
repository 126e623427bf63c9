/** How load is put on a process, and what one operation costs it. */
import type { BenchProcess } from './process.ts';

/** Starts the operation with this number; `done` when it has succeeded. */
export type Operation = (index: number, done: () => void) => void;

/** Operations under way at once: enough to keep the server busy, few enough for the receive buffers. */
const WINDOW = 32;
const RUNS = 3;
const WARM_UP = 2;
/** How many times its `count` of operations costOf does. */
export const ROUNDS = WARM_UP + RUNS;
/** Nothing done in this time means that a datagram was lost or an answer is missing. */
const STALLED_MS = 5000;

/**
 * The median over several runs of the process's CPU time for one operation, in microseconds.
 * @param count operations of a run; before the first, twice as many let all code be compiled.
 */
export async function costOf<T>(process: BenchProcess<T>, operation: Operation, count: number): Promise<number> {
  await repeat(operation, WARM_UP * count);
  const costs: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { cpuMicroseconds: before } = await process.usage();
    await repeat(operation, count, (WARM_UP + run) * count);
    const { cpuMicroseconds: after } = await process.usage();
    costs.push((after - before) / count);
  }
  return median(costs);
}

/** Does the operation `count` times. Rejects when it stops to succeed. */
export function repeat(operation: Operation, count: number, first = 0): Promise<void> {
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    let endedBefore = -1;
    const next = () => {
      if (started < count) operation(first + started++, done);
    };
    const done = () => {
      ended++;
      if (ended < count) return next();
      clearInterval(watch);
      resolve();
    };
    const watch = setInterval(() => {
      if (ended !== endedBefore) endedBefore = ended;
      else {
        clearInterval(watch);
        reject(new Error(`no answer: ${ended} of ${started} operations succeeded`));
      }
    }, STALLED_MS);
    for (let index = 0; index < WINDOW; index++) next();
  });
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
