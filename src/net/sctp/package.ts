/**
 * The `sctp` package as far as it is used here: its endpoints and associations, not its sockets, which lose errors. It
 * has no types of its own. Loaded when raw sockets are needed, since it and `raw-socket` are optional.
 */
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

const IPPROTO_SCTP = 132;

export interface PackageChunk {
  readonly chunkType: string;
  readonly flags: { readonly T?: number };
  last_in_packet?: boolean;
  /** Of COOKIE ECHO. */
  readonly cookie?: Buffer;
  /** Of DATA. */
  readonly tsn?: number;
  readonly stream_id?: number;
  /** Of DATA: what it carries. */
  readonly user_data?: Buffer;
  /** Of SACK. */
  readonly c_tsn_ack?: number;
  readonly sack_info?: { readonly gap_blocks: readonly { readonly finish: number }[] };
  toBuffer(): Buffer;
}

export interface PackagePacket {
  readonly src_port: number;
  readonly dst_port: number;
  readonly v_tag: number;
  readonly checksum_error?: boolean;
}

export interface PackageAssociation extends EventEmitter {
  state: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly my_tag: number;
  readonly peer_tag: number;
  mute: boolean;
  /** Read where `reassembly.duplicates` is meant. */
  duplicates: unknown[];
  readonly flightsize: number;
  readonly cwnd: number;
  readonly peer_rwnd: number;
  readonly my_next_tsn: { readonly number: number };
  readonly c_tsn_ack?: { readonly number: number };
  readonly reassembly: {
    readonly peer_c_tsn: { readonly number: number };
    readonly rwnd: number;
    /** The next sequence number of each stream. */
    readonly peer_ssn: number[];
  };
  RECEIVE(): Buffer | undefined;
  SHUTDOWN(): void;
  ABORT(): void;
  send(message: Buffer, options: { stream_id: number; ppid: number }, sent: (error?: Error) => void): void;
  scheduleSack(): void;
  _sendChunk(type: string): void;
  _destroy(): void;
}

export interface PackageEndpoint extends EventEmitter {
  readonly localPort: number;
  readonly localActiveAddress?: string;
  readonly transport: PackageTransport;
  onInit(chunk: PackageChunk, source: string, destination: string, packet: PackagePacket): void;
  onCookieEcho(
    chunk: PackageChunk,
    source: string,
    destination: string,
    packet: PackagePacket,
  ): PackageAssociation | undefined;
  validateCookie(cookie: Buffer, packet: PackagePacket): { my_tag: number; initChunk: Buffer } | undefined;
  ASSOCIATE(options: { remoteAddress: string; remotePort: number }): PackageAssociation;
  DESTROY(): void;
  _getAssociation(host: string, port: number): PackageAssociation | undefined;
  _sendPacket(host: string, port: number, tag: number, chunks: readonly Buffer[], sent?: () => void): void;
}

export interface PackageTransport {
  /** Endpoints by port. */
  readonly pool: { readonly [port: number]: PackageEndpoint };
  /** The next ephemeral port. */
  pointer: number;
  readonly rawsocket: RawSocket;
  readonly icmpsocket: RawSocket;
  sendPacket(source: string | undefined, destination: string, packet: PackagePacket, sent?: () => void): void;
}

export interface RawSocket extends EventEmitter {
  /** What a datagram is read into: one for all of them. */
  buffer: Buffer;
  pauseRecv(): void;
  resumeRecv(): void;
  close(): void;
}

export interface SctpPackage {
  readonly Packet: {
    new (header: { src_port: number; dst_port: number; v_tag: number }, chunks: readonly Buffer[]): PackagePacket;
    /** @throws RangeError for less than a common header. */
    new (octets: Buffer): PackagePacket;
  };
  readonly Chunk: {
    new (type: string, options: { flags?: { T: number } }): PackageChunk;
    fromBuffer(octets: Buffer): PackageChunk;
  };
  readonly Endpoint: {
    INITIALIZE(
      options: { localAddress?: readonly string[]; localPort: number; MIS: number; OS: number },
      transport: Record<string, never>,
      done: (error: Error | null, endpoint?: PackageEndpoint) => void,
    ): void;
  };
  defaults(values: Readonly<Record<string, number>>): void;
}

/** @throws Error in words when it is not installed, not compiled for this Node.js, or not allowed raw sockets. */
export function loadPackage(): SctpPackage {
  const require = createRequire(import.meta.url);
  let raw: { createSocket(options: { protocol: number }): RawSocket };
  try {
    raw = require('raw-socket') as typeof raw;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = code === 'MODULE_NOT_FOUND' ? 'is not there' : 'was made for another Node.js';
    throw new Error(`the package raw-socket ${why}; npm ci, on a machine with a C compiler, makes it`);
  }
  try {
    raw.createSocket({ protocol: IPPROTO_SCTP }).close();
  } catch {
    throw new Error('they need root or CAP_NET_RAW');
  }
  const { Packet, Chunk, defaults } = require('sctp') as Omit<SctpPackage, 'Endpoint'>;
  return { Packet, Chunk, defaults, Endpoint: require('sctp/lib/endpoint') as SctpPackage['Endpoint'] };
}
