import type { LegEffect, LegEvent, LegState, LegTimers } from './leg-states.ts';
import {
  accepted,
  ended,
  hungUp,
  type LegHandlers,
  type LegStep,
  leaving,
  NO_DESCRIPTION,
  OVERLAPPING,
  offerLater,
  PASSING,
  PENDING,
  respondTransaction,
  TERMINATED,
  tell,
  tellSession,
} from './leg-steps.ts';
import { type Refusal, reasonOf } from './refusal.ts';

const CANCEL: LegEffect = { type: 'cancelInvite', reason: undefined };
const ACK: LegEffect = { type: 'sendAck', sdp: undefined };
const TOLD_487: LegEffect = { type: 'respondRefuse', refusal: TERMINATED };

type InDialog = 'confirmed' | 'reinviting' | 'refreshing' | 'reinvited' | 'updating' | 'updated' | 'leaving' | 'ended';

/** Inside the confirmed dialog: re-INVITE (RFC 3261 §14), UPDATE (RFC 3311) and BYE (§15). */
export const DIALOG: LegHandlers<InDialog> = {
  confirmed(state, event, now, timers) {
    switch (event.type) {
      case 'offer':
        if (event.by === 'update' && event.sdp !== undefined) {
          return { state: { name: 'updating' }, effects: [{ type: 'sendUpdate', sdp: event.sdp }] };
        }
        return {
          state: { name: 'reinviting', asking: event.sdp === undefined },
          effects: [{ type: 'sendInvite', sdp: event.sdp }],
        };
      case 'reinvite': {
        const { transaction, sdp } = event;
        return {
          state: { name: 'reinvited', asked: sdp === undefined },
          effects: [{ type: 'takeOffer', transaction }, tellSession({ type: 'offer', sdp, by: 'invite' })],
        };
      }
      case 'update': {
        const { transaction, sdp } = event;
        return {
          state: { name: 'updated', transaction },
          effects: [tellSession({ type: 'offer', sdp, by: 'update' })],
        };
      }
      case 'refresh':
        return { state: { name: 'refreshing' }, effects: [{ type: 'sendInvite', sdp: event.sdp }] };
      case 'end':
        return leaving(event.why.reason);
      case 'expired':
        return expired(event.what);
      case 'bye':
        return hungUp(event, now, timers);
      case 'acked':
      case 'lost':
        // An ACK that was sent twice; a refused re-INVITE whose ACK is missing.
        return { state };
      default:
        return undefined;
    }
  },

  reinviting(state, event, now, timers) {
    switch (event.type) {
      case 'provisional':
        return { state };
      case 'success':
        return reinviteAnswered(state.asking, event);
      case 'refused':
        return offerRefused(event.refusal, now, timers);
      case 'offer':
        return offerLater(state);
      case 'withdraw':
        return { state, effects: [CANCEL] };
      case 'reinvite':
      case 'update':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'end':
        // Cancelled too: a peer that forgets to answer it after the BYE would leave its transaction open.
        return leaving(event.why.reason, [CANCEL]);
      case 'expired':
        return expired(event.what, CANCEL);
      case 'bye':
        return hungUp(event, now, timers, CANCEL);
      case 'acked':
        return { state };
      default:
        return undefined;
    }
  },

  refreshing(state, event, now, timers) {
    switch (event.type) {
      case 'provisional':
      case 'withdraw':
      case 'acked':
        return { state };
      case 'success':
        return { state: { name: 'confirmed' }, effects: [{ type: 'refresh', response: event.response }, ACK] };
      case 'refused':
        if (ENDING.includes(event.refusal.status)) return offerRefused(event.refusal, now, timers);
        return {
          state: { name: 'confirmed' },
          effects: PASSING.includes(event.refusal.status) ? [{ type: 'refreshLater' }] : [],
        };
      case 'offer':
        return offerLater(state);
      case 'reinvite':
      case 'update':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'end':
        return leaving(event.why.reason, [CANCEL]);
      case 'expired':
        return expired(event.what, CANCEL);
      case 'bye':
        return hungUp(event, now, timers, CANCEL);
      default:
        return undefined;
    }
  },

  reinvited(state, event, now, timers) {
    switch (event.type) {
      case 'answer':
        return {
          state: accepted(now, timers, false),
          effects: [{ type: 'respondInvite', sdp: event.sdp }],
        };
      case 'offer':
        // What the peer asked for; any other offer waits.
        if (!state.asked || event.sdp === undefined) return offerLater(state);
        return { state: accepted(now, timers, true), effects: [{ type: 'respondInvite', sdp: event.sdp }] };
      case 'refuseOffer':
        return { state: { name: 'confirmed' }, effects: [{ type: 'respondRefuse', refusal: event.refusal }] };
      case 'cancelled':
        // Not answered 487 before the other side has refused: it may have agreed to the new session already.
        return { state, effects: [tellSession({ type: 'offerCancelled' })] };
      case 'reinvite':
      case 'update':
        return { state, effects: [respondTransaction(event, OVERLAPPING)] };
      case 'end':
        return leaving(event.why.reason, [TOLD_487]);
      case 'expired':
        return expired(event.what, TOLD_487);
      case 'bye':
        return hungUp(event, now, timers, TOLD_487);
      case 'lost':
        return { state };
      default:
        return undefined;
    }
  },

  updating(state, event, now, timers) {
    switch (event.type) {
      case 'updateAnswered':
        if (event.sdp === undefined) return offerRefused(NO_DESCRIPTION, now, timers);
        return { state: { name: 'confirmed' }, effects: [tellSession({ type: 'answer', sdp: event.sdp })] };
      case 'updateRefused':
        return offerRefused(event.refusal, now, timers);
      case 'offer':
        return offerLater(state);
      case 'reinvite':
      case 'update':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'end':
        return leaving(event.why.reason);
      case 'expired':
        return expired(event.what);
      case 'bye':
        return hungUp(event, now, timers);
      case 'withdraw':
      case 'acked':
      case 'lost':
        return { state };
      default:
        return undefined;
    }
  },

  updated(state, event, now, timers) {
    const { transaction } = state;
    switch (event.type) {
      case 'answer':
        return { state: { name: 'confirmed' }, effects: [{ type: 'respond', transaction, sdp: event.sdp }] };
      case 'refuseOffer':
        return {
          state: { name: 'confirmed' },
          effects: [{ type: 'respondTransaction', transaction, refusal: event.refusal }],
        };
      case 'offer':
        return offerLater(state);
      case 'reinvite':
      case 'update':
        return { state, effects: [respondTransaction(event, OVERLAPPING)] };
      case 'end':
        return leaving(event.why.reason, [{ type: 'respondTransaction', transaction, refusal: TERMINATED }]);
      case 'expired':
        return expired(event.what, { type: 'respondTransaction', transaction, refusal: TERMINATED });
      case 'bye':
        return hungUp(event, now, timers, { type: 'respondTransaction', transaction, refusal: TERMINATED });
      case 'acked':
      case 'lost':
        return { state };
      default:
        return undefined;
    }
  },

  leaving(state, event, now, timers) {
    return event.type === 'byeAnswered' ? ended(now, timers) : late(state, event);
  },

  ended(state, event) {
    return event.type === 'timer' ? { state: { name: 'forgotten' } } : late(state, event);
  },
};

