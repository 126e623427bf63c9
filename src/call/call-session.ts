import type { Step } from '../core/machine.ts';
import {
  type CallEffect,
  type CallEvent,
  type CallState,
  type CallTimers,
  otherSide,
  type Side,
  stopped,
} from './call-states.ts';
import type { EndReason } from './leg-states.ts';
import { UNREACHABLE } from './refusal.ts';

type CallStep = Step<CallState, CallEffect>;
type Connected = Extract<CallState, { name: 'start' | 'hold' }>;

/** From the answer to the end. What is offered meanwhile is between the legs: exchange-machine.ts. */
export function connected(state: Connected, event: CallEvent, now: number, timers: CallTimers): CallStep {
  const { branch } = state;
  switch (event.type) {
    case 'agreed':
      return event.branch === branch ? { state: { ...state, name: event.held ? 'hold' : 'start' } } : { state };
    case 'failed':
      return event.branch === branch ? finish(state, event.why, now, timers) : { state };
    case 'left': {
      const { side, reason } = event;
      // A callee that lost against the one who answered first.
      if (side === 'callee' && event.branch !== branch) return { state };
      const why = { refusal: UNREACHABLE, ...(reason !== undefined && { reason }) };
      return finish(state, why, now, timers, [otherSide(side)]);
    }
    case 'cancelled':
      // The callee has answered, and what the caller is owed of the answer had not left yet.
      return finish(state, { refusal: { status: 487 } }, now, timers);
    case 'stop':
      return finish(state, event.why, now, timers);
    case 'refused':
    case 'progress':
    case 'answered':
      // Of callees that were cancelled.
      return { state };
    default:
      return undefined;
  }
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
