/**
 * The AVPs known here by name, as data, and their values read and written by it. An AVP that is not in the dictionary
 * keeps its octets and hurts nobody.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { shortestAddress } from '../core/endpoint.ts';
import { type Avp, AvpError, INVALID_AVP_LENGTH, readAvps, writeAvps } from './avp.ts';
import { BASE_AVPS } from './dictionary/base.ts';
import { CX_AVPS } from './dictionary/cx.ts';
import type { Formats, Row } from './dictionary/row.ts';
import { RX_AVPS } from './dictionary/rx.ts';

const DICTIONARY = { ...BASE_AVPS, ...CX_AVPS, ...RX_AVPS } as const;

export type AvpName = keyof typeof DICTIONARY;
type RowOf<N extends AvpName> = (typeof DICTIONARY)[N];

/** What an AVP is made of. */
export type Value<N extends AvpName> =
  RowOf<N> extends { readonly format: 'Enumerated'; readonly values: infer V }
    ? keyof V
    : RowOf<N> extends { readonly format: 'Grouped' }
      ? readonly Avp[]
      : RowOf<N> extends { readonly format: infer F extends keyof Formats }
        ? Formats[F]
        : never;

/** What is read from an AVP: a number where an enumeration has no name for it. */
export type ReadValue<N extends AvpName> =
  RowOf<N> extends { readonly format: 'Enumerated' } ? Value<N> | number : Value<N>;

const MISSING_AVP = 5005;
const INVALID_AVP_VALUE = 5004;

const BY_CODE: ReadonlyMap<string, AvpName> = new Map(
  (Object.keys(DICTIONARY) as AvpName[]).map((name) => [keyOf(rowOf(name)), name]),
);

export function rowOf(name: AvpName): Row {
  return DICTIONARY[name];
}

/** The name of an AVP, undefined for one that is not in the dictionary. */
export function nameOf({ code, vendor }: Avp): AvpName | undefined {
  return BY_CODE.get(keyOf({ code, vendor }));
}

export function avp<N extends AvpName>(name: N, value: Value<N>): Avp {
  const { code, vendor = 0, mandatory = true } = rowOf(name);
  return { code, vendor, mandatory, data: write(rowOf(name), value) };
}

/** The value of the first AVP of this name. @throws AvpError when it does not follow its format. */
export function find<N extends AvpName>(avps: readonly Avp[], name: N): ReadValue<N> | undefined {
  const found = avps.find((one) => isNamed(one, name));
  return found && readAvp(found, name);
}

/** @throws AvpError when there is none, or it does not follow its format. */
export function need<N extends AvpName>(avps: readonly Avp[], name: N): ReadValue<N> {
  const value = find(avps, name);
  if (value !== undefined) return value;
  const { code, vendor = 0, mandatory = true } = rowOf(name);
  throw new AvpError(MISSING_AVP, `${name} is missing`, { code, vendor, mandatory, data: new Uint8Array(0) });
}

/** The values of all AVPs of this name, in their order. @throws AvpError */
export function findAll<N extends AvpName>(avps: readonly Avp[], name: N): ReadValue<N>[] {
  return avps.filter((one) => isNamed(one, name)).map((one) => readAvp(one, name));
}

export function isNamed({ code, vendor }: Avp, name: AvpName): boolean {
  const row = rowOf(name);
  return code === row.code && vendor === (row.vendor ?? 0);
}

/** @throws AvpError */
export function readAvp<N extends AvpName>(one: Avp, name: N): ReadValue<N> {
  const value = read(rowOf(name), one);
  if (value === undefined) throw new AvpError(INVALID_AVP_VALUE, `${name} cannot be read`, one);
  return value as ReadValue<N>;
}

function keyOf({ code, vendor = 0 }: { readonly code: number; readonly vendor?: number }): string {
  return `${vendor}:${code}`;
}

/** Seconds between 1900, where NTP begins (RFC 6733 §4.3.1, Time), and 1970. */
const NTP_TO_UNIX = 2_208_988_800;

