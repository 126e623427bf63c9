import type { TimerEvent } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Refusal } from './refusal.ts';

/** The words of leg-machine.ts: states, what comes in, what goes out. */
export type LegState =
  /** UAS: the INVITE has no final response. */
  | { readonly name: 'offered' }
  /** UAS: 2xx sent, ACK missing; `ending` when a BYE waits for it (RFC 3261 §15: not before the ACK). */
  | ({ readonly name: 'accepted'; readonly ending: EndReason | undefined } & Repeating)
  /** UAC: the INVITE has no final response. */
  | { readonly name: 'inviting' }
  /** UAC: 2xx received, our ACK waits for the call. */
  | { readonly name: 'answered' }
  /** UAC: CANCEL sent. */
  | { readonly name: 'cancelling' }
  | {
      readonly name: 'confirmed';
      readonly exchange: Exchange;
      readonly timers?: RepeatTimers;
      readonly interval?: number;
    }
  /** BYE sent. */
  | { readonly name: 'leaving' }
  /** Over; late messages are still answered. */
  | { readonly name: 'ended'; readonly timers: { readonly forget: number } }
  | { readonly name: 'forgotten' };

/** The re-INVITE under way: none, ours, ours answered and unacknowledged, the peer's, the peer's answered. */
export type Exchange = 'none' | 'sent' | 'answered' | 'received' | 'accepted';

export type RepeatTimers = { readonly repeat: number; readonly giveUp: number };
export type Repeating = { readonly timers: RepeatTimers; readonly interval: number };

/** Why we end a leg: the final response while there is none, and a Reason header value (RFC 3326). */
export interface EndReason {
  readonly refusal: Refusal;
  readonly reason?: string;
}

export type LegEvent =
  | TimerEvent<'repeat' | 'giveUp' | 'forget'>
  // What the call wants.
  | { readonly type: 'progress'; readonly branch: number; readonly status: number; readonly sdp: Sdp }
  | { readonly type: 'accept'; readonly branch: number; readonly sdp: Sdp }
  | { readonly type: 'acknowledge'; readonly sdp: Sdp }
  | { readonly type: 'offer'; readonly sdp: Sdp }
  | { readonly type: 'answer'; readonly sdp: Sdp }
  | { readonly type: 'refuseOffer'; readonly refusal: Refusal }
  | { readonly type: 'end'; readonly why: EndReason }
  // What the peer sent.
  | { readonly type: 'provisional'; readonly response: Response; readonly sdp: Sdp }
  | { readonly type: 'success'; readonly response: Response; readonly sdp: Sdp }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'acked'; readonly sdp: Sdp }
  | { readonly type: 'cancelled' }
  | { readonly type: 'reoffered'; readonly transaction: ServerTransaction; readonly sdp: Sdp }
  | { readonly type: 'bye'; readonly transaction: ServerTransaction; readonly reason: string | undefined }
  | { readonly type: 'byeAnswered' }
  /** The INVITE's own transaction died: no ACK for a refusal, or the transport failed. */
  | { readonly type: 'lost'; readonly what: string };

export type Sdp = SessionDescription | undefined;

/** What a leg tells its call. */
export type LegReport =
  | { readonly type: 'progress'; readonly status: number; readonly sdp: Sdp; readonly response: Response }
  | { readonly type: 'answered'; readonly sdp: Sdp; readonly response: Response }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'cancelled' }
  | { readonly type: 'acknowledged'; readonly sdp: Sdp }
  | { readonly type: 'offer'; readonly sdp: Sdp }
  | { readonly type: 'answer'; readonly sdp: Sdp }
  | { readonly type: 'offerRefused'; readonly refusal: Refusal }
  | { readonly type: 'offerCancelled' }
  | { readonly type: 'hungUp'; readonly reason: string | undefined }
  | { readonly type: 'lost'; readonly what: string };

export type LegEffect =
  | { readonly type: 'tell'; readonly report: LegReport }
  | { readonly type: 'respondProgress'; readonly branch: number; readonly status: number; readonly sdp: Sdp }
  | { readonly type: 'respondAccept'; readonly branch: number; readonly sdp: Sdp }
  | { readonly type: 'respondRefuse'; readonly refusal: Refusal }
  | { readonly type: 'repeatAccept' }
  | { readonly type: 'cancelInvite'; readonly reason: string | undefined }
  /** Makes the dialog of the 2xx ours. */
  | { readonly type: 'confirm'; readonly response: Response }
  | { readonly type: 'sendAck'; readonly sdp: Sdp }
  | { readonly type: 'sendOffer'; readonly sdp: Sdp }
  | { readonly type: 'takeOffer'; readonly transaction: ServerTransaction }
  | { readonly type: 'respondAnswer'; readonly sdp: Sdp }
  | { readonly type: 'respondTransaction'; readonly transaction: ServerTransaction; readonly refusal: Refusal }
  | { readonly type: 'respondBye'; readonly transaction: ServerTransaction }
  | { readonly type: 'sendBye'; readonly reason: string | undefined };

export interface LegTimers {
  readonly t1Ms: number;
  readonly t2Ms: number;
}
