import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';
import type { EndReason } from './leg-states.ts';
import { betterRefusal, type Refusal, UNREACHABLE } from './refusal.ts';

/**
 * A call whose one side is the server itself: the echo, with one branch that is the caller's, and calls of the server's
 * own making, with a branch for each phone that rings.
 *
 *     init --180--> ringing --2xx--> start <--hold, resume--> hold
 *     init, ringing --all refused, CANCEL, nobody answers--> stop
 *     start, hold --the phone leaves, its time is over--> stop --64·T1--> gone
 */
export type ServerCallState =
  | ({ readonly name: 'init' | 'ringing' } & Connecting)
  | ({ readonly name: 'start' | 'hold' } & Connected)
  /** Over; kept 64·T1 for what arrives late. */
  | { readonly name: 'stop'; readonly timers: { readonly forget: number } }
  | { readonly name: 'gone' };

interface Connecting {
  /** Branches that may still answer. */
  readonly open: readonly number[];
  /** The best refusal so far. */
  readonly refusal: Refusal | undefined;
  readonly timers: { readonly noAnswer: number };
}

interface Connected {
  readonly branch: number;
  readonly timers: { readonly duration: number | undefined };
}

export type ServerCallEvent =
  | TimerEvent<'noAnswer' | 'duration' | 'forget'>
  | { readonly type: 'alerting' }
  | { readonly type: 'answered'; readonly branch: number }
  | { readonly type: 'refused'; readonly branch: number; readonly refusal: Refusal }
  /** Offer and answer have put the call on hold, or taken it off. */
  | { readonly type: 'held'; readonly branch: number; readonly held: boolean }
  /** The phone hung up, took its call back or is lost. */
  | { readonly type: 'left'; readonly branch: number }
  /** We end it: command, deregistration, silence, server stop. */
  | { readonly type: 'stop'; readonly why: EndReason };

export type ServerCallEffect =
  | { readonly type: 'end'; readonly branch: number; readonly why: EndReason }
  | { readonly type: 'connected'; readonly branch: number }
  /** Frees what a branch holds. Once for each branch. */
  | { readonly type: 'release'; readonly branch: number };

export interface ServerCallTimers {
  readonly t1Ms: number;
  /** How long it may ring. */
  readonly noAnswerMs: number;
  /** How long it lasts from the answer on; undefined: until somebody ends it. */
  readonly durationMs: number | undefined;
}

type ServerCallStep = Step<ServerCallState, ServerCallEffect>;

/** RFC 3326 §2: the phones that did not answer first need not show a missed call. */
const ELSEWHERE: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
const NO_ANSWER: EndReason = { refusal: UNREACHABLE, reason: 'Q.850;cause=19;text="no answer"' };
const DECLINED: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=603;text="declined"' };
const TIME_OVER: EndReason = { refusal: { status: 487 }, reason: 'Q.850;cause=16;text="duration of the call"' };

export const SERVER_CALL_MACHINE: MachineDefinition<
  ServerCallState,
  ServerCallEvent,
  ServerCallEffect,
  ServerCallTimers
> = {
  name: 'server call',
  final: ['gone'],
  handlers: {
    init: connecting,
    ringing: connecting,
    start: connected,
    hold: connected,
    // The legs end by themselves; whatever they still report changes nothing.
    stop: (state, event) => ({ state: event.type === 'timer' ? { name: 'gone' } : state }),
    gone: () => undefined,
  },
};

export function connectingFrom(branches: readonly number[], now: number, timers: ServerCallTimers): ServerCallState {
  return { name: 'init', open: branches, refusal: undefined, timers: { noAnswer: now + timers.noAnswerMs } };
}

function connecting(
  state: Extract<ServerCallState, { name: 'init' | 'ringing' }>,
  event: ServerCallEvent,
  now: number,
  timers: ServerCallTimers,
): ServerCallStep {
  switch (event.type) {
    case 'alerting':
      return { state: { ...state, name: 'ringing' } };
    case 'answered': {
      const { branch } = event;
      // Its 2xx held no session: it is ended already, and the others ring on.
      if (!state.open.includes(branch)) return { state };
      const others = state.open.filter((one) => one !== branch);
      const duration = timers.durationMs === undefined ? undefined : now + timers.durationMs;
      return {
        state: { name: 'start', branch, timers: { duration } },
        effects: [...endAll(others, ELSEWHERE), { type: 'connected', branch }],
      };
    }
    case 'refused':
      return without(state, event.branch, event.refusal, now, timers);
    case 'left':
      return without(state, event.branch, UNREACHABLE, now, timers);
    case 'held':
      // What early media agree on is no hold.
      return { state };
    case 'timer':
      return stop(state.open, NO_ANSWER, now, timers);
    case 'stop':
      return stop(state.open, event.why, now, timers);
    default:
      return undefined;
  }
}

/** One branch less; without any the call is over. 6xx speaks for all of them (RFC 3261 §21.6). */
function without(
  state: Extract<ServerCallState, { name: 'init' | 'ringing' }>,
  branch: number,
  refusal: Refusal,
  now: number,
  timers: ServerCallTimers,
): ServerCallStep {
  if (!state.open.includes(branch)) return { state };
  const open = state.open.filter((one) => one !== branch);
  const release: ServerCallEffect = { type: 'release', branch };
  if (open.length === 0 || refusal.status >= 600) {
    return { state: stopped(now, timers), effects: [release, ...endAll(open, DECLINED)] };
  }
  return { state: { ...state, open, refusal: betterRefusal(state.refusal, refusal) }, effects: [release] };
}

function connected(
  state: Extract<ServerCallState, { name: 'start' | 'hold' }>,
  event: ServerCallEvent,
  now: number,
  timers: ServerCallTimers,
): ServerCallStep {
  const { branch } = state;
  switch (event.type) {
    case 'held':
      return event.branch === branch ? { state: { ...state, name: event.held ? 'hold' : 'start' } } : { state };
    case 'left':
      if (event.branch !== branch) return { state };
      return { state: stopped(now, timers), effects: [{ type: 'release', branch }] };
    case 'timer':
      return stop([branch], TIME_OVER, now, timers);
    case 'stop':
      return stop([branch], event.why, now, timers);
    case 'alerting':
    case 'refused':
      // Of phones that were cancelled.
      return { state };
    default:
      return undefined;
  }
}

function stop(branches: readonly number[], why: EndReason, now: number, timers: ServerCallTimers): ServerCallStep {
  return { state: stopped(now, timers), effects: endAll(branches, why) };
}

function endAll(branches: readonly number[], why: EndReason): ServerCallEffect[] {
  return branches.flatMap((branch): ServerCallEffect[] => [
    { type: 'end', branch, why },
    { type: 'release', branch },
  ]);
}

function stopped(now: number, { t1Ms }: ServerCallTimers): ServerCallState {
  return { name: 'stop', timers: { forget: now + 64 * t1Ms } };
}
