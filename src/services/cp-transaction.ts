import type { Clock } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import type { CpMessage, TransactionIdentifier } from '../sms/cp.ts';
import { CP_MACHINE, type CpEffect, type CpEvent, type CpState, established } from '../sms/cp-connection.ts';
import type { DeliveryOutcome } from './sms-bearer.ts';

export interface CpTransactionParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly imsi: string;
  readonly send: (message: CpMessage) => void;
  /** An RPDU of the handset; `reply` sends one back in the same transaction. */
  readonly receive: (rpdu: Uint8Array, reply: (rpdu: Uint8Array) => void) => void;
  /** What became of RP-DATA of ours; absent where the handset began the transaction. */
  readonly told?: (outcome: DeliveryOutcome) => void;
  /** It was released. */
  readonly onEnd: () => void;
}

/** One short message's transaction with a UE: the CP layer between NAS messages and the service centre. */
export class CpTransaction {
  /** As we name it. */
  readonly transaction: TransactionIdentifier;
  readonly #parts: CpTransactionParts;
  readonly #machine: Machine<CpState, CpEvent, CpEffect, undefined>;
  #done = false;

  constructor(transaction: TransactionIdentifier, parts: CpTransactionParts) {
    this.transaction = transaction;
    this.#parts = parts;
    const { clock, onEnd } = parts;
    this.#machine = new Machine(CP_MACHINE, established(undefined, clock.now()), clock, undefined, {
      perform: (effect) => this.#perform(effect),
      onFinal: onEnd,
    });
  }

  /** Whether nothing more comes from the RP layer: it may be released. */
  get done(): boolean {
    return this.#done;
  }

  dispatch(event: CpEvent): void {
    this.#machine.dispatch(event);
  }

  /** Ends it without a word. */
  abandon(): void {
    this.#machine.abandon();
  }

  #perform(effect: CpEffect): void {
    const { imsi, logger, send, told } = this.#parts;
    const { transaction } = this;
    switch (effect.type) {
      case 'data':
        // A further answer of ours, before the handset had acknowledged the one before.
        this.#done = false;
        send({ transaction, type: 'data', userData: effect.rpdu });
        break;
      case 'ack':
        send({ transaction, type: 'ack' });
        break;
      case 'rpdu':
        // What the handset says to our RP-DATA is its answer, and the last word.
        if (told !== undefined) this.#done = true;
        this.#receive(effect.rpdu);
        break;
      case 'taken':
        // Our answer to the handset's RPDU is the last word too.
        if (told === undefined) this.#done = true;
        told?.({ type: 'taken' });
        break;
      case 'failed':
        logger.info(`${imsi}: ${effect.why}`);
        told?.({ type: 'failed', why: effect.why });
        break;
    }
  }

  #receive(rpdu: Uint8Array): void {
    const { imsi, logger, receive } = this.#parts;
    try {
      receive(rpdu, (reply) => this.dispatch({ type: 'send', rpdu: reply }));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      logger.warn(`${imsi}: malformed RPDU: ${error.message}`);
    }
  }
}
