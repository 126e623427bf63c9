import type { TimerEvent } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Sdp } from './leg-session.ts';
import type { EndReason } from './leg-states.ts';
import type { Refusal } from './refusal.ts';

/** The words of call-machine.ts. A call has one caller and, while it is being set up, a branch for each callee. */
export type Side = 'caller' | 'callee';

export type CallState =
  /** Nobody rings. */
  | ({ readonly name: 'init' } & Connecting)
  /** At least one callee rings. */
  | ({ readonly name: 'ringing' } & Connecting)
  | { readonly name: 'start'; readonly branch: number }
  /** Connected, and one side does not want to receive. */
  | { readonly name: 'hold'; readonly branch: number }
  /** Over; kept 64·T1 for what arrives late. */
  | { readonly name: 'stop'; readonly timers: { readonly forget: number } }
  | { readonly name: 'gone' };

export interface Connecting {
  readonly branches: readonly Branch[];
  /** The caller's offer; undefined when its INVITE had none. */
  readonly offer: Sdp;
  /** The best refusal so far. */
  readonly refusal: Refusal | undefined;
  readonly timers: { readonly noAnswer: number };
}

export interface Branch {
  readonly id: number;
  /** `preparing` the caller's offer for the callee, `inviting`, `alerting`, `over`. */
  readonly phase: 'preparing' | 'inviting' | 'alerting' | 'over';
}

export type CallEvent =
  | TimerEvent<'noAnswer' | 'forget'>
  | { readonly type: 'begin'; readonly branches: readonly number[]; readonly offer: Sdp }
  | { readonly type: 'mediaReady'; readonly branch: number }
  | { readonly type: 'mediaRefused'; readonly branch: number; readonly refusal: Refusal }
  // A callee while it is invited. `fork` is one of the dialogs its responses made.
  | { readonly type: 'progress'; readonly branch: number; readonly fork: number; readonly status: number }
  | { readonly type: 'answered'; readonly branch: number; readonly fork: number }
  | { readonly type: 'refused'; readonly branch: number; readonly refusal: Refusal }
  | { readonly type: 'cancelled' }
  /** Caller and callee came to an agreement after they were connected; `held`: one does not want to receive. */
  | { readonly type: 'agreed'; readonly branch: number; readonly held: boolean }
  /** There is no session with this callee. */
  | { readonly type: 'failed'; readonly branch: number; readonly why: EndReason }
  /** A side ended, or is lost; a callee that is not (or no more) part of the call is told by its branch. */
  | { readonly type: 'left'; readonly side: Side; readonly branch: number; readonly reason: string | undefined }
  /** We end it: deregistration, command, server stop. */
  | { readonly type: 'stop'; readonly why: EndReason };

export type CallEffect =
  /** Ports for every media of the caller's offer; answered by mediaReady or mediaRefused. */
  | { readonly type: 'prepareMedia'; readonly branch: number; readonly offer: SessionDescription }
  | { readonly type: 'invite'; readonly branch: number; readonly offer: Sdp }
  | { readonly type: 'alertCaller'; readonly branch: number; readonly fork: number; readonly status: number }
  | { readonly type: 'answerCaller'; readonly branch: number; readonly fork: number }
  | { readonly type: 'endCaller'; readonly why: EndReason }
  | { readonly type: 'endCallee'; readonly branch: number; readonly why: EndReason }
  | { readonly type: 'connected'; readonly branch: number; readonly fork: number }
  /** Frees what a branch holds: media, bearers. Once for each branch. */
  | { readonly type: 'release'; readonly branch: number };

export interface CallTimers {
  readonly t1Ms: number;
  /** How long a callee may ring. */
  readonly noAnswerMs: number;
}

export function otherSide(side: Side): Side {
  return side === 'caller' ? 'callee' : 'caller';
}

/** The end: remembered 64·T1 for what arrives late. */
export function stopped(now: number, { t1Ms }: CallTimers): CallState {
  return { name: 'stop', timers: { forget: now + 64 * t1Ms } };
}
