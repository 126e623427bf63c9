/** The transfer layer of short messages, SM-TP: the six TPDUs of TS 23.040 §9.2.2. */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { printAddress, readAddress, type TpAddress } from './address.ts';
import { DEFAULT_CODING } from './data-coding.ts';
import type { RpSender } from './rp.ts';
import { printTimestamp, readTimestamp, type Timestamp } from './timestamp.ts';
import { readUserData, type UserData } from './user-data.ts';
import { printValidity, readValidity, VALIDITY_FORMATS, type Validity } from './validity.ts';

/** What a service centre sends to a handset (§9.2.2.1). */
export interface Deliver {
  readonly type: 'deliver';
  /** TP-MMS, reversed: whether further messages wait. */
  readonly moreMessages: boolean;
  /** TP-LP: forwarded or spawned, so that it must not go round. */
  readonly loopPrevention: boolean;
  readonly replyPath: boolean;
  /** TP-SRI: the sender gets a status report. */
  readonly statusReport: boolean;
  readonly originator: TpAddress;
  readonly protocol: number;
  readonly timestamp: Timestamp;
  readonly userData: UserData;
}

/** What a handset sends (§9.2.2.2). */
export interface Submit {
  readonly type: 'submit';
  readonly rejectDuplicates: boolean;
  readonly replyPath: boolean;
  /** TP-SRR: a status report is asked for. */
  readonly statusReport: boolean;
  /** TP-MR, 0 to 255. */
  readonly reference: number;
  readonly destination: TpAddress;
  readonly protocol: number;
  readonly validity: Validity | undefined;
  readonly userData: UserData;
}

/** What became of a message that was submitted (§9.2.2.3). */
export interface StatusReport {
  readonly type: 'status-report';
  readonly moreMessages: boolean;
  readonly loopPrevention: boolean;
  /** TP-SRQ: it answers an SMS-COMMAND. */
  readonly ofCommand: boolean;
  readonly reference: number;
  readonly recipient: TpAddress;
  readonly timestamp: Timestamp;
  readonly discharge: Timestamp;
  /** TP-ST: see failure.ts. */
  readonly status: number;
  readonly optional: Optional;
}

/** What a handset wants done with a message it submitted (§9.2.2.4). */
export interface Command {
  readonly type: 'command';
  readonly statusReport: boolean;
  readonly hasHeader: boolean;
  readonly reference: number;
  readonly protocol: number;
  /** TP-CT: 0 enquiry, 1 cancel status report, 2 delete, 3 enable status report. */
  readonly command: number;
  /** TP-MN: TP-MR of the message it is about. */
  readonly messageNumber: number;
  readonly destination: TpAddress;
  readonly data: Uint8Array;
}

/** How a handset answers SMS-DELIVER or SMS-STATUS-REPORT (§9.2.2.1a). */
export interface DeliverReport {
  readonly type: 'deliver-report';
  /** TP-FCS, in RP-ERROR only: see failure.ts. */
  readonly failure: number | undefined;
  readonly optional: Optional;
}

/** How a service centre answers SMS-SUBMIT or SMS-COMMAND (§9.2.2.2a). */
export interface SubmitReport {
  readonly type: 'submit-report';
  readonly failure: number | undefined;
  readonly timestamp: Timestamp;
  readonly optional: Optional;
}

export type Tpdu = Deliver | Submit | StatusReport | Command | DeliverReport | SubmitReport;

/** What TP-Parameter-Indicator says is there (§9.2.3.27). */
export interface Optional {
  readonly protocol?: number;
  /** With user data it stands in there. */
  readonly coding?: number;
  readonly userData?: UserData;
}

/** The RPDU a TPDU stands in. */
export type Within = 'data' | 'ack' | 'error';

const MORE_OR_DUPLICATES = 0x04;
const LOOP_PREVENTION = 0x08;
const STATUS_REPORT = 0x20;
const HEADER = 0x40;
const REPLY_PATH = 0x80;
const INDICATOR = { protocol: 0x01, coding: 0x02, userData: 0x04, more: 0x80 } as const;
const MOST_COMMAND_DATA = 157;

/**
 * @param sender of the RPDU. @param within which RPDU: reports of a failure begin with its cause.
 * @throws MalformedError
 */
export function parseTpdu(octets: Uint8Array, sender: RpSender, within: Within): Tpdu {
  const reader = new OctetReader(octets);
  const first = reader.octet('TPDU');
  const isData = within === 'data';
  switch (first & 3) {
    case 0:
      if (sender === 'network') return isData ? parseDeliver(first, reader) : unfit('SMS-DELIVER', within);
      return isData ? unfit('SMS-DELIVER-REPORT', within) : parseDeliverReport(first, reader, within);
    case 1:
      if (sender === 'handset') return isData ? parseSubmit(first, reader) : unfit('SMS-SUBMIT', within);
      return isData ? unfit('SMS-SUBMIT-REPORT', within) : parseSubmitReport(first, reader, within);
    case 2:
      if (!isData) return unfit('SMS-COMMAND or SMS-STATUS-REPORT', within);
      return sender === 'handset' ? parseCommand(first, reader) : parseStatusReport(first, reader);
    default:
      // §9.2.3.1: handsets take the reserved type for SMS-DELIVER.
      return sender === 'network' && isData ? parseDeliver(first, reader) : unfit('a TPDU of reserved type', within);
  }
}

