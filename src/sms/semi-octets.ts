import { MalformedError } from '../core/errors.ts';

/** Digits of a BCD number by their semi-octet (TS 23.040 §9.1.2.3, TS 24.008 §10.5.4.7); 15 fills up. */
const DIGITS = '0123456789*#abc';
const FILLER = 15;

/**
 * @param count semi-octets to read; without it all, up to the filler.
 * @throws MalformedError for a filler before the end.
 */
export function readSemiOctets(octets: Uint8Array, count?: number): string {
  let digits = '';
  const most = count ?? octets.length * 2;
  for (let at = 0; at < most; at++) {
    const octet = octets[at >> 1] as number;
    const semiOctet = at % 2 === 0 ? octet & 15 : octet >> 4;
    if (semiOctet === FILLER) {
      if (count === undefined && at === most - 1) return digits;
      throw new MalformedError(`a number of ${digits.length} digits is filled up too early`);
    }
    digits += DIGITS[semiOctet];
  }
  return digits;
}

/** @throws RangeError for a character that is no digit of such a number. */
export function printSemiOctets(digits: string): Uint8Array {
  const octets = new Uint8Array((digits.length + 1) >> 1);
  for (let at = 0; at < octets.length * 2; at++) {
    const digit = digits[at];
    const semiOctet = digit === undefined ? FILLER : DIGITS.indexOf(digit);
    if (semiOctet < 0) throw new RangeError(`${digit} is no digit of a number`);
    octets[at >> 1] = (octets[at >> 1] as number) | (at % 2 === 0 ? semiOctet : semiOctet << 4);
  }
  return octets;
}
