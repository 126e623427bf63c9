/** The relay layer of short messages, SM-RP: TS 24.011 §7.3 (messages) and §8.2 (information elements). */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { ISDN_PLAN, type NumberType, numberTypeOf, typeOctet } from './number-type.ts';
import { RP_CAUSE } from './rp-causes.ts';
import { printSemiOctets, readSemiOctets } from './semi-octets.ts';

/** Who sends an RPDU: handsets and the network have message types of their own. */
export type RpSender = 'handset' | 'network';

/** A service centre's address: never a user's, which only TPDUs have. */
export interface RpAddress {
  readonly type: NumberType;
  readonly plan: number;
  /** `0`–`9`, `*`, `#`, `a`–`c`. */
  readonly digits: string;
}

export interface RpData {
  readonly type: 'data';
  /** SM-RP-MR, 0 to 255. */
  readonly reference: number;
  /** The service centre: sender of what a handset gets, destination of what it sends. */
  readonly centre: RpAddress | undefined;
  /** The TPDU. */
  readonly userData: Uint8Array;
}

export interface RpAck {
  readonly type: 'ack';
  readonly reference: number;
  /** A report TPDU. */
  readonly userData?: Uint8Array;
}

export interface RpError {
  readonly type: 'error';
  readonly reference: number;
  /** See rp-causes.ts. */
  readonly cause: number;
  readonly diagnostic?: number;
  readonly userData?: Uint8Array;
}

/** "Memory available", of handsets only. */
export interface RpSmma {
  readonly type: 'smma';
  readonly reference: number;
}

export type RpMessage = RpData | RpAck | RpError | RpSmma;

/** An RPDU that is answered with RP-ERROR, its reference being legible (TS 24.011 §9.3). */
export class RpFault extends MalformedError {
  readonly reference: number;
  /** The cause to answer with. */
  readonly answer: number;

  constructor(what: string, reference: number, answer: number) {
    super(what);
    this.name = 'RpFault';
    this.reference = reference;
    this.answer = answer;
  }
}

/** RP-User-Data of RP-ACK and RP-ERROR (§8.2.5.3). */
const USER_DATA = 0x41;
/** Longest TPDU (§8.2.5.3). */
const LONGEST_TPDU = 233;

/** RP-SMMA is the handset's only. */
const NETWORK_SMMA = 7;

const KINDS = ['data', 'ack', 'error', 'smma'] as const;

/**
 * @throws RpFault for what is answered, MalformedError for what is not: less than a type and a reference (§9.3), or
 * an answer that cannot be read.
 */
export function parseRp(octets: Uint8Array, sender: RpSender): RpMessage {
  const reader = new OctetReader(octets);
  const type = reader.octet('RP message type') & 7;
  const reference = reader.octet('RP message reference');
  // Even types are handsets', odd ones the network's (§8.2.2).
  const isForeign = type % 2 !== (sender === 'handset' ? 0 : 1);
  const kind = KINDS[type >> 1];
  if (isForeign || kind === undefined || type === NETWORK_SMMA) {
    throw new RpFault(`RP message type ${type} from the ${sender}`, reference, RP_CAUSE.unknownMessageType);
  }
  try {
    return parseKind(kind, reference, reader, sender);
  } catch (error) {
    // An answer that cannot be read gets none itself.
    if (!(error instanceof MalformedError) || kind === 'ack' || kind === 'error') throw error;
    throw new RpFault(error.message, reference, RP_CAUSE.invalidMandatoryInformation);
  }
}

function parseKind(kind: (typeof KINDS)[number], reference: number, reader: OctetReader, sender: RpSender): RpMessage {
  switch (kind) {
    case 'data': {
      const originator = parseAddress(reader.counted('RP originator address'));
      const destination = parseAddress(reader.counted('RP destination address'));
      const userData = reader.counted('RP user data').slice();
      checkLength(userData);
      return { type: kind, reference, centre: sender === 'handset' ? destination : originator, userData };
    }
    case 'ack':
      return { type: kind, reference, ...optionalUserData(reader) };
    case 'error': {
      const cause = reader.counted('RP cause');
      if (cause.length === 0) throw new MalformedError('RP cause is empty');
      const [value = 0, diagnostic] = cause;
      return {
        type: kind,
        reference,
        cause: value & 127,
        ...(diagnostic !== undefined && { diagnostic }),
        ...optionalUserData(reader),
      };
    }
    case 'smma':
      return { type: kind, reference };
  }
}

/** Elements that are not known here are skipped (§9.3); one with its highest bit set is one octet (TS 24.007 §11.2.4). */
function optionalUserData(reader: OctetReader): { userData?: Uint8Array } {
  while (reader.left > 0) {
    const identifier = reader.octet('information element');
    if ((identifier & 0x80) !== 0) continue;
    const value = reader.counted('information element');
    if (identifier !== USER_DATA) continue;
    checkLength(value);
    return { userData: value.slice() };
  }
  return {};
}

function checkLength({ length }: Uint8Array): void {
  if (length > LONGEST_TPDU) throw new MalformedError(`a TPDU of ${length} octets, more than ${LONGEST_TPDU}`);
}

/** Digits of the called party's number (TS 24.008 §10.5.4.7); none of the address that has no use in this direction. */
function parseAddress(octets: Uint8Array): RpAddress | undefined {
  const [type] = octets;
  if (type === undefined) return undefined;
  if (octets.length > 11) throw new MalformedError(`an RP address of ${octets.length} octets`);
  return { type: numberTypeOf(type), plan: type & 15, digits: readSemiOctets(octets.subarray(1)) };
}

/** @throws RangeError for a TPDU that is too long. */
export function printRp(message: RpMessage, sender: RpSender): Uint8Array {
  const type = KINDS.indexOf(message.type) * 2 + (sender === 'handset' ? 0 : 1);
  const head = [type, message.reference];
  switch (message.type) {
    case 'data': {
      const centre = printAddress(message.centre);
      const addresses = sender === 'handset' ? [0, ...centre] : [...centre, 0];
      return Uint8Array.from([...head, ...addresses, ...counted(message.userData)]);
    }
    case 'ack':
      return Uint8Array.from([...head, ...printUserData(message.userData)]);
    case 'error': {
      const cause = message.diagnostic === undefined ? [message.cause] : [message.cause, message.diagnostic];
      return Uint8Array.from([...head, cause.length, ...cause, ...printUserData(message.userData)]);
    }
    case 'smma':
      return Uint8Array.from(head);
  }
}

function printUserData(userData: Uint8Array | undefined): readonly number[] {
  return userData === undefined ? [] : [USER_DATA, ...counted(userData)];
}

function counted(tpdu: Uint8Array): readonly number[] {
  if (tpdu.length > LONGEST_TPDU) throw new RangeError(`a TPDU of ${tpdu.length} octets`);
  return [tpdu.length, ...tpdu];
}

function printAddress(address: RpAddress | undefined): readonly number[] {
  if (address === undefined) return [0];
  const digits = printSemiOctets(address.digits);
  return [digits.length + 1, typeOctet(address.type, address.plan), ...digits];
}

/** A service centre's address from a number as people write it: international with `+`. */
export function rpAddress(number: string): RpAddress {
  const type = number.startsWith('+') ? 'international' : 'unknown';
  return { type, plan: ISDN_PLAN, digits: number.replace(/^\+/, '') };
}
