import type { Flow } from '../core/flow.ts';
import type { Random } from '../core/random.ts';
import type { MediaEnd, MediaPlace } from '../rtp/media-end.ts';
import { PortsExhausted } from '../rtp/port-pool.ts';
import type { MediaRelay, RelayStream } from '../rtp/relay.ts';
import { isRelayable, type RemoteMedia, remoteMedia } from '../sdp/anchor.ts';
import { type Direction, directionOf } from '../sdp/attributes.ts';
import { directionFrom, isHeld, receives, sends } from '../sdp/offer-answer.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SessionOrigin } from '../sdp/session-origin.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { otherSide, type Side } from './call-states.ts';
import type { CallPath } from './feature.ts';
import type { MediaRow } from './media-row.ts';

/**
 * Streams one path may have, each of which takes four ports. A video call has two, with real-time text and screen
 * three; a call that rings sixteen handsets so takes about a twentieth of the ports of one address.
 */
const MOST_STREAMS = 8;

/** One m= line that is anchored. */
interface AnchoredStream {
  readonly media: string;
  readonly relay: RelayStream;
  /** What each side may do by the last answer, in our words towards it; undefined before. */
  directions: { readonly [side in Side]: Direction } | undefined;
}

/** An offer without an answer: what it changes holds with the answer, and never when it is refused. */
interface OpenOffer {
  readonly from: Side;
  /** Indices of the streams opened for it. */
  readonly opened: Set<number>;
  /** Where it wants media, for each stream that is older than the offer. */
  readonly remotes: Map<number, RemoteMedia | undefined>;
}

/** One end of a stream from which packets may be expected. */
export interface ExpectedEnd {
  readonly media: string;
  readonly side: Side;
  readonly end: MediaEnd;
}

/** The media of one path: a stream of the relay for each m= line, and our o= line towards each side. */
export class MediaSession {
  readonly path: CallPath;
  readonly #relay: MediaRelay;
  readonly #streams: (AnchoredStream | undefined)[] = [];
  readonly #origins: { readonly [side in Side]: SessionOrigin };
  #offer: OpenOffer | undefined;
  /** The latest offer: an answer may be said more than once, in 18x and 200. */
  #offered: SessionDescription | undefined;

  constructor(path: CallPath, relay: MediaRelay, random: Random) {
    this.path = path;
    this.#relay = relay;
    const origin = (side: Side) => {
      const id = Buffer.from(random.bytes(6)).readUIntBE(0, 6);
      return new SessionOrigin(String(id), path.flows[side].local.address);
    };
    this.#origins = { caller: origin('caller'), callee: origin('callee') };
  }

