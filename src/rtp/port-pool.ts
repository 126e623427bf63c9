import { type Random, randomBelow } from '../core/random.ts';
import type { BindOptions, DatagramHandler, DatagramSocket, Net, NetError } from '../net/ports.ts';

/** Octets: half a second of video in bursts, and a bound to what a flood on one port may take of the kernel. */
const RECEIVE_BUFFER = 512 * 1024;

/** The UDP ports media may use on one local address. */
export interface PortRange {
  readonly address: string;
  /** Lowest and highest port, both included. */
  readonly portMin: number;
  readonly portMax: number;
}

/** An RTP port, even, and the RTCP port above it (RFC 3550 §11), bound. */
export interface PortPair {
  readonly rtp: DatagramSocket;
  readonly rtcp: DatagramSocket;
  /** Closes both sockets and gives the pair back; again does nothing. */
  close(): void;
}

/** No pair of the range can be had. */
export class PortsExhausted extends Error {
  readonly range: PortRange;
  /** Pairs of the range that we hold ourselves; the others are other programs'. */
  readonly inUse: number;

  constructor(range: PortRange, inUse: number, pairs: number) {
    super(
      `no media port is free on ${range.address} in ${range.portMin}..${range.portMax}: ` +
        `${inUse} of ${pairs} pairs are in use here, other programs hold the rest`,
    );
    this.name = 'PortsExhausted';
    this.range = range;
    this.inUse = inUse;
  }
}

/**
 * The port pairs of one range. The free ones stand in a queue. One is drawn from its first half, so that strangers
 * cannot tell the ports of the next call (RFC 6056), and one that is given back joins the end, where it rests so that
 * late packets of an ended call meet no new one.
 */
export class PortPool {
  readonly range: PortRange;
  readonly #net: Net;
  readonly #random: Random;
  /** A ring of the RTP ports that are free. */
  readonly #free: Uint16Array;
  #head = 0;
  #freeCount = 0;
  #inUse = 0;

  constructor(net: Net, random: Random, range: PortRange) {
    const lowest = range.portMin + (range.portMin % 2);
    this.range = range;
    this.#net = net;
    this.#random = random;
    this.#free = new Uint16Array(Math.max(0, Math.floor((range.portMax - lowest + 1) / 2)));
    for (let pair = 0; pair < this.#free.length; pair++) this.#give(lowest + 2 * pair);
  }

  /** Pairs that are bound or being bound. */
  get inUse(): number {
    return this.#inUse;
  }

  /**
   * Binds a free pair, passing over those another program occupies.
   * @throws PortsExhausted when none is left, or the system's Error when the address cannot be bound at all.
   */
  async bind(rtp: DatagramHandler, rtcp: DatagramHandler): Promise<PortPair> {
    // Given back only at the end, so that none is tried twice.
    const failed: number[] = [];
    try {
      while (this.#freeCount > 0) {
        const port = this.#take();
        try {
          return await this.#bindPair(port, rtp, rtcp);
        } catch (error) {
          failed.push(port);
          if ((error as NetError).code !== 'EADDRINUSE') throw error;
        }
      }
    } finally {
      for (const port of failed) this.#release(port);
    }
    throw new PortsExhausted(this.range, this.#inUse, this.#free.length);
  }

  async #bindPair(port: number, rtp: DatagramHandler, rtcp: DatagramHandler): Promise<PortPair> {
    const rtpSocket = await this.#net.bindDatagram(this.#at(port), rtp);
    let rtcpSocket: DatagramSocket;
    try {
      rtcpSocket = await this.#net.bindDatagram(this.#at(port + 1), rtcp);
    } catch (error) {
      rtpSocket.close();
      throw error;
    }
    let open = true;
    return {
      rtp: rtpSocket,
      rtcp: rtcpSocket,
      close: () => {
        if (!open) return;
        open = false;
        rtpSocket.close();
        rtcpSocket.close();
        this.#release(port);
      },
    };
  }

  #at(port: number): BindOptions {
    return { address: this.range.address, port, receiveBufferSize: RECEIVE_BUFFER };
  }

  #take(): number {
    const drawn = (this.#head + randomBelow(this.#random, Math.ceil(this.#freeCount / 2))) % this.#free.length;
    const port = this.#free[drawn] as number;
    this.#free[drawn] = this.#free[this.#head] as number;
    this.#head = (this.#head + 1) % this.#free.length;
    this.#freeCount--;
    this.#inUse++;
    return port;
  }

  #release(port: number): void {
    this.#inUse--;
    this.#give(port);
  }

  #give(port: number): void {
    this.#free[(this.#head + this.#freeCount) % this.#free.length] = port;
    this.#freeCount++;
  }
}
