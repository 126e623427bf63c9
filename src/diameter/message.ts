import { MalformedError } from '../core/errors.ts';
import { type Avp, readAvps, writeAvps } from './avp.ts';

/** The header of a message (RFC 6733 §3). */
export interface Header {
  /** R flag: a request, else an answer. */
  readonly request: boolean;
  /** P flag: may be proxied, relayed or redirected. */
  readonly proxiable: boolean;
  /** E flag, of answers: a protocol error. */
  readonly error: boolean;
  /** T flag: sent again after a connection was lost. */
  readonly retransmitted: boolean;
  readonly command: number;
  readonly application: number;
  /** 32 bits each. */
  readonly hopByHop: number;
  readonly endToEnd: number;
}

export interface DiameterMessage extends Header {
  readonly avps: readonly Avp[];
}

export const HEADER_LENGTH = 20;
/** Longer messages are taken for octets that are none. */
export const LONGEST_MESSAGE = 1024 * 1024;

const REQUEST_FLAG = 0x80;
const PROXIABLE_FLAG = 0x40;
const ERROR_FLAG = 0x20;
const RETRANSMITTED_FLAG = 0x10;

/**
 * The length in octets of the message that begins here, from its first four octets.
 * @throws MalformedError when no message can begin so.
 */
export function messageLength(octets: Uint8Array): number {
  const [version = 0, high = 0, middle = 0, low = 0] = octets;
  if (version !== 1) throw new MalformedError(`Diameter version ${version}`, 0);
  const length = (high << 16) | (middle << 8) | low;
  if (length < HEADER_LENGTH || length % 4 !== 0 || length > LONGEST_MESSAGE) {
    throw new MalformedError(`a Diameter message of ${length} octets`, 1);
  }
  return length;
}

/** @throws MalformedError when the octets are not one message in length. */
export function readHeader(octets: Uint8Array): Header {
  if (octets.length < HEADER_LENGTH) throw new MalformedError(`${octets.length} octets are no Diameter message`, 0);
  const length = messageLength(octets);
  if (length !== octets.length) throw new MalformedError(`the length says ${length}, there are ${octets.length}`, 1);
  const view = new DataView(octets.buffer, octets.byteOffset, HEADER_LENGTH);
  const flags = view.getUint8(4);
  return {
    request: (flags & REQUEST_FLAG) !== 0,
    proxiable: (flags & PROXIABLE_FLAG) !== 0,
    error: (flags & ERROR_FLAG) !== 0,
    retransmitted: (flags & RETRANSMITTED_FLAG) !== 0,
    command: view.getUint32(4) & 0xff_ffff,
    application: view.getUint32(8),
    hopByHop: view.getUint32(12),
    endToEnd: view.getUint32(16),
  };
}

/** @throws MalformedError, an AvpError where the header could be read. */
export function readMessage(octets: Uint8Array): DiameterMessage {
  return { ...readHeader(octets), avps: readAvps(octets.subarray(HEADER_LENGTH), HEADER_LENGTH) };
}

export function writeMessage(message: DiameterMessage): Buffer {
  const avps = writeAvps(message.avps);
  const head = Buffer.alloc(HEADER_LENGTH);
  head.writeUInt32BE(HEADER_LENGTH + avps.length, 0);
  head[0] = 1;
  head.writeUInt32BE(message.command, 4);
  head[4] =
    (message.request ? REQUEST_FLAG : 0) |
    (message.proxiable ? PROXIABLE_FLAG : 0) |
    (message.error ? ERROR_FLAG : 0) |
    (message.retransmitted ? RETRANSMITTED_FLAG : 0);
  head.writeUInt32BE(message.application, 8);
  head.writeUInt32BE(message.hopByHop, 12);
  head.writeUInt32BE(message.endToEnd, 16);
  return Buffer.concat([head, avps]);
}
