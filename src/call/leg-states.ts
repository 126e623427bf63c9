import type { TimerEvent } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { EarlyState } from './early-states.ts';
import type { Sdp, SessionCommand, SessionReport } from './leg-session.ts';
import type { Refusal } from './refusal.ts';

/** The words of leg-machine.ts: states, what comes in, what goes out. */
export type LegState =
  /** UAS: the INVITE that opens the leg has no final response. */
  | { readonly name: 'invited' }
  /** UAS: 2xx to an INVITE or re-INVITE sent, its ACK missing; `ending` when a BYE waits for it. */
  | {
      readonly name: 'accepted';
      readonly ending: EndReason | undefined;
      /** The 2xx held our offer, so that the ACK brings the answer. */
      readonly offering: boolean;
      readonly timers: { readonly repeat: number; readonly giveUp: number };
      /** Length of the present wait before the 2xx is repeated. */
      readonly intervalMs: number;
    }
  /** UAC: the INVITE that opens the leg has no final response. */
  | { readonly name: 'inviting' }
  /** UAC: 2xx with an offer received, our ACK waits for the answer. */
  | { readonly name: 'answered' }
  /** UAC: CANCEL sent; `reason` is for the BYE if a 2xx crosses it. */
  | { readonly name: 'cancelling'; readonly reason: string | undefined }
  /** Both sides agree on the session. */
  | { readonly name: 'confirmed' }
  /** UAC: our re-INVITE has no final response; `asking` when it had no offer. */
  | { readonly name: 'reinviting'; readonly asking: boolean }
  /** UAS: the peer's re-INVITE has no final response; `asked` when it had no offer. */
  | { readonly name: 'reinvited'; readonly asked: boolean }
  /** UAC: our re-INVITE that only refreshes the session (RFC 4028 §7.4) has no final response. */
  | { readonly name: 'refreshing' }
  /** UAC: our UPDATE with an offer has no final response. */
  | { readonly name: 'updating' }
  /** UAS: the peer's UPDATE (or, from before the answer, PRACK) with an offer has no final response. */
  | { readonly name: 'updated'; readonly transaction: ServerTransaction }
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

export type LegCommand =
  | ({ readonly fork: number } & SessionCommand)
  | { readonly type: 'end'; readonly why: EndReason };

export type LegEvent =
  | TimerEvent<'repeat' | 'giveUp' | 'forget'>
  | LegCommand
  // What became of an early dialog.
  /** UAS: the 2xx has left. */
  | { readonly type: 'opened'; readonly fork: number; readonly offering: boolean }
  /** UAS: a reliable provisional response was never acknowledged. */
  | { readonly type: 'unacknowledged' }
  /** UAC: 2xx to the INVITE; `early` is where offer and answer stand with it, `report` what its description means. */
  | {
      readonly type: 'connected';
      readonly fork: number;
      readonly response: Response;
      readonly early: EarlyState;
      readonly report: SessionReport | undefined;
    }
  // What the peer sent.
  | { readonly type: 'provisional'; readonly fork: number; readonly response: Response }
  /** 2xx to our re-INVITE. */
  | { readonly type: 'success'; readonly response: Response; readonly sdp: Sdp }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'acked'; readonly sdp: Sdp }
  | { readonly type: 'cancelled' }
  | { readonly type: 'reinvite'; readonly transaction: ServerTransaction; readonly sdp: Sdp }
  /** UPDATE with an offer inside the confirmed dialog. */
  | { readonly type: 'update'; readonly transaction: ServerTransaction; readonly sdp: SessionDescription }
  | { readonly type: 'updateAnswered'; readonly sdp: Sdp }
  | { readonly type: 'updateRefused'; readonly refusal: Refusal }
  /** The session is to be refreshed by INVITE, with what we said last. */
  | { readonly type: 'refresh'; readonly sdp: Sdp }
  /** The session timer ran out, or its refresh showed that the peer's side of the dialog is gone. */
  | { readonly type: 'expired'; readonly what: string }
  | { readonly type: 'bye'; readonly transaction: ServerTransaction; readonly reason: string | undefined }
  /** Any final response to our BYE, or none. */
  | { readonly type: 'byeAnswered' }
  /** A response to the peer's INVITE could not be sent, the ACK of its refusal is missing, or it does not know us. */
  | { readonly type: 'lost'; readonly what: string };

/** What a leg tells its call. */
export type LegReport =
  | ({ readonly fork: number } & SessionReport)
  /** UAC: a provisional response, after what its description meant. */
  | { readonly type: 'progress'; readonly fork: number; readonly status: number; readonly response: Response }
  /** UAC: the 2xx, after what its description meant. */
  | { readonly type: 'answered'; readonly fork: number; readonly response: Response }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'cancelled' }
  | { readonly type: 'hungUp'; readonly reason: string | undefined }
  | { readonly type: 'lost'; readonly what: string };

export type LegEffect =
  | { readonly type: 'tell'; readonly report: Exclude<LegReport, { fork: number }> }
  /** About the dialog that is confirmed. */
  | { readonly type: 'tellSession'; readonly report: SessionReport }
  | { readonly type: 'tellProgress'; readonly fork: number; readonly response: Response }
  | { readonly type: 'tellAnswered'; readonly fork: number; readonly response: Response }
  /** What the call wants of an early dialog. */
  | { readonly type: 'command'; readonly fork: number; readonly command: SessionCommand }
  | { readonly type: 'respondRefuse'; readonly refusal: Refusal }
  | { readonly type: 'repeatAccept' }
  /** CANCEL of our INVITE or re-INVITE. */
  | { readonly type: 'cancelInvite'; readonly reason: string | undefined }
  /** Makes the dialog of the 2xx ours. */
  | { readonly type: 'confirm'; readonly fork: number; readonly response: Response }
  /** Refreshes the target of the dialog. */
  | { readonly type: 'refresh'; readonly response: Response }
  /** The refresh could not be now. */
  | { readonly type: 'refreshLater' }
  | { readonly type: 'sendAck'; readonly sdp: Sdp }
  | { readonly type: 'sendInvite'; readonly sdp: Sdp }
  | { readonly type: 'sendUpdate'; readonly sdp: SessionDescription }
  | { readonly type: 'takeOffer'; readonly transaction: ServerTransaction }
  /** 200 to the re-INVITE. */
  | { readonly type: 'respondInvite'; readonly sdp: SessionDescription }
  | { readonly type: 'respond'; readonly transaction: ServerTransaction; readonly sdp: SessionDescription }
  | { readonly type: 'respondTransaction'; readonly transaction: ServerTransaction; readonly refusal: Refusal }
  | { readonly type: 'respondBye'; readonly transaction: ServerTransaction }
  | { readonly type: 'sendBye'; readonly reason: string | undefined };

export interface LegTimers {
  readonly t1Ms: number;
  readonly t2Ms: number;
}
