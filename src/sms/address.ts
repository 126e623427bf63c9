/** Addresses in TPDUs (TS 23.040 §9.1.2.5): telephone numbers and names. */
import { MalformedError } from '../core/errors.ts';
import type { OctetReader } from '../core/octet-reader.ts';
import { decodeSeptets, packSeptets, septetsOf, unpackSeptets } from './alphabet.ts';
import { ISDN_PLAN, type NumberType, numberTypeOf, typeOctet } from './number-type.ts';
import { printSemiOctets, readSemiOctets } from './semi-octets.ts';

export interface TpAddress {
  readonly type: NumberType;
  /** Numbering plan, 0 to 15; 1 is E.164, 0 unknown. */
  readonly plan: number;
  /** Digits `0`–`9`, `*`, `#`, `a`–`c`, or the name of an alphanumeric address. */
  readonly value: string;
}

const MOST_DIGITS = 20;

/** @throws MalformedError */
export function readAddress(reader: OctetReader, what: string): TpAddress {
  // The length counts semi-octets that are used (§9.1.2.5).
  const length = reader.octet(`length of ${what}`);
  const first = reader.octet(`type of ${what}`);
  if (length > MOST_DIGITS) throw new MalformedError(`${what} of ${length} digits`, reader.offset);
  const octets = reader.octets((length + 1) >> 1, what);
  const type = numberTypeOf(first);
  const plan = first & 15;
  if (type !== 'alphanumeric') return { type, plan, value: readSemiOctets(octets, length) };
  return { type, plan, value: decodeSeptets(unpackSeptets(octets, Math.floor((length * 4) / 7))) };
}

/** @throws RangeError for what fits no address: other characters, more than 20 digits or a name beyond 80 bits. */
export function printAddress({ type, plan, value }: TpAddress): Uint8Array {
  if (type === 'alphanumeric') return printName(plan, value);
  if (value.length > MOST_DIGITS) throw new RangeError(`a number of ${value.length} digits`);
  return Uint8Array.from([value.length, typeOctet(type, plan), ...printSemiOctets(value)]);
}

function printName(plan: number, name: string): Uint8Array {
  const septets = septetsOf(name)?.flat();
  if (septets === undefined) throw new RangeError(`${name} has characters that are not in the default alphabet`);
  const length = Math.ceil((septets.length * 7) / 4);
  if (length > MOST_DIGITS) throw new RangeError(`${name} is too long for an address`);
  const octets = new Uint8Array((length + 1) >> 1);
  packSeptets(septets, octets);
  return Uint8Array.from([length, typeOctet('alphanumeric', plan), ...octets]);
}

/**
 * An address as people write it: an international number with `+`, another number, or a name, which is cut to the 11
 * characters that fit.
 */
export function tpAddress(text: string): TpAddress {
  if (/^\+[0-9]{1,20}$/.test(text)) return { type: 'international', plan: ISDN_PLAN, value: text.slice(1) };
  if (/^[0-9*#]{1,20}$/.test(text)) return { type: 'unknown', plan: ISDN_PLAN, value: text };
  let name = '';
  for (const character of text) {
    const longer = name + (septetsOf(character) === undefined ? '?' : character);
    if ((septetsOf(longer)?.flat().length ?? 0) > 11) break;
    name = longer;
  }
  return { type: 'alphanumeric', plan: 0, value: name };
}

/** The same as people write it. */
export function addressText({ type, value }: TpAddress): string {
  return type === 'international' ? `+${value}` : value;
}
