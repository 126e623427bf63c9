import type { Clock } from '../core/clock.ts';
import { type Endpoint, printEndpoint } from '../core/endpoint.ts';
import { type ChannelReport, MediaChannel, type MediaCounts, newCounters } from './media-channel.ts';
import type { OwnEndpoints } from './own-endpoints.ts';
import { isDestination } from './peer-address.ts';
import type { PortPair, PortPool } from './port-pool.ts';

/** Where the peer of an end wants its media, as its description says. */
export interface MediaTarget {
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpAddress: string;
  readonly rtcpPort: number;
  /** RTCP travels on the RTP port (RFC 5761). */
  readonly muxed: boolean;
}

/** RTCP comes every 5 s give or take half (RFC 3550 §6.2), so its silence is judged later than that of RTP. */
const RTP_SILENT_AFTER_MS = 5_000;
const RTCP_SILENT_AFTER_MS = 20_000;

/** Our address on one leg, and the peer's. */
export interface MediaPlace {
  /** What the peer is shown: it chooses the ports. */
  readonly address: string;
  /** Where the sockets are bound, when that differs. */
  readonly bound?: string;
  /** The address the peer signals from: its media may come from there whatever it describes. */
  readonly peer: string;
}

export interface MediaEndParts {
  readonly pool: PortPool;
  readonly clock: Clock;
  readonly own: OwnEndpoints;
  readonly report: ChannelReport;
}

/** One end of a stream: our RTP and RTCP port towards one peer. */
export class MediaEnd {
  /** Our address and ports on this end, as they stand in our description. */
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  readonly #rtp: MediaChannel;
  readonly #rtcp: MediaChannel;
  readonly #pair: PortPair;
  readonly #own: OwnEndpoints;
  readonly #place: MediaPlace;
  readonly #rtpCounters;
  readonly #rtcpCounters;
  #muxed = false;

  /** @throws PortsExhausted, or the system's Error when the address cannot be bound. */
  static async open(place: MediaPlace, { pool, clock, own, report }: MediaEndParts): Promise<MediaEnd> {
    const counters = { rtp: newCounters(), rtcp: newCounters() };
    const latching = (silentAfterMs: number) => ({ silentAfterMs, peer: place.peer, isOwn: own.has });
    const rtp = new MediaChannel('RTP', latching(RTP_SILENT_AFTER_MS), clock, counters, report);
    const rtcp = new MediaChannel('RTCP', latching(RTCP_SILENT_AFTER_MS), clock, counters, report);
    return new MediaEnd(place, own, await pool.bind(rtp, rtcp), rtp, rtcp, counters);
  }

  private constructor(
    place: MediaPlace,
    own: OwnEndpoints,
    pair: PortPair,
    rtp: MediaChannel,
    rtcp: MediaChannel,
    counters: { readonly rtp: MediaCounts; readonly rtcp: MediaCounts },
  ) {
    this.address = pair.rtp.local.address;
    this.rtpPort = pair.rtp.local.port;
    this.rtcpPort = pair.rtcp.local.port;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#pair = pair;
    this.#own = own;
    this.#place = place;
    this.#rtpCounters = counters.rtp;
    this.#rtcpCounters = counters.rtcp;
    rtp.open(pair.rtp);
    rtcp.open(pair.rtcp);
    for (const endpoint of this.#endpoints()) own.add(endpoint);
  }

  /** What comes in here goes out of `other`: the other end of the stream, or this one, which then is an echo. */
  forwardTo(other: MediaEnd): void {
    this.#rtp.onward = other.#rtp;
    this.#rtcp.onward = other.#rtcp;
  }

  /**
   * Where the peer's description says its media goes; undefined when it names nowhere, and what cannot be a peer's
   * counts as nowhere. Saying the same again keeps the source that latched, saying something else opens the end to a
   * new one.
   */
  setRemote(remote: MediaTarget | undefined): void {
    this.#muxed = remote?.muxed ?? false;
    this.#rtp.latch.expect(remote && this.#usable(remote.address, remote.rtpPort));
    this.#rtcp.latch.expect(remote && this.#usable(remote.rtcpAddress, remote.rtcpPort));
  }

  #usable(address: string, port: number): Endpoint | undefined {
    const target = { address, port };
    return isDestination(address, this.#place.peer) && !this.#own.has(target) ? target : undefined;
  }

  get rtp(): MediaCounts {
    return this.#rtpCounters;
  }

  /** RTCP of either port. */
  get rtcp(): MediaCounts {
    return this.#rtcpCounters;
  }

  /** Packets dropped because they came from a stranger. */
  get dropped(): number {
    return this.#rtp.dropped + this.#rtcp.dropped;
  }

  /** Where RTP goes, `192.0.2.1:4000`, or undefined while that is not known. */
  get rtpTarget(): string | undefined {
    return textOf(this.#rtp.latch.target);
  }

  get rtcpTarget(): string | undefined {
    return textOf((this.#muxed ? this.#rtp : this.#rtcp).latch.target);
  }

  /** Frees the ports; again does nothing. */
  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
    this.#pair.close();
    for (const endpoint of this.#endpoints()) this.#own.delete(endpoint);
  }

  /** Our sockets as anybody could name them: where they are bound, and where peers are told they are. */
  #endpoints(): Endpoint[] {
    return [this.address, this.#place.address].flatMap((address) =>
      [this.rtpPort, this.rtcpPort].map((port) => ({ address, port })),
    );
  }
}

function textOf(target: Endpoint | undefined): string | undefined {
  return target && printEndpoint(target);
}
