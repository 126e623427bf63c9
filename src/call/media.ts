import type { Flow } from '../core/flow.ts';
import type { Random } from '../core/random.ts';
import type { MediaPlace } from '../rtp/media-end.ts';
import { PortsExhausted } from '../rtp/port-pool.ts';
import type { MediaRelay, RelayStream } from '../rtp/relay.ts';
import { isRelayable, type RemoteMedia, remoteMedia } from '../sdp/anchor.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SessionOrigin } from '../sdp/session-origin.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { otherSide, type Side } from './call-states.ts';
import type { CallFeature, CallPath } from './feature.ts';

/**
 * Streams one path may have, each of which takes four ports. A video call has two, with real-time text and screen
 * three; a call that rings sixteen handsets so takes about a twentieth of the ports of one address.
 */
const MOST_STREAMS = 8;

/** The media of one path: a stream of the relay for each m= line, and our o= line towards each side. */
interface MediaSession {
  readonly streams: (RelayStream | undefined)[];
  readonly origins: { readonly [side in Side]: SessionOrigin };
  offer: OpenOffer | undefined;
}

/** An offer without an answer: what it changes holds with the answer, and never when it is refused. */
interface OpenOffer {
  readonly from: Side;
  /** Indices of the streams opened for it. */
  readonly opened: Set<number>;
  /** Where it wants media, for each stream that is older than the offer. */
  readonly remotes: Map<number, RemoteMedia | undefined>;
}

/** Leads all media of a call through our ports, on each leg those of the address the leg uses. */
export class AnchoredMediaFeature implements CallFeature {
  readonly name = 'media';
  readonly #relay: MediaRelay;
  readonly #random: Random;
  readonly #sessions = new Map<CallPath, MediaSession>();

  constructor(relay: MediaRelay, random: Random) {
    this.#relay = relay;
    this.#random = random;
  }

  async prepare(path: CallPath, from: Side, offer: SessionDescription): Promise<void> {
    const session = this.#session(path);
    const { streams } = session;
    const wanted = offer.media.filter((media, index) => streams[index] !== undefined || isRelayable(media));
    if (wanted.length > MOST_STREAMS) throw new SipError(488, `more than ${MOST_STREAMS} media`);
    const opened = new Set<number>();
    session.offer = { from, opened, remotes: new Map() };
    for (const [index, media] of offer.media.entries()) {
      if (streams[index] !== undefined || !isRelayable(media)) continue;
      streams[index] = await this.#open(path, media.media);
      opened.add(index);
    }
  }

  onSdp(path: CallPath, from: Side, kind: 'offer' | 'answer', description: SessionDescription): SessionDescription {
    const session = this.#session(path);
    if (kind === 'offer') takeOffer(session, from, description);
    else takeAnswer(session, from, description);
    const to = otherSide(from);
    return session.origins[to].anchor(
      description,
      description.media.map((_, index) => endOf(session.streams[index], to)),
    );
  }

  onOfferRefused(path: CallPath, from: Side): void {
    const session = this.#sessions.get(path);
    // That of the other side may be refused because this one is under way.
    if (session?.offer?.from !== from) return;
    for (const index of session.offer.opened) closeStream(session, index);
    session.offer = undefined;
  }

  onEnded(path: CallPath): void {
    for (const stream of this.#sessions.get(path)?.streams ?? []) stream?.close();
    this.#sessions.delete(path);
  }

  #session(path: CallPath): MediaSession {
    const known = this.#sessions.get(path);
    if (known !== undefined) return known;
    const session: MediaSession = {
      streams: [],
      offer: undefined,
      origins: { caller: this.#origin(path, 'caller'), callee: this.#origin(path, 'callee') },
    };
    this.#sessions.set(path, session);
    return session;
  }

  #origin(path: CallPath, side: Side): SessionOrigin {
    const id = Buffer.from(this.#random.bytes(6)).readUIntBE(0, 6);
    return new SessionOrigin(String(id), path.flows[side].local.address);
  }

  async #open({ id, flows }: CallPath, media: string): Promise<RelayStream> {
    try {
      return await this.#relay.openStream(placeOf(flows.caller), placeOf(flows.callee), { media, id });
    } catch (error) {
      const status = error instanceof PortsExhausted ? 503 : 500;
      throw new SipError(status, `no media ports: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** A new stream takes the offer at once, as its sender may hear media before the answer (RFC 3264 §5.1). */
function takeOffer({ streams, offer }: MediaSession, from: Side, description: SessionDescription): void {
  for (const [index, stream] of streams.entries()) {
    const remote = remoteMedia(description, index);
    if (offer?.opened.has(index)) endOf(stream, from)?.setRemote(remote);
    else offer?.remotes.set(index, remote);
  }
}

function takeAnswer(session: MediaSession, from: Side, description: SessionDescription): void {
  const { streams, offer } = session;
  for (const [index, remote] of offer?.remotes ?? []) endOf(streams[index], otherSide(from))?.setRemote(remote);
  session.offer = undefined;
  for (const [index, media] of description.media.entries()) {
    if (media.port === 0) closeStream(session, index);
    else endOf(streams[index], from)?.setRemote(remoteMedia(description, index));
  }
}

function closeStream({ streams }: MediaSession, index: number): void {
  streams[index]?.close();
  streams[index] = undefined;
}

function placeOf({ local, bound, remote }: Flow): MediaPlace {
  return { address: local.address, peer: remote.address, ...(bound !== undefined && { bound: bound.address }) };
}

function endOf(stream: RelayStream | undefined, side: Side) {
  return side === 'caller' ? stream?.a : stream?.b;
}
