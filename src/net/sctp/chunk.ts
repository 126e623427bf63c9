/**
 * SCTP chunks as they are safe for the `sctp` package (RFC 9260 §3.3), which believes every length it reads: it loops
 * for ever on a parameter of no length and throws on short ones. What is not well-formed is dropped here, and what the
 * package has no use for is cut out.
 */

export const CHUNK = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const;

const HEADER = 4;
const INIT_SIZE = 20;
const SACK_SIZE = 16;
const DATA_SIZE = 16;
const HEARTBEAT_INFO = 1;
const IPV4_ADDRESS = 5;
const STATE_COOKIE = 7;
/** What we put into a HEARTBEAT and so expect back: the package's nonce and address. */
const OWN_HEARTBEAT_INFO = 12;
/** Longer ones would not fit beside other chunks, and nobody sends them. */
const MOST_HEARTBEAT_INFO = 512;
/** A cookie of ours: MAC, times, ports, tag and the INIT chunk. */
const SHORTEST_COOKIE = 20 + 16 + INIT_SIZE;

type Check = (chunk: Buffer) => Buffer | undefined;

const exactly =
  (size: number): Check =>
  (chunk) =>
    chunk.length === size ? chunk : undefined;

/** The causes in it have lengths too; that it came is enough. */
const bare: Check = (chunk) => {
  const header = Buffer.from(chunk.subarray(0, HEADER));
  header.writeUInt16BE(HEADER, 2);
  return header;
};

const CHECKS: { readonly [type: number]: Check } = {
  [CHUNK.DATA]: (chunk) => (chunk.length > DATA_SIZE ? chunk : undefined),
  [CHUNK.INIT]: (chunk) => withParameters(chunk, [IPV4_ADDRESS]),
  [CHUNK.INIT_ACK]: (chunk) => withParameters(chunk, [IPV4_ADDRESS, STATE_COOKIE], STATE_COOKIE),
  [CHUNK.SACK]: checkSack,
  [CHUNK.HEARTBEAT]: (chunk) => checkHeartbeat(chunk, 1),
  [CHUNK.HEARTBEAT_ACK]: (chunk) => checkHeartbeat(chunk, OWN_HEARTBEAT_INFO),
  [CHUNK.ABORT]: bare,
  [CHUNK.SHUTDOWN]: exactly(HEADER + 4),
  [CHUNK.SHUTDOWN_ACK]: exactly(HEADER),
  [CHUNK.ERROR]: bare,
  [CHUNK.COOKIE_ECHO]: (chunk) => (chunk.length >= HEADER + SHORTEST_COOKIE ? chunk : undefined),
  [CHUNK.COOKIE_ACK]: exactly(HEADER),
  [CHUNK.SHUTDOWN_COMPLETE]: exactly(HEADER),
};

/** These end the association or begin one: a packet has room for nothing else (RFC 9260 §6.10). */
const ALONE: ReadonlySet<number> = new Set([CHUNK.INIT, CHUNK.INIT_ACK, CHUNK.SHUTDOWN_COMPLETE]);

/**
 * The chunks of a packet that may be handed on, each a copy.
 * @param octets the packet behind its common header.
 */
export function checkedChunks(octets: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let offset = 0; offset + HEADER <= octets.length; ) {
    const length = octets.readUInt16BE(offset + 2);
    if (length < HEADER || offset + length > octets.length) break;
    const type = octets[offset] as number;
    const check = CHECKS[type];
    // RFC 9260 §3.2: the two highest bits of an unknown type say whether what follows it counts.
    if (check === undefined && (type & 0x80) === 0) break;
    const chunk = check?.(Buffer.from(octets.subarray(offset, offset + length)));
    if (chunk !== undefined) chunks.push(chunk);
    offset += Math.ceil(length / 4) * 4;
  }
  const alone = chunks.find((chunk) => ALONE.has(chunk[0] as number));
  if (alone !== undefined && chunks.length > 1) return [];
  // RFC 9260 §3.3.7: what follows an ABORT is ignored, DATA with it too.
  const abort = chunks.find((chunk) => chunk[0] === CHUNK.ABORT);
  return abort === undefined ? chunks : [abort];
}

/** An INIT or INIT ACK with only these parameters; undefined without the one it needs. */
function withParameters(chunk: Buffer, wanted: readonly number[], needed?: number): Buffer | undefined {
  if (chunk.length < INIT_SIZE) return undefined;
  const kept: Buffer[] = [chunk.subarray(0, INIT_SIZE)];
  let found = needed === undefined;
  for (let offset = INIT_SIZE; offset + HEADER <= chunk.length; ) {
    const type = chunk.readUInt16BE(offset);
    const length = chunk.readUInt16BE(offset + 2);
    if (length < HEADER || offset + length > chunk.length) return undefined;
    if (type === IPV4_ADDRESS && length !== 8) return undefined;
    if (wanted.includes(type)) {
      const padding = Buffer.alloc((4 - (length % 4)) % 4);
      kept.push(chunk.subarray(offset, offset + length), padding);
      found ||= type === needed;
    }
    offset += Math.ceil(length / 4) * 4;
  }
  if (!found) return undefined;
  const checked = Buffer.concat(kept);
  checked.writeUInt16BE(checked.length, 2);
  return checked;
}

/** An INIT or INIT ACK, checked before, without the addresses `keep` refuses. */
export function withoutAddresses(chunk: Buffer, keep: (address: string) => boolean): Buffer {
  const kept: Buffer[] = [chunk.subarray(0, INIT_SIZE)];
  for (let offset = INIT_SIZE; offset + HEADER <= chunk.length; ) {
    const end = offset + Math.ceil(chunk.readUInt16BE(offset + 2) / 4) * 4;
    const address = chunk.readUInt16BE(offset) === IPV4_ADDRESS;
    if (!address || keep(chunk.subarray(offset + HEADER, offset + 8).join('.'))) kept.push(chunk.subarray(offset, end));
    offset = end;
  }
  const checked = Buffer.concat(kept);
  checked.writeUInt16BE(checked.length, 2);
  return checked;
}

function checkSack(chunk: Buffer): Buffer | undefined {
  if (chunk.length < SACK_SIZE) return undefined;
  const gaps = chunk.readUInt16BE(12);
  if (chunk.length !== SACK_SIZE + 4 * (gaps + chunk.readUInt16BE(14))) return undefined;
  // Gap blocks rise: the package walks through each of them, whatever it says.
  let last = 0;
  for (let offset = SACK_SIZE; offset < SACK_SIZE + 4 * gaps; offset += 4) {
    const start = chunk.readUInt16BE(offset);
    if (start <= last || chunk.readUInt16BE(offset + 2) < start) return undefined;
    last = chunk.readUInt16BE(offset + 2);
  }
  return chunk;
}

function checkHeartbeat(chunk: Buffer, least: number): Buffer | undefined {
  if (chunk.length < 2 * HEADER || chunk.readUInt16BE(HEADER) !== HEARTBEAT_INFO) return undefined;
  const length = chunk.readUInt16BE(HEADER + 2) - HEADER;
  if (length < least || length > MOST_HEARTBEAT_INFO || chunk.length !== 2 * HEADER + length) return undefined;
  return chunk;
}

/** How far serial number `a` is ahead of `b`, 32 bits (RFC 9260 §1.6); negative when it is behind. */
export function serialDistance(a: number, b: number): number {
  return (a - b) | 0;
}
