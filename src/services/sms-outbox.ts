/** What the service centre keeps until it is delivered, and the status reports that follow (TS 23.040 §3.2.1, §3.2.9). */
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { readAddress } from '../sms/address.ts';
import { STATUS } from '../sms/failure.ts';
import type { RelayEnd } from '../sms/relay.ts';
import type { Timestamp } from '../sms/timestamp.ts';
import type { Deliver, StatusReport } from '../sms/tpdu.ts';
import { printTpdu } from '../sms/tpdu-printing.ts';
import type { ShortMessage, Submission } from '../store/short-message.ts';
import type { ShortMessages } from '../store/short-messages.ts';
import type { IdentityOwner, Subscribers } from '../store/subscribers.ts';
import type { SmsDelivery } from './sms-delivery.ts';
import { Submissions } from './submissions.ts';

export interface SmsOutboxParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly subscribers: Subscribers;
  readonly messages: ShortMessages;
  readonly delivery: SmsDelivery;
}

export interface SmsOutboxOptions {
  /** Milliseconds a message is kept at most (setting sms_expires). */
  expiresMs: number;
  /** Local time minus universal time at an instant since 1970, minutes: for time stamps. */
  readonly zoneMinutes: (wallNow: number) => number;
}

/** What is known of a message besides its TPDU. */
export interface Posting {
  readonly to: IdentityOwner;
  readonly submission?: Submission | undefined;
  /** Milliseconds; at most what the setting sms_expires allows. */
  readonly validityMs?: number | undefined;
  readonly singleShot?: boolean;
}

const MOST_MESSAGES = 100_000;

export class SmsOutbox {
  readonly options: SmsOutboxOptions;
  /** What waits, by what its sender knows of it. */
  readonly submissions = new Submissions();
  readonly #parts: SmsOutboxParts;
  /** Stored and not yet on their way. */
  readonly #fresh: ShortMessage[] = [];

  constructor(parts: SmsOutboxParts, options: SmsOutboxOptions) {
    this.#parts = parts;
    this.options = options;
    parts.delivery.onEnd = (message, end) => this.#ended(message, end);
  }

  /** Whether there is no room for more: nobody fills the memory with messages for users who are away. */
  get full(): boolean {
    return this.#parts.messages.size >= MOST_MESSAGES;
  }

  /** Takes up what waited before a restart; nothing is sent before `resume`. */
  restore(): void {
    const { messages, subscribers } = this.#parts;
    messages.restore(subscribers, this.#parts);
    for (const recipient of messages.recipients()) {
      for (const message of messages.of(recipient)) this.submissions.add(message);
    }
  }

  resume(): void {
    this.#parts.delivery.resume();
  }

  /** Stores a message; it leaves with `start`, so that whoever submitted it has its answer before. */
  put(
    { to, submission, validityMs = Number.POSITIVE_INFINITY, singleShot = false }: Posting,
    tpdu: (timestamp: Timestamp) => Deliver | StatusReport,
  ): ShortMessage {
    const { clock, messages } = this.#parts;
    const takenAt = clock.wallNow();
    const message = messages.add({
      subscriber: to.subscriber,
      called: to.identity,
      tpdu: printTpdu(tpdu(this.timestamp(takenAt))),
      takenAt,
      expiresAt: clock.now() + Math.min(validityMs, this.options.expiresMs),
      singleShot,
      submission,
    });
    this.submissions.add(message);
    this.#fresh.push(message);
    return message;
  }

  /** Sends what was put, where something reaches. */
  start(): void {
    for (const message of this.#fresh.splice(0)) this.#parts.delivery.start(message);
  }

  /** SMSC's time as TPDUs tell it. @param wallNow milliseconds since 1970. */
  timestamp(wallNow = this.#parts.clock.wallNow()): Timestamp {
    const at = Math.floor(wallNow / 1000) * 1000;
    return { at, zoneMinutes: this.options.zoneMinutes(at) };
  }

  /** Tells a sender what became of its message, or what its SMS-COMMAND found out (§9.2.2.3). */
  report(
    submission: Pick<Submission, 'impi' | 'identity' | 'reference' | 'destination'>,
    message: ShortMessage | undefined,
    status: number,
    ofCommand: boolean,
  ): void {
    const { subscribers } = this.#parts;
    const subscriber = subscribers.byImpi(submission.impi);
    const identity =
      subscriber?.identities.find(({ text }) => text === submission.identity) ?? subscriber?.identities[0];
    if (subscriber === undefined || identity === undefined) return;
    this.put({ to: { subscriber, identity } }, (now) => ({
      type: 'status-report',
      moreMessages: false,
      loopPrevention: false,
      ofCommand,
      reference: submission.reference,
      recipient: readAddress(new OctetReader(submission.destination), 'destination address'),
      timestamp: message === undefined ? now : this.timestamp(message.takenAt),
      discharge: now,
      status,
      optional: {},
    }));
  }

  #ended(message: ShortMessage, end: RelayEnd): void {
    this.submissions.remove(message);
    if (message.submission?.report === true) this.report(message.submission, message, STATUS_OF[end], false);
    this.start();
  }
}

const STATUS_OF: { readonly [E in RelayEnd]: number } = {
  delivered: STATUS.delivered,
  rejected: STATUS.rejected,
  undeliverable: STATUS.notObtainable,
  expired: STATUS.expired,
  discarded: STATUS.deletedByCentre,
};
