import type { LegState, LegTimers } from './leg-states.ts';
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

const NO_ACK = 'Q.850;cause=102;text="no ACK"';

/** How an INVITE is answered, cancelled and acknowledged (RFC 3261 §9, §13). */
export const SETUP: LegHandlers<'invited' | 'accepted' | 'inviting' | 'answered' | 'cancelling'> = {
  invited(state, event, now, timers) {
    switch (event.type) {
      case 'progress':
        return { state, effects: [{ ...event, type: 'respondProgress' }] };
      case 'accept':
        return { state: accepted(now, timers), effects: [{ ...event, type: 'respondAccept' }] };
      case 'end':
        return ended(now, timers, { type: 'respondRefuse', refusal: event.why.refusal });
      case 'cancelled':
        return ended(now, timers, { type: 'respondRefuse', refusal: TERMINATED }, tell({ type: 'cancelled' }));
      case 'bye':
        // RFC 3261 §15.1.2: the request that is pending gets its 487 too.
        return hungUp(event, now, timers, { type: 'respondRefuse', refusal: TERMINATED });
      case 'lost':
        // Refused all the same: without a final response its transaction would never end.
        return ended(now, timers, { type: 'respondRefuse', refusal: TERMINATED }, tell(event));
      case 'reinvite':
        return { state, effects: [respondTransaction(event, OVERLAPPING)] };
      default:
        return undefined;
    }
  },

  accepted(state, event, now, timers) {
    switch (event.type) {
      case 'acked':
        if (state.ending !== undefined) return leaving(state.ending.reason);
        return { state: { name: 'confirmed' }, effects: [tell({ ...event, type: 'acknowledged' })] };
      case 'timer':
        if (event.timer === 'repeat') return repeat(state, now, timers);
        if (state.ending !== undefined) return leaving(state.ending.reason);
        return leaving(NO_ACK, [], [tell({ type: 'lost', what: 'it did not acknowledge our 200' })]);
      case 'offer':
        return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
      case 'end':
        // RFC 3261 §15: no BYE before the ACK or the end of the wait for it.
        return { state: { ...state, ending: state.ending ?? event.why } };
      case 'bye':
        return hungUp(event, now, timers);
      case 'reinvite':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'lost':
        // The 2xx is sent again in a moment.
        return { state };
      default:
        return undefined;
    }
  },

  inviting(state, event, now, timers) {
    switch (event.type) {
      case 'provisional': {
        const { response, sdp } = event;
        return { state, effects: [tell({ type: 'progress', status: response.status, sdp, response })] };
      }
      case 'success':
        return {
          state: { name: 'answered' },
          effects: [{ type: 'confirm', response: event.response }, tell({ ...event, type: 'answered' })],
        };
      case 'refused':
        return ended(now, timers, tell(event));
      case 'end':
        return {
          state: { name: 'cancelling', reason: event.why.reason },
          effects: [{ type: 'cancelInvite', reason: event.why.reason }],
        };
      default:
        return undefined;
    }
  },

  answered(state, event, now, timers) {
    switch (event.type) {
      case 'acknowledge':
        return { state: { name: 'confirmed' }, effects: [{ ...event, type: 'sendAck' }] };
      case 'offer':
        return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
      case 'end':
        return leaving(event.why.reason, [{ type: 'sendAck', sdp: undefined }]);
      case 'bye':
        return hungUp(event, now, timers, { type: 'sendAck', sdp: undefined });
      case 'reinvite':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'success':
        // Sent again because our ACK is missing.
        return { state };
      default:
        return undefined;
    }
  },

  cancelling(state, event, now, timers) {
    switch (event.type) {
      case 'success':
        // The 2xx crossed our CANCEL (RFC 3261 §9.1): the call is taken and ended properly.
        return leaving(state.reason, [
          { type: 'confirm', response: event.response },
          { type: 'sendAck', sdp: undefined },
        ]);
      case 'refused':
        return ended(now, timers);
      case 'provisional':
      case 'end':
        return { state };
      default:
        return undefined;
    }
  },
};

function repeat(state: Extract<LegState, { name: 'accepted' }>, now: number, { t2Ms }: LegTimers): LegStep {
  const intervalMs = Math.min(2 * state.intervalMs, t2Ms);
  const timers = { giveUp: state.timers.giveUp, repeat: now + intervalMs };
  return { state: { ...state, intervalMs, timers }, effects: [{ type: 'repeatAccept' }] };
}
