import type { TimerEvent } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Refusal } from './refusal.ts';

/** The words of leg-machine.ts: states, what comes in, what goes out. */
export type LegState =
  /** UAS: the INVITE that opens the leg has no final response. */
  | { readonly name: 'invited' }
  /** UAS: 2xx to an INVITE or re-INVITE sent, its ACK missing; `ending` when a BYE waits for it. */
  | {
      readonly name: 'accepted';
      readonly ending: EndReason | undefined;
      readonly timers: { readonly repeat: number; readonly giveUp: number };
      /** Length of the present wait before the 2xx is repeated. */
      readonly intervalMs: number;
    }
  /** UAC: the INVITE that opens the leg has no final response. */
  | { readonly name: 'inviting' }
  /** UAC: 2xx to an INVITE or re-INVITE received, our ACK waits for the call. */
  | { readonly name: 'answered' }
  /** UAC: CANCEL sent; `reason` is for the BYE if a 2xx crosses it. */
  | { readonly name: 'cancelling'; readonly reason: string | undefined }
  /** Both sides agree on the session. */
  | { readonly name: 'confirmed' }
  /** UAC: our re-INVITE has no final response. */
  | { readonly name: 'reinviting' }
  /** UAS: the peer's re-INVITE has no final response. */
  | { readonly name: 'reinvited' }
  /** BYE sent. */
  | { readonly name: 'leaving' }
  /** Over; late messages are still answered. */
  | { readonly name: 'ended'; readonly timers: { readonly forget: number } }
  | { readonly name: 'forgotten' };

/** Why we end a leg: the final response while there is none, and a Reason header value (RFC 3326). */
export interface EndReason {
  readonly refusal: Refusal;
  readonly reason?: string;
}

export type Sdp = SessionDescription | undefined;

export type LegEvent =
  | TimerEvent<'repeat' | 'giveUp' | 'forget'>
  // What the call wants. `original` is the callee's response that made it say so.
  | ({ readonly type: 'progress'; readonly branch: number; readonly status: number } & Relayed)
  | ({ readonly type: 'accept'; readonly branch: number } & Relayed)
  | { readonly type: 'acknowledge'; readonly sdp: Sdp }
  | { readonly type: 'offer'; readonly sdp: Sdp }
  /** Takes the offer back, if there is still time. */
  | { readonly type: 'withdraw' }
  | { readonly type: 'answer'; readonly sdp: Sdp }
  | { readonly type: 'refuseOffer'; readonly refusal: Refusal }
  | { readonly type: 'end'; readonly why: EndReason }
  // What the peer sent.
  | { readonly type: 'provisional'; readonly response: Response; readonly sdp: Sdp }
  | { readonly type: 'success'; readonly response: Response; readonly sdp: Sdp }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'acked'; readonly sdp: Sdp }
  | { readonly type: 'cancelled' }
  | { readonly type: 'reinvite'; readonly transaction: ServerTransaction; readonly sdp: Sdp }
  | { readonly type: 'bye'; readonly transaction: ServerTransaction; readonly reason: string | undefined }
  /** Any final response to our BYE, or none. */
  | { readonly type: 'byeAnswered' }
  /** A response to the peer's INVITE could not be sent, or the ACK of its refusal is missing. */
  | { readonly type: 'lost'; readonly what: string };

interface Relayed {
  readonly sdp: Sdp;
  readonly original: Response | undefined;
}

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
  /** The peer takes its offer back; it still awaits `answer` or `refuseOffer`. */
  | { readonly type: 'offerCancelled' }
  | { readonly type: 'hungUp'; readonly reason: string | undefined }
  | { readonly type: 'lost'; readonly what: string };

export type LegEffect =
  | { readonly type: 'tell'; readonly report: LegReport }
  | ({ readonly type: 'respondProgress'; readonly branch: number; readonly status: number } & Relayed)
  | ({ readonly type: 'respondAccept'; readonly branch: number } & Relayed)
  | { readonly type: 'respondRefuse'; readonly refusal: Refusal }
  | { readonly type: 'repeatAccept' }
  /** CANCEL of our INVITE or re-INVITE. */
  | { readonly type: 'cancelInvite'; readonly reason: string | undefined }
  /** Makes the dialog of the 2xx ours, or refreshes its target. */
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
