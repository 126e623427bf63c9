/**
 * Messages as text for the log: the header's flags and identifiers, then one AVP a line, groups indented. Keys and
 * passwords are left out; `printSecrets` gives them to whoever asks for them.
 */
import { MalformedError } from '../core/errors.ts';
import { type Avp, readAvps } from './avp.ts';
import { resultName } from './command.ts';
import type { Row } from './dictionary/row.ts';
import { nameOf, readAvp, rowOf } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';

/** Groups within groups beyond this are shown as octets. */
const DEEPEST = 8;
/** Octets shown of a value that has no better form. */
const MOST_OCTETS = 64;

export function printMessage(message: DiameterMessage): string {
  const flags = [
    message.request ? 'R' : '',
    message.proxiable ? 'P' : '',
    message.error ? 'E' : '',
    message.retransmitted ? 'T' : '',
  ];
  const { command, application, hopByHop, endToEnd } = message;
  const head = [
    `flags=${flags.join('')} command=${command} application=${application}`,
    `hop-by-hop=0x${hex32(hopByHop)} end-to-end=0x${hex32(endToEnd)}`,
  ];
  return [head.join(' '), ...printAvps(message.avps, '', 1)].join('\n');
}

/** Keys and passwords of a message, one a line; empty when it has none. */
export function printSecrets(avps: readonly Avp[], depth = 1): string {
  return avps
    .flatMap((one) => {
      const name = nameOf(one);
      if (name === undefined) return [];
      const row = rowOf(name);
      if (row.secret) return [`${name}: ${printBare(row, one, name)}`];
      const members = row.format === 'Grouped' && depth < DEEPEST ? membersOf(one) : undefined;
      const inner = members === undefined ? '' : printSecrets(members, depth + 1);
      return inner === '' ? [] : [inner];
    })
    .join('\n');
}

function printAvps(avps: readonly Avp[], indent: string, depth: number): string[] {
  return avps.flatMap((one) => {
    const name = nameOf(one);
    if (name === undefined) {
      const vendor = one.vendor === 0 ? '' : ` vendor ${one.vendor}`;
      return [`${indent}AVP ${one.code}${vendor}: ${octetsOf(one)}`];
    }
    const row = rowOf(name);
    if (row.secret) return [`${indent}${name}: (not shown)`];
    const members = row.format === 'Grouped' && depth < DEEPEST ? membersOf(one) : undefined;
    if (members !== undefined) return [`${indent}${name}:`, ...printAvps(members, `${indent}  `, depth + 1)];
    return [`${indent}${name}: ${printBare(row, one, name)}`];
  });
}

function printBare(row: Row, one: Avp, name: NonNullable<ReturnType<typeof nameOf>>): string {
  try {
    if (row.format === 'Grouped' || row.format === 'OctetString') return octetsOf(one);
    const value: unknown = readAvp(one, name);
    if (row.format === 'Enumerated')
      return typeof value === 'string' ? `${value} (${row.values[value]})` : String(value);
    if (row.format === 'Time') return new Date((value as number) * 1000).toISOString();
    if (name === 'Result-Code' || name === 'Experimental-Result-Code') {
      return resultName(value as number, name === 'Experimental-Result-Code');
    }
    return String(value);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return `malformed, ${octetsOf(one)}`;
  }
}

function membersOf(one: Avp): readonly Avp[] | undefined {
  try {
    return readAvps(one.data);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** Text where every octet is a printable one (identities, XML), else hexadecimal digits. */
function octetsOf({ data }: Avp): string {
  const octets = Buffer.from(data.buffer, data.byteOffset, data.length);
  if (octets.length > 0 && /^[\t\n\r\x20-\x7e]+$/.test(octets.toString('latin1'))) return octets.toString('latin1');
  const shown = octets.subarray(0, MOST_OCTETS).toString('hex');
  return octets.length > MOST_OCTETS ? `${shown}… (${octets.length} octets)` : shown;
}

function hex32(number: number): string {
  return number.toString(16).padStart(8, '0');
}
