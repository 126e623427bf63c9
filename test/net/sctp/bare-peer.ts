import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../src/core/endpoint.ts';

/** A chunk of SCTP as it is on the wire. */
export interface BareChunk {
  readonly type: number;
  readonly flags?: number;
  readonly value?: Uint8Array;
  /** Instead of the true one. */
  readonly length?: number;
}

interface RawSocket extends EventEmitter {
  setOption(level: number, option: number, value: number): void;
  send(octets: Buffer, offset: number, length: number, address: string, done: (error: Error | null) => void): void;
  pauseRecv(): void;
  close(): void;
}

/**
 * An SCTP peer that knows packets and chunks (RFC 9260 §3) and nothing else, over a raw socket: it says what the test
 * wants, well-formed or not.
 */
export class BarePeer {
  /** Chunks that came, in order, as `next` has not taken them yet. */
  readonly inbox: { readonly tag: number; readonly type: number; readonly chunk: Buffer }[] = [];
  tag = 0;
  tsn = 1;
  /** The server's tag of the association that was made last. */
  peerTag = 0;
  sentCookie: Uint8Array = Buffer.alloc(0);
  readonly #socket: RawSocket;
  readonly #local: Endpoint;
  readonly #server: Endpoint;
  #wake: () => void = () => {};

  constructor(t: TestContext, local: Endpoint, server: Endpoint) {
    const raw = createRequire(import.meta.url)('raw-socket') as {
      createSocket(options: { protocol: number; bufferSize: number }): RawSocket;
      SocketLevel: { IPPROTO_IP: number };
      SocketOption: { IP_HDRINCL: number };
    };
    this.#local = local;
    this.#server = server;
    this.#socket = raw.createSocket({ protocol: 132, bufferSize: 65_535 });
    this.#socket.setOption(raw.SocketLevel.IPPROTO_IP, raw.SocketOption.IP_HDRINCL, 1);
    this.#socket.on('message', (datagram: Buffer) => this.#receive(datagram));
    t.after(() => this.#socket.close());
  }

  /** @param spoilt whether the checksum is wrong. */
  send(tag: number, chunks: readonly BareChunk[], spoilt = false): void {
    this.sendOctets(tag, Buffer.concat(chunks.map(printChunk)), spoilt);
  }

  sendOctets(tag: number, chunks: Uint8Array, spoilt = false): void {
    const packet = Buffer.alloc(12 + chunks.length);
    packet.writeUInt16BE(this.#local.port, 0);
    packet.writeUInt16BE(this.#server.port, 2);
    packet.writeUInt32BE(tag, 4);
    packet.set(chunks, 12);
    packet.writeUInt32LE((crc32c(packet) ^ (spoilt ? 1 : 0)) >>> 0, 8);
    const header = Buffer.from('4500000000000000408400007f0000017f000001', 'hex');
    header.writeUInt16BE(20 + packet.length, 2);
    header.set(this.#local.address.split('.').map(Number), 12);
    header.set(this.#server.address.split('.').map(Number), 16);
    const datagram = Buffer.concat([header, packet]);
    this.#socket.send(datagram, 0, datagram.length, this.#server.address, () => {});
  }

  /** The next chunk of this type; those before it are dropped. */
  async next(type: number, ms = 4000): Promise<{ readonly tag: number; readonly chunk: Buffer }> {
    const end = performance.now() + ms;
    for (;;) {
      const found = this.inbox.findIndex((one) => one.type === type);
      if (found >= 0) return this.inbox.splice(0, found + 1).at(-1) as { tag: number; chunk: Buffer };
      const left = end - performance.now();
      assert.ok(left > 0, `no chunk of type ${type}`);
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timeout);
          resolve();
        };
      });
    }
  }

  /** The four-way handshake (RFC 9260 §5.1). @param parameters of the INIT. */
  async associate(tag: number, parameters: Uint8Array = Buffer.alloc(0)): Promise<void> {
    const answer = await this.open(tag, parameters);
    this.peerTag = answer.tag;
    this.sentCookie = answer.cookie;
    this.send(this.peerTag, [{ type: 10, value: this.sentCookie }]);
    await this.next(11);
  }

  /** Sends INIT. @returns the tag and the cookie of the INIT ACK. */
  async open(tag: number, parameters: Uint8Array = Buffer.alloc(0)) {
    this.inbox.length = 0;
    this.tag = tag;
    this.tsn = 1;
    const init = Buffer.alloc(16);
    init.writeUInt32BE(tag, 0);
    init.writeUInt32BE(100_000, 4);
    init.writeUInt16BE(4, 8);
    init.writeUInt16BE(4, 10);
    init.writeUInt32BE(this.tsn, 12);
    this.send(0, [{ type: 1, value: Buffer.concat([init, parameters]) }]);
    let { tag: answered, chunk } = await this.next(2);
    while (answered !== tag) ({ tag: answered, chunk } = await this.next(2));
    return { tag: chunk.readUInt32BE(4), cookie: parameterOf(chunk, 7) };
  }

  /** DATA, whole, with the next TSN or the one given. */
  data(text: string, tsn = this.tsn++): void {
    this.send(this.peerTag, [{ type: 0, flags: 3, value: dataValue(tsn, 0, Buffer.from(text)) }]);
  }

  /** Takes everything up to this TSN. */
  acknowledge(tsn: number): void {
    const value = Buffer.alloc(12);
    value.writeUInt32BE(tsn, 0);
    value.writeUInt32BE(100_000, 4);
    this.send(this.peerTag, [{ type: 3, value }]);
  }

  #receive(datagram: Buffer): void {
    const packet = Buffer.from(datagram.subarray(((datagram[0] as number) & 15) * 4));
    if (packet.readUInt16BE(0) !== this.#server.port || packet.readUInt16BE(2) !== this.#local.port) return;
    for (let offset = 12; offset + 4 <= packet.length; ) {
      const length = packet.readUInt16BE(offset + 2);
      const chunk = packet.subarray(offset, offset + length);
      this.inbox.push({ tag: packet.readUInt32BE(4), type: chunk[0] as number, chunk });
      offset += Math.ceil(length / 4) * 4;
    }
    this.#wake();
  }
}

export function dataValue(tsn: number, sequence: number, data: Uint8Array): Buffer {
  const value = Buffer.alloc(12 + data.length);
  value.writeUInt32BE(tsn, 0);
  value.writeUInt16BE(sequence === 0 ? (tsn - 1) & 0xffff : sequence, 6);
  value.set(data, 12);
  return value;
}

export function parameter(type: number, value: Uint8Array): Buffer {
  const octets = Buffer.alloc(Math.ceil((4 + value.length) / 4) * 4);
  octets.writeUInt16BE(type, 0);
  octets.writeUInt16BE(4 + value.length, 2);
  octets.set(value, 4);
  return octets;
}

function parameterOf(chunk: Buffer, wanted: number): Buffer {
  for (let offset = 20; offset + 4 <= chunk.length; ) {
    const length = chunk.readUInt16BE(offset + 2);
    if (chunk.readUInt16BE(offset) === wanted) return chunk.subarray(offset + 4, offset + length);
    offset += Math.ceil(length / 4) * 4;
  }
  throw new Error(`no parameter ${wanted}`);
}

export function printChunk({ type, flags = 0, value = Buffer.alloc(0), length = 4 + value.length }: BareChunk): Buffer {
  const octets = Buffer.alloc(Math.ceil((4 + value.length) / 4) * 4);
  octets[0] = type;
  octets[1] = flags;
  octets.writeUInt16BE(length, 2);
  octets.set(value, 4);
  return octets;
}

/** RFC 9260 Appendix A, bit by bit. */
function crc32c(octets: Uint8Array): number {
  let crc = 0xffffffff;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
  }
  return ~crc >>> 0;
}
