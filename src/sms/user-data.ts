/** TP-User-Data (TS 23.040 §9.2.3.24): a header of information elements, then text or data as TP-DCS says. */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { decodeSeptets, packSeptets, type Shifts, unpackSeptets } from './alphabet.ts';
import { LANGUAGES, type Language } from './alphabet-tables.ts';
import { parseDataCoding } from './data-coding.ts';

/** As it stands in a TPDU: a service centre hands it on without a look inside. */
export interface UserData {
  /** TP-DCS. */
  readonly coding: number;
  /** TP-UDHI: whether it begins with a header. */
  readonly hasHeader: boolean;
  /** TP-UDL: septets of the default alphabet, header and fill bits included, else octets. */
  readonly length: number;
  readonly octets: Uint8Array;
}

export interface InformationElement {
  /** §9.2.3.24, table: see ELEMENT. */
  readonly identifier: number;
  readonly data: Uint8Array;
}

export const ELEMENT = {
  concatenation8: 0x00,
  ports8: 0x04,
  ports16: 0x05,
  concatenation16: 0x08,
  singleShift: 0x24,
  lockingShift: 0x25,
} as const;

/** A part of a longer message (§9.2.3.24.1, §9.2.3.24.8). */
export interface Concatenation {
  readonly reference: number;
  readonly bits: 8 | 16;
  readonly parts: number;
  /** 1 to `parts`. */
  readonly part: number;
}

/** §9.2.3.24.3, §9.2.3.24.4. */
export interface Ports {
  readonly destination: number;
  readonly originator: number;
  readonly bits: 8 | 16;
}

export interface Content {
  readonly elements: readonly InformationElement[];
  readonly concatenation: Concatenation | undefined;
  readonly ports: Ports | undefined;
  /** Undefined for 8-bit and compressed data. */
  readonly text: string | undefined;
  /** What follows the header; text in the default alphabet is packed anew from its first bit on. */
  readonly data: Uint8Array;
}

/** Octets that TP-User-Data may have (§9.2.3.24). */
export const MOST_OCTETS = 140;
const MOST_SEPTETS = 160;

/** @throws MalformedError when it is cut short or too long, or its header is. */
export function readUserData(reader: OctetReader, coding: number, hasHeader: boolean): UserData {
  const length = reader.octet('length of the user data');
  const most = isSeptets(coding) ? MOST_SEPTETS : MOST_OCTETS;
  if (length > most) throw new MalformedError(`user data of ${length}, more than ${most}`, reader.offset);
  const octets = reader.octets(isSeptets(coding) ? octetsFor(length) : length, 'user data').slice();
  const userData = { coding, hasHeader, length, octets };
  headerOf(userData);
  return userData;
}

/** What it says. @throws MalformedError when its header is wrong. */
export function contentOf(userData: UserData): Content {
  const { coding, length, octets } = userData;
  const { elements, end } = headerOf(userData);
  const shifts = shiftsOf(elements);
  const parts = { elements, concatenation: concatenationOf(elements), ports: portsOf(elements) };
  const { alphabet, compressed } = parseDataCoding(coding);
  if (!isSeptets(coding)) {
    const data = octets.subarray(end);
    return { ...parts, data, text: alphabet === 'ucs2' && !compressed ? decodeUcs2(data) : undefined };
  }
  const skipped = Math.ceil((end * 8) / 7);
  const septets = unpackSeptets(octets, Math.max(0, length - skipped), skipped * 7);
  const data = new Uint8Array(octetsFor(septets.length));
  packSeptets([...septets], data);
  return { ...parts, data, text: decodeSeptets(septets, shifts) };
}

/** User data of octets: 8-bit, UCS-2 or compressed. @throws RangeError when they do not fit. */
export function octetData(coding: number, elements: readonly InformationElement[], data: Uint8Array): UserData {
  const header = printHeader(elements);
  const octets = Uint8Array.from([...header, ...data]);
  if (octets.length > MOST_OCTETS) throw new RangeError(`user data of ${octets.length} octets`);
  return { coding, hasHeader: elements.length > 0, length: octets.length, octets };
}

/** User data of septets. @throws RangeError when they do not fit. */
export function septetData(
  coding: number,
  elements: readonly InformationElement[],
  septets: readonly number[],
): UserData {
  const header = printHeader(elements);
  const skipped = Math.ceil((header.length * 8) / 7);
  const length = skipped + septets.length;
  if (length > MOST_SEPTETS) throw new RangeError(`user data of ${length} septets`);
  const octets = new Uint8Array(octetsFor(length));
  octets.set(header);
  packSeptets(septets, octets, skipped * 7);
  return { coding, hasHeader: elements.length > 0, length, octets };
}

