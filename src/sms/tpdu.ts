/** The transfer layer of short messages, SM-TP: the six TPDUs of TS 23.040 §9.2.2, and how they are read. */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { readAddress, type TpAddress } from './address.ts';
import { DEFAULT_CODING } from './data-coding.ts';
import type { RpSender } from './rp.ts';
import { readTimestamp, type Timestamp } from './timestamp.ts';
import { readUserData, type UserData } from './user-data.ts';
import { readValidity, VALIDITY_FORMATS, type Validity } from './validity.ts';

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

/** Bits of the first octet. TP-MMS of what a centre sends and TP-RD of what it gets are the same one. */
export const FLAG = {
  moreOrDuplicates: 0x04,
  loopPrevention: 0x08,
  statusReport: 0x20,
  header: 0x40,
  replyPath: 0x80,
} as const;

/** Bits of TP-Parameter-Indicator (§9.2.3.27); `more` is that of a further octet. */
export const INDICATOR = { protocol: 0x01, coding: 0x02, userData: 0x04, more: 0x80 } as const;

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
    moreMessages: !has(first, FLAG.moreOrDuplicates),
    loopPrevention: has(first, FLAG.loopPrevention),
    replyPath: has(first, FLAG.replyPath),
    statusReport: has(first, FLAG.statusReport),
    originator,
    protocol,
    timestamp,
    userData: readUserData(reader, coding, has(first, FLAG.header)),
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
    rejectDuplicates: has(first, FLAG.moreOrDuplicates),
    replyPath: has(first, FLAG.replyPath),
    statusReport: has(first, FLAG.statusReport),
    reference,
    destination,
    protocol,
    validity,
    userData: readUserData(reader, coding, has(first, FLAG.header)),
  };
}

function parseStatusReport(first: number, reader: OctetReader): StatusReport {
  return {
    type: 'status-report',
    moreMessages: !has(first, FLAG.moreOrDuplicates),
    loopPrevention: has(first, FLAG.loopPrevention),
    ofCommand: has(first, FLAG.statusReport),
    reference: reader.octet('message reference'),
    recipient: readAddress(reader, 'recipient address'),
    timestamp: readTimestamp(reader, 'service centre time stamp'),
    discharge: readTimestamp(reader, 'discharge time'),
    status: reader.octet('status'),
    optional: readOptional(reader, has(first, FLAG.header)),
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
    statusReport: has(first, FLAG.statusReport),
    hasHeader: has(first, FLAG.header),
    ...head,
    data,
  };
}

function parseDeliverReport(first: number, reader: OctetReader, within: Within): DeliverReport {
  const failure = within === 'error' ? reader.octet('failure cause') : undefined;
  return { type: 'deliver-report', failure, optional: readIndicated(reader, has(first, FLAG.header)) };
}

function parseSubmitReport(first: number, reader: OctetReader, within: Within): SubmitReport {
  const failure = within === 'error' ? reader.octet('failure cause') : undefined;
  const indicator = readIndicator(reader);
  const timestamp = readTimestamp(reader, 'service centre time stamp');
  return { type: 'submit-report', failure, timestamp, optional: readParts(indicator, reader, has(first, FLAG.header)) };
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
