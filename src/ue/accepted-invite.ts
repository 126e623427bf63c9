import type { Scheduled } from '../core/clock.ts';
import type { Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Agent } from './agent.ts';

/** A 2xx to an INVITE, sent again until its ACK comes (RFC 3261 §13.3.1.4). */
export class AcceptedInvite {
  readonly #agent: Agent;
  readonly #transaction: ServerTransaction;
  readonly #onAbandoned: () => void;
  readonly #endAt: number;
  #timer: Scheduled | undefined;

  /** @param onAbandoned called after 64·T1 without an ACK. */
  constructor(agent: Agent, transaction: ServerTransaction, response: Response, onAbandoned: () => void) {
    const { t1Ms } = agent.timers;
    this.#agent = agent;
    this.#transaction = transaction;
    this.#onAbandoned = onAbandoned;
    this.#endAt = agent.clock.now() + 64 * t1Ms;
    transaction.respond(response);
    this.#wait(t1Ms);
  }

  /** The ACK has come, or nobody cares any more. */
  stop(): void {
    this.#timer?.cancel();
  }

  #wait(ms: number): void {
    const { clock, timers } = this.#agent;
    this.#timer = clock.schedule(Math.min(clock.now() + ms, this.#endAt), () => {
      if (clock.now() >= this.#endAt) {
        this.#onAbandoned();
        return;
      }
      this.#transaction.repeat();
      this.#wait(Math.min(2 * ms, timers.t2Ms));
    });
  }
}
