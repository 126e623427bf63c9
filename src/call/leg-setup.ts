import type { EarlyState } from './early-states.ts';
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
  PENDING,
  respondTransaction,
  TERMINATED,
  tell,
  tellSession,
} from './leg-steps.ts';
import { UNREACHABLE } from './refusal.ts';

const NO_ACK = 'Q.850;cause=102;text="no ACK"';
/** RFC 3262 §3: a reliable provisional response was not acknowledged in 64·T1. */
const NO_PRACK: LegEffect = { type: 'respondRefuse', refusal: { status: 504 } };

/** How an INVITE is answered, cancelled and acknowledged (RFC 3261 §9, §13). */
export const SETUP: LegHandlers<'invited' | 'accepted' | 'inviting' | 'answered' | 'cancelling'> = {
  invited(state, event, now, timers) {
    switch (event.type) {
      case 'progress':
      case 'accept':
      case 'offer':
      case 'answer':
      case 'preview':
      case 'refuseOffer':
        return command(state, event);
      case 'opened':
        return { state: accepted(now, timers, event.offering) };
      case 'end':
        return ended(now, timers, { type: 'respondRefuse', refusal: event.why.refusal });
      case 'cancelled':
        return ended(now, timers, { type: 'respondRefuse', refusal: TERMINATED }, tell({ type: 'cancelled' }));
      case 'bye':
        // RFC 3261 §15.1.2: the request that is pending gets its 487 too.
        return hungUp(event, now, timers, { type: 'respondRefuse', refusal: TERMINATED });
      case 'unacknowledged':
        return ended(now, timers, NO_PRACK, tell({ type: 'lost', what: 'it did not acknowledge our 18x' }));
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
        return { state: { name: 'confirmed' }, effects: state.offering ? [answerOf(event.sdp)] : [] };
      case 'timer':
        if (event.timer === 'repeat') return repeat(state, now, timers);
        if (state.ending !== undefined) return leaving(state.ending.reason);
        return leaving(NO_ACK, [], [tell({ type: 'lost', what: 'it did not acknowledge our 200' })]);
      case 'offer':
        return offerLater(state);
      case 'end':
        // RFC 3261 §15: no BYE before the ACK or the end of the wait for it.
        return { state: { ...state, ending: state.ending ?? event.why } };
      case 'bye':
        return hungUp(event, now, timers);
      case 'reinvite':
      case 'update':
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
      case 'offer':
      case 'answer':
      case 'refuseOffer':
        return command(state, event);
      case 'provisional':
        return { state, effects: [{ ...event, type: 'tellProgress' }] };
      case 'connected': {
        const { fork, response, early, report } = event;
        const next = confirmedFrom(early);
        return {
          state: next,
          effects: [
            { type: 'confirm', fork, response },
            ...(next.name === 'answered' ? [] : [ACK]),
            ...(report === undefined ? [] : [tellSession(report)]),
            { type: 'tellAnswered', fork, response },
          ],
        };
      }
      case 'refused':
        return ended(now, timers, tell(event));
      case 'end':
        return {
          state: { name: 'cancelling', reason: event.why.reason },
          effects: [{ type: 'cancelInvite', reason: event.why.reason }],
        };
      case 'bye':
        // Against RFC 3261 §15, but some decline by it; the INVITE still gets its final response, which CANCEL hastens.
        return {
          state: { name: 'cancelling', reason: undefined },
          effects: [
            { type: 'respondBye', transaction: event.transaction },
            { type: 'cancelInvite', reason: undefined },
            tell({ type: 'refused', refusal: UNREACHABLE }),
          ],
        };
      case 'reinvite':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'lost':
        return {
          state: { name: 'cancelling', reason: undefined },
          effects: [{ type: 'cancelInvite', reason: undefined }, tell({ type: 'refused', refusal: UNREACHABLE })],
        };
      default:
        return undefined;
    }
  },

  answered(state, event, now, timers) {
    switch (event.type) {
      case 'answer':
        return { state: { name: 'confirmed' }, effects: [{ type: 'sendAck', sdp: event.sdp }] };
      case 'refuseOffer':
        // An offer in a 2xx cannot be refused (RFC 3261 §13.2.2.4); what it would change it does not.
        return { state: { name: 'confirmed' }, effects: [ACK] };
      case 'offer':
        return offerLater(state);
      case 'end':
        return leaving(event.why.reason, [ACK]);
      case 'bye':
        return hungUp(event, now, timers, ACK);
      case 'reinvite':
      case 'update':
        return { state, effects: [respondTransaction(event, PENDING)] };
      case 'success':
      case 'connected':
        // Sent again because our ACK is missing.
        return { state };
      default:
        return undefined;
    }
  },

  cancelling(state, event, now, timers) {
    switch (event.type) {
      case 'connected':
        // The 2xx crossed our CANCEL (RFC 3261 §9.1): the call is taken and ended properly.
        return leaving(state.reason, [{ type: 'confirm', fork: event.fork, response: event.response }, ACK]);
      case 'refused':
        return ended(now, timers);
      case 'bye':
        return { state, effects: [{ type: 'respondBye', transaction: event.transaction }] };
      case 'provisional':
      case 'end':
      case 'lost':
        return { state };
      default:
        return undefined;
    }
  },
};

const ACK: LegEffect = { type: 'sendAck', sdp: undefined };

function command(
  state: LegState,
  { fork, ...one }: Extract<LegEvent, { type: 'progress' | 'accept' | 'offer' | 'answer' | 'preview' | 'refuseOffer' }>,
): LegStep {
  return { state, effects: [{ type: 'command', fork, command: one }] };
}

/** The answer in the ACK to an offer in our 2xx. */
function answerOf(sdp: Extract<LegEvent, { type: 'acked' }>['sdp']): LegEffect {
  if (sdp === undefined) return tellSession({ type: 'offerRefused', refusal: NO_DESCRIPTION });
  return tellSession({ type: 'answer', sdp });
}

/** What of offer and answer is still open when the 2xx comes goes on in the confirmed dialog. */
function confirmedFrom(early: EarlyState): LegState {
  if (early.name === 'offered' && early.by === 'response') return { name: 'answered' };
  if (early.name === 'offered' && early.by !== 'invite') return { name: 'updated', transaction: early.transaction };
  return { name: early.name === 'offering' && early.by === 'update' ? 'updating' : 'confirmed' };
}

function repeat(state: Extract<LegState, { name: 'accepted' }>, now: number, { t2Ms }: LegTimers): LegStep {
  const intervalMs = Math.min(2 * state.intervalMs, t2Ms);
  const timers = { giveUp: state.timers.giveUp, repeat: now + intervalMs };
  return { state: { ...state, intervalMs, timers }, effects: [{ type: 'repeatAccept' }] };
}