/** A 2xx to our re-INVITE; the ACK waits only for the answer to an offer that we asked for. */
function reinviteAnswered(asking: boolean, { response, sdp }: Extract<LegEvent, { type: 'success' }>): LegStep {
  const refresh: LegEffect = { type: 'refresh', response };
  if (sdp === undefined) {
    const refused = tellSession({ type: 'offerRefused', refusal: NO_DESCRIPTION });
    return { state: { name: 'confirmed' }, effects: [refresh, ACK, refused] };
  }
  if (!asking) {
    return { state: { name: 'confirmed' }, effects: [refresh, ACK, tellSession({ type: 'answer', sdp })] };
  }
  return { state: { name: 'answered' }, effects: [refresh, tellSession({ type: 'offer', sdp, by: 'invite' })] };
}

/** RFC 4028 §10: the session is over; BYE, whether or not the peer is still there. */
function expired(what: string, ...open: readonly LegEffect[]): LegStep {
  return leaving(reasonOf(408, what), open, [tell({ type: 'lost', what })]);
}

const ENDING = [408, 481];

/** RFC 3261 §12.2.1.2: 481 and 408 (or no answer) end the dialog; any other refusal leaves it as it was (§14.1). */
function offerRefused(refusal: Refusal, now: number, timers: LegTimers): LegStep {
  if (refusal.status === 481) return ended(now, timers, tell({ type: 'lost', what: 'it does not know the call' }));
  if (refusal.status === 408) {
    return leaving(undefined, [], [tell({ type: 'lost', what: 'it did not answer our offer' })]);
  }
  return { state: { name: 'confirmed' }, effects: [tellSession({ type: 'offerRefused', refusal })] };
}

/** After the end: BYEs that cross are answered (RFC 3261 §15.1.2), and a 2xx to our re-INVITE gets its ACK. */
function late(state: LegState, event: LegEvent): LegStep {
  if (event.type === 'bye') return { state, effects: [{ type: 'respondBye', transaction: event.transaction }] };
  if (event.type === 'success') return { state, effects: [{ type: 'sendAck', sdp: undefined }] };
  return { state };
}
