/**
 * Changes as lines of `ip -batch` (ip-xfrm(8)). A line holds numbers, addresses, hexadecimal digits and words of this file,
 * each checked here: nothing a peer or a user wrote.
 */
import { isIP, isIPv6 } from 'node:net';
import { printEndpoint } from '../../core/endpoint.ts';
import type { EspEncryption, EspIntegrity, KernelChange, SecurityPolicy, SecurityState, Selector } from '../ports.ts';
import { XfrmError } from './failure.ts';

export interface Line {
  readonly text: string;
  /** The act in words, as in "cannot …". */
  readonly what: string;
  /** It removes something: that there is nothing to remove is no failure. */
  readonly removes: boolean;
  /** What takes it back, for a line that adds. */
  readonly undo?: Line;
}

type Block = Pick<Extract<KernelChange, { type: 'block' | 'unblock' }>, 'direction' | 'port'>;

/** By these the kernel's entries are known as ours: reqids from here to the end of 24 bits more, and these priorities. */
const FIRST_REQID = 0x33_00_00_00;
const REQID_BITS = 24;
/** The lower number goes first; the default, 0, would go before all that others have. */
export const PROTECT_PRIORITY = 33203;
export const BLOCK_PRIORITY = 33204;

/** The widest window of the kernel's plain replay check, in packets. */
const REPLAY_WINDOW = 32;

type Algorithm = readonly [name: string, keyOctets: number];
const AUTHENTICATION: Record<Exclude<EspIntegrity, 'aes-gmac' | 'null'>, Algorithm> = {
  'hmac-md5-96': ['hmac(md5)', 16],
  'hmac-sha-1-96': ['hmac(sha1)', 20],
};
const CIPHERS: Record<Exclude<EspEncryption, 'aes-gcm'>, Algorithm> = {
  null: ['ecb(cipher_null)', 0],
  'aes-cbc': ['cbc(aes)', 16],
  'des-ede3-cbc': ['cbc(des3_ede)', 24],
  'des-cbc': ['cbc(des)', 8],
};
/** Key and salt; the check value is of 16 octets (RFC 4106 §6, RFC 4543 §3.3). */
const GCM: Algorithm = ['rfc4106(gcm(aes))', 20];
const GMAC: Algorithm = ['rfc4543(gcm(aes))', 20];

/** @throws XfrmError when a value is none the kernel could take. */
export function lineOf(change: KernelChange): Line {
  switch (change.type) {
    case 'addState':
      return {
        text: `xfrm state add ${describe(change.state)}`,
        what: `add the state ${nameOf(change.state.destination.address, change.state.spi)}`,
        removes: false,
        undo: deleteState(change.state.destination.address, change.state.spi),
      };
    case 'renewState':
      return {
        text: `xfrm state update ${describe(change.state)}`,
        what: `extend the state ${nameOf(change.state.destination.address, change.state.spi)}`,
        removes: false,
      };
    case 'deleteState':
      return deleteState(change.destination, change.spi);
    case 'protect':
      return {
        // Never an update, which would take the ports from another owner.
        text: `xfrm policy add ${selectorOf(change)} dir ${change.direction} priority ${PROTECT_PRIORITY} ${templateOf(change)}`,
        what: `protect what goes from ${between(change)}`,
        removes: false,
        undo: unprotect(change),
      };
    case 'unprotect':
      return unprotect(change);
    case 'block':
      return {
        text: `xfrm policy update ${anythingAt(change)} action block priority ${BLOCK_PRIORITY}`,
        what: `block what ${passes(change)}`,
        removes: false,
        undo: unblock(change),
      };
    case 'unblock':
      return unblock(change);
  }
}

/** The reqid of a list of the kernel's. */
export function isOurReqid(reqid: number): boolean {
  return reqid >= FIRST_REQID && reqid < FIRST_REQID + 2 ** REQID_BITS;
}

function deleteState(destination: string, spi: number): Line {
  return {
    text: `xfrm state delete dst ${address(destination)} proto esp spi ${spiOf(spi)}`,
    what: `delete the state ${nameOf(destination, spi)}`,
    removes: true,
  };
}

function unprotect(policy: Omit<SecurityPolicy, 'reqid'>): Line {
  return {
    text: `xfrm policy delete ${selectorOf(policy)} dir ${policy.direction}`,
    what: `stop protecting what goes from ${between(policy)}`,
    removes: true,
  };
}

function unblock(block: Block): Line {
  return {
    text: `xfrm policy delete ${anythingAt(block)}`,
    what: `stop blocking what ${passes(block)}`,
    removes: true,
  };
}

