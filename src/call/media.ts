import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import type { MediaRelay } from '../rtp/relay.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Side } from './call-states.ts';
import type { CallFeature, CallPath } from './feature.ts';
import type { MediaRow } from './media-row.ts';
import { MediaSession } from './media-session.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface MediaParts {
  readonly relay: MediaRelay;
  readonly random: Random;
  readonly clock: Clock;
  /** The media layer of the log. */
  readonly logger: Logger;
  /** Milliseconds without a packet after which a call ends, 0 for never; asked each time. */
  readonly silenceMs: () => number;
}

/** Leads all media of a call through our ports, on each leg those of the address the leg uses. */
export class AnchoredMediaFeature implements CallFeature {
  readonly name = 'media';
  readonly #parts: MediaParts;
  readonly #sessions = new Map<CallPath, MediaSession>();
  readonly #watches = new Map<CallPath, SilenceWatch>();

  constructor(parts: MediaParts) {
    this.#parts = parts;
  }

  prepare(path: CallPath, from: Side, offer: SessionDescription): Promise<void> {
    return this.#session(path).prepare(from, offer);
  }

  onSdp(path: CallPath, from: Side, kind: 'offer' | 'answer', description: SessionDescription): SessionDescription {
    const passed = this.#session(path).pass(from, kind, description);
    if (kind === 'answer') this.#watches.get(path)?.restart();
    return passed;
  }

  onUnseen(path: CallPath, from: Side, offer: SessionDescription): void {
    this.#session(path).hear(from, offer);
  }

  onOfferRefused(path: CallPath, from: Side): void {
    this.#sessions.get(path)?.offerRefused(from);
  }

  onAnswered(path: CallPath): void {
    this.#watches.set(path, new SilenceWatch(this.#session(path), this.#parts));
  }

  onEnded(path: CallPath): void {
    this.#watches.get(path)?.stop();
    this.#watches.delete(path);
    this.#sessions.get(path)?.close();
    this.#sessions.delete(path);
  }

  /** What is shown of one leg, now or whenever it is asked later. */
  medias(path: CallPath, side: Side): () => readonly MediaRow[] {
    const session = this.#session(path);
    return () => session.rows(side);
  }

  #session(path: CallPath): MediaSession {
    const known = this.#sessions.get(path);
    if (known !== undefined) return known;
    const { relay, random } = this.#parts;
    const session = new MediaSession(path, relay, random);
    this.#sessions.set(path, session);
    return session;
  }
}
