import type { MachineDefinition, Step } from '../core/machine.ts';
import { isHeld } from '../sdp/offer-answer.ts';
import {
  type Branch,
  type CallEffect,
  type CallEvent,
  type CallExchange,
  type CallState,
  type CallTimers,
  type Connected,
  type Connecting,
  otherSide,
} from './call-states.ts';
import type { EndReason, Sdp } from './leg-states.ts';
import { betterRefusal, type Refusal } from './refusal.ts';

/**
 * A call between a caller and whoever of the called user's handsets answers first; legs do the signalling:
 *
 *     init --180--> ringing --2xx--> start <--hold, resume--> hold
 *     init, ringing --all refused, CANCEL, nobody answers--> stop
 *     start, hold --one side leaves--> stop --64·T1--> gone
 */
export const CALL_MACHINE: MachineDefinition<CallState, CallEvent, CallEffect, CallTimers> = {
  name: 'call',
  final: ['gone'],
  handlers: {
    init: connecting,
    ringing: connecting,
    start: connected,
    hold: connected,
    stop(state, event) {
      if (event.type === 'timer') return { state: { name: 'gone' } };
      // Media that became ready too late, and a callee that answered while its CANCEL was under way.
      if (event.type === 'mediaReady') return { state, effects: [{ type: 'release', branch: event.branch }] };
      if (event.type === 'answered') {
        return { state, effects: [{ type: 'endCallee', branch: event.branch, why: OVER }] };
      }
      return { state };
    },
    gone: () => undefined,
  },
};

type Next = Step<CallState, CallEffect>;
type ConnectingState = Extract<CallState, { name: 'init' | 'ringing' }>;
type ConnectedState = Extract<CallState, { name: 'start' | 'hold' }>;

const OVER: EndReason = { refusal: { status: 487 } };
/** RFC 3326 §2: the callees that did not answer first need not show a missed call. */
const ELSEWHERE: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
const CALLER_CANCELLED: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=487;text="Request Terminated"' };
const NO_ANSWER: EndReason = { refusal: { status: 480 }, reason: 'Q.850;cause=19;text="no answer"' };
const GLARE: Refusal = { status: 491 };
const NOTHING_ACCEPTED: Refusal = { status: 480 };

function connecting(state: ConnectingState, event: CallEvent, now: number, timers: CallTimers): Next {
  switch (event.type) {
    case 'begin':
      return begin(state, event.branches, event.offer);
    case 'mediaReady':
      return mediaReady(state, event.branch);
    case 'mediaRefused':
    case 'refused':
      return refused(state, event.branch, event.refusal, now, timers);
    case 'progress': {
      const next = withPhase(state, event.branch, 'alerting');
      const effects: CallEffect[] = [{ ...event, type: 'alertCaller' }];
      return { state: event.status === 180 ? { ...next, name: 'ringing' } : state, effects };
    }
    case 'answered':
      return answered(state, event.branch, event.sdp);
    case 'left':
      if (event.side === 'caller') return stop(state, CALLER_CANCELLED, now, timers);
      return refused(state, event.branch, NOTHING_ACCEPTED, now, timers);
    case 'cancelled':
      return stop(state, CALLER_CANCELLED, now, timers);
    case 'timer':
      return stop(state, NO_ANSWER, now, timers);
    case 'stop':
      return stop(state, event.why, now, timers);
    default:
      return undefined;
  }
}

function begin(state: ConnectingState, ids: readonly number[], offer: Sdp): Next {
  if (offer === undefined) {
    return {
      state: { ...state, branches: ids.map((id) => ({ id, phase: 'inviting' })) },
      effects: ids.map((branch) => ({ type: 'invite', branch, offer })),
    };
  }
  return {
    state: { ...state, offer, branches: ids.map((id) => ({ id, phase: 'preparing' })) },
    effects: ids.map((branch) => ({ type: 'prepareMedia', branch, from: 'caller', offer })),
  };
}

function mediaReady(state: ConnectingState, id: number): Next {
  const branch = state.branches.find((one) => one.id === id);
  if (branch?.phase === 'answering') {
    return accept(
      state,
      id,
      { type: 'answerCaller', branch: id, sdp: branch.offer },
      {
        from: 'callee',
        stage: 'acknowledging',
        offer: branch.offer,
      },
    );
  }
  if (branch?.phase !== 'preparing') return { state, effects: [{ type: 'release', branch: id }] };
  return {
    state: withPhase(state, id, 'inviting'),
    effects: [{ type: 'invite', branch: id, offer: state.offer }],
  };
}

