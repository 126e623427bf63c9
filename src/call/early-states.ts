import type { SessionDescription } from '../sdp/session-description.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { SessionReport } from './leg-session.ts';
import type { Refusal } from './refusal.ts';

/** The words of early-machine.ts: how far offer and answer have come in one dialog that is not confirmed yet. */
export type EarlyState =
  /** The INVITE had no offer: the side that answers it makes one. */
  | { readonly name: 'asked' }
  /** The peer's offer waits for our answer. */
  | {
      readonly name: 'offered';
      readonly by: 'invite';
      /** Our answer, which waits for a response that carries it reliably. */
      readonly answer?: SessionDescription;
      /** What will be our answer, as far as is known; unreliable responses show it. */
      readonly preview?: SessionDescription;
    }
  | { readonly name: 'offered'; readonly by: 'response' }
  | { readonly name: 'offered'; readonly by: 'prack' | 'update'; readonly transaction: ServerTransaction }
  /** Our offer waits for the peer's answer; one by a response waits to be `sent` first. */
  | {
      readonly name: 'offering';
      readonly by: 'response';
      readonly offer: SessionDescription;
      readonly sent: boolean;
    }
  | { readonly name: 'offering'; readonly by: 'invite' | 'update' }
  /** Both sides agree on a session. */
  | { readonly name: 'agreed' };

export type EarlyEvent =
  // What the call wants.
  | { readonly type: 'offer'; readonly sdp: SessionDescription }
  | { readonly type: 'answer'; readonly sdp: SessionDescription }
  | { readonly type: 'preview'; readonly sdp: SessionDescription }
  | { readonly type: 'refuseOffer'; readonly refusal: Refusal }
  /** A response that carries our description has left and needs no repetition by another one. */
  | { readonly type: 'carried' }
  // What the peer sent.
  | { readonly type: 'peerOffer'; readonly by: 'response'; readonly sdp: SessionDescription }
  | {
      readonly type: 'peerOffer';
      readonly by: 'prack' | 'update';
      readonly transaction: ServerTransaction;
      readonly sdp: SessionDescription;
    }
  | { readonly type: 'peerAnswer'; readonly sdp: SessionDescription }
  /** A description in an unreliable response: what the answer will be. */
  | { readonly type: 'peerPreview'; readonly sdp: SessionDescription }
  /** A refusal of our offer, or a message without the answer it owed. */
  | { readonly type: 'peerRefused'; readonly refusal: Refusal };

export type EarlyEffect =
  | { readonly type: 'tell'; readonly report: SessionReport }
  /** Our description is known: a response that waited for it may leave. */
  | { readonly type: 'described' }
  | { readonly type: 'sendUpdate'; readonly sdp: SessionDescription }
  | { readonly type: 'sendPrack'; readonly sdp: SessionDescription }
  | { readonly type: 'respond'; readonly transaction: ServerTransaction; readonly sdp: SessionDescription }
  | { readonly type: 'respondTransaction'; readonly transaction: ServerTransaction; readonly refusal: Refusal };
