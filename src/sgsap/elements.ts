/** The information elements of SGsAP (TS 29.118 §9.4): identifiers of table 9.2 and what they hold. */
import { MalformedError } from '../core/errors.ts';
import { type MobileIdentity, printDigits, printIdentity, readDigits, readIdentity } from './bcd.ts';
import { REJECT_CAUSES, SGS_CAUSES } from './causes.ts';

export interface Plmn {
  readonly mcc: string;
  /** Two or three digits. */
  readonly mnc: string;
}

export interface Area extends Plmn {
  /** LAC of a location area, TAC of a tracking area. */
  readonly code: number;
}

export interface Cell extends Plmn {
  /** E-UTRAN cell identifier, 28 bits. */
  readonly cell: number;
}

export interface Element<T> {
  readonly id: number;
  /** As TS 29.118 names it. */
  readonly title: string;
  /** @throws MalformedError */
  read(octets: Uint8Array): T;
  print(value: T): Uint8Array;
  /** For people. */
  text(value: T): string;
}

export const SERVICE = { csCall: 1, sms: 2 } as const;

/** §9.4.2. */
export const LOCATION_UPDATE_TYPES: Names = { 1: 'IMSI attach', 2: 'normal location update' };

type Names = { readonly [value: number]: string };

function octet(id: number, title: string, names: Names = {}): Element<number> {
  return {
    id,
    title,
    read: (octets) => octets[0] as number,
    print: (value) => Uint8Array.of(value),
    text: (value) => (names[value] === undefined ? String(value) : `${value} (${names[value]})`),
  };
}

/** Octets that are handed on as they are. */
function opaque(id: number, title: string, length?: number): Element<Uint8Array> {
  return {
    id,
    title,
    read(octets) {
      if (length !== undefined && octets.length !== length) {
        throw new MalformedError(`${title} of ${octets.length} octets, not ${length}`);
      }
      return octets.slice();
    },
    print: (value) => value,
    text: (value) => Buffer.from(value).toString('hex'),
  };
}

function identity(id: number, title: string): Element<MobileIdentity> {
  return {
    id,
    title,
    read: (octets) => readIdentity(octets, title),
    print: printIdentity,
    text: (value) =>
      value.kind === 'tmsi' ? `TMSI ${hex(value.tmsi)}` : `${value.kind.toUpperCase()} ${value.digits}`,
  };
}

const IMSI: Element<string> = {
  id: 1,
  title: 'IMSI',
  read(octets) {
    const read = readIdentity(octets, 'IMSI');
    if (read.kind !== 'imsi' || read.digits.length < 6 || read.digits.length > 15) {
      throw new MalformedError('IMSI is none');
    }
    return read.digits;
  },
  print: (digits) => printIdentity({ kind: 'imsi', digits }),
  text: String,
};

const IMEISV: Element<string> = {
  id: 21,
  title: 'IMEISV',
  /** Sixteen digits (§9.4.5); as a Mobile identity with its kind, by those who take it for one. */
  read(octets) {
    if (octets.length !== 9) return readDigits(octets, 'IMEISV');
    const read = readIdentity(octets, 'IMEISV');
    if (read.kind === 'tmsi') throw new MalformedError('IMEISV is a TMSI');
    return read.digits;
  },
  print: printDigits,
  text: String,
};

const TMSI: Element<number> = {
  id: 3,
  title: 'TMSI',
  read(octets) {
    if (octets.length !== 4) throw new MalformedError(`TMSI of ${octets.length} octets`);
    return Buffer.from(octets).readUInt32BE(0);
  },
  print: (tmsi) => uint32(tmsi),
  text: hex,
};

/** A fully qualified domain name in labels (§9.4.13, §9.4.22); some write it with dots. */
function name(id: number, title: string): Element<string> {
  return {
    id,
    title,
    read(octets) {
      const text = Buffer.from(octets).toString('latin1');
      if (/^[A-Za-z0-9][\w.-]+$/.test(text)) return text;
      const labels: string[] = [];
      for (let at = 0; at < octets.length && octets[at] !== 0; ) {
        const end = at + 1 + (octets[at] as number);
        if (end > octets.length) throw new MalformedError(`${title}: a label goes beyond its end`, at);
        labels.push(text.slice(at + 1, end));
        at = end;
      }
      if (labels.length === 0 || labels.some((label) => !/^[\w-]+$/.test(label))) {
        throw new MalformedError(`${title} is no domain name`);
      }
      return labels.join('.');
    },
    print: (value) =>
      Buffer.concat(value.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]))),
    text: String,
  };
}

function area(id: number, title: string): Element<Area> {
  return {
    id,
    title,
    read(octets) {
      if (octets.length !== 5) throw new MalformedError(`${title} of ${octets.length} octets`);
      return { ...readPlmn(octets, title), code: Buffer.from(octets).readUInt16BE(3) };
    },
    print: (value) => Uint8Array.from([...printPlmn(value), value.code >> 8, value.code & 255]),
    text: ({ mcc, mnc, code }) => `${mcc}-${mnc}-${code}`,
  };
}

