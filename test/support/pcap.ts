import type { Endpoint } from '../../src/core/endpoint.ts';

/** LINKTYPE_IPV4 of the capture format (https://www.tcpdump.org/linktypes.html). */
const LINK_TYPE = 228;
const UDP = 17;

export interface Captured {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly data: Uint8Array;
}

/** A capture file of UDP datagrams over IPv4, a millisecond apart. */
export function pcapOf(datagrams: readonly Captured[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(LINK_TYPE, 20);
  return Buffer.concat([head, ...datagrams.flatMap((one, at) => record(packet(one), at))]);
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
function packet({ from, to, data }: Captured): Buffer {
  const head = Buffer.alloc(28);
  head.set([0x45, 0]);
  head.writeUInt16BE(head.length + data.length, 2);
  head.set([64, UDP], 8);
  head.set(from.address.split('.').map(Number), 12);
  head.set(to.address.split('.').map(Number), 16);
  head.writeUInt16BE(from.port, 20);
  head.writeUInt16BE(to.port, 22);
  head.writeUInt16BE(8 + data.length, 24);
  return Buffer.concat([head, data]);
}
