import type { LegEvent, LegState, LegTimers } from './leg-states.ts';
import {
  accepted,
  ended,
  hungUp,
  type LegHandlers,
  type LegStep,
  leaving,
  OVERLAPPING,
  PENDING,
  respondTransaction,
  TERMINATED,
  tell,
} from './leg-steps.ts';
import type { Refusal } from './refusal.ts';

/** Inside the confirmed dialog: re-INVITE (RFC 3261 §14) and BYE (§15). */
export const DIALOG: LegHandlers<'confirmed' | 'reinviting' | 'reinvited' | 'leaving' | 'ended'> = {
  confirmed(state, event, now, timers) {
    switch (event.type) {
      case 'offer':
        return { state: { name: 'reinviting' }, effects: [{ ...event, type: 'sendOffer' }] };
      case 'reinvite': {
        const { transaction, sdp } = event;
        return {
          state: { name: 'reinvited' },
          effects: [{ type: 'takeOffer', transaction }, tell({ type: 'offer', sdp })],
        };
      }
      case 'end':
        return leaving(event.why.reason);
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
        return {
          state: { name: 'answered' },
          effects: [{ type: 'confirm', response: event.response }, tell({ type: 'answer', sdp: event.sdp })],
        };
      case 'refused':
        return offerRefused(event.refusal, now, timers);
      case 'offer':
        return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
      case 'withdraw':
        return { state, effects: [{ type: 'cancelInvite', reason: undefined }] };
      case 'reinvite':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'end':
        // Cancelled too: a peer that forgets to answer it after the BYE would leave its transaction open.
        return leaving(event.why.reason, [{ type: 'cancelInvite', reason: undefined }]);
      case 'bye':
        return hungUp(event, now, timers, { type: 'cancelInvite', reason: undefined });
      case 'acked':
        return { state };
      default:
        return undefined;
    }
  },

  reinvited(state, event, now, timers) {
    switch (event.type) {
      case 'answer':
        return { state: accepted(now, timers), effects: [{ ...event, type: 'respondAnswer' }] };
      case 'refuseOffer':
        return { state: { name: 'confirmed' }, effects: [{ ...event, type: 'respondRefuse' }] };
      case 'cancelled':
        // Not answered 487 before the other side has refused: it may have agreed to the new session already.
        return { state, effects: [tell({ type: 'offerCancelled' })] };
      case 'offer':
        return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
      case 'reinvite':
        return { state, effects: [respondTransaction(event, OVERLAPPING)] };
      case 'end':
        return leaving(event.why.reason, [{ type: 'respondRefuse', refusal: TERMINATED }]);
      case 'bye':
        return hungUp(event, now, timers, { type: 'respondRefuse', refusal: TERMINATED });
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

/** RFC 3261 §12.2.1.2: 481 and 408 (or no answer) end the dialog; any other refusal leaves it as it was (§14.1). */
function offerRefused(refusal: Refusal, now: number, timers: LegTimers): LegStep {
  if (refusal.status === 481) return ended(now, timers, tell({ type: 'lost', what: 'it does not know the call' }));
  if (refusal.status === 408) {
    return leaving(undefined, [], [tell({ type: 'lost', what: 'it did not answer a re-INVITE' })]);
  }
  return { state: { name: 'confirmed' }, effects: [tell({ type: 'offerRefused', refusal })] };
}

/** After the end: BYEs that cross are answered (RFC 3261 §15.1.2), and a 2xx to our re-INVITE gets its ACK. */
function late(state: LegState, event: LegEvent): LegStep {
  if (event.type === 'bye') return { state, effects: [{ type: 'respondBye', transaction: event.transaction }] };
  if (event.type === 'success') return { state, effects: [{ type: 'sendAck', sdp: undefined }] };
  return { state };
}
