import type { Clock, Scheduled } from '../core/clock.ts';
import { messageName } from './command.ts';
import type { DiameterMessage } from './message.ts';

/** What became of a request. `unreachable`: no answer came; when it was `sent`, nothing is known of what it did. */
export type Outcome =
  | { readonly answer: DiameterMessage }
  | { readonly unreachable: string; readonly retryAfterS: number; readonly sent: boolean };

export type Unsent = Omit<DiameterMessage, 'hopByHop' | 'retransmitted'>;

export interface RequestsParts {
  readonly clock: Clock;
  /** How long a request waits for its answer. */
  readonly answerMs: number;
  readonly newHopByHop: () => number;
  readonly transmit: (message: DiameterMessage) => void;
  /** The outcome of a request that got no answer. */
  readonly unreachable: (why: string) => Outcome;
}

interface Pending {
  readonly message: Unsent;
  /** That of its latest transmission. */
  hopByHop: number;
  readonly done: (outcome: Outcome) => void;
  readonly limit: Scheduled;
}

/** Requests of ours that wait for an answer, by hop-by-hop identifier (RFC 6733 §3). */
export class Requests {
  readonly #parts: RequestsParts;
  readonly #sent = new Map<number, Pending>();
  /** Sent on a connection that is gone, to be sent on the next one. */
  readonly #stranded = new Set<Pending>();

  constructor(parts: RequestsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#sent.size + this.#stranded.size;
  }

  send(message: Unsent, done: (outcome: Outcome) => void): void {
    const { clock, answerMs } = this.#parts;
    const late = () => `no answer to ${messageName(message)} within ${answerMs / 1000} s`;
    const limit = clock.schedule(clock.now() + answerMs, () => this.#fail(pending, late()));
    const pending: Pending = { message, hopByHop: 0, done, limit };
    this.#transmit(pending, false);
  }

  /**
   * Hands an answer to whom it belongs.
   * @param malformed what is wrong with it, so that its request counts as unanswered.
   * @returns false when no request waits for it: too late, or a second one.
   */
  answered(answer: DiameterMessage, malformed?: string): boolean {
    const pending = this.#sent.get(answer.hopByHop);
    const { endToEnd, command, application } = pending?.message ?? {};
    if (pending === undefined || endToEnd !== answer.endToEnd || command !== answer.command) return false;
    if (malformed !== undefined) this.#fail(pending, `malformed answer: ${malformed}`);
    else if (application !== answer.application) {
      this.#fail(pending, `its answer is of application ${answer.application}`);
    } else {
      pending.limit.cancel();
      this.#sent.delete(answer.hopByHop);
      pending.done({ answer });
    }
    return true;
  }

  /** RFC 6733 §5.5.4: the connection is gone; they wait for the next one as long as somebody waits for them. */
  strand(): void {
    for (const pending of this.#sent.values()) this.#stranded.add(pending);
    this.#sent.clear();
  }

  /** Sends those again, with the T flag. */
  resend(): void {
    const waiting = [...this.#stranded];
    this.#stranded.clear();
    for (const pending of waiting) this.#transmit(pending, true);
  }

  failAll(why: string): void {
    for (const pending of [...this.#sent.values(), ...this.#stranded]) this.#fail(pending, why);
  }

  #transmit(pending: Pending, retransmitted: boolean): void {
    pending.hopByHop = this.#parts.newHopByHop();
    this.#sent.set(pending.hopByHop, pending);
    this.#parts.transmit({ ...pending.message, hopByHop: pending.hopByHop, retransmitted });
  }

  #fail(pending: Pending, why: string): void {
    this.#sent.delete(pending.hopByHop);
    this.#stranded.delete(pending);
    pending.limit.cancel();
    pending.done(this.#parts.unreachable(why));
  }
}
