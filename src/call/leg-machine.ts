import type { MachineDefinition, Step } from '../core/machine.ts';
import type { LegEffect, LegEvent, LegReport, LegState, LegTimers, Repeating } from './leg-states.ts';
import type { Refusal } from './refusal.ts';

/**
 * One leg of a call: our dialog with one handset. It reduces SIP messages to what the call needs to know, and does
 * what the call tells it, so that the call sees neither CSeq nor retransmission (RFC 3261 §13 to §15, RFC 6026).
 *
 *     incoming:  offered --accept--> accepted --ACK--> confirmed
 *     outgoing:  inviting --2xx--> answered --acknowledge--> confirmed
 *                inviting --end--> cancelling --2xx: ACK, BYE--> leaving
 *     confirmed --end: BYE--> leaving --answered--> ended      confirmed --BYE of the peer--> ended
 *     ended --64·T1--> forgotten
 */
type Next = Step<LegState, LegEffect>;
type Confirmed = Extract<LegState, { name: 'confirmed' }>;

const GONE: Refusal = { status: 481 };
const TERMINATED: Refusal = { status: 487 };
const PENDING: Refusal = { status: 491 };
/** RFC 3261 §14.2: a second re-INVITE before the first is answered. */
const OVERLAPPING: Refusal = { status: 500, retryAfter: 3 };
const NO_ACK = 'Q.850;cause=102;text="no ACK"';