function unfit(what: string, within: Within): never {
  throw new MalformedError(`${what} inside RP-${within.toUpperCase()}`, 0);
}

const has = (first: number, bit: number) => (first & bit) !== 0;

function parseDeliver(first: number, reader: OctetReader): Deliver {
  const originator = readAddress(reader, 'originating address');
  const protocol = reader.octet('protocol identifier');
  const coding = reader.octet('data coding scheme');
  const timestamp = readTimestamp(reader, 'service centre time stamp');
  return {
    type: 'deliver',
    moreMessages: !has(first, MORE_OR_DUPLICATES),
    loopPrevention: has(first, LOOP_PREVENTION),
    replyPath: has(first, REPLY_PATH),
    statusReport: has(first, STATUS_REPORT),
    originator,
    protocol,
    timestamp,
    userData: readUserData(reader, coding, has(first, HEADER)),
  };
}

function parseSubmit(first: number, reader: OctetReader): Submit {
  const reference = reader.octet('message reference');
  const destination = readAddress(reader, 'destination address');
  const protocol = reader.octet('protocol identifier');
  const coding = reader.octet('data coding scheme');
  const format = VALIDITY_FORMATS[(first >> 3) & 3] as (typeof VALIDITY_FORMATS)[number];
  const validity = readValidity(format, reader);
  return {
    type: 'submit',
    rejectDuplicates: has(first, MORE_OR_DUPLICATES),
    replyPath: has(first, REPLY_PATH),
    statusReport: has(first, STATUS_REPORT),
    reference,
    destination,
    protocol,
    validity,
    userData: readUserData(reader, coding, has(first, HEADER)),
  };
}

function parseStatusReport(first: number, reader: OctetReader): StatusReport {
  return {
    type: 'status-report',
    moreMessages: !has(first, MORE_OR_DUPLICATES),
    loopPrevention: has(first, LOOP_PREVENTION),
    ofCommand: has(first, STATUS_REPORT),
    reference: reader.octet('message reference'),
    recipient: readAddress(reader, 'recipient address'),
    timestamp: readTimestamp(reader, 'service centre time stamp'),
    discharge: readTimestamp(reader, 'discharge time'),
    status: reader.octet('status'),
    optional: readOptional(reader, has(first, HEADER)),
  };
}

function parseCommand(first: number, reader: OctetReader): Command {
  const head = {
    reference: reader.octet('message reference'),
    protocol: reader.octet('protocol identifier'),
    command: reader.octet('command type'),
    messageNumber: reader.octet('message number'),
    destination: readAddress(reader, 'destination address'),
  };
  const data = reader.counted('command data').slice();
  if (data.length > MOST_COMMAND_DATA) throw new MalformedError(`command data of ${data.length} octets`);
  return {
    type: 'command',
    statusReport: has(first, STATUS_REPORT),
    hasHeader: has(first, HEADER),
    ...head,
    data,
  };
}

function parseDeliverReport(first: number, reader: OctetReader, within: Within): DeliverReport {
  const failure = within === 'error' ? reader.octet('failure cause') : undefined;
  return { type: 'deliver-report', failure, optional: readIndicated(reader, has(first, HEADER)) };
}

function parseSubmitReport(first: number, reader: OctetReader, within: Within): SubmitReport {
  const failure = within === 'error' ? reader.octet('failure cause') : undefined;
  const indicator = readIndicator(reader);
  const timestamp = readTimestamp(reader, 'service centre time stamp');
  return { type: 'submit-report', failure, timestamp, optional: readParts(indicator, reader, has(first, HEADER)) };
}

/** In a status report the indicator itself may be left out. */
function readOptional(reader: OctetReader, hasHeader: boolean): Optional {
  return reader.left === 0 ? {} : readIndicated(reader, hasHeader);
}

function readIndicated(reader: OctetReader, hasHeader: boolean): Optional {
  return readParts(readIndicator(reader), reader, hasHeader);
}

/** Octets behind one whose highest bit is set are of later releases. */
function readIndicator(reader: OctetReader): number {
  const indicator = reader.octet('parameter indicator');
  for (let more = indicator; has(more, INDICATOR.more); ) more = reader.octet('parameter indicator');
  return indicator;
}