function read(row: Row, one: Avp): unknown {
  const data = Buffer.from(one.data.buffer, one.data.byteOffset, one.data.length);
  switch (row.format) {
    case 'Grouped':
      return readAvps(data);
    case 'OctetString':
      return data;
    case 'UTF8String':
    case 'DiameterIdentity':
    case 'DiameterURI':
    case 'IPFilterRule':
      return data.toString('utf8');
    case 'Unsigned64':
      return sized(one, 8).readBigUInt64BE();
    case 'Unsigned32':
      return sized(one, 4).readUInt32BE();
    case 'Time':
      return sized(one, 4).readUInt32BE() - NTP_TO_UNIX;
    case 'Enumerated': {
      const number = sized(one, 4).readUInt32BE();
      return Object.keys(row.values).find((name) => row.values[name] === number) ?? number;
    }
    case 'Address':
      return readAddress(data);
    case 'IPv4Address':
      return [...sized(one, 4)].join('.');
    case 'IPv6Prefix':
      return readPrefix(data);
  }
}

function sized(one: Avp, length: number): Buffer {
  const { buffer, byteOffset, length: found } = one.data;
  if (found !== length) {
    const failed = { ...one, data: new Uint8Array(length) };
    throw new AvpError(INVALID_AVP_LENGTH, `AVP ${one.code} holds ${found} octets instead of ${length}`, failed);
  }
  return Buffer.from(buffer, byteOffset, found);
}

function write(row: Row, value: unknown): Uint8Array {
  switch (row.format) {
    case 'Grouped':
      return writeAvps(value as readonly Avp[]);
    case 'OctetString':
      return value as Uint8Array;
    case 'UTF8String':
    case 'DiameterIdentity':
    case 'DiameterURI':
    case 'IPFilterRule':
      return Buffer.from(value as string, 'utf8');
    case 'Unsigned64': {
      const octets = Buffer.alloc(8);
      octets.writeBigUInt64BE(value as bigint);
      return octets;
    }
    case 'Unsigned32':
      return unsigned32(value as number);
    case 'Time':
      return unsigned32((value as number) + NTP_TO_UNIX);
    case 'Enumerated':
      return unsigned32(row.values[value as string] as number);
    case 'Address':
      return writeAddress(value as string);
    case 'IPv4Address':
      return addressOctets(value as string);
    case 'IPv6Prefix':
      return writePrefix(value as string);
  }
}

function unsigned32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** RFC 6733 §4.3.1: two octets of IANA's address family, then the address. */
function readAddress(data: Buffer): string | undefined {
  const family = data.length < 2 ? 0 : data.readUInt16BE();
  if (family === 1 && data.length === 6) return [...data.subarray(2)].join('.');
  return family === 2 && data.length === 18 ? printIPv6(data.subarray(2)) : undefined;
}

function writeAddress(address: string): Buffer {
  return Buffer.concat([Buffer.from([0, isIPv6(address) ? 2 : 1]), addressOctets(address)]);
}

/** RFC 3162 §2.3: a reserved octet, the length in bits, the octets that matter. */
function readPrefix(data: Buffer): string | undefined {
  const bits = data[1];
  if (bits === undefined || bits > 128 || data.length > 18) return undefined;
  const octets = Buffer.alloc(16);
  data.copy(octets, 0, 2);
  return `${printIPv6(octets)}/${bits}`;
}

function writePrefix(prefix: string): Buffer {
  const [address = '', bits = '128'] = prefix.split('/');
  return Buffer.concat([Buffer.from([0, Number(bits)]), addressOctets(address)]);
}

/** The 4 or 16 octets of an IP address. @throws RangeError for other text. */
export function addressOctets(text: string): Buffer {
  const [address = ''] = text.split('%');
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new RangeError(`${address} is no IP address`);
  // The last 32 bits may stand as an IPv4 address (RFC 4291 §2.2).
  const plain = shortestAddress(address);
  const [before = '', after] = plain.split('::');
  const left = groups(before);
  const right = groups(after ?? '');
  const middle = after === undefined ? [] : new Array<number>(8 - left.length - right.length).fill(0);
  const octets = Buffer.alloc(16);
  for (const [index, group] of [...left, ...middle, ...right].entries()) octets.writeUInt16BE(group, index * 2);
  return octets;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

export function printIPv6(octets: Buffer): string {
  const all = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(index * 2).toString(16));
  return shortestAddress(all.join(':'));
}
