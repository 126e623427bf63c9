/** The connection layer of short messages over SGs, SM-CP: TS 24.011 §7.2 (messages) and §8.1 (information elements). */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { CP_CAUSE } from './cp-causes.ts';

/** Which transaction a message belongs to (TS 24.007 §11.2.3.1.3). */
export interface TransactionIdentifier {
  /** Whether the one that sends this message began the transaction: the flag bit is 0. */
  readonly byOriginator: boolean;
  /** 0 to 6. */
  readonly value: number;
}

export type CpMessage = { readonly transaction: TransactionIdentifier } & (
  | {
      readonly type: 'data';
      /** An RPDU. */
      readonly userData: Uint8Array;
    }
  | { readonly type: 'ack' }
  | {
      readonly type: 'error';
      /** See cp-causes.ts. */
      readonly cause: number;
    }
);

/** A message that is answered with CP-ERROR, its transaction being legible (TS 24.011 §9.2). */
export class CpFault extends MalformedError {
  readonly transaction: TransactionIdentifier;
  /** The cause to answer with. */
  readonly answer: number;

  constructor(what: string, transaction: TransactionIdentifier, answer: number) {
    super(what);
    this.name = 'CpFault';
    this.transaction = transaction;
    this.answer = answer;
  }
}

/** Protocol discriminator of short messages (TS 24.007 §11.2.3.1.1). */
const SMS = 9;
/** §8.1.3. */
const TYPES = { data: 0x01, ack: 0x04, error: 0x10 } as const;
/** Longest RPDU (§8.1.4.1). */
const LONGEST_RPDU = 248;

/**
 * @throws CpFault for what can be answered, MalformedError for what is ignored: too short, of another protocol, or
 * with a transaction identifier of more than one octet (§9.2).
 */
export function parseCp(octets: Uint8Array): CpMessage {
  const reader = new OctetReader(octets);
  const first = reader.octet('protocol discriminator');
  if ((first & 15) !== SMS) throw new MalformedError(`protocol discriminator ${first & 15} is not that of SMS`);
  const transaction = { byOriginator: (first & 0x80) === 0, value: (first >> 4) & 7 };
  if (transaction.value === 7) throw new MalformedError('transaction identifier 7 is reserved');
  const type = reader.octet('CP message type');
  switch (type) {
    case TYPES.ack:
      return { transaction, type: 'ack' };
    case TYPES.data:
    case TYPES.error:
      return parseContent(type, transaction, reader);
    default:
      throw new CpFault(`CP message type ${type}`, transaction, CP_CAUSE.unknownMessageType);
  }
}

function parseContent(type: 0x01 | 0x10, transaction: TransactionIdentifier, reader: OctetReader): CpMessage {
  try {
    if (type === TYPES.error) return { transaction, type: 'error', cause: reader.octet('CP cause') };
    const userData = reader.counted('CP user data').slice();
    if (userData.length > LONGEST_RPDU) throw new MalformedError(`an RPDU of ${userData.length} octets`);
    return { transaction, type: 'data', userData };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new CpFault(error.message, transaction, CP_CAUSE.invalidMandatoryInformation);
  }
}

/** @throws RangeError for an RPDU that is too long. */
export function printCp(message: CpMessage): Uint8Array {
  const { byOriginator, value } = message.transaction;
  const head = [(byOriginator ? 0 : 0x80) | (value << 4) | SMS, TYPES[message.type]];
  switch (message.type) {
    case 'data': {
      const { userData } = message;
      if (userData.length > LONGEST_RPDU) throw new RangeError(`an RPDU of ${userData.length} octets`);
      return Uint8Array.from([...head, userData.length, ...userData]);
    }
    case 'ack':
      return Uint8Array.from(head);
    case 'error':
      return Uint8Array.from([...head, message.cause]);
  }
}
