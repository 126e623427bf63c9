/** What MM INFORMATION tells a UE (TS 24.008 §9.2.15a), without the header: which the MME adds. */

/** IEI of Universal time and local time zone (TS 24.008 §10.5.3.9). */
const UNIVERSAL_TIME = 0x47;

/** @param wallNow milliseconds since 1970. @param zoneMinutes local time minus universal time. */
export function universalTime(wallNow: number, zoneMinutes: number): Uint8Array {
  const date = new Date(wallNow);
  const fields = [
    date.getUTCFullYear() % 100,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
  // Quarters of an hour, the sign in the fourth bit (TS 23.040 §9.2.3.11).
  const zone = swapped(Math.round(Math.abs(zoneMinutes) / 15)) | (zoneMinutes < 0 ? 8 : 0);
  return Uint8Array.from([UNIVERSAL_TIME, ...fields.map(swapped), zone]);
}

/** Two digits, the tens in the lower half. */
function swapped(value: number): number {
  return ((value % 10) << 4) | Math.floor(value / 10);
}
