/** Digits in semi-octets, the first in the lower half; a filler of ones ends an odd number (TS 24.008 §10.5.1.4). */
import { MalformedError } from '../core/errors.ts';

const FILLER = 15;

/** @throws MalformedError for what is no decimal digit. */
export function readDigits(octets: Uint8Array, what: string): string {
  let digits = '';
  octets.forEach((octet, index) => {
    for (const digit of [octet & 15, octet >> 4]) {
      if (digit === FILLER && index === octets.length - 1 && digit === octet >> 4) continue;
      if (digit > 9) throw new MalformedError(`${what} has a digit ${digit}`, index);
      digits += digit;
    }
  });
  return digits;
}

export function printDigits(digits: string): Uint8Array {
  const octets = new Uint8Array((digits.length + 1) >> 1);
  for (let at = 0; at < octets.length; at++) {
    const second = digits[2 * at + 1];
    octets[at] = Number(digits[2 * at]) | ((second === undefined ? FILLER : Number(second)) << 4);
  }
  return octets;
}

/** Kinds of Mobile identity (TS 24.008 §10.5.1.4). */
const IDENTITIES = { imsi: 1, imei: 2, imeisv: 3, tmsi: 4 } as const;

export type MobileIdentity =
  | { readonly kind: 'imsi' | 'imei' | 'imeisv'; readonly digits: string }
  | {
      readonly kind: 'tmsi';
      /** 32 bits. */
      readonly tmsi: number;
    };

/** @throws MalformedError */
export function readIdentity(octets: Uint8Array, what: string): MobileIdentity {
  const first = octets[0] as number;
  const kind = (Object.keys(IDENTITIES) as (keyof typeof IDENTITIES)[]).find((one) => IDENTITIES[one] === (first & 7));
  if (kind === undefined) throw new MalformedError(`${what} of kind ${first & 7}`);
  if (kind === 'tmsi') {
    if (octets.length !== 5) throw new MalformedError(`${what}: a TMSI of ${octets.length - 1} octets`);
    return { kind, tmsi: Buffer.from(octets).readUInt32BE(1) };
  }
  const [digit = 0] = octets;
  const rest = readDigits(octets.subarray(1), what);
  const digits = `${digit >> 4}${rest}`;
  const isOdd = (first & 8) !== 0;
  if (digit >> 4 > 9 || (digits.length % 2 === 1) !== isOdd) throw new MalformedError(`${what} is no number`);
  return { kind, digits };
}

export function printIdentity(identity: MobileIdentity): Uint8Array {
  if (identity.kind === 'tmsi') {
    const octets = Buffer.alloc(5, 0xf4);
    octets.writeUInt32BE(identity.tmsi, 1);
    return octets;
  }
  const { kind, digits } = identity;
  const first = (Number(digits[0]) << 4) | ((digits.length % 2) << 3) | IDENTITIES[kind];
  return Uint8Array.from([first, ...printDigits(digits.slice(1))]);
}
