/** Stored short messages on their way to handsets: one of a user at a time, in their order, by whatever reaches. */
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import {
  RELAY_MACHINE,
  type RelayContext,
  type RelayEffect,
  type RelayEnd,
  type RelayEvent,
  type RelayState,
} from '../sms/relay.ts';
import { printRp, type RpAddress } from '../sms/rp.ts';
import { withMoreMessages } from '../sms/tpdu-printing.ts';
import type { ShortMessage } from '../store/short-message.ts';
import type { ShortMessages } from '../store/short-messages.ts';
import type { Subscriber } from '../store/subscribers.ts';
import type { DeliveryOutcome, SmsBearer } from './sms-bearer.ts';

export interface SmsDeliveryParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly messages: ShortMessages;
  /** In order of preference. */
  readonly bearers: readonly SmsBearer[];
}

export interface SmsDeliveryOptions {
  /** Milliseconds between two attempts (setting sms_retry_delay). */
  retryMs: number;
  /** The service centre's own address: SM-RP-OA. */
  readonly centre: RpAddress;
  /**
   * How long a handset that had a message before a restart may take to answer it, milliseconds: it repeats its RP-ACK
   * until that is acknowledged, at the latest every T2 (RFC 3261 §17.1.2.2).
   */
  readonly repetitionMs: number;
}

/** How long a handset that has RP-DATA may take to answer it, TR1N of TS 24.011 §6.3; its own wait is 35 to 45 s. */
const ANSWER_MS = 40_000;

type RelayMachine = Machine<RelayState, RelayEvent, RelayEffect, RelayContext>;

export class SmsDelivery {
  readonly options: SmsDeliveryOptions;
  /** Told of each message that has come to its end, when it is no longer stored. */
  onEnd: (message: ShortMessage, end: RelayEnd) => void = () => {};
  readonly #parts: SmsDeliveryParts;
  readonly #machines = new Map<ShortMessage, RelayMachine>();
  /** Users whose next message is being looked for, or must not be. */
  readonly #pumping = new Set<Subscriber>();

  constructor(parts: SmsDeliveryParts, options: SmsDeliveryOptions) {
    this.#parts = parts;
    this.options = options;
  }

  /** Sends a message that was stored, when it is its turn and something reaches. */
  start(message: ShortMessage): void {
    this.#machineOf(message);
    if (this.#parts.messages.first(message.subscriber) === message) this.available(message.subscriber);
  }

  /** Goes on with what a restart left. */
  resume(): void {
    const { messages } = this.#parts;
    for (const subscriber of messages.recipients()) {
      for (const message of messages.of(subscriber)) this.#machineOf(message);
      this.available(subscriber);
    }
  }

  /** Something may reach the user now: its next message is tried, if none is under way. */
  available(subscriber: Subscriber): void {
    if (this.#pumping.has(subscriber)) return;
    this.#pumping.add(subscriber);
    try {
      // A message that ends at once makes room for the next.
      for (let last: ShortMessage | undefined; ; ) {
        const message = this.#parts.messages.first(subscriber);
        if (message === undefined || message === last) return;
        last = message;
        this.#machineOf(message).dispatch({ type: 'attempt', ways: this.#ways(message) });
      }
    } finally {
      this.#pumping.delete(subscriber);
    }
  }

  /**
   * A handset has answered RP-DATA.
   * @param temporary undefined for RP-ACK; for RP-ERROR whether it may take the message another time.
   * @returns whether there is such a message.
   */
  answered(subscriber: Subscriber, reference: number, temporary?: boolean): boolean {
    const message = this.#parts.messages.first(subscriber);
    if (message === undefined || message.reference !== reference) return false;
    const event: RelayEvent = temporary === undefined ? { type: 'acknowledged' } : { type: 'refused', temporary };
    this.#machineOf(message).dispatch(event);
    return true;
  }

  /** Forgets a message. */
  discard(message: ShortMessage): void {
    this.#machineOf(message).dispatch({ type: 'discard' });
  }

  /** Forgets all messages of a user. @returns how many there were. */
  flush(subscriber: Subscriber): number {
    const messages = this.#parts.messages.of(subscriber);
    // None has its turn meanwhile.
    this.#pumping.add(subscriber);
    for (const message of messages) this.discard(message);
    this.#pumping.delete(subscriber);
    // Reports of what it had sent itself may have come in.
    this.available(subscriber);
    return messages.length;
  }

  #ways(message: ShortMessage): readonly string[] {
    const { forceSmsOverSgs } = message.subscriber;
    return this.#parts.bearers
      .filter((bearer) => (!forceSmsOverSgs || bearer.name === 'sgs') && bearer.reaches(message))
      .map(({ name }) => name);
  }

  /** The machine of a message that is stored: a handset may answer one of before a restart before it is resumed. */
  #machineOf(message: ShortMessage): RelayMachine {
    const known = this.#machines.get(message);
    if (known !== undefined) return known;
    const context: RelayContext = {
      expiresAt: message.expiresAt,
      singleShot: message.singleShot,
      retryMs: () => this.options.retryMs,
      answerMs: ANSWER_MS,
    };
    const machine: RelayMachine = new Machine(RELAY_MACHINE, this.#initial(message), this.#parts.clock, context, {
      perform: (effect) => {
        if (effect.type === 'deliver') this.#deliver(message, effect.way);
        else this.available(message.subscriber);
      },
      onFinal: ({ name }) => this.#ended(message, name as RelayEnd),
    });
    this.#machines.set(message, machine);
    return machine;
  }

  /** A message that has a reference may have been under way before a restart. */
  #initial({ reference, expiresAt }: ShortMessage): RelayState {
    if (reference === undefined) return { name: 'waiting', timers: { expiry: expiresAt } };
    return { name: 'answering', timers: { answer: this.#parts.clock.now() + this.options.repetitionMs } };
  }

  #deliver(message: ShortMessage, way: string): void {
    const { messages, bearers, logger } = this.#parts;
    message.reference ??= messages.nextReference(message.subscriber);
    const attempt = ++message.attempts;
    messages.keep(message);
    const { reference } = message;
    const userData = withMoreMessages(message.tpdu, messages.count(message.subscriber) > 1);
    const rpdu = printRp({ type: 'data', reference, centre: this.options.centre, userData }, 'network');
    logger.debug(
      () => `short message ${message.id} to ${message.called.text} over ${way}, attempt ${message.attempts}`,
    );
    const isWanted = () => message.attempts === attempt && this.#machines.get(message)?.state.name === 'sending';
    let told = false;
    bearers
      .find(({ name }) => name === way)
      ?.deliver({ message, reference, rpdu, isWanted }, (outcome) => {
        // It may have come to its end another way meanwhile.
        if (told || !isWanted()) return;
        told = true;
        this.#told(message, way, outcome);
      });
  }

  #told(message: ShortMessage, way: string, outcome: DeliveryOutcome): void {
    if (outcome.type === 'failed') {
      this.#parts.logger.info(`short message ${message.id} to ${message.called.text} over ${way}: ${outcome.why}`);
    }
    this.#machineOf(message).dispatch({ type: outcome.type === 'delivered' ? 'acknowledged' : outcome.type });
  }

  #ended(message: ShortMessage, end: RelayEnd): void {
    const { messages, logger } = this.#parts;
    const { subscriber } = message;
    const hadItsTurn = messages.first(subscriber) === message;
    this.#machines.delete(message);
    messages.remove(message);
    logger.info(() => `short message ${message.id} to ${message.called.text}: ${end}`);
    this.onEnd(message, end);
    if (hadItsTurn) this.available(subscriber);
  }
}