const ECGI: Element<Cell> = {
  id: 36,
  title: 'E-CGI',
  read(octets) {
    if (octets.length !== 7) throw new MalformedError(`E-CGI of ${octets.length} octets`);
    return { ...readPlmn(octets, 'E-CGI'), cell: Buffer.from(octets).readUInt32BE(3) & 0x0fff_ffff };
  },
  print: (value) => Uint8Array.from([...printPlmn(value), ...uint32(value.cell)]),
  text: ({ mcc, mnc, cell }) => `${mcc}-${mnc}-${cell}`,
};

const OPERATOR: Element<Plmn> = {
  id: 40,
  title: 'Selected CS domain operator',
  read(octets) {
    if (octets.length !== 3) throw new MalformedError(`Selected CS domain operator of ${octets.length} octets`);
    return readPlmn(octets, 'Selected CS domain operator');
  },
  print: printPlmn,
  text: ({ mcc, mnc }) => `${mcc}-${mnc}`,
};

/** Table 9.2; the order within a message is that of its definition, see messages.ts. */
export const ELEMENTS = {
  imsi: IMSI,
  vlrName: name(2, 'VLR name'),
  tmsi: TMSI,
  lai: area(4, 'Location area identifier'),
  channelNeeded: octet(5, 'Channel needed'),
  emlppPriority: octet(6, 'eMLPP priority'),
  tmsiStatus: octet(7, 'TMSI status', { 0: 'no valid TMSI', 1: 'valid TMSI' }),
  sgsCause: octet(8, 'SGs cause', SGS_CAUSES),
  mmeName: name(9, 'MME name'),
  locationUpdateType: octet(10, 'EPS location update type', LOCATION_UPDATE_TYPES),
  globalCnId: opaque(11, 'Global CN-Id', 5),
  mobileIdentity: identity(14, 'Mobile identity'),
  rejectCause: octet(15, 'Reject cause', REJECT_CAUSES),
  epsDetachType: octet(16, 'IMSI detach from EPS service type', {
    1: 'network initiated',
    2: 'UE initiated',
    3: 'EPS services not allowed',
  }),
  nonEpsDetachType: octet(17, 'IMSI detach from non-EPS service type', {
    1: 'explicit, UE initiated, non-EPS',
    2: 'explicit, UE initiated, EPS and non-EPS',
    3: 'implicit, network initiated',
  }),
  imeisv: IMEISV,
  nas: opaque(22, 'NAS message container'),
  mmInformation: opaque(23, 'MM information'),
  erroneousMessage: opaque(27, 'Erroneous message'),
  cli: opaque(28, 'CLI'),
  lcsClientIdentity: opaque(29, 'LCS client identity'),
  lcsIndicator: octet(30, 'LCS indicator'),
  ssCode: octet(31, 'SS code'),
  serviceIndicator: octet(32, 'Service indicator', { 1: 'CS call', 2: 'SMS' }),
  ueTimeZone: octet(33, 'UE time zone'),
  classmark2: opaque(34, 'Mobile station classmark 2', 3),
  tai: area(35, 'Tracking area identity'),
  ecgi: ECGI,
  ueEmmMode: octet(37, 'UE EMM mode', { 0: 'idle', 1: 'connected' }),
  additionalPagingIndicators: octet(38, 'Additional paging indicators'),
  tmsiBasedNri: opaque(39, 'TMSI based NRI container', 2),
  selectedOperator: OPERATOR,
  maximumAvailabilityTime: opaque(41, 'Maximum UE availability time'),
  smDeliveryTimer: opaque(42, 'SM delivery timer'),
  smDeliveryStartTime: opaque(43, 'SM delivery start time'),
  additionalUnreachableIndicators: octet(44, 'Additional UE unreachable indicators'),
  maximumRetransmissionTime: opaque(45, 'Maximum retransmission time'),
  requestedRetransmissionTime: opaque(46, 'Requested retransmission time'),
} as const;

export type ElementName = keyof typeof ELEMENTS;
export type ElementValue<E extends ElementName> = (typeof ELEMENTS)[E] extends Element<infer T> ? T : never;

function readPlmn(octets: Uint8Array, title: string): Plmn {
  const [a = 0, b = 0, c = 0] = octets;
  const mnc3 = b >> 4;
  const digits = [a & 15, a >> 4, b & 15, c & 15, c >> 4, ...(mnc3 === 15 ? [] : [mnc3])];
  if (digits.some((digit) => digit > 9)) throw new MalformedError(`${title}: the network's code has no digits`);
  return { mcc: digits.slice(0, 3).join(''), mnc: digits.slice(3).join('') };
}

function printPlmn({ mcc, mnc }: Plmn): Uint8Array {
  const digit = (text: string, at: number) => (text[at] === undefined ? 15 : Number(text[at]));
  return Uint8Array.of(
    digit(mcc, 0) | (digit(mcc, 1) << 4),
    digit(mcc, 2) | (digit(mnc, 2) << 4),
    digit(mnc, 0) | (digit(mnc, 1) << 4),
  );
}

function uint32(value: number): Uint8Array {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value >>> 0);
  return octets;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
