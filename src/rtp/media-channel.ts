import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { DatagramHandler, DatagramSocket } from '../net/ports.ts';
import { Latch, type LatchOptions } from './latch.ts';

/** What passed one end of a stream. Octets are those of the UDP payload. */
export interface MediaCounts {
  readonly received: number;
  readonly receivedOctets: number;
  readonly sent: number;
  readonly sentOctets: number;
  /** Clock instant of the latest packet received, -Infinity before the first. */
  readonly receivedAt: number;
}

export type Counters = { -readonly [K in keyof MediaCounts]: MediaCounts[K] };

export function newCounters(): Counters {
  return { received: 0, receivedOctets: 0, sent: 0, sentOctets: 0, receivedAt: -Infinity };
}

/** What a channel tells beside its counters; what is dropped or failed once for each channel, however often. */
export interface ChannelReport {
  /** Packets of the stream come from this source now. */
  latched(channel: 'RTP' | 'RTCP', from: Endpoint): void;
  dropped(channel: 'RTP' | 'RTCP', from: Endpoint): void;
  failed(channel: 'RTP' | 'RTCP', error: Error): void;
  /** Whether `packet` wants to be told; asked for each one. */
  readonly traces: () => boolean;
  packet(dir: 'FROM' | 'TO', peer: Endpoint, data: Uint8Array, isRtcp: boolean): void;
}

/** Packets of an RTP port that are RTCP, multiplexed there (RFC 5761 §4): payload types 64 to 95 with the marker bit. */
function isRtcp(data: Uint8Array): boolean {
  const second = data[1] as number;
  return second >= 192 && second <= 223 && (data[0] as number) >> 6 === 2;
}

/**
 * The first packet and every 64th after it are sent asking whether the system took them, which is enough to notice that
 * there is no way to a peer: asking for each takes a tenth off what can be forwarded.
 */
const ASK_MASK = 63;

/**
 * One port of one end. A packet comes in, is counted, and goes out of the `onward` channel, in one call without
 * allocating anything.
 */
export class MediaChannel implements DatagramHandler {
  readonly kind: 'RTP' | 'RTCP';
  readonly latch: Latch;
  /** Where packets go that come in here: the same port of the other end, or of this one (echo). */
  onward: MediaChannel | undefined;
  /** Packets of strangers. */
  dropped = 0;

  readonly #clock: Clock;
  readonly #rtp: Counters;
  readonly #rtcp: Counters;
  readonly #report: ChannelReport;
  #socket: DatagramSocket | undefined;
  #failed = false;

  constructor(
    kind: 'RTP' | 'RTCP',
    latching: LatchOptions,
    clock: Clock,
    counters: { readonly rtp: Counters; readonly rtcp: Counters },
    report: ChannelReport,
  ) {
    this.kind = kind;
    this.latch = new Latch(latching, (from) => report.latched(kind, from));
    this.#clock = clock;
    this.#rtp = kind === 'RTP' ? counters.rtp : counters.rtcp;
    this.#rtcp = counters.rtcp;
    this.#report = report;
  }

  open(socket: DatagramSocket): void {
    this.#socket = socket;
  }

  /** From here on nothing comes in or goes out; the socket is closed by its owner. */
  close(): void {
    this.#socket = undefined;
    this.onward = undefined;
  }

  onDatagram(data: Buffer, from: Endpoint): void {
    if (this.#socket === undefined) return;
    const now = this.#clock.now();
    if (!this.latch.accepts(from, now)) {
      if (this.dropped++ === 0) this.#report.dropped(this.kind, from);
      return;
    }
    const counters = this.#countersOf(data);
    if (this.#report.traces()) this.#report.packet('FROM', from, data, counters === this.#rtcp);
    counters.received++;
    counters.receivedOctets += data.length;
    counters.receivedAt = now;
    this.onward?.send(data);
  }

  /** Sends to the peer of this channel; with nowhere to send to, the packet is dropped. */
  send(data: Uint8Array): void {
    const target = this.latch.target;
    if (target === undefined || this.#socket === undefined) return;
    const counters = this.#countersOf(data);
    if (this.#report.traces()) this.#report.packet('TO', target, data, counters === this.#rtcp);
    const asked = (counters.sent & ASK_MASK) === 0 ? this.#onError : undefined;
    counters.sent++;
    counters.sentOctets += data.length;
    this.#socket.send(data, target, asked);
  }

  /** On the RTCP port both are those of RTCP. */
  #countersOf(data: Uint8Array): Counters {
    return isRtcp(data) ? this.#rtcp : this.#rtp;
  }

  /** Bound once, so that no packet costs a closure. */
  readonly #onError = (error: Error): void => {
    if (!this.#failed) this.#report.failed(this.kind, error);
    this.#failed = true;
  };
}
