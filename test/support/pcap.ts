import type { Endpoint } from '../../src/core/endpoint.ts';

/** LINKTYPE_IPV4 of the capture format (https://www.tcpdump.org/linktypes.html). */
const LINK_TYPE = 228;
const UDP = 17;
const SCTP = 132;

export interface Captured {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly data: Uint8Array;
  /** UDP unless said. */
  readonly protocol?: 'SCTP';
}

/** A capture file of UDP datagrams or SCTP messages over IPv4, a millisecond apart. */
export function pcapOf(datagrams: readonly Captured[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(LINK_TYPE, 20);
  return Buffer.concat([head, ...datagrams.flatMap((one, at) => record(packet(one, at), at))]);
}

function record(data: Buffer, at: number): Buffer[] {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Math.floor(at / 1000));
  head.writeUInt32LE((at % 1000) * 1000, 4);
  head.writeUInt32LE(data.length, 8);
  head.writeUInt32LE(data.length, 12);
  return [head, data];
}

/** Checksums are left out: of UDP they may be (RFC 768), and nobody looks at IP's. */
function packet({ from, to, data, protocol }: Captured, at: number): Buffer {
  const body = protocol === 'SCTP' ? chunk(data, at) : data;
  const head = Buffer.alloc(protocol === 'SCTP' ? 32 : 28);
  head.set([0x45, 0]);
  head.writeUInt16BE(head.length + body.length, 2);
  head.set([64, protocol === 'SCTP' ? SCTP : UDP], 8);
  head.set(from.address.split('.').map(Number), 12);
  head.set(to.address.split('.').map(Number), 16);
  head.writeUInt16BE(from.port, 20);
  head.writeUInt16BE(to.port, 22);
  if (protocol === undefined) head.writeUInt16BE(8 + body.length, 24);
  return Buffer.concat([head, body]);
}

/** DATA, whole, of stream 0 without a payload protocol identifier (RFC 9260 §3.3.1). */
function chunk(data: Uint8Array, at: number): Buffer {
  const octets = Buffer.alloc(16 + Math.ceil(data.length / 4) * 4);
  octets.set([0, 3]);
  octets.writeUInt16BE(16 + data.length, 2);
  octets.writeUInt32BE(at + 1, 4);
  octets.writeUInt16BE(at & 0xffff, 10);
  octets.set(data, 16);
  return octets;
}
