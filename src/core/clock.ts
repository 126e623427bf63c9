/**
 * Time as an argument. Everything that waits is given a Clock: the daemon's is in system-clock.ts, tests advance
 * one of their own. Instants (`…At`) are milliseconds of `now()`, which never goes back; dates and what is kept on
 * disk use `wallNow()`, milliseconds since 1970.
 */
export interface Clock {
  /** Milliseconds of a monotonic clock with an arbitrary origin. */
  now(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wallNow(): number;
  /** Calls `run` once when `now()` has reached `at`, however far away that is. */
  schedule(at: number, run: () => void): Scheduled;
}

export interface Scheduled {
  /** Instant the call is due at, in the clock's milliseconds. */
  readonly at: number;
  /** Forgets the call. Cancelling one that has run or was cancelled before does nothing. */
  cancel(): void;
}