export const LEG_MACHINE: MachineDefinition<LegState, LegEvent, LegEffect, LegTimers> = {
  name: 'leg',
  final: ['forgotten'],
  handlers: {
    offered(state, event, now, timers) {
      switch (event.type) {
        case 'progress':
          return { state, effects: [{ ...event, type: 'respondProgress' }] };
        case 'accept':
          return {
            state: { name: 'accepted', ending: undefined, ...repeating(now, timers) },
            effects: [{ ...event, type: 'respondAccept' }],
          };
        case 'end':
          return ended(now, timers, { type: 'respondRefuse', refusal: event.why.refusal });
        case 'cancelled':
          return ended(now, timers, { type: 'respondRefuse', refusal: TERMINATED }, tell({ type: 'cancelled' }));
        case 'bye':
          return ended(
            now,
            timers,
            { ...event, type: 'respondBye' },
            { type: 'respondRefuse', refusal: TERMINATED },
            tell({ type: 'hungUp', reason: event.reason }),
          );
        case 'lost':
          return ended(now, timers, tell({ type: 'lost', what: event.what }));
        default:
          return early(state, event);
      }
    },

    accepted(state, event, now, timers) {
      switch (event.type) {
        case 'acked':
          if (state.ending !== undefined) return leaving(state.ending.reason);
          return {
            state: { name: 'confirmed', exchange: 'none' },
            effects: [tell({ ...event, type: 'acknowledged' })],
          };
        case 'timer':
          if (event.timer === 'repeat') return repeat(state, now, timers);
          if (state.ending !== undefined) return leaving(state.ending.reason);
          return withReport(leaving(NO_ACK), { type: 'lost', what: 'it did not acknowledge our 200' });
        case 'end':
          return { state: { ...state, ending: event.why } };
        case 'bye':
          return ended(now, timers, { ...event, type: 'respondBye' }, tell({ type: 'hungUp', reason: event.reason }));
        default:
          return early(state, event);
      }
    },

    inviting(state, event, now, timers) {
      switch (event.type) {
        case 'provisional':
          return {
            state,
            effects: [
              tell({ type: 'progress', status: event.response.status, sdp: event.sdp, response: event.response }),
            ],
          };
        case 'success':
          return {
            state: { name: 'answered' },
            effects: [
              { type: 'confirm', response: event.response },
              tell({ type: 'answered', sdp: event.sdp, response: event.response }),
            ],
          };
        case 'refused':
          return ended(now, timers, tell(event));
        case 'end':
          return { state: { name: 'cancelling' }, effects: [{ type: 'cancelInvite', reason: event.why.reason }] };
        default:
          return early(state, event);
      }
    },

    answered(state, event, now, timers) {
      switch (event.type) {
        case 'acknowledge':
          return { state: { name: 'confirmed', exchange: 'none' }, effects: [{ ...event, type: 'sendAck' }] };
        case 'end':
          return withEffectFirst({ type: 'sendAck', sdp: undefined }, leaving(event.why.reason));
        case 'bye':
          return ended(
            now,
            timers,
            { type: 'sendAck', sdp: undefined },
            { ...event, type: 'respondBye' },
            tell({ type: 'hungUp', reason: event.reason }),
          );
        case 'success':
          return { state };
        default:
          return early(state, event);
      }
    },

    cancelling(state, event, now, timers) {
      switch (event.type) {
        case 'success':
          // The 2xx crossed our CANCEL (RFC 3261 §9.1): the call is taken and ended properly.
          return {
            state: { name: 'leaving' },
            effects: [
              { type: 'confirm', response: event.response },
              { type: 'sendAck', sdp: undefined },
              { type: 'sendBye', reason: undefined },
            ],
          };
        case 'refused':
          return ended(now, timers);
        case 'provisional':
        case 'end':
          return { state };
        default:
          return early(state, event);
      }
    },

    confirmed(state, event, now, timers) {
      switch (event.type) {
        case 'offer':
          if (state.exchange !== 'none') {
            return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
          }
          return { state: { name: 'confirmed', exchange: 'sent' }, effects: [{ ...event, type: 'sendOffer' }] };
        case 'success':
          if (state.exchange !== 'sent') return { state };
          return {
            state: { name: 'confirmed', exchange: 'answered' },
            effects: [{ type: 'confirm', response: event.response }, tell({ type: 'answer', sdp: event.sdp })],
          };
        case 'acknowledge':
          return {
            state: { name: 'confirmed', exchange: 'none' },
            effects: state.exchange === 'answered' ? [{ ...event, type: 'sendAck' }] : [],
          };
        case 'refused':
          return offerRefused(event.refusal, now, timers);
        case 'reoffered':
          return reoffered(state, event);
        case 'answer':
          if (state.exchange !== 'received') return undefined;
          return {
            state: { name: 'confirmed', exchange: 'accepted', ...repeating(now, timers) },
            effects: [{ ...event, type: 'respondAnswer' }],
          };
        case 'refuseOffer':
          return {
            state: { name: 'confirmed', exchange: 'none' },
            effects: state.exchange === 'received' ? [{ ...event, type: 'respondRefuse' }] : [],
          };
        case 'cancelled':
          if (state.exchange !== 'received') return { state };
          return {
            state: { name: 'confirmed', exchange: 'none' },
            effects: [{ type: 'respondRefuse', refusal: TERMINATED }, tell({ type: 'offerCancelled' })],
          };
        case 'acked':
          if (state.exchange !== 'accepted') return { state };
          return {
            state: { name: 'confirmed', exchange: 'none' },
            effects: [tell({ ...event, type: 'acknowledged' })],
          };
        case 'timer':
          if (event.timer === 'repeat') return repeat(state, now, timers);
          return withReport(leaving(NO_ACK), { type: 'lost', what: 'it did not acknowledge our 200' });
        case 'end':
          return finishExchange(state, leaving(event.why.reason));
        case 'bye':
          return finishExchange(
            state,
            ended(now, timers, { ...event, type: 'respondBye' }, tell({ type: 'hungUp', reason: event.reason })),
          );
        default:
          return early(state, event);
      }
    },

    leaving(state, event, now, timers) {
      if (event.type === 'byeAnswered') return ended(now, timers);
      return over(state, event);
    },

    ended(state, event) {
      if (event.type === 'timer') return { state: { name: 'forgotten' } };
      return over(state, event);
    },

    forgotten: () => undefined,
  },
};

/** What any state before the end answers alike. */
function early(state: LegState, event: LegEvent): Next {
  if (event.type === 'bye')
    return { state, effects: [{ type: 'respondTransaction', transaction: event.transaction, refusal: GONE }] };
  if (event.type === 'reoffered') {
    return { state, effects: [{ type: 'respondTransaction', transaction: event.transaction, refusal: OVERLAPPING }] };
  }
  return undefined;
}

