import type { ShortMessage } from '../store/short-message.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';

/**
 * The seam between the service centre and the ways to a handset: SIP MESSAGE (TS 24.341), SGs (TS 29.118), page mode.
 * Both directions carry RPDUs (TS 24.011 §7.3); what a bearer wraps them in, CP for one, is its own.
 */

/** A way to handsets. The service centre asks its bearers in order and takes the first that reaches. */
export interface SmsBearer {
  /** `ims`, `sgs`, `page`: how the log and the monitor name it. */
  readonly name: BearerName;
  /** Whether a handset of the recipient can be sent this message now. Asked often; must be cheap. */
  reaches(message: ShortMessage): boolean;
  /**
   * Sends RP-DATA. The reference is already on its way to the state file: whatever leaves must wait for the commit
   * (Persistence.afterCommit), as SIP does by ims/committed.
   * @param told called once, now or later: what became of it. The bearer limits the time that takes; a handset that
   * has the message answers it by an RPDU of its own, for which the service centre waits.
   */
  deliver(delivery: Delivery, told: (outcome: DeliveryOutcome) => void): void;
}

export type BearerName = 'ims' | 'sgs' | 'page';

export interface Delivery {
  readonly message: ShortMessage;
  /** SM-RP-MR; the next RP-ACK or RP-ERROR of this user with it answers. */
  readonly reference: number;
  /** RP-DATA from the network, printed. */
  readonly rpdu: Uint8Array;
  /**
   * Whether the message is still to be sent: it may be flushed, or be answered by one handset while another one is about
   * to be tried. Asked before each sending that does not follow at once.
   */
  isWanted(): boolean;
}

/**
 * `taken`: the handset has the RP-DATA (SIP 2xx, CP-ACK). `delivered`: that is all, no RPDU follows (page mode).
 * `failed`: it does not have it; another bearer may be tried at once.
 */
export type DeliveryOutcome =
  | { readonly type: 'taken' }
  | { readonly type: 'delivered' }
  | { readonly type: 'failed'; readonly why: string };

/** What bearers tell; services/service-centre.ts implements it. */
export interface SmsUplink {
  /**
   * An RPDU of a handset whose user is proven: RP-DATA, RP-ACK, RP-ERROR or RP-SMMA.
   * What is no RPDU at all gets no answer (TS 24.011 §9.3); nothing is thrown.
   * @param reply sends the RPDU that answers, printed, in the same exchange; called once at most, before this returns.
   * What it sends must wait for the commit, as the bearer's own acknowledgement of `rpdu` must: a bearer that sends it
   * before this is called says so to Persistence.expectChange.
   */
  receive(sender: SmsSender, rpdu: Uint8Array, reply: (rpdu: Uint8Array) => void): void;
  /** The handset can be reached (again): it registered, updated its location, or a paging was answered. */
  available(subscriber: Subscriber): void;
}

export interface SmsSender {
  readonly subscriber: Subscriber;
  /** The identity it speaks as, where it names one; the number in TP-OA is the user's msisdn all the same. */
  readonly identity: Identity | undefined;
  /** What a repetition of this RPDU has too, where a handset repeats one beyond a restart of ours. */
  readonly key?: string;
}
