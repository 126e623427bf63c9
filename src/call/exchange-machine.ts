import type { MachineDefinition, Step } from '../core/machine.ts';
import { checkAnswer } from '../sdp/offer-answer.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { otherSide, type Side } from './call-states.ts';
import type { OfferMethod, Sdp } from './leg-session.ts';
import { PENDING, TERMINATED } from './leg-steps.ts';
import type { Refusal } from './refusal.ts';

/**
 * Offers and answers between the two dialogs of one path (RFC 3264 §5 to §8), one exchange at a time:
 *
 *     idle ──offer──► preparing ──media ready──► relayed ──answer──► idle
 *       │                 │ taken back              │ refused
 *       │                 ▼                         ▼
 *       │             withdrawn ──────────────────► idle
 *       └──a side asks for an offer──► asked ──offer of the other──► preparing
 *
 * A path begins with the exchange that the caller's INVITE started: `initial`, without it there is no call.
 */
export type ExchangeState =
  | { readonly name: 'idle' }
  | { readonly name: 'asked'; readonly from: Side; readonly initial: boolean }
  /** `asked`: the offer was asked for, and came where it cannot be refused (RFC 3261 §13.2.2.4). */
  | { readonly name: 'preparing'; readonly offer: Offer; readonly initial: boolean; readonly asked: boolean }
  | { readonly name: 'withdrawn'; readonly from: Side }
  | { readonly name: 'relayed'; readonly offer: Offer; readonly initial: boolean };

export interface Offer {
  readonly from: Side;
  readonly sdp: SessionDescription;
  readonly by: OfferMethod;
}

export type ExchangeEvent =
  /** Undefined: the side asks for an offer. */
  | { readonly type: 'offer'; readonly side: Side; readonly sdp: Sdp; readonly by: OfferMethod }
  | { readonly type: 'answer'; readonly side: Side; readonly sdp: SessionDescription }
  /** What the callee's answer to the INVITE will be. */
  | { readonly type: 'preview'; readonly side: Side; readonly sdp: SessionDescription }
  | { readonly type: 'offerRefused'; readonly side: Side; readonly refusal: Refusal }
  | { readonly type: 'offerCancelled'; readonly side: Side }
  /** `answer`: the offer is none of the other side's business, this answers it. */
  | { readonly type: 'mediaReady'; readonly answer: Sdp }
  | { readonly type: 'mediaRefused'; readonly refusal: Refusal };

export type ExchangeEffect =
  /** What the offer needs on our side; answered by mediaReady or mediaRefused. */
  | { readonly type: 'prepare'; readonly from: Side; readonly offer: SessionDescription }
  | { readonly type: 'offer'; readonly to: Side; readonly sdp: Sdp; readonly by: OfferMethod }
  | { readonly type: 'answer'; readonly to: Side; readonly sdp: SessionDescription }
  /** As `answer`, to an offer that the other side has not seen. */
  | {
      readonly type: 'answerSelf';
      readonly to: Side;
      readonly offer: SessionDescription;
      readonly sdp: SessionDescription;
    }
  | { readonly type: 'preview'; readonly to: Side; readonly sdp: SessionDescription }
  | { readonly type: 'withdraw'; readonly to: Side }
  | { readonly type: 'refuseOffer'; readonly to: Side; readonly refusal: Refusal }
  | { readonly type: 'agreed'; readonly offer: SessionDescription; readonly answer: SessionDescription }
  /** There is no call without this exchange. */
  | { readonly type: 'fail'; readonly refusal: Refusal; readonly what: string };

type ExchangeStep = Step<ExchangeState, ExchangeEffect>;

const IDLE: ExchangeState = { name: 'idle' };

