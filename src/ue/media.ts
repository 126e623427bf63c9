/** A handset's end of one audio stream: sends a tone or what it hears, and counts what comes (RFC 3550). */
import type { Scheduled } from '../core/clock.ts';
import { type Endpoint, sameEndpoint } from '../core/endpoint.ts';
import { randomBelow } from '../core/random.ts';
import type { DatagramSocket } from '../net/ports.ts';
import type { Agent } from './agent.ts';
import { type Codec, PACKET_MS, PACKET_SAMPLES, PAYLOAD_TYPE, tone } from './codec.ts';
import { type RtpPacket, readRtp, writeRtp } from './rtp-packet.ts';

/** What is sent by itself: a steady tone, each packet that comes, or nothing. */
export type Sound = 'tone' | 'echo' | 'silence';

export interface MediaCounts {
  /** Packets and octets of RTP, headers included. */
  readonly sent: { readonly packets: number; readonly octets: number };
  readonly received: { readonly packets: number; readonly octets: number };
  /** Sequence numbers of the present source that never came, as far as later ones show it. */
  readonly lost: number;
  /** Synchronisation sources heard. */
  readonly sources: number;
}

/** Where to send, in what form, and whether the peer wants it. */
export interface MediaPath {
  readonly remote: Endpoint;
  readonly codec: Codec;
  readonly sending: boolean;
}

export class Media {
  /** Told of each packet of RTP that comes, with where it came from. */
  onPacket: ((packet: RtpPacket, from: Endpoint) => void) | undefined;
  readonly #agent: Agent;
  readonly #ssrc: number;
  #socket: DatagramSocket | undefined;
  /** What the offer/answer exchange came to; undefined: nothing is sent. */
  path: MediaPath | undefined;
  #sound: Sound = 'silence';
  #ticking: Scheduled | undefined;
  #sequence: number;
  #timestamp: number;
  #sent = { packets: 0, octets: 0 };
  #received = { packets: 0, octets: 0 };
  readonly #sources = new Set<number>();
  #source: { readonly ssrc: number; readonly first: number; highest: number; packets: number } | undefined;
  #waiting: { readonly packets: number; readonly resolve: () => void }[] = [];

  /** Rejects with an Error in words when no port can be bound. */
  static async open(agent: Agent): Promise<Media> {
    const media = new Media(agent);
    const at = { address: agent.flow.local.address, port: 0 };
    media.#socket = await agent.net.bindDatagram(at, { onDatagram: (data, from) => media.#onDatagram(data, from) });
    return media;
  }

  private constructor(agent: Agent) {
    this.#agent = agent;
    this.#ssrc = randomBelow(agent.random, 2 ** 32);
    this.#sequence = randomBelow(agent.random, 2 ** 16);
    this.#timestamp = randomBelow(agent.random, 2 ** 32);
  }

  get local(): Endpoint {
    if (this.#socket === undefined) throw new Error('the media port is not open');
    return this.#socket.local;
  }

  get counts(): MediaCounts {
    const source = this.#source;
    const lost = source === undefined ? 0 : Math.max(0, source.highest - source.first + 1 - source.packets);
    return { sent: { ...this.#sent }, received: { ...this.#received }, lost, sources: this.#sources.size };
  }

  play(sound: Sound): void {
    this.#sound = sound;
    this.#ticking?.cancel();
    this.#ticking = undefined;
    if (sound === 'tone') this.#tick(this.#agent.clock.now());
  }

  /** Sends `count` packets of the tone at once, whatever the clock. */
  burst(count: number): void {
    for (let sent = 0; sent < count; sent++) this.#sendTone();
  }

  /** Resolves when `packets` have come in all. */
  async heard(packets: number): Promise<MediaCounts> {
    const arrived = new Promise<void>((resolve) => {
      if (this.#received.packets >= packets) resolve();
      else this.#waiting.push({ packets, resolve });
    });
    await this.#agent.patience.within(
      arrived,
      () => `${packets} packets of RTP expected, ${this.#received.packets} came`,
    );
    return this.counts;
  }

  close(): void {
    this.play('silence');
    this.path = undefined;
    this.#socket?.close();
  }

  /** Each tick is counted from the one before it and not from when it ran, so that the rate holds. */
  #tick(at: number): void {
    this.#sendTone();
    this.#ticking = this.#agent.clock.schedule(at + PACKET_MS, () => this.#tick(at + PACKET_MS));
  }

  #sendTone(): void {
    if (this.path !== undefined) this.#send(PAYLOAD_TYPE[this.path.codec], TONES[this.path.codec]);
  }

  #send(payloadType: number, payload: Uint8Array): void {
    if (this.path?.sending !== true) return;
    const marker = this.#sent.packets === 0;
    const packet = { payloadType, payload, marker, ssrc: this.#ssrc };
    const octets = writeRtp({ ...packet, sequence: this.#sequence, timestamp: this.#timestamp });
    this.#sequence = (this.#sequence + 1) % 2 ** 16;
    this.#timestamp = (this.#timestamp + PACKET_SAMPLES) % 2 ** 32;
    this.#sent.packets++;
    this.#sent.octets += octets.length;
    this.#socket?.send(octets, this.path.remote);
  }

  #onDatagram(data: Buffer, from: Endpoint): void {
    const packet = readRtp(data);
    if (packet === undefined) return;
    this.#received.packets++;
    this.#received.octets += data.length;
    this.#follow(packet);
    if (this.#sound === 'echo' && this.path !== undefined && sameEndpoint(from, this.path.remote)) {
      this.#send(packet.payloadType, packet.payload);
    }
    this.onPacket?.(packet, from);
    const ready = this.#waiting.filter(({ packets }) => packets <= this.#received.packets);
    this.#waiting = this.#waiting.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  }

  /** RFC 3550 §A.1: the sequence number with its wraps counted. */
  #follow({ ssrc, sequence }: RtpPacket): void {
    this.#sources.add(ssrc);
    const source = this.#source;
    if (source?.ssrc !== ssrc) {
      this.#source = { ssrc, first: sequence, highest: sequence, packets: 1 };
      return;
    }
    source.packets++;
    const ahead = (sequence - source.highest) & 0xffff;
    if (ahead < 0x8000) source.highest += ahead;
  }
}

const TONES: { readonly [codec in Codec]: Uint8Array } = { PCMU: tone('PCMU'), PCMA: tone('PCMA') };
