import type { Identity, Subscriber } from './subscribers.ts';

/** A short message that waits for its recipient: plain data, the TPDU as octets. */
export interface ShortMessage {
  /** Grows with each message: the order in which a user gets them. */
  readonly id: number;
  /** The recipient. */
  readonly subscriber: Subscriber;
  /** The identity it was sent to. */
  readonly called: Identity;
  /** SMS-DELIVER or SMS-STATUS-REPORT (TS 23.040 §9.2.2), as it goes to the handset. */
  readonly tpdu: Uint8Array;
  /** Milliseconds since 1970 at which it was taken. */
  readonly takenAt: number;
  /** Instant of the clock after which it is not delivered any more. */
  readonly expiresAt: number;
  /** TS 23.040 §9.2.3.12.3: one attempt only. */
  readonly singleShot: boolean;
  /** Undefined for what the server itself sends. */
  readonly submission: Submission | undefined;
  /** SM-RP-MR, from the first attempt on: the same one in each, so that a late RP-ACK still counts. */
  reference: number | undefined;
  /** Attempts made so far. */
  attempts: number;
}

/** Who submitted a message, and what it is known by there. */
export interface Submission {
  readonly impi: string;
  /** The identity it was sent as: where a status report goes. */
  readonly identity: string;
  /** TP-MR of the SMS-SUBMIT, 0 to 255. */
  readonly reference: number;
  /** TP-DA as it stood in the SMS-SUBMIT. */
  readonly destination: Uint8Array;
  /** Whether a status report is wanted; SMS-COMMAND may change that. */
  report: boolean;
  /** What tells a repetition of the submission from another message. */
  readonly key: string | undefined;
}