function answered(state: ConnectingState, id: number, sdp: Sdp): Next {
  if (state.offer === undefined) {
    // RFC 3261 §13.2.1: the 2xx to an INVITE without an offer holds one; it needs ports before the caller sees it.
    return {
      state: withPhase({ ...state }, id, 'answering', sdp),
      effects: [{ type: 'prepareMedia', branch: id, from: 'callee', offer: sdp }],
    };
  }
  const step = accept(state, id, { type: 'answerCaller', branch: id, sdp }, undefined);
  return {
    state: step.state,
    effects: [{ type: 'acknowledge', to: 'callee', branch: id, sdp: undefined }, ...(step.effects ?? [])],
  };
}

/** The first to answer has the call; the others are cancelled. */
function accept(
  state: Connecting,
  id: number,
  answer: CallEffect,
  exchange: CallExchange | undefined,
): NonNullable<Next> {
  const losers = state.branches.filter((branch) => branch.id !== id && branch.phase !== 'over');
  return {
    state: { name: 'start', branch: id, exchange },
    effects: [answer, { type: 'connected', branch: id }, ...losers.flatMap((branch) => endBranch(branch, ELSEWHERE))],
  };
}

function refused(state: ConnectingState, id: number, refusal: Refusal, now: number, timers: CallTimers): Next {
  const next = withPhase({ ...state, refusal: betterRefusal(state.refusal, refusal) }, id, 'over');
  const open = next.branches.filter(({ phase }) => phase !== 'over');
  // RFC 3261 §16.7 step 5: a 6xx ends the search.
  if (open.length > 0 && refusal.status < 600) return { state: next, effects: [{ type: 'release', branch: id }] };
  const step = stop(next, { refusal: next.refusal ?? refusal }, now, timers);
  return { state: step.state, effects: [{ type: 'release', branch: id }, ...(step.effects ?? [])] };
}

function stop(state: ConnectingState, why: EndReason, now: number, timers: CallTimers): NonNullable<Next> {
  const open = state.branches.filter(({ phase }) => phase !== 'over');
  return {
    state: stopped(now, timers),
    effects: [{ type: 'endCaller', why }, ...open.flatMap((branch) => endBranch(branch, why))],
  };
}

function endBranch({ id, phase }: Branch, why: EndReason): CallEffect[] {
  const release: CallEffect = { type: 'release', branch: id };
  return phase === 'preparing' ? [release] : [{ type: 'endCallee', branch: id, why }, release];
}

function withPhase(state: ConnectingState, id: number, phase: Branch['phase'], offer?: Sdp): ConnectingState {
  return {
    ...state,
    branches: state.branches.map((branch) =>
      branch.id === id ? { id, phase, ...(offer !== undefined && { offer }) } : branch,
    ),
  };
}

function connected(state: ConnectedState, event: CallEvent, now: number, timers: CallTimers): Next {
  const { branch, exchange } = state;
  switch (event.type) {
    case 'offer':
      return offered(state, event);
    case 'mediaReady':
      return exchangeReady(state);
    case 'mediaRefused':
      return exchangeRefused(state, event.refusal, now, timers);
    case 'answer':
      return exchangeAnswered(state, event);
    case 'offerRefused':
      if (exchange === undefined || exchange.from === event.side) return { state };
      return {
        state: { ...state, exchange: undefined },
        effects: [{ type: 'refuseOffer', to: exchange.from, branch, refusal: event.refusal }],
      };
    case 'offerCancelled':
      // What the other side still answers to the relayed offer is acknowledged and forgotten.
      return { state: { ...state, exchange: undefined } };
    case 'acknowledged':
      if (exchange?.stage !== 'acknowledging') return { state };
      return {
        state: { ...state, exchange: undefined, name: nameAfter(state.name, exchange.offer, event.sdp) },
        effects: [{ type: 'acknowledge', to: otherSide(event.side), branch, sdp: event.sdp }],
      };
    case 'left':
      if (event.side === 'callee' && event.branch !== branch) return { state };
      return finish(
        state,
        { refusal: { status: 480 }, ...(event.reason !== undefined && { reason: event.reason }) },
        now,
        timers,
        event.side,
      );
    case 'stop':
      return finish(state, event.why, now, timers, undefined);
    case 'answered':
      // RFC 3261 §13.2.2.4: somebody else answered a moment too late.
      return { state, effects: [{ type: 'endCallee', branch: event.branch, why: ELSEWHERE }] };
    default:
      return { state };
  }
}

