import type { SessionDescription } from '../sdp/session-description.ts';
import type { Response } from '../sip/message/message.ts';
import type { Refusal } from './refusal.ts';

/** What a call and its legs say to each other about the session of one dialog. */

/** Request that carries an offer; `update` stands for PRACK and provisional responses too. */
export type OfferMethod = 'invite' | 'update';

export type Sdp = SessionDescription | undefined;

/**
 * What the call wants of one of the leg's dialogs. There is one once the leg is confirmed; before, `fork` says which: on
 * a leg that a handset opened whatever number the call gives it (see incoming-leg.ts), on one towards a handset that of
 * the report.
 */
export type SessionCommand =
  /**
   * Undefined asks the peer for an offer, by INVITE. Ends in the report `answer` (`offer`, when asked for) or
   * `offerRefused`. By UPDATE it goes only where the peer allows that, and always before the leg is confirmed.
   */
  | { readonly type: 'offer'; readonly sdp: Sdp; readonly by: OfferMethod }
  /** Takes the offer back, if there is still time. */
  | { readonly type: 'withdraw' }
  /** To the offer that was reported last. */
  | { readonly type: 'answer'; readonly sdp: SessionDescription }
  | { readonly type: 'refuseOffer'; readonly refusal: Refusal }
  /** What the answer to the INVITE will be: shown in unreliable responses until `answer` is known. */
  | { readonly type: 'preview'; readonly sdp: SessionDescription }
  /** A provisional response; those to a leg that a handset opened only. */
  | ({ readonly type: 'progress'; readonly status: number } & Relayed)
  /** The 2xx; it leaves as soon as it can: answer known, responses before it acknowledged. */
  | ({ readonly type: 'accept' } & Relayed);

interface Relayed {
  /** The callee's response that made the call say so: what else of it the caller is shown. */
  readonly original: Response | undefined;
}

/** What happens to the session of one dialog. */
export type SessionReport =
  /** Undefined: the peer asks for an offer. Wants `answer` (`offer`, when asked) or `refuseOffer`. */
  | { readonly type: 'offer'; readonly sdp: Sdp; readonly by: OfferMethod }
  | { readonly type: 'answer'; readonly sdp: SessionDescription }
  /** UAC: what the answer to the INVITE will be, as an unreliable response shows it. */
  | { readonly type: 'preview'; readonly sdp: SessionDescription }
  | { readonly type: 'offerRefused'; readonly refusal: Refusal }
  /** The peer takes its offer back; it still awaits `answer` or `refuseOffer`. */
  | { readonly type: 'offerCancelled' };
