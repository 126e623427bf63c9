/** Dates in TPDUs (TS 23.040 §9.2.3.11): local time and its distance to universal time, seven octets. */
import { MalformedError } from '../core/errors.ts';
import type { OctetReader } from '../core/octet-reader.ts';

export interface Timestamp {
  /** Milliseconds since 1970, whole seconds. */
  readonly at: number;
  /** Local time minus universal time, a multiple of 15. */
  readonly zoneMinutes: number;
}

const MINUTE_MS = 60_000;
/** Years have two digits; nobody sent a short message before. */
const FIRST_YEAR = 1990;

/** @throws MalformedError for what is no date. */
export function readTimestamp(reader: OctetReader, what: string): Timestamp {
  const octets = reader.octets(7, what);
  const fields = [...octets.subarray(0, 6)].map((octet) => decimal(octet, what, reader.offset));
  const [yy = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const year = FIRST_YEAR + ((yy + 100 - (FIRST_YEAR % 100)) % 100);
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(local);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    throw new MalformedError(`${what} is no date`, reader.offset);
  }
  const zone = octets[6] as number;
  // The sign is the lowest bit of the tens, the fourth bit of the octet.
  const quarters = decimal(zone & ~8, what, reader.offset);
  const zoneMinutes = quarters === 0 ? 0 : quarters * ((zone & 8) === 0 ? 15 : -15);
  return { at: local - zoneMinutes * MINUTE_MS, zoneMinutes };
}

export function printTimestamp({ at, zoneMinutes }: Timestamp): Uint8Array {
  const local = new Date(at + zoneMinutes * MINUTE_MS);
  const fields = [
    local.getUTCFullYear() % 100,
    local.getUTCMonth() + 1,
    local.getUTCDate(),
    local.getUTCHours(),
    local.getUTCMinutes(),
    local.getUTCSeconds(),
  ];
  const zone = swapped(Math.round(Math.abs(zoneMinutes) / 15)) | (zoneMinutes < 0 ? 8 : 0);
  return Uint8Array.from([...fields.map(swapped), zone]);
}

/** Two digits, the tens in the lower half. */
function decimal(octet: number, what: string, offset: number): number {
  const tens = octet & 15;
  const units = octet >> 4;
  if (tens > 9 || units > 9) throw new MalformedError(`${what} has a digit above 9`, offset);
  return tens * 10 + units;
}

function swapped(value: number): number {
  return ((value % 10) << 4) | Math.floor(value / 10);
}
