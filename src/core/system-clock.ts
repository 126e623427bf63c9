import type { Clock, Scheduled } from './clock.ts';
import { TimerQueue } from './timer-queue.ts';

/** Node cuts longer waits to 1 ms; they are re-armed here instead. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * The machine's clock, and the only file that calls setTimeout or Date.now: one timer of Node's serves all calls.
 * `onBug` is told what a scheduled call threw; the others run all the same.
 */
export function systemClock(onBug: (error: unknown) => void): Clock {
  // With nothing to wait for, no timer of Node's is left to keep the process alive.
  const queue = new TimerQueue(arm);
  let armed: { at: number; timeout: NodeJS.Timeout } | undefined;

  function arm(): void {
    const at = queue.nextAt;
    if (armed !== undefined && (at === undefined || armed.at !== at)) {
      clearTimeout(armed.timeout);
      armed = undefined;
    }
    if (at !== undefined && armed === undefined) {
      const wait = Math.min(Math.max(0, Math.ceil(at - performance.now())), LONGEST_WAIT_MS);
      armed = { at, timeout: setTimeout(runDue, wait) };
    }
  }

  function runDue(): void {
    armed = undefined;
    const now = performance.now();
    try {
      for (let run = queue.takeDue(now); run !== undefined; run = queue.takeDue(now)) runGuarded(run);
    } finally {
      arm();
    }
  }

  function runGuarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      onBug(error);
    }
  }

  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    schedule(at: number, run: () => void): Scheduled {
      const entry = queue.add(at, run);
      // Cancelling one of several leaves Node's timer armed: it wakes once, finds nothing due and re-arms for the next call.
      if (armed === undefined || at < armed.at) arm();
      return entry;
    },
  };
}