  /** Opens what an offer needs. @throws SipError 488 for too many media, 503 without ports. */
  async prepare(from: Side, offer: SessionDescription): Promise<void> {
    const streams = this.#streams;
    const wanted = offer.media.filter((media, index) => streams[index] !== undefined || isRelayable(media));
    if (wanted.length > MOST_STREAMS) throw new SipError(488, `more than ${MOST_STREAMS} media`);
    const opened = new Set<number>();
    this.#offer = { from, opened, remotes: new Map() };
    for (const [index, { media, ...rest }] of offer.media.entries()) {
      if (streams[index] !== undefined || !isRelayable({ media, ...rest })) continue;
      streams[index] = { media, relay: await this.#open(media), directions: undefined };
      opened.add(index);
    }
  }

  /** An offer that is answered in the other side's place. */
  hear(from: Side, offer: SessionDescription): void {
    this.#takeOffer(from, offer);
  }

  /** A description of one side as the other shall see it. */
  pass(from: Side, kind: 'offer' | 'answer', description: SessionDescription): SessionDescription {
    if (kind === 'offer') this.#takeOffer(from, description);
    else this.#takeAnswer(from, description);
    const to = otherSide(from);
    const ours = description.media.map((_, index) => this.#end(index, to));
    return this.#origins[to].anchor(description, ours);
  }

  offerRefused(from: Side): void {
    // That of the other side may be refused because this one is under way.
    if (this.#offer?.from !== from) return;
    for (const index of this.#offer.opened) this.#closeStream(index);
    this.#offer = undefined;
  }

  /** The ends that are expected to send by the last answer, of streams that flow without a pause. */
  get expected(): readonly ExpectedEnd[] {
    return this.#flowing().flatMap((stream) =>
      this.#peers.filter((side) => receives(stream.directions[side])).map((side) => expectedOf(stream, side)),
    );
  }

  /** Whether both sides speak and hear: silence then means that something is wrong, as it does not on hold. */
  get isTwoWay(): boolean {
    return this.#flowing().some(({ directions }) => this.#peers.every((side) => directions[side] === 'sendrecv'));
  }

  /** Clock instant of the latest packet of any stream and either side. */
  lastActivityAt(): number {
    return this.#streams.reduce((last, stream) => Math.max(last, stream?.relay.lastActivityAt() ?? 0), 0);
  }

  /** What is shown of one leg, also after the end. */
  rows(side: Side): readonly MediaRow[] {
    return this.#streams.flatMap((stream, index) => {
      if (stream === undefined) return [];
      const { media, relay, directions } = stream;
      const { rtp, rtcp, rtpTarget, rtcpTarget } = endOf(relay, side);
      const direction = directions?.[side] ?? 'inactive';
      const [rtpReceived, rtpSent, rtcpReceived, rtcpSent] = [rtp.received, rtp.sent, rtcp.received, rtcp.sent];
      return { index, type: media, direction, rtpTarget, rtcpTarget, rtpReceived, rtpSent, rtcpReceived, rtcpSent };
    });
  }

  close(): void {
    for (const stream of this.#streams) stream?.relay.close();
  }

  /** The sides that are handsets. */
  get #peers(): readonly Side[] {
    return SIDES.filter((side) => side !== this.path.ours);
  }

  /** A silent line of real-time text says nothing; neither do media we know nothing of. */
  #flowing() {
    return this.#streams.filter((stream): stream is AnchoredStream & { directions: object } => {
      return stream?.directions !== undefined && (stream.media === 'audio' || stream.media === 'video');
    });
  }

  /** A new stream takes the offer at once, as its sender may hear media before the answer (RFC 3264 §5.1). */
  #takeOffer(from: Side, description: SessionDescription): void {
    const offer = this.#offer;
    this.#offered = description;
    for (const index of this.#streams.keys()) {
      const remote = remoteMedia(description, index);
      if (offer?.opened.has(index)) this.#setRemote(index, from, remote);
      else offer?.remotes.set(index, remote);
    }
  }

  #takeAnswer(from: Side, description: SessionDescription): void {
    const offer = this.#offer;
    for (const [index, remote] of offer?.remotes ?? []) this.#setRemote(index, otherSide(from), remote);
    this.#offer = undefined;
    for (const [index, { port }] of description.media.entries()) {
      if (port === 0) {
        this.#closeStream(index);
        continue;
      }
      this.#setRemote(index, from, remoteMedia(description, index));
      const stream = this.#streams[index];
      if (stream === undefined || this.#offered === undefined) continue;
      stream.directions = agreed(from, this.#offered, description, index);
    }
  }

  #setRemote(index: number, side: Side, remote: RemoteMedia | undefined): void {
    // What we say ourselves names no place of a peer.
    if (side !== this.path.ours) this.#end(index, side)?.setRemote(remote);
  }

  #end(index: number, side: Side): MediaEnd | undefined {
    const stream = this.#streams[index];
    return stream && endOf(stream.relay, side);
  }

  #closeStream(index: number): void {
    this.#streams[index]?.relay.close();
    this.#streams[index] = undefined;
  }

  async #open(media: string): Promise<RelayStream> {
    const { id, flows, ours } = this.path;
    const label = { media, id };
    try {
      if (ours !== undefined) return await this.#relay.openEcho(placeOf(flows[otherSide(ours)]), label);
      return await this.#relay.openStream(placeOf(flows.caller), placeOf(flows.callee), label);
    } catch (error) {
      const status = error instanceof PortsExhausted ? 503 : 500;
      throw new SipError(status, `no media ports: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const SIDES: readonly Side[] = ['caller', 'callee'];

function placeOf({ local, bound, remote }: Flow): MediaPlace {
  return { address: local.address, peer: remote.address, ...(bound !== undefined && { bound: bound.address }) };
}

function endOf({ a, b }: RelayStream, side: Side): MediaEnd {
  return side === 'caller' ? a : b;
}

function expectedOf({ media, relay }: AnchoredStream, side: Side): ExpectedEnd {
  return { media, side, end: endOf(relay, side) };
}

/** What an answer leaves each side of media `index`, in our words towards it. */
function agreed(
  answerer: Side,
  offer: SessionDescription,
  answer: SessionDescription,
  index: number,
): { readonly [side in Side]: Direction } {
  const [offered, answered] = [said(offer, index), said(answer, index)];
  // What the offerer sends and the answerer takes, and the other way round.
  const onward = sends(offered) && receives(answered);
  const back = receives(offered) && sends(answered);
  const towardsAnswerer = directionFrom(onward, back);
  const towardsOfferer = directionFrom(back, onward);
  return answerer === 'callee'
    ? { callee: towardsAnswerer, caller: towardsOfferer }
    : { callee: towardsOfferer, caller: towardsAnswerer };
}

/** Who has c=0.0.0.0 takes nothing (RFC 3264 §8.4). */
function said(description: SessionDescription, index: number): Direction {
  const direction = directionOf(description, index);
  return isHeld(description, index) ? directionFrom(sends(direction), false) : direction;
}
