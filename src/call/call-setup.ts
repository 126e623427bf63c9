import type { Step } from '../core/machine.ts';
import {
  type Branch,
  type CallEffect,
  type CallEvent,
  type CallState,
  type CallTimers,
  stopped,
} from './call-states.ts';
import type { Sdp } from './leg-session.ts';
import type { EndReason } from './leg-states.ts';
import { betterRefusal, type Refusal, UNREACHABLE } from './refusal.ts';

type CallStep = Step<CallState, CallEffect>;
type Connecting = Extract<CallState, { name: 'init' | 'ringing' }>;

/** RFC 3326 §2: the callees that did not answer first need not show a missed call. */
const ELSEWHERE: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
const CANCELLED: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=487;text="Request Terminated"' };
const NO_ANSWER: EndReason = { refusal: UNREACHABLE, reason: 'Q.850;cause=19;text="no answer"' };

/** Until the first callee answers. */
export function connecting(state: Connecting, event: CallEvent, now: number, timers: CallTimers): CallStep {
  switch (event.type) {
    case 'begin':
      return begin(state, event.branches, event.offer);
    case 'mediaReady':
      return mediaReady(state, event.branch);
    case 'mediaRefused':
      return drop(state, event.branch, { refusal: event.refusal }, now, timers);
    case 'progress':
      return progress(state, event);
    case 'answered':
      return answered(state, event.branch, event.fork);
    case 'failed':
      return drop(state, event.branch, event.why, now, timers);
    case 'refused':
      return without(state, event.branch, event.refusal, [{ type: 'release', branch: event.branch }], now, timers);
    case 'left': {
      const { side, branch } = event;
      if (side === 'caller') return stop(state, CANCELLED, now, timers);
      return without(state, branch, UNREACHABLE, [{ type: 'release', branch }], now, timers);
    }
    case 'cancelled':
      return stop(state, CANCELLED, now, timers);
    case 'timer':
      return stop(state, NO_ANSWER, now, timers);
    case 'stop':
      return stop(state, event.why, now, timers);
    case 'agreed':
      return { state };
    default:
      return undefined;
  }
}

function begin(state: Connecting, ids: readonly number[], offer: Sdp): CallStep {
  if (offer === undefined) {
    return {
      state: { ...state, branches: ids.map((id) => ({ id, phase: 'inviting' })) },
      effects: ids.map((branch) => ({ type: 'invite', branch, offer })),
    };
  }
  return {
    state: { ...state, offer, branches: ids.map((id) => ({ id, phase: 'preparing' })) },
    effects: ids.map((branch) => ({ type: 'prepareMedia', branch, offer })),
  };
}

function mediaReady(state: Connecting, id: number): CallStep {
  if (branchOf(state, id)?.phase !== 'preparing') return undefined;
  const invite: CallEffect = { type: 'invite', branch: id, offer: state.offer };
  return { state: withBranch(state, { id, phase: 'inviting' }), effects: [invite] };
}

function progress(state: Connecting, event: Extract<CallEvent, { type: 'progress' }>): CallStep {
  const phase = branchOf(state, event.branch)?.phase;
  if (phase !== 'inviting' && phase !== 'alerting') return undefined;
  const effects: CallEffect[] = [{ ...event, type: 'alertCaller' }];
  if (event.status !== 180) return { state, effects };
  return { state: { ...withBranch(state, { id: event.branch, phase: 'alerting' }), name: 'ringing' }, effects };
}

/** The first to answer has the call; the others are cancelled. */
function answered(state: Connecting, id: number, fork: number): CallStep {
  if (branchOf(state, id)?.phase === 'over') return { state };
  const losers = open(state).filter((branch) => branch.id !== id);
  return {
    state: { name: 'start', branch: id },
    effects: [
      { type: 'answerCaller', branch: id, fork },
      { type: 'connected', branch: id, fork },
      ...losers.flatMap((branch) => endBranch(branch, ELSEWHERE)),
    ],
  };
}

/** We end one branch. */
function drop(state: Connecting, id: number, why: EndReason, now: number, timers: CallTimers): CallStep {
  const branch = branchOf(state, id);
  if (branch === undefined || branch.phase === 'over') return undefined;
  return without(state, id, why.refusal, endBranch(branch, why), now, timers);
}

/** The call without a branch: the caller is refused when no other is left, or by a 6xx (RFC 3261 §16.7 step 5). */
function without(
  state: Connecting,
  id: number,
  refusal: Refusal,
  effects: readonly CallEffect[],
  now: number,
  timers: CallTimers,
): CallStep {
  const best = betterRefusal(state.refusal, refusal);
  const next = withBranch({ ...state, refusal: best }, { id, phase: 'over' });
  if (open(next).length > 0 && refusal.status < 600) return { state: next, effects };
  const end = stop(next, { refusal: best }, now, timers);
  return { state: end.state, effects: [...effects, ...(end.effects ?? [])] };
}

function stop(state: Connecting, why: EndReason, now: number, timers: CallTimers): NonNullable<CallStep> {
  return {
    state: stopped(now, timers),
    effects: [{ type: 'endCaller', why }, ...open(state).flatMap((branch) => endBranch(branch, why))],
  };
}

function endBranch({ id, phase }: Branch, why: EndReason): CallEffect[] {
  const release: CallEffect = { type: 'release', branch: id };
  return phase === 'preparing' ? [release] : [{ type: 'endCallee', branch: id, why }, release];
}

function open({ branches }: Connecting): readonly Branch[] {
  return branches.filter(({ phase }) => phase !== 'over');
}

function branchOf({ branches }: Connecting, id: number): Branch | undefined {
  return branches.find((branch) => branch.id === id);
}

function withBranch(state: Connecting, changed: Branch): Connecting {
  return { ...state, branches: state.branches.map((branch) => (branch.id === changed.id ? changed : branch)) };
}
