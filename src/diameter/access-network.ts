import type { Avp } from './avp.ts';
import { find, type Value } from './dictionary.ts';

/** access-type of P-Access-Network-Info (TS 24.229 §7.2A.4.2) by RAT-Type (TS 29.212 §5.3.31). */
const ACCESS_TYPES: { readonly [rat in Value<'RAT-Type'>]?: string } = {
  WLAN: 'IEEE-802.11',
  UTRAN: '3GPP-UTRAN',
  GERAN: '3GPP-GERAN',
  HSPA_EVOLUTION: '3GPP-UTRAN',
  EUTRAN: '3GPP-E-UTRAN',
  'EUTRAN-NB-IoT': '3GPP-E-UTRAN',
  'LTE-M': '3GPP-E-UTRAN',
  'NG-RAN': '3GPP-NR',
};

/** Geographic-Location-Type of 3GPP-User-Location-Info (TS 29.061 §16.4.7.2), as far as cells are in it. */
const CGI = 0;
const ECGI = 129;
const TAI_AND_ECGI = 130;

/**
 * P-Access-Network-Info as the network provides it (TS 24.229 §7.2A.4) out of what the PCRF says of the access;
 * undefined when it says nothing. @throws AvpError
 */
export function accessNetworkInfo(avps: readonly Avp[]): string | undefined {
  const rat = find(avps, 'RAT-Type');
  const location = find(avps, '3GPP-User-Location-Info');
  const cell = location && cellOf(Buffer.from(location));
  const type = typeof rat === 'string' ? ACCESS_TYPES[rat] : undefined;
  const name = type ?? cell?.type;
  if (name === undefined) return undefined;
  return [name, ...(cell === undefined ? [] : [cell.parameter]), 'network-provided'].join(';');
}

interface Cell {
  readonly type: string;
  readonly parameter: string;
}

function cellOf(octets: Buffer): Cell | undefined {
  const kind = octets[0];
  if (kind === CGI && octets.length >= 8) {
    const [lac, ci] = [octets.readUInt16BE(4), octets.readUInt16BE(6)];
    return { type: '3GPP-GERAN', parameter: `cgi-3gpp=${plmn(octets.subarray(1))}${hex(lac, 4)}${hex(ci, 4)}` };
  }
  // A tracking area, of which PLMN and code are 5 octets, may stand before the cell.
  const at = kind === ECGI ? 1 : 6;
  if ((kind !== ECGI && kind !== TAI_AND_ECGI) || octets.length < at + 7) return undefined;
  const cell = octets.readUInt32BE(at + 3) & 0x0fff_ffff;
  // utran-cell-id-3gpp: PLMN, tracking area code, cell (TS 24.229 §7.2A.4.3); it needs both.
  const area = kind === TAI_AND_ECGI ? hex(octets.readUInt16BE(4), 4) : '';
  return { type: '3GPP-E-UTRAN', parameter: `utran-cell-id-3gpp=${plmn(octets.subarray(at))}${area}${hex(cell, 7)}` };
}

/** Three octets of MCC and MNC (TS 24.008 §10.5.1.3) as digits. */
function plmn(octets: Buffer): string {
  const [a = 0, b = 0, c = 0] = octets;
  const digits = [a & 15, a >> 4, b & 15, c & 15, c >> 4, b >> 4];
  return digits.map((digit) => (digit < 10 ? String(digit) : '')).join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
