import type { Logger } from '../core/logger.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { Side } from './call-states.ts';
import type { CallFeature, CallPath } from './feature.ts';
import type { Sdp } from './leg-session.ts';
import type { MediaRow } from './media-row.ts';
import type { Refusal } from './refusal.ts';
import type { QosState } from './resources.ts';

export type Preparation =
  | { readonly type: 'mediaReady' }
  | { readonly type: 'mediaRefused'; readonly refusal: Refusal };

/** What takes part in every call, asked in order for one path. */
export class PathFeatures {
  readonly #features: readonly CallFeature[];
  readonly #path: CallPath;
  readonly #logger: Logger;
  /** Preparations under way. */
  #preparing = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(features: readonly CallFeature[], path: CallPath, logger: Logger) {
    this.#features = features;
    this.#path = path;
    this.#logger = logger;
  }

  /**
   * Makes ready what an offer needs. Undefined when the path ended while that was under way. A callee that forks may
   * offer in each of its dialogs, and what they need is the same: so one after the other.
   */
  async prepare(from: Side, offer: SessionDescription): Promise<Preparation | undefined> {
    this.#preparing++;
    const turn =
      this.#preparing === 1 ? this.#prepared(from, offer) : this.#turn.then(() => this.#prepared(from, offer));
    this.#turn = turn;
    const outcome = await turn;
    this.#preparing--;
    if (!this.#ended) return outcome;
    if (this.#preparing === 0) this.#tellEnd();
    return undefined;
  }

  /** The answer to an offer that is none of the other side's business. */
  ownAnswer(from: Side, offer: SessionDescription): Sdp {
    for (const feature of this.#features) {
      const answer = feature.ownAnswer?.(this.#path, from, offer);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  /** An offer that is answered in the other side's place. */
  unseen(from: Side, offer: SessionDescription): void {
    for (const feature of this.#features) feature.onUnseen?.(this.#path, from, offer);
  }

  /** What one side said, as the other shall see it. */
  pass(from: Side, kind: 'offer' | 'answer', sdp: Sdp): Sdp {
    if (sdp === undefined) return undefined;
    return this.#features.reduce(
      (description, feature) => feature.onSdp?.(this.#path, from, kind, description) ?? description,
      sdp,
    );
  }

  /** What this side offered was refused, taken back or left without an answer. */
  offerRefused(from: Side): void {
    for (const feature of this.#features) feature.onOfferRefused?.(this.#path, from);
  }

  /** How the resources of each media of one leg stand, whenever it is asked. */
  qos(side: Side): () => readonly QosState[] {
    for (const feature of this.#features) {
      const qos = feature.qos?.(this.#path, side);
      if (qos !== undefined) return qos;
    }
    return () => [];
  }

  /** What is shown of the media of one leg, whenever it is asked. */
  medias(side: Side): () => readonly MediaRow[] {
    for (const feature of this.#features) {
      const medias = feature.medias?.(this.#path, side);
      if (medias !== undefined) return medias;
    }
    return () => [];
  }

  answered(): void {
    for (const feature of this.#features) feature.onAnswered?.(this.#path);
  }

  /** The path is over, which features hear when they have no preparation under way. */
  end(): void {
    this.#ended = true;
    if (this.#preparing === 0) this.#tellEnd();
  }

  #tellEnd(): void {
    for (const feature of this.#features) feature.onEnded?.(this.#path);
  }

  async #prepared(from: Side, offer: SessionDescription): Promise<Preparation> {
    try {
      for (const feature of this.#features) {
        if (!this.#ended) await feature.prepare?.(this.#path, from, offer);
      }
      return { type: 'mediaReady' };
    } catch (error) {
      const known = error instanceof SipError;
      this.#logger.error(`call refused: ${known || !(error instanceof Error) ? String(error) : error.stack}`);
      return { type: 'mediaRefused', refusal: { status: known ? error.status : 500 } };
    }
  }
}
