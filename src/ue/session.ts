/** The session of a call as a handset describes it: one audio stream, offered or answered (RFC 3264, RFC 8866). */
import { isIPv6 } from 'node:net';
import { MalformedError } from '../core/errors.ts';
import { randomBelow } from '../core/random.ts';
import { remoteMedia } from '../sdp/anchor.ts';
import { type Direction, directionOf } from '../sdp/attributes.ts';
import { answerDirection, isHeld, sends } from '../sdp/offer-answer.ts';
import { parseSdp, type SessionDescription } from '../sdp/session-description.ts';
import type { Agent } from './agent.ts';
import { type Codec, PAYLOAD_TYPE } from './codec.ts';
import { Media } from './media.ts';

/** Changes the handset's own description before it is sent. */
export type EditSdp = (own: string) => string;

const CODECS: readonly Codec[] = ['PCMU', 'PCMA'];

export class Session {
  readonly media: Media;
  /** What we described last, and the peer's last description. */
  local: string | undefined;
  remote: SessionDescription | undefined;
  readonly #codecs: readonly Codec[];
  readonly #id: number;
  #version = 0;
  /** What we want to do with the media: less than sendrecv while we hold. */
  #wanted: Direction = 'sendrecv';
  /** What was offered last, by whichever side. */
  #direction: Direction = 'sendrecv';

  static async open(agent: Agent): Promise<Session> {
    return new Session(await Media.open(agent), agent);
  }

  private constructor(media: Media, agent: Agent) {
    this.media = media;
    this.#codecs = agent.options.codecs ?? CODECS;
    this.#id = randomBelow(agent.random, 2 ** 31);
  }

  /** Whether the peer has put us on hold. */
  get heldByPeer(): boolean {
    const index = this.remote === undefined ? -1 : this.#audio(this.remote);
    return this.remote !== undefined && index >= 0 && isHeld(this.remote, index);
  }

  offer(wanted: Direction = this.#wanted, edit: EditSdp = asIs): Buffer {
    this.#wanted = wanted;
    this.#direction = wanted;
    return this.#describe([this.#audioLines(this.#codecs, wanted)], edit);
  }

  /** The answer to the peer's offer, or undefined when there is nothing in it we can hear, or it cannot be read. */
  answer(offer: Uint8Array, edit: EditSdp = asIs): Buffer | undefined {
    const description = tryParse(offer);
    if (description === undefined) return undefined;
    const audio = this.#audio(description);
    if (audio < 0) return undefined;
    const direction = answerDirection(directionOf(description, audio), this.#wanted);
    const codecs = this.#common(description, audio);
    this.#direction = direction;
    this.#take(description);
    // RFC 3264 §6: a media line for each that was offered, refused ones with port 0.
    const lines = description.media.map(({ media, protocol, formats }, index) =>
      index === audio
        ? this.#audioLines(codecs, direction, protocol)
        : [`m=${media} 0 ${protocol} ${formats.join(' ')}`],
    );
    return this.#describe(lines, edit);
  }

  /** Takes the peer's answer; one that cannot be read changes nothing. */
  takeAnswer(answer: Uint8Array): void {
    const description = tryParse(answer);
    if (description !== undefined) this.#take(description);
  }

  close(): void {
    this.media.close();
  }

  #take(description: SessionDescription): void {
    this.remote = description;
    const audio = this.#audio(description);
    const [codec] = audio < 0 ? [] : this.#common(description, audio);
    const remote = audio < 0 ? undefined : remoteMedia(description, audio);
    const wanted = audio >= 0 && !isHeld(description, audio);
    this.media.path =
      codec === undefined || remote === undefined
        ? undefined
        : {
            remote: { address: remote.address, port: remote.rtpPort },
            codec,
            sending: wanted && sends(this.#direction),
          };
  }

  /** The first audio stream with a codec of ours; -1 when there is none. */
  #audio(description: SessionDescription): number {
    return description.media.findIndex(
      ({ media, port, protocol }, index) =>
        media === 'audio' && port !== 0 && /^RTP\/AVPF?$/.test(protocol) && this.#common(description, index).length > 0,
    );
  }

  /** The peer's codecs that are ours, in the peer's order. */
  #common(description: SessionDescription, index: number): readonly Codec[] {
    const formats = description.media[index]?.formats ?? [];
    return formats.flatMap((format) => this.#codecs.find((codec) => String(PAYLOAD_TYPE[codec]) === format) ?? []);
  }

  #audioLines(codecs: readonly Codec[], direction: Direction, protocol = 'RTP/AVP'): readonly string[] {
    const types = codecs.map((codec) => PAYLOAD_TYPE[codec]);
    return [
      `m=audio ${this.media.local.port} ${protocol} ${types.join(' ')}`,
      ...codecs.map((codec) => `a=rtpmap:${PAYLOAD_TYPE[codec]} ${codec}/8000`),
      'a=ptime:20',
      `a=${direction}`,
    ];
  }

  #describe(media: readonly (readonly string[])[], edit: EditSdp): Buffer {
    const { address } = this.media.local;
    const network = isIPv6(address) ? 'IN IP6' : 'IN IP4';
    this.#version++;
    const lines = [
      'v=0',
      `o=- ${this.#id} ${this.#version} ${network} ${address}`,
      's=-',
      `c=${network} ${address}`,
      't=0 0',
      ...media.flat(),
      '',
    ];
    this.local = edit(lines.join('\r\n'));
    return Buffer.from(this.local, 'utf8');
  }
}

function asIs(own: string): string {
  return own;
}

function tryParse(octets: Uint8Array): SessionDescription | undefined {
  try {
    return parseSdp(octets);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
