import type { Clock, Scheduled } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { ExpectedEnd, MediaSession } from './media-session.ts';

export interface SilenceParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly silenceMs: () => number;
}

/** A handset that should send and does not is told so long after its last packet. */
const QUIET_MS = 5_000;

/**
 * Looks after the media of an answered call: tells of a side from which nothing comes, and ends a call in which nobody
 * has sent anything, RTP or RTCP, for a while (setting dialog_timeout). A call on hold is silent by right.
 */
export class SilenceWatch {
  readonly #session: MediaSession;
  readonly #parts: SilenceParts;
  /** Ends of which silence has been told. */
  readonly #told = new Set<ExpectedEnd['end']>();
  /** Silence counts from here on: the answer that said who sends. */
  #since = 0;
  #next: Scheduled | undefined;

  constructor(session: MediaSession, parts: SilenceParts) {
    this.#session = session;
    this.#parts = parts;
    this.restart();
  }

  /** Who sends has been agreed anew. */
  restart(): void {
    this.#since = this.#parts.clock.now();
    this.#look();
  }

  stop(): void {
    this.#next?.cancel();
    this.#next = undefined;
  }

  readonly #look = (): void => {
    const { clock, silenceMs } = this.#parts;
    const { path } = this.#session;
    const now = clock.now();
    for (const expected of this.#session.expected) this.#judge(expected, now);
    const most = silenceMs();
    const endAt =
      most > 0 && this.#session.isTwoWay
        ? Math.max(this.#since, this.#session.lastActivityAt()) + most
        : Number.POSITIVE_INFINITY;
    this.stop();
    if (now < endAt) {
      this.#next = clock.schedule(Math.min(now + QUIET_MS, endAt), this.#look);
      return;
    }
    const text = `no media for ${most / 1000} s`;
    this.#parts.logger.warn(`${text}: the call ends (dialog_timeout)`, { id: path.id });
    path.end({ refusal: { status: 408 }, reason: `Q.850;cause=102;text="${text}"` });
  };

  #judge({ media, side, end }: ExpectedEnd, now: number): void {
    const { logger } = this.#parts;
    const { id, flows } = this.#session.path;
    const quietMs = now - Math.max(this.#since, end.rtp.receivedAt);
    const columns = { id, dir: 'FROM' } as const;
    const who = `the ${side} (${flows[side].remote.address})`;
    if (quietMs < QUIET_MS) {
      if (this.#told.delete(end)) logger.info(`RTP/${media} comes from ${who} again`, columns);
    } else if (!this.#told.has(end)) {
      this.#told.add(end);
      logger.warn(`RTP/${media} no packet from ${who} for ${Math.floor(quietMs / 1000)} s`, columns);
    }
  }
}