function describe(state: SecurityState): string {
  const seconds = Math.ceil(state.lifetimeMs / 1000);
  return [
    `${addressesOf(state)} proto esp spi ${spiOf(state.spi)} reqid ${reqidOf(state.reqid)} mode transport`,
    `replay-window ${REPLAY_WINDOW} replay-oseq ${whole('sequence number', state.lastSequence ?? 0, 0, 2 ** 32 - 1)}`,
    algorithmsOf(state),
    `limit time-hard ${whole('lifetime', seconds, 1, 2 ** 32 - 1)}`,
    // A state serves only its own ports, whichever policy a packet met.
    `sel ${selectorOf(state)}`,
  ].join(' ');
}

function algorithmsOf({ integrity, encryption }: SecurityState): string {
  const pair = `${integrity.algorithm} with ${encryption.algorithm}`;
  if (encryption.algorithm === 'aes-gcm') {
    if (integrity.algorithm !== 'null') throw refused(`${pair} is not a pair of algorithms`);
    return `aead ${keyed(GCM, encryption.key)} 128`;
  }
  if (integrity.algorithm === 'aes-gmac') {
    if (encryption.algorithm !== 'null') throw refused(`${pair} is not a pair of algorithms`);
    return `aead ${keyed(GMAC, integrity.key)} 128`;
  }
  const cipher = `enc ${keyed(CIPHERS[encryption.algorithm], encryption.key)}`;
  if (integrity.algorithm === 'null') {
    // RFC 4303 §3.2: at least one of the two is there.
    if (encryption.algorithm === 'null') throw refused(`${pair} is not a pair of algorithms`);
    return cipher;
  }
  return `auth-trunc ${keyed(AUTHENTICATION[integrity.algorithm], integrity.key)} 96 ${cipher}`;
}

function keyed([name, octets]: Algorithm, key: Uint8Array): string {
  if (key.length !== octets) throw refused(`a key of ${key.length} octets does not fit ${name}`);
  return octets === 0 ? `${name} ""` : `${name} 0x${Buffer.from(key).toString('hex')}`;
}

/** Without a protocol, ports are those of any protocol that has some. */
function selectorOf({ source, destination }: Selector): string {
  const bits = isIPv6(source.address) ? 128 : 32;
  sameFamily(source.address, destination.address);
  return `src ${address(source.address)}/${bits} dst ${address(destination.address)}/${bits} sport ${portOf(source.port)} dport ${portOf(destination.port)}`;
}

function anythingAt({ direction, port: { address: ours, port } }: Block): string {
  const [any, bits] = isIPv6(ours) ? ['::/0', 128] : ['0.0.0.0/0', 32];
  const here = `${address(ours)}/${bits}`;
  return direction === 'in'
    ? `src ${any} dst ${here} dport ${portOf(port)} dir in`
    : `src ${here} dst ${any} sport ${portOf(port)} dir out`;
}

function passes({ direction, port }: Block): string {
  return `${direction === 'in' ? 'comes to' : 'leaves'} ${printEndpoint(port)}`;
}

function templateOf(policy: SecurityPolicy): string {
  return `tmpl ${addressesOf(policy)} proto esp reqid ${reqidOf(policy.reqid)} mode transport`;
}

function addressesOf({ source, destination }: Selector): string {
  sameFamily(source.address, destination.address);
  return `src ${address(source.address)} dst ${address(destination.address)}`;
}

function sameFamily(source: string, destination: string): void {
  if (isIP(source) !== isIP(destination)) throw refused(`${source} and ${destination} are not of one family`);
}

function address(text: string): string {
  if (isIP(text) === 0 || text.includes('%')) throw refused(`"${text}" is not an address ESP can be set up for`);
  return text;
}

function portOf(port: number): number {
  return whole('port', port, 1, 65535);
}

function spiOf(spi: number): number {
  return whole('SPI', spi, 256, 2 ** 32 - 1);
}

function reqidOf(reqid: number): number {
  return FIRST_REQID + whole('reqid', reqid, 0, 2 ** REQID_BITS - 1);
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw refused(`${value} is not a ${name}`);
  return value;
}

function nameOf(destination: string, spi: number): string {
  return `0x${spi.toString(16)} to ${destination}`;
}

function between({ source, destination }: Selector): string {
  return `${printEndpoint(source)} to ${printEndpoint(destination)}`;
}

function refused(why: string): XfrmError {
  return new XfrmError('cannot set up IPsec', { code: 'EINVAL', why });
}
