import type { Flow } from '../core/flow.ts';
import type { Random } from '../core/random.ts';
import { PortsExhausted } from '../rtp/port-pool.ts';
import type { MediaPlace, MediaRelay, RelayStream } from '../rtp/relay.ts';
import { isRelayable, remoteMedia } from '../sdp/anchor.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SessionOrigin } from '../sdp/session-origin.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { otherSide, type Side } from './call-states.ts';
import type { CallFeature, CallPath } from './feature.ts';

/** The media of one path: a stream of the relay for each m= line, and our o= line towards each side. */
interface MediaSession {
  readonly streams: (RelayStream | undefined)[];
  readonly origins: { readonly [side in Side]: SessionOrigin };
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

  async prepare(path: CallPath, _from: Side, offer: SessionDescription): Promise<void> {
    const session = this.#session(path);
    for (const [index, media] of offer.media.entries()) {
      if (session.streams[index] !== undefined || !isRelayable(media)) continue;
      session.streams[index] = await this.#open(path, media.media);
    }
  }

  onSdp(path: CallPath, from: Side, kind: 'offer' | 'answer', description: SessionDescription): SessionDescription {
    const { streams, origins } = this.#session(path);
    const to = otherSide(from);
    for (const [index, media] of description.media.entries()) {
      const stream = streams[index];
      endOf(stream, from)?.setRemote(remoteMedia(description, index));
      if (kind === 'answer' && media.port === 0) {
        stream?.close();
        streams[index] = undefined;
      }
    }
    return origins[to].anchor(
      description,
      description.media.map((_, index) => endOf(streams[index], to)),
    );
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

function placeOf({ local, bound }: Flow): MediaPlace {
  return { address: local.address, ...(bound !== undefined && { bound: bound.address }) };
}

function endOf(stream: RelayStream | undefined, side: Side) {
  return side === 'caller' ? stream?.a : stream?.b;
}
