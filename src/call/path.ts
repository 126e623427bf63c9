import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import { isHeld } from '../sdp/offer-answer.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { otherSide, type Side } from './call-states.ts';
import {
  EXCHANGE_MACHINE,
  type ExchangeEffect,
  type ExchangeEvent,
  type ExchangeState,
  type Offer,
} from './exchange-machine.ts';
import type { PathFeatures } from './features.ts';
import type { Sdp, SessionCommand, SessionReport } from './leg-session.ts';
import type { EndReason } from './leg-states.ts';
import { reasonOf } from './refusal.ts';

/** Whom a path speaks to and tells. */
export interface PathOwner {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly features: PathFeatures;
  /** What one of its two dialogs shall do. */
  command(side: Side, command: SessionCommand): void;
  agreed(held: boolean): void;
  failed(why: EndReason): void;
}

/** The way between a dialog with the caller and one with a callee: performs the effects of exchange-machine.ts. */
export class Path {
  readonly #owner: PathOwner;
  readonly #machine: Machine<ExchangeState, ExchangeEvent, ExchangeEffect, undefined>;
  readonly #waiting: (() => void)[] = [];
  #lastAnswer: { readonly from: Side; readonly sdp: SessionDescription } | undefined;

  /** @param offer the caller's, which the callee has; undefined when it asks for one. */
  constructor(owner: PathOwner, offer: Sdp) {
    this.#owner = owner;
    const { clock, logger } = owner;
    this.#machine = new Machine(EXCHANGE_MACHINE, initial(offer), clock, undefined, {
      perform: (effect) => this.#perform(effect),
      onUnexpected: (state, event) => logger.debug(() => `exchange ${state.name}: ${event.type} not expected`),
    });
  }

  get state(): ExchangeState {
    return this.#machine.state;
  }

  /** What happens to the session on one side. */
  reports(side: Side, report: SessionReport): void {
    this.#machine.dispatch({ ...report, side });
  }

  /** Does something that must not overtake an offer which is being prepared. */
  inOrder(run: () => void): void {
    if (this.state.name === 'preparing') this.#waiting.push(run);
    else run();
  }

  /** This path has the call: of several that ended at the same callee, its answer counts for the media. */
  chosen(): void {
    const answer = this.#lastAnswer;
    if (answer !== undefined) this.#owner.features.pass(answer.from, 'answer', answer.sdp);
  }

  #perform(effect: ExchangeEffect): void {
    switch (effect.type) {
      case 'prepare':
        void this.#prepare(effect.from, effect.offer);
        return;
      case 'offer': {
        const { to, sdp, by } = effect;
        this.#owner.command(to, { type: 'offer', sdp: this.#pass(otherSide(to), 'offer', sdp), by });
        return;
      }
      case 'answer':
        this.#answer(effect.to, effect.sdp);
        return;
      case 'answerSelf':
        this.#owner.features.unseen(effect.to, effect.offer);
        this.#answer(effect.to, effect.sdp);
        return;
      case 'preview': {
        const sdp = this.#pass(otherSide(effect.to), 'answer', effect.sdp);
        if (sdp !== undefined) this.#owner.command(effect.to, { type: 'preview', sdp });
        return;
      }
      case 'withdraw':
        this.#owner.command(effect.to, { type: 'withdraw' });
        return;
      case 'refuseOffer':
        this.#owner.features.offerRefused(effect.to);
        this.#owner.command(effect.to, { type: 'refuseOffer', refusal: effect.refusal });
        return;
      case 'agreed':
        this.#owner.agreed(holds(effect.offer) || holds(effect.answer));
        return;
      case 'fail':
        this.#owner.failed({ refusal: effect.refusal, reason: reasonOf(488, effect.what) });
        return;
    }
  }

  #answer(to: Side, description: SessionDescription): void {
    const from = otherSide(to);
    this.#lastAnswer = { from, sdp: description };
    const sdp = this.#pass(from, 'answer', description);
    if (sdp !== undefined) this.#owner.command(to, { type: 'answer', sdp });
  }

  #pass(from: Side, kind: 'offer' | 'answer', sdp: Sdp): Sdp {
    return this.#owner.features.pass(from, kind, sdp);
  }

  /** Bugs end here: nobody awaits it. */
  async #prepare(from: Side, offer: SessionDescription): Promise<void> {
    const { features, logger } = this.#owner;
    try {
      const outcome = await features.prepare(from, offer);
      if (outcome?.type === 'mediaRefused') this.#machine.dispatch(outcome);
      else if (outcome !== undefined) {
        this.#machine.dispatch({ type: 'mediaReady', answer: features.ownAnswer(from, offer) });
      }
      for (const run of this.#waiting.splice(0)) run();
    } catch (error) {
      logger.error(() => `call: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}

function initial(sdp: Sdp): ExchangeState {
  if (sdp === undefined) return { name: 'asked', from: 'caller', initial: true };
  const offer: Offer = { from: 'caller', sdp, by: 'invite' };
  return { name: 'relayed', offer, initial: true };
}

/** On hold is a call of which one side wants to receive nothing. */
function holds(description: SessionDescription): boolean {
  const active = [...description.media.keys()].filter((index) => description.media[index]?.port !== 0);
  return active.length > 0 && active.every((index) => isHeld(description, index));
}