function readParts(indicator: number, reader: OctetReader, hasHeader: boolean): Optional {
  const protocol = has(indicator, INDICATOR.protocol) ? reader.octet('protocol identifier') : undefined;
  const coding = has(indicator, INDICATOR.coding) ? reader.octet('data coding scheme') : undefined;
  // §9.2.3.27: user data without a coding scheme is text of the default alphabet.
  const userData = has(indicator, INDICATOR.userData)
    ? readUserData(reader, coding ?? DEFAULT_CODING, hasHeader)
    : undefined;
  return {
    ...(protocol !== undefined && { protocol }),
    ...(coding !== undefined && { coding }),
    ...(userData !== undefined && { userData }),
  };
}

/** @throws RangeError for what fits no TPDU. */
export function printTpdu(tpdu: Tpdu): Uint8Array {
  switch (tpdu.type) {
    case 'deliver':
      return Uint8Array.from([
        bits(0, [!tpdu.moreMessages, MORE_OR_DUPLICATES], [tpdu.loopPrevention, LOOP_PREVENTION]) |
          bits(0, [tpdu.statusReport, STATUS_REPORT], [tpdu.replyPath, REPLY_PATH], headerBit(tpdu.userData)),
        ...printAddress(tpdu.originator),
        tpdu.protocol,
        tpdu.userData.coding,
        ...printTimestamp(tpdu.timestamp),
        ...printed(tpdu.userData),
      ]);
    case 'submit': {
      const format = VALIDITY_FORMATS.indexOf(tpdu.validity?.form ?? 'none');
      return Uint8Array.from([
        bits(1, [tpdu.rejectDuplicates, MORE_OR_DUPLICATES], headerBit(tpdu.userData)) |
          bits(format << 3, [tpdu.statusReport, STATUS_REPORT], [tpdu.replyPath, REPLY_PATH]),
        tpdu.reference,
        ...printAddress(tpdu.destination),
        tpdu.protocol,
        tpdu.userData.coding,
        ...(tpdu.validity === undefined ? [] : printValidity(tpdu.validity)),
        ...printed(tpdu.userData),
      ]);
    }
    case 'status-report':
      return Uint8Array.from([
        bits(2, [!tpdu.moreMessages, MORE_OR_DUPLICATES], [tpdu.loopPrevention, LOOP_PREVENTION]) |
          bits(0, [tpdu.ofCommand, STATUS_REPORT], headerBit(tpdu.optional.userData)),
        tpdu.reference,
        ...printAddress(tpdu.recipient),
        ...printTimestamp(tpdu.timestamp),
        ...printTimestamp(tpdu.discharge),
        tpdu.status,
        ...(indicatorOf(tpdu.optional) === 0 ? [] : [indicatorOf(tpdu.optional), ...printParts(tpdu.optional)]),
      ]);
    case 'command':
      return Uint8Array.from([
        bits(2, [tpdu.statusReport, STATUS_REPORT], [tpdu.hasHeader, HEADER]),
        tpdu.reference,
        tpdu.protocol,
        tpdu.command,
        tpdu.messageNumber,
        ...printAddress(tpdu.destination),
        tpdu.data.length,
        ...tpdu.data,
      ]);
    case 'deliver-report':
      return Uint8Array.from([
        bits(0, headerBit(tpdu.optional.userData)),
        ...(tpdu.failure === undefined ? [] : [tpdu.failure]),
        indicatorOf(tpdu.optional),
        ...printParts(tpdu.optional),
      ]);
    case 'submit-report':
      return Uint8Array.from([
        bits(1, headerBit(tpdu.optional.userData)),
        ...(tpdu.failure === undefined ? [] : [tpdu.failure]),
        indicatorOf(tpdu.optional),
        ...printTimestamp(tpdu.timestamp),
        ...printParts(tpdu.optional),
      ]);
  }
}

/** The same SMS-DELIVER or SMS-STATUS-REPORT, saying whether further messages wait. */
export function withMoreMessages(tpdu: Uint8Array, more: boolean): Uint8Array {
  const copy = Uint8Array.from(tpdu);
  copy[0] = more ? (copy[0] as number) & ~MORE_OR_DUPLICATES : (copy[0] as number) | MORE_OR_DUPLICATES;
  return copy;
}

function bits(base: number, ...set: readonly (readonly [boolean, number])[]): number {
  return set.reduce((octet, [on, bit]) => (on ? octet | bit : octet), base);
}

function headerBit(userData: UserData | undefined): readonly [boolean, number] {
  return [userData?.hasHeader === true, HEADER];
}

function printed({ length, octets }: UserData): readonly number[] {
  return [length, ...octets];
}

function indicatorOf({ protocol, coding, userData }: Optional): number {
  return bits(
    0,
    [protocol !== undefined, INDICATOR.protocol],
    [coding !== undefined, INDICATOR.coding],
    [userData !== undefined, INDICATOR.userData],
  );
}

function printParts({ protocol, coding, userData }: Optional): readonly number[] {
  return [
    ...(protocol === undefined ? [] : [protocol]),
    ...(coding === undefined ? [] : [coding]),
    ...(userData === undefined ? [] : printed(userData)),
  ];
}
