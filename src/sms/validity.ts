/** TP-Validity-Period in its three forms (TS 23.040 §9.2.3.12): how long a message is worth delivering. */
import { MalformedError } from '../core/errors.ts';
import { OctetReader } from '../core/octet-reader.ts';
import { printTimestamp, readTimestamp, type Timestamp } from './timestamp.ts';

export type Validity =
  | {
      readonly form: 'relative';
      /** One octet; see relativeSeconds. */
      readonly value: number;
    }
  | { readonly form: 'absolute'; readonly until: Timestamp }
  | {
      readonly form: 'enhanced';
      /** All seven octets as they stood. */
      readonly octets: Uint8Array;
    };

/** TP-VPF, bits 4 and 3 of the first octet of SMS-SUBMIT (§9.2.3.3). */
export const VALIDITY_FORMATS = ['none', 'enhanced', 'relative', 'absolute'] as const;

/** @throws MalformedError */
export function readValidity(format: (typeof VALIDITY_FORMATS)[number], reader: OctetReader): Validity | undefined {
  switch (format) {
    case 'none':
      return undefined;
    case 'relative':
      return { form: 'relative', value: reader.octet('validity period') };
    case 'absolute':
      return { form: 'absolute', until: readTimestamp(reader, 'validity period') };
    case 'enhanced': {
      const octets = reader.octets(7, 'validity period').slice();
      enhancedOf(octets);
      return { form: 'enhanced', octets };
    }
  }
}

export function printValidity(validity: Validity): Uint8Array {
  switch (validity.form) {
    case 'relative':
      return Uint8Array.of(validity.value);
    case 'absolute':
      return printTimestamp(validity.until);
    case 'enhanced':
      return validity.octets;
  }
}

/** Seconds from `wallNow` (milliseconds since 1970) on; undefined where the message leaves it to the centre. */
export function validSeconds(validity: Validity | undefined, wallNow: number): number | undefined {
  switch (validity?.form) {
    case undefined:
      return undefined;
    case 'relative':
      return relativeSeconds(validity.value);
    case 'absolute':
      return Math.max(0, (validity.until.at - wallNow) / 1000);
    case 'enhanced':
      return enhancedOf(validity.octets).seconds;
  }
}

/** Whether only one attempt is to be made (§9.2.3.12.3). */
export function isSingleShot(validity: Validity | undefined): boolean {
  return validity?.form === 'enhanced' && enhancedOf(validity.octets).singleShot;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** §9.2.3.12.1. */
function relativeSeconds(value: number): number {
  if (value <= 143) return (value + 1) * 5 * MINUTE;
  if (value <= 167) return 12 * HOUR + (value - 143) * 30 * MINUTE;
  if (value <= 196) return (value - 166) * DAY;
  return (value - 192) * 7 * DAY;
}

/** §9.2.3.12.3. Each octet whose highest bit is set is followed by another one of functions. */
function enhancedOf(octets: Uint8Array): { readonly singleShot: boolean; readonly seconds: number | undefined } {
  const reader = new OctetReader(octets);
  const first = reader.octet('validity functions');
  for (let more = first; (more & 0x80) !== 0; ) more = reader.octet('validity functions');
  const singleShot = (first & 0x40) !== 0;
  return { singleShot, seconds: enhancedSeconds(first & 7, reader) };
}

function enhancedSeconds(format: number, reader: OctetReader): number | undefined {
  switch (format) {
    case 1:
      return relativeSeconds(reader.octet('validity period'));
    case 2:
      return reader.octet('validity period');
    case 3: {
      const [hours = 0, minutes = 0, seconds = 0] = [...reader.octets(3, 'validity period')].map(
        (octet) => (octet & 15) * 10 + (octet >> 4),
      );
      return hours * HOUR + minutes * MINUTE + seconds;
    }
    case 0:
      return undefined;
    default:
      throw new MalformedError(`validity period format ${format} is reserved`);
  }
}
