import type { TimerEvent } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { EndReason, Sdp } from './leg-states.ts';
import type { Refusal } from './refusal.ts';

/** The words of call-machine.ts. A call has one caller and, while it is being set up, a branch for each callee. */
export type Side = 'caller' | 'callee';

export type CallState =
  /** Nobody rings. */
  | ({ readonly name: 'init' } & Connecting)
  /** At least one callee rings. */
  | ({ readonly name: 'ringing' } & Connecting)
  | ({ readonly name: 'start' } & Connected)
  /** Connected, and one side does not want to receive. */
  | ({ readonly name: 'hold' } & Connected)
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
  /**
   * `preparing` the caller's offer for the callee, `inviting`, `alerting`, `answering` (its answer holds the offer, which is
   * being prepared for the caller), `over`.
   */
  readonly phase: 'preparing' | 'inviting' | 'alerting' | 'answering' | 'over';
  /** The callee's offer while `answering`. */
  readonly offer?: Sdp;
}

export interface Connected {
  readonly branch: number;
  /** An offer/answer exchange that one side began; RFC 3264 allows one at a time. */
  readonly exchange: CallExchange | undefined;
}

export interface CallExchange {
  readonly from: Side;
  /**
   * `preparing` the offer for the other side, `withdrawn` while that was under way, `relayed` to it; when the INVITE
   * had no offer `answering` prepares the one the other side answered with, and `acknowledging` awaits the answer in
   * the ACK.
   */
  readonly stage: 'preparing' | 'withdrawn' | 'relayed' | 'answering' | 'acknowledging';
  /** Undefined while nobody has made one. */
  readonly offer: Sdp;
}

export type CallEvent =
  | TimerEvent<'noAnswer' | 'forget'>
  | { readonly type: 'begin'; readonly branches: readonly number[]; readonly offer: Sdp }
  | { readonly type: 'mediaReady'; readonly branch: number }
  | { readonly type: 'mediaRefused'; readonly branch: number; readonly refusal: Refusal }
  // A callee while it is invited.
  | { readonly type: 'progress'; readonly branch: number; readonly status: number; readonly sdp: Sdp }
  | { readonly type: 'answered'; readonly branch: number; readonly sdp: Sdp }
  | { readonly type: 'refused'; readonly branch: number; readonly refusal: Refusal }
  // Either side.
  | { readonly type: 'cancelled' }
  | { readonly type: 'acknowledged'; readonly side: Side; readonly sdp: Sdp }
  | { readonly type: 'offer'; readonly side: Side; readonly sdp: Sdp }
  | { readonly type: 'answer'; readonly side: Side; readonly sdp: Sdp }
  | { readonly type: 'offerRefused'; readonly side: Side; readonly refusal: Refusal }
  | { readonly type: 'offerCancelled'; readonly side: Side }
  /** A side ended, or is lost; a callee that is not (or no more) part of the call is told by its branch. */
  | { readonly type: 'left'; readonly side: Side; readonly branch: number; readonly reason: string | undefined }
  /** We end it: deregistration, command, server stop. */
  | { readonly type: 'stop'; readonly why: EndReason };

export type CallEffect =
  /** Ports for every media of the offer; answered by mediaReady or mediaRefused. */
  | { readonly type: 'prepareMedia'; readonly branch: number; readonly from: Side; readonly offer: SessionDescription }
  | { readonly type: 'invite'; readonly branch: number; readonly offer: Sdp }
  | { readonly type: 'alertCaller'; readonly branch: number; readonly status: number; readonly sdp: Sdp }
  | { readonly type: 'answerCaller'; readonly branch: number; readonly sdp: Sdp }
  | { readonly type: 'endCaller'; readonly why: EndReason }
  | { readonly type: 'endCallee'; readonly branch: number; readonly why: EndReason }
  | { readonly type: 'acknowledge'; readonly to: Side; readonly branch: number; readonly sdp: Sdp }
  | { readonly type: 'relayOffer'; readonly to: Side; readonly branch: number; readonly sdp: Sdp }
  | { readonly type: 'withdrawOffer'; readonly to: Side; readonly branch: number }
  /** `kind` of the description: to an INVITE without an offer, the 2xx brings one. */
  | {
      readonly type: 'relayAnswer';
      readonly to: Side;
      readonly branch: number;
      readonly kind: 'offer' | 'answer';
      readonly sdp: Sdp;
    }
  | { readonly type: 'refuseOffer'; readonly to: Side; readonly branch: number; readonly refusal: Refusal }
  | { readonly type: 'connected'; readonly branch: number }
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
