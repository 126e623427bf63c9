import type { Clock, Scheduled } from '../../src/core/clock.ts';
import { TimerQueue } from '../../src/core/timer-queue.ts';

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #queue = new TimerQueue();
  readonly #wallStart: number;
  #now = 0;

  /** @param wallStart milliseconds since 1970 at `now() === 0`. */
  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#wallStart = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#wallStart + this.#now;
  }

  /** Calls that wait: a test that ends with some has left a timer behind. */
  get waiting(): number {
    return this.#queue.size;
  }

  schedule(at: number, run: () => void): Scheduled {
    return this.#queue.add(at, run);
  }

  /** Moves on by `ms`, running what falls due in order, each call at its own instant. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let at = this.#queue.nextAt; at !== undefined && at <= end; at = this.#queue.nextAt) {
      this.#now = Math.max(this.#now, at);
      this.#queue.takeDue(this.#now)?.();
    }
    this.#now = end;
  }
}