/** After our BYE or the peer's: crossing BYEs get 200, late 2xx their ACK, the rest 481. */
function over(state: LegState, event: LegEvent): Next {
  switch (event.type) {
    case 'bye':
      return { state, effects: [{ ...event, type: 'respondBye' }] };
    case 'reoffered':
      return { state, effects: [{ type: 'respondTransaction', transaction: event.transaction, refusal: GONE }] };
    case 'success':
      return { state, effects: [{ type: 'sendAck', sdp: undefined }] };
    default:
      return { state };
  }
}

function reoffered(state: Confirmed, event: Extract<LegEvent, { type: 'reoffered' }>): Next {
  const { transaction, sdp } = event;
  // RFC 3261 §14.2: 491 while ours is under way, 500 while theirs is.
  if (state.exchange === 'sent' || state.exchange === 'answered') {
    return { state, effects: [{ type: 'respondTransaction', transaction, refusal: PENDING }] };
  }
  if (state.exchange !== 'none') {
    return { state, effects: [{ type: 'respondTransaction', transaction, refusal: OVERLAPPING }] };
  }
  return {
    state: { name: 'confirmed', exchange: 'received' },
    effects: [{ type: 'takeOffer', transaction }, tell({ type: 'offer', sdp })],
  };
}

/** RFC 3261 §12.2.1.2: 481 and 408 (or no answer) end the dialog, any other refusal leaves it as it was. */
function offerRefused(refusal: Refusal, now: number, timers: LegTimers): Next {
  if (refusal.status === 481)
    return ended(now, timers, tell({ type: 'lost', what: 'it does not know the call any more' }));
  if (refusal.status === 408) {
    return withReport(leaving(undefined), { type: 'lost', what: 'it did not answer a re-INVITE' });
  }
  return { state: { name: 'confirmed', exchange: 'none' }, effects: [tell({ type: 'offerRefused', refusal })] };
}

/** Answers the peer's open re-INVITE, or acknowledges ours, before the leg ends. */
function finishExchange(state: Confirmed, next: NonNullable<Next>): Next {
  if (state.exchange === 'received') return withEffectFirst({ type: 'respondRefuse', refusal: TERMINATED }, next);
  if (state.exchange === 'answered') return withEffectFirst({ type: 'sendAck', sdp: undefined }, next);
  return next;
}

function leaving(reason: string | undefined): NonNullable<Next> {
  return { state: { name: 'leaving' }, effects: [{ type: 'sendBye', reason }] };
}

function ended(now: number, timers: LegTimers, ...effects: readonly LegEffect[]): NonNullable<Next> {
  return { state: { name: 'ended', timers: { forget: now + 64 * timers.t1Ms } }, effects };
}

/** RFC 3261 §13.3.1.4: the 2xx again after T1, doubling up to T2, for 64·T1. */
function repeating(now: number, { t1Ms }: LegTimers): Repeating {
  return { timers: { repeat: now + t1Ms, giveUp: now + 64 * t1Ms }, interval: t1Ms };
}

function repeat(
  state: Extract<LegState, { name: 'accepted' | 'confirmed' }>,
  now: number,
  { t1Ms, t2Ms }: LegTimers,
): Next {
  const interval = Math.min((state.interval ?? t1Ms) * 2, t2Ms);
  const giveUp = state.timers?.giveUp ?? now;
  return {
    state: { ...state, interval, timers: { giveUp, repeat: now + interval } },
    effects: [{ type: 'repeatAccept' }],
  };
}

function tell(report: LegReport): LegEffect {
  return { type: 'tell', report };
}

function withReport(step: NonNullable<Next>, report: LegReport): Next {
  return { state: step.state, effects: [...(step.effects ?? []), tell(report)] };
}

function withEffectFirst(effect: LegEffect, step: NonNullable<Next>): NonNullable<Next> {
  return { state: step.state, effects: [effect, ...(step.effects ?? [])] };
}