function offered(state: ConnectedState, { side, sdp }: Extract<CallEvent, { type: 'offer' }>): Next {
  const { branch } = state;
  if (state.exchange !== undefined) {
    return { state, effects: [{ type: 'refuseOffer', to: side, branch, refusal: GLARE }] };
  }
  if (sdp === undefined) {
    return {
      state: { ...state, exchange: { from: side, stage: 'relayed', offer: undefined } },
      effects: [{ type: 'relayOffer', to: otherSide(side), branch, sdp }],
    };
  }
  return {
    state: { ...state, exchange: { from: side, stage: 'preparing', offer: sdp } },
    effects: [{ type: 'prepareMedia', branch, from: side, offer: sdp }],
  };
}

function exchangeReady(state: ConnectedState): Next {
  const { branch, exchange } = state;
  if (exchange === undefined) return { state };
  if (exchange.stage === 'preparing') {
    return {
      state: { ...state, exchange: { ...exchange, stage: 'relayed' } },
      effects: [{ type: 'relayOffer', to: otherSide(exchange.from), branch, sdp: exchange.offer }],
    };
  }
  if (exchange.stage !== 'answering') return { state };
  return {
    state: { ...state, exchange: { ...exchange, stage: 'acknowledging' } },
    effects: [{ type: 'relayAnswer', to: exchange.from, branch, sdp: exchange.offer }],
  };
}

function exchangeRefused(state: ConnectedState, refusal: Refusal, now: number, timers: CallTimers): Next {
  const { branch, exchange } = state;
  if (exchange?.stage === 'preparing') {
    return {
      state: { ...state, exchange: undefined },
      effects: [{ type: 'refuseOffer', to: exchange.from, branch, refusal }],
    };
  }
  // An offer in a 2xx cannot be refused (RFC 3261 §13.2.2.4): the call ends.
  return finish(state, { refusal }, now, timers, undefined);
}

function exchangeAnswered(state: ConnectedState, { side, sdp }: Extract<CallEvent, { type: 'answer' }>): Next {
  const { branch, exchange } = state;
  if (exchange === undefined || exchange.from === side) {
    return { state, effects: [{ type: 'acknowledge', to: side, branch, sdp: undefined }] };
  }
  if (exchange.offer === undefined) {
    return {
      state: { ...state, exchange: { ...exchange, stage: 'answering', offer: sdp } },
      effects: [{ type: 'prepareMedia', branch, from: side, offer: sdp }],
    };
  }
  return {
    state: { ...state, exchange: undefined, name: nameAfter(state.name, exchange.offer, sdp) },
    effects: [
      { type: 'acknowledge', to: side, branch, sdp: undefined },
      { type: 'relayAnswer', to: exchange.from, branch, sdp },
    ],
  };
}

function finish(
  { branch }: Connected,
  why: EndReason,
  now: number,
  timers: CallTimers,
  gone: 'caller' | 'callee' | undefined,
): Next {
  const effects: CallEffect[] = [];
  if (gone !== 'caller') effects.push({ type: 'endCaller', why });
  if (gone !== 'callee') effects.push({ type: 'endCallee', branch, why });
  return { state: stopped(now, timers), effects: [...effects, { type: 'release', branch }] };
}

function stopped(now: number, { t1Ms }: CallTimers): CallState {
  return { name: 'stop', timers: { forget: now + 64 * t1Ms } };
}

function nameAfter(before: 'start' | 'hold', offer: Sdp, answer: Sdp): 'start' | 'hold' {
  const descriptions = [offer, answer].filter((one) => one !== undefined);
  if (descriptions.length === 0) return before;
  return descriptions.some((one) => one.media.some((_, index) => isHeld(one, index))) ? 'hold' : 'start';
}
