/**
 * The media relay: every media of a call passes a pair of our ports towards each of its two peers, so that neither
 * needs a route to the other, nor the same IP version.
 *
 *     peer A  ⇄  end a  ⇄  end b  ⇄  peer B
 *     peer A  ⇄  end a, which is end b too: an echo
 *
 * Packets are forwarded as they are: SRTP, DTLS, RTCP multiplexed with RTP and unknown media pass. What is decided for
 * one packet is in media-channel.ts and latch.ts.
 */
import type { Clock } from '../core/clock.ts';
import { isWildcard, printEndpoint } from '../core/endpoint.ts';
import type { LogColumns, Logger } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import type { Net } from '../net/ports.ts';
import type { ChannelReport } from './media-channel.ts';
import { MediaEnd, type MediaPlace } from './media-end.ts';
import { OwnEndpoints, type OwnSocket } from './own-endpoints.ts';
import { packetText } from './packet-text.ts';
import { PortPool, type PortRange, PortsExhausted } from './port-pool.ts';

export interface RelayOptions {
  readonly net: Net;
  readonly clock: Clock;
  /** Which ports a stream gets is drawn from it. */
  readonly random: Random;
  /** The media layer of the log. */
  readonly logger: Logger;
  /** One for each of our addresses; `0.0.0.0` and `::` stand for all of their kind that have none of their own. */
  readonly ranges: readonly PortRange[];
  /** Further sockets of ours, SIP's: no media goes to them or is taken from them. */
  readonly sockets: () => readonly OwnSocket[];
}

/** What the log calls a stream. */
export interface StreamLabel {
  /** `audio`, `video`, … */
  readonly media: string;
  /** Of the dialog, as the log's id column shows it. */
  readonly id?: string;
}

/** What is open, for leak checks: all 0 when no call is up. */
export interface RelayCounts {
  readonly streams: number;
  /** Port pairs bound or being bound. */
  readonly pairs: number;
}

/** One media of one call. */
export interface RelayStream {
  readonly a: MediaEnd;
  readonly b: MediaEnd;
  /** Clock instant of the latest packet of any kind from either peer; that of opening before the first. */
  lastActivityAt(): number;
  /** Frees the ports; again does nothing. */
  close(): void;
}

export class MediaRelay {
  readonly #options: RelayOptions;
  /** By the address they are bound to: those of wildcard ranges are made when they are first asked for. */
  readonly #pools = new Map<string, PortPool>();
  readonly #streams = new Set<RelayStream>();
  readonly #own: OwnEndpoints;
  #closed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#own = new OwnEndpoints(options.sockets);
  }

  /**
   * Opens a stream between our places `a` and `b`, one on each leg. Packets pass at once; call
   * `setRemote` on the ends as descriptions come.
   * @throws PortsExhausted (the call answers 503), or an Error in words when an address cannot be used.
   */
  async openStream(a: MediaPlace, b: MediaPlace, label: StreamLabel = { media: 'media' }): Promise<RelayStream> {
    const endA = await this.#openEnd(a, label);
    let endB: MediaEnd;
    try {
      endB = await this.#openEnd(b, label);
    } catch (error) {
      endA.close();
      throw error;
    }
    return this.#keep(endA, endB, label);
  }

  #keep(endA: MediaEnd, endB: MediaEnd, label: StreamLabel): RelayStream {
    if (this.#closed) {
      endA.close();
      endB.close();
      throw new Error('the relay is closed');
    }
    endA.forwardTo(endB);
    endB.forwardTo(endA);
    const { clock, logger } = this.#options;
    const openedAt = clock.now();
    const stream: RelayStream = {
      a: endA,
      b: endB,
      lastActivityAt: () => Math.max(openedAt, latestOf(endA), latestOf(endB)),
      close: () => {
        if (!this.#streams.delete(stream)) return;
        endA.close();
        endB.close();
        logger.debug(() => `RTP/${label.media} relay closed, ${countsOf(endA)} / ${countsOf(endB)}`, columnsOf(label));
      },
    };
    this.#streams.add(stream);
    logger.debug(() => `RTP/${label.media} relay ${placeOf(endA)} / ${placeOf(endB)}`, columnsOf(label));
    return stream;
  }

  /**
   * Opens a stream with one peer that is sent back what it sends; both ends are the same.
   * @throws as openStream does.
   */
  async openEcho(place: MediaPlace, label: StreamLabel = { media: 'media' }): Promise<RelayStream> {
    const end = await this.#openEnd(place, label);
    return this.#keep(end, end, label);
  }

  counts(): RelayCounts {
    let pairs = 0;
    for (const pool of this.#pools.values()) pairs += pool.inUse;
    return { streams: this.#streams.size, pairs };
  }

  /** Ends every stream; one that is being opened is refused. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams) stream.close();
  }

  async #openEnd(place: MediaPlace, label: StreamLabel): Promise<MediaEnd> {
    const { clock, logger } = this.#options;
    try {
      const report = this.#reportOf(label);
      return await MediaEnd.open(place, { pool: this.#poolOf(place), clock, own: this.#own, report });
    } catch (error) {
      if (error instanceof PortsExhausted) logger.error(`RTP/${label.media} ${error.message}`, columnsOf(label));
      throw error;
    }
  }

  #poolOf({ address, bound = address }: MediaPlace): PortPool {
    const known = this.#pools.get(bound);
    if (known !== undefined) return known;
    const { net, random, ranges } = this.#options;
    const sameKind = (range: PortRange) => range.address.includes(':') === address.includes(':');
    const range =
      ranges.find((candidate) => candidate.address === address) ??
      ranges.find((candidate) => isWildcard(candidate.address) && sameKind(candidate));
    if (range === undefined) throw new Error(`no media ports are configured for ${address}`);
    const pool = new PortPool(net, random, { ...range, address: bound });
    this.#pools.set(bound, pool);
    return pool;
  }

  #reportOf(label: StreamLabel): ChannelReport {
    const { logger } = this.#options;
    return {
      latched: (channel, from) => {
        logger.info(() => `${channel}/${label.media} from ${printEndpoint(from)}`, columnsOf(label, 'FROM'));
      },
      dropped: (channel, from) => {
        logger.warn(`${channel}/${label.media} from stranger ${printEndpoint(from)} dropped`, columnsOf(label, 'FROM'));
      },
      failed: (channel, error) => {
        logger.warn(`${channel}/${label.media} not sent: ${error.message}`, columnsOf(label, 'TO'));
      },
      traces: () => logger.enabled('debug'),
      packet: (dir, peer, data, isRtcp) => {
        const kind = `${isRtcp ? 'RTCP' : 'RTP'}/${label.media}`;
        const line = `${kind} ${printEndpoint(peer)} ${packetText(data, isRtcp)}`;
        logger.debug(line, { ...columnsOf(label, dir), octets: data });
      },
    };
  }
}

function latestOf(end: MediaEnd): number {
  return Math.max(end.rtp.receivedAt, end.rtcp.receivedAt);
}

function columnsOf({ id }: StreamLabel, dir: 'FROM' | 'TO' | '-' = '-'): LogColumns {
  return id === undefined ? { dir } : { dir, id };
}

function placeOf(end: MediaEnd): string {
  return printEndpoint({ address: end.address, port: end.rtpPort });
}

function countsOf({ rtp, rtcp }: MediaEnd): string {
  return `RTP ${rtp.received} in ${rtp.sent} out, RTCP ${rtcp.received} in ${rtcp.sent} out`;
}