/** Septets or octets that are left beside a header of these elements. */
export function room(alphabet: 'septets' | 'octets', elements: readonly InformationElement[]): number {
  const header = printHeader(elements).length;
  return alphabet === 'octets' ? MOST_OCTETS - header : MOST_SEPTETS - Math.ceil((header * 8) / 7);
}

export function concatenation({ reference, bits, parts, part }: Concatenation): InformationElement {
  const identifier = bits === 8 ? ELEMENT.concatenation8 : ELEMENT.concatenation16;
  const start = bits === 8 ? [reference & 0xff] : [(reference >> 8) & 0xff, reference & 0xff];
  return { identifier, data: Uint8Array.of(...start, parts, part) };
}

export function ports({ destination, originator, bits }: Ports): InformationElement {
  const data =
    bits === 8 ? [destination, originator] : [destination >> 8, destination & 0xff, originator >> 8, originator & 0xff];
  return { identifier: bits === 8 ? ELEMENT.ports8 : ELEMENT.ports16, data: Uint8Array.of(...data) };
}

/** §9.2.3.24.15, §9.2.3.24.16. */
export function shiftElements({ locking, single }: Shifts): readonly InformationElement[] {
  const elements: InformationElement[] = [];
  if (single !== undefined) elements.push({ identifier: ELEMENT.singleShift, data: Uint8Array.of(LANGUAGES[single]) });
  if (locking !== undefined) {
    elements.push({ identifier: ELEMENT.lockingShift, data: Uint8Array.of(LANGUAGES[locking]) });
  }
  return elements;
}

/** UCS-2 as everybody writes it since there is more than one plane: UTF-16, big endian. */
export function encodeUcs2(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf16le').swap16());
}

function decodeUcs2(octets: Uint8Array): string {
  return Buffer.from(octets.subarray(0, octets.length & ~1))
    .swap16()
    .toString('utf16le');
}

/** Whether the length counts septets: compressed text is octets (§9.2.3.16). */
function isSeptets(coding: number): boolean {
  const { alphabet, compressed } = parseDataCoding(coding);
  return alphabet === 'default' && !compressed;
}

function octetsFor(septets: number): number {
  return Math.ceil((septets * 7) / 8);
}

interface Header {
  readonly elements: readonly InformationElement[];
  /** Octets it takes, its length octet included. */
  readonly end: number;
}

/** @throws MalformedError */
function headerOf({ hasHeader, octets }: UserData): Header {
  if (!hasHeader) return { elements: [], end: 0 };
  const header = new OctetReader(octets).counted('user data header');
  const reader = new OctetReader(header);
  const elements: InformationElement[] = [];
  while (reader.left > 0) {
    const identifier = reader.octet('information element');
    elements.push({ identifier, data: reader.counted('information element').slice() });
  }
  return { elements, end: header.length + 1 };
}

function printHeader(elements: readonly InformationElement[]): readonly number[] {
  if (elements.length === 0) return [];
  const octets = elements.flatMap(({ identifier, data }) => [identifier, data.length, ...data]);
  return [octets.length, ...octets];
}

/** §9.2.3.24.1: one that makes no sense is as if it were not there; of several the last counts. */
function concatenationOf(elements: readonly InformationElement[]): Concatenation | undefined {
  let found: Concatenation | undefined;
  for (const { identifier, data } of elements) {
    const bits = identifier === ELEMENT.concatenation8 ? 8 : 16;
    if (bits === 16 && identifier !== ELEMENT.concatenation16) continue;
    if (data.length !== (bits === 8 ? 3 : 4)) continue;
    const [parts = 0, part = 0] = data.subarray(-2);
    if (parts === 0 || part === 0 || part > parts) continue;
    found = { reference: numberOf(data.subarray(0, -2)), bits, parts, part };
  }
  return found;
}

function portsOf(elements: readonly InformationElement[]): Ports | undefined {
  let found: Ports | undefined;
  for (const { identifier, data } of elements) {
    const bits = identifier === ELEMENT.ports8 ? 8 : 16;
    if (bits === 16 && identifier !== ELEMENT.ports16) continue;
    if (data.length !== bits / 4) continue;
    const half = data.length / 2;
    found = { destination: numberOf(data.subarray(0, half)), originator: numberOf(data.subarray(half)), bits };
  }
  return found;
}

function numberOf(octets: Uint8Array): number {
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}

/** A language that has no tables here counts as none (§6.2.1.2.2). */
function shiftsOf(elements: readonly InformationElement[]): Shifts {
  return { locking: languageOf(elements, ELEMENT.lockingShift), single: languageOf(elements, ELEMENT.singleShift) };
}

function languageOf(elements: readonly InformationElement[], wanted: number): Language | undefined {
  const element = elements.findLast(({ identifier, data }) => identifier === wanted && data.length === 1);
  const names = Object.keys(LANGUAGES) as Language[];
  return element && names.find((name) => LANGUAGES[name] === element.data[0]);
}
