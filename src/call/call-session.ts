import type { Step } from '../core/machine.ts';
import { isHeld } from '../sdp/offer-answer.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import {
  type CallEffect,
  type CallEvent,
  type CallState,
  type CallTimers,
  otherSide,
  type Side,
  stopped,
} from './call-states.ts';
import type { EndReason, Sdp } from './leg-states.ts';
import { type Refusal, UNREACHABLE } from './refusal.ts';

type CallStep = Step<CallState, CallEffect>;
type Connected = Extract<CallState, { name: 'start' | 'hold' }>;

const TERMINATED: Refusal = { status: 487 };
const GLARE: Refusal = { status: 491 };
const NO_DESCRIPTION: Refusal = { status: 502 };

/** From the answer to the end: offers and answers of either side (RFC 3264 §8) pass to the other one. */
export function connected(state: Connected, event: CallEvent, now: number, timers: CallTimers): CallStep {
  const { branch, exchange } = state;
  switch (event.type) {
    case 'offer':
      return offered(state, event.side, event.sdp);
    case 'mediaReady':
      return event.branch === branch ? mediaReady(state) : undefined;
    case 'mediaRefused':
      return event.branch === branch ? mediaRefused(state, event.refusal, now, timers) : undefined;
    case 'answer':
      return answered(state, event.side, event.sdp);
    case 'offerRefused':
      if (exchange === undefined || exchange.from === event.side) return undefined;
      return refuse(state, exchange.from, event.refusal);
    case 'offerCancelled':
      return offerCancelled(state, event.side);
    case 'acknowledged':
      if (exchange?.stage !== 'acknowledging') return { state };
      return {
        state: { ...state, exchange: undefined, name: nameAfter(state.name, exchange.offer, event.sdp) },
        effects: [{ type: 'acknowledge', to: otherSide(event.side), branch, sdp: event.sdp }],
      };
    case 'left': {
      const { side, reason } = event;
      // A callee that lost against the one who answered first.
      if (side === 'callee' && event.branch !== branch) return { state };
      const why = { refusal: UNREACHABLE, ...(reason !== undefined && { reason }) };
      return finish(state, why, now, timers, [otherSide(side)]);
    }
    case 'stop':
      return finish(state, event.why, now, timers);
    case 'refused':
    case 'progress':
      // Of callees that were cancelled.
      return { state };
    default:
      return undefined;
  }
}

function offered(state: Connected, from: Side, sdp: Sdp): CallStep {
  const { branch } = state;
  if (state.exchange !== undefined) {
    return { state, effects: [{ type: 'refuseOffer', to: from, branch, refusal: GLARE }] };
  }
  if (sdp === undefined) {
    return {
      state: { ...state, exchange: { from, stage: 'relayed', offer: undefined } },
      effects: [{ type: 'relayOffer', to: otherSide(from), branch, sdp }],
    };
  }
  return {
    state: { ...state, exchange: { from, stage: 'preparing', offer: sdp } },
    effects: [{ type: 'prepareMedia', branch, from, offer: sdp }],
  };
}

function mediaReady(state: Connected): CallStep {
  const { branch, exchange } = state;
  switch (exchange?.stage) {
    case 'preparing':
      return {
        state: { ...state, exchange: { ...exchange, stage: 'relayed' } },
        effects: [{ type: 'relayOffer', to: otherSide(exchange.from), branch, sdp: exchange.offer }],
      };
    case 'withdrawn':
      return refuse(state, exchange.from, TERMINATED);
    case 'answering':
      return {
        state: { ...state, exchange: { ...exchange, stage: 'acknowledging' } },
        effects: [{ type: 'relayAnswer', to: exchange.from, branch, kind: 'offer', sdp: exchange.offer }],
      };
    default:
      return undefined;
  }
}

function mediaRefused(state: Connected, refusal: Refusal, now: number, timers: CallTimers): CallStep {
  switch (state.exchange?.stage) {
    case 'preparing':
      return refuse(state, state.exchange.from, refusal);
    case 'withdrawn':
      return refuse(state, state.exchange.from, TERMINATED);
    case 'answering':
      // An offer in a 2xx cannot be refused, only acknowledged and ended (RFC 3261 §13.2.2.4).
      return finish(state, { refusal }, now, timers);
    default:
      return undefined;
  }
}

function answered(state: Connected, by: Side, sdp: Sdp): CallStep {
  const { branch, exchange } = state;
  const acknowledge: CallEffect = { type: 'acknowledge', to: by, branch, sdp: undefined };
  if (exchange === undefined || exchange.from === by) return { state, effects: [acknowledge] };
  if (sdp === undefined) {
    const refusal: CallEffect = { type: 'refuseOffer', to: exchange.from, branch, refusal: NO_DESCRIPTION };
    return { state: { ...state, exchange: undefined }, effects: [acknowledge, refusal] };
  }
  if (exchange.offer === undefined) {
    return {
      state: { ...state, exchange: { ...exchange, stage: 'answering', offer: sdp } },
      effects: [{ type: 'prepareMedia', branch, from: by, offer: sdp }],
    };
  }
  return {
    state: { ...state, exchange: undefined, name: nameAfter(state.name, exchange.offer, sdp) },
    effects: [acknowledge, { type: 'relayAnswer', to: exchange.from, branch, kind: 'answer', sdp }],
  };
}

/** The other side decides whether the CANCEL came in time; what it says then is what the offerer is told. */
function offerCancelled(state: Connected, by: Side): CallStep {
  const { branch, exchange } = state;
  if (exchange?.from !== by) return undefined;
  if (exchange.stage === 'preparing') return { state: { ...state, exchange: { ...exchange, stage: 'withdrawn' } } };
  if (exchange.stage !== 'relayed') return { state };
  return { state, effects: [{ type: 'withdrawOffer', to: otherSide(by), branch }] };
}

function refuse(state: Connected, to: Side, refusal: Refusal): CallStep {
  return {
    state: { ...state, exchange: undefined },
    effects: [{ type: 'refuseOffer', to, branch: state.branch, refusal }],
  };
}

function finish(
  { branch }: Connected,
  why: EndReason,
  now: number,
  timers: CallTimers,
  sides: readonly Side[] = ['caller', 'callee'],
): CallStep {
  const ends = sides.map((side): CallEffect => {
    return side === 'caller' ? { type: 'endCaller', why } : { type: 'endCallee', branch, why };
  });
  return { state: stopped(now, timers), effects: [...ends, { type: 'release', branch }] };
}

/** On hold is a call of which one side wants to receive nothing. */
function nameAfter(before: 'start' | 'hold', offer: Sdp, answer: Sdp): 'start' | 'hold' {
  const descriptions = [offer, answer].filter((one) => one !== undefined);
  if (descriptions.length === 0) return before;
  return descriptions.some(holds) ? 'hold' : 'start';
}

function holds(description: SessionDescription): boolean {
  const active = [...description.media.keys()].filter((index) => description.media[index]?.port !== 0);
  return active.length > 0 && active.every((index) => isHeld(description, index));
}
