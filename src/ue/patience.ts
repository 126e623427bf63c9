import type { Clock } from '../core/clock.ts';

/**
 * An end to waiting for what a peer does, in real time: flow tests stop the clock of a handset's timers, and a message that
 * never comes must not stop them for ever.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #limitMs: number;

  /** @param limitMs Infinity waits for ever. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Settles as `awaited` does; rejects when it has not in time, with what `complaint` says then. */
  within<T>(awaited: Promise<T>, complaint: () => string): Promise<T> {
    if (this.#limitMs === Number.POSITIVE_INFINITY) return awaited;
    return new Promise<T>((resolve, reject) => {
      const end = this.#clock.schedule(this.#clock.now() + this.#limitMs, () => {
        reject(new Error(`${complaint()} (waited ${this.#limitMs / 1000} s)`));
      });
      awaited.finally(() => end.cancel()).then(resolve, reject);
    });
  }
}