export const EXCHANGE_MACHINE: MachineDefinition<ExchangeState, ExchangeEvent, ExchangeEffect, undefined> = {
  name: 'offer and answer',
  final: [],
  handlers: {
    idle(state, event) {
      switch (event.type) {
        case 'offer':
          if (event.sdp !== undefined) return prepare(event.side, event.sdp, event.by);
          return {
            state: { name: 'asked', from: event.side, initial: false },
            effects: [{ type: 'offer', to: otherSide(event.side), sdp: undefined, by: event.by }],
          };
        case 'preview':
          return { state };
        default:
          return undefined;
      }
    },

    asked(state, event) {
      const { from, initial } = state;
      switch (event.type) {
        case 'offer':
          if (event.side === from || event.sdp === undefined) return later(state, event.side);
          return {
            state: {
              name: 'preparing',
              initial,
              offer: { from: event.side, sdp: event.sdp, by: event.by },
              asked: true,
            },
            effects: [{ type: 'prepare', from: event.side, offer: event.sdp }],
          };
        case 'offerRefused':
          return event.side === from ? undefined : refused(from, initial, event.refusal);
        case 'offerCancelled':
          return { state, effects: [{ type: 'withdraw', to: otherSide(from) }] };
        case 'preview':
          return { state };
        default:
          return undefined;
      }
    },

    preparing(state, event) {
      const { offer, initial, asked } = state;
      const { from, sdp, by } = offer;
      switch (event.type) {
        case 'mediaReady':
          if (event.answer !== undefined) {
            return {
              state: IDLE,
              effects: [
                { type: 'answerSelf', to: from, offer: sdp, sdp: event.answer },
                { type: 'agreed', offer: sdp, answer: event.answer },
              ],
            };
          }
          return {
            state: { name: 'relayed', offer, initial },
            effects: [{ type: 'offer', to: otherSide(from), sdp, by }],
          };
        case 'mediaRefused':
          return refused(from, initial || asked, event.refusal);
        case 'offer':
          return later(state, event.side);
        case 'offerCancelled':
          return event.side === from ? { state: { name: 'withdrawn', from } } : undefined;
        default:
          return undefined;
      }
    },

    withdrawn(state, event) {
      switch (event.type) {
        case 'mediaReady':
        case 'mediaRefused':
          return refused(state.from, false, TERMINATED);
        case 'offer':
          return later(state, event.side);
        default:
          return undefined;
      }
    },

    relayed(state, event) {
      const { offer, initial } = state;
      const to = offer.from;
      if ('side' in event && event.side === to) {
        if (event.type === 'offer') return later(state, to);
        // The other side decides whether the CANCEL came in time; what it says then is what the offerer is told.
        if (event.type === 'offerCancelled') return { state, effects: [{ type: 'withdraw', to: otherSide(to) }] };
        return undefined;
      }
      switch (event.type) {
        case 'answer': {
          const wrong = checkAnswer(offer.sdp, event.sdp);
          if (wrong !== undefined)
            return refused(to, initial, { status: 502, phrase: 'Bad Session Description' }, wrong);
          return {
            state: IDLE,
            effects: [
              { type: 'answer', to, sdp: event.sdp },
              { type: 'agreed', offer: offer.sdp, answer: event.sdp },
            ],
          };
        }
        case 'preview':
          if (checkAnswer(offer.sdp, event.sdp) !== undefined) return { state };
          return { state, effects: [{ type: 'preview', to, sdp: event.sdp }] };
        case 'offerRefused':
          return refused(to, initial, event.refusal);
        case 'offer':
          return later(state, event.side);
        default:
          return undefined;
      }
    },
  },
};

function prepare(from: Side, sdp: SessionDescription, by: OfferMethod): ExchangeStep {
  return {
    state: { name: 'preparing', offer: { from, sdp, by }, initial: false, asked: false },
    effects: [{ type: 'prepare', from, offer: sdp }],
  };
}

/** Offers that cross, or overtake the answer to the one before. */
function later(state: ExchangeState, to: Side): ExchangeStep {
  return { state, effects: [{ type: 'refuseOffer', to, refusal: PENDING }] };
}

function refused(to: Side, vital: boolean, refusal: Refusal, what = 'no session was agreed'): ExchangeStep {
  return { state: IDLE, effects: [vital ? { type: 'fail', refusal, what } : { type: 'refuseOffer', to, refusal }] };
}
