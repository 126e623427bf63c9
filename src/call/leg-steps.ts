import type { Step } from '../core/machine.ts';
import type { SessionReport } from './leg-session.ts';
import type { LegEffect, LegEvent, LegReport, LegState, LegTimers } from './leg-states.ts';
import type { Refusal } from './refusal.ts';

/** Steps that several states of a leg take alike. */
export type LegStep = Step<LegState, LegEffect>;

export type LegHandlers<N extends LegState['name']> = {
  readonly [K in N]: (
    state: Extract<LegState, { name: K }>,
    event: LegEvent,
    now: number,
    timers: LegTimers,
  ) => LegStep;
};

export const TERMINATED: Refusal = { status: 487 };
/** RFC 3261 §14.2: a re-INVITE while an INVITE of ours is in progress. */
export const PENDING: Refusal = { status: 491 };
/** RFC 3261 §14.2: a second re-INVITE before the first is answered. */
export const OVERLAPPING: Refusal = { status: 500, retryAfter: 3 };

/** Refusals of a refresh that may be none a moment later: glare, a longer interval, a busy peer. */
export const PASSING: readonly number[] = [422, 491, 500, 503];
/** A description that is owed and does not come: in a 2xx, a PRACK or an ACK. */
export const NO_DESCRIPTION: Refusal = { status: 502, phrase: 'No Session Description' };

export function tell(report: Exclude<LegReport, { fork: number }>): LegEffect {
  return { type: 'tell', report };
}

export function tellSession(report: SessionReport): LegEffect {
  return { type: 'tellSession', report };
}

/** An offer of the call that has no place now (RFC 3261 §14.1, RFC 3311 §5.1). */
export function offerLater(state: LegState): LegStep {
  return { state, effects: [tellSession({ type: 'offerRefused', refusal: PENDING })] };
}

export function respondTransaction(
  { transaction }: Extract<LegEvent, { type: 'reinvite' | 'update' }>,
  refusal: Refusal,
): LegEffect {
  return { type: 'respondTransaction', transaction, refusal };
}

/** Our BYE, after `before` and before `after`. */
export function leaving(
  reason: string | undefined,
  before: readonly LegEffect[] = [],
  after: readonly LegEffect[] = [],
): LegStep {
  return { state: { name: 'leaving' }, effects: [...before, { type: 'sendBye', reason }, ...after] };
}

export function ended(now: number, { t1Ms }: LegTimers, ...effects: readonly LegEffect[]): LegStep {
  return { state: { name: 'ended', timers: { forget: now + 64 * t1Ms } }, effects };
}

/** The peer's BYE is answered, then what it left open is settled. */
export function hungUp(
  event: Extract<LegEvent, { type: 'bye' }>,
  now: number,
  timers: LegTimers,
  ...open: readonly LegEffect[]
): LegStep {
  const { transaction, reason } = event;
  return ended(now, timers, { type: 'respondBye', transaction }, ...open, tell({ type: 'hungUp', reason }));
}

/** RFC 3261 §13.3.1.4: a 2xx is sent again after T1, doubling up to T2, for 64·T1. */
export function accepted(now: number, { t1Ms }: LegTimers, offering: boolean): Extract<LegState, { name: 'accepted' }> {
  return {
    name: 'accepted',
    ending: undefined,
    offering,
    timers: { repeat: now + t1Ms, giveUp: now + 64 * t1Ms },
    intervalMs: t1Ms,
  };
}
