import type { MachineDefinition, Step } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { EarlyEffect, EarlyEvent, EarlyState } from './early-states.ts';
import type { SessionReport } from './leg-session.ts';
import { OVERLAPPING, PENDING } from './leg-steps.ts';
import type { Refusal } from './refusal.ts';

/**
 * Offer and answer in one early dialog (RFC 3264, by INVITE and its responses, PRACK and UPDATE: RFC 3261 §13.2.1,
 * RFC 3262 §5, RFC 3311 §5), the same for either side of the INVITE:
 *
 *     asked ───our offer (we answer the INVITE)─────────► offering ──answer in PRACK, 200 to UPDATE, 18x──┐
 *       └─────offer in a reliable 18x (we sent the INVITE)──► offered ──our answer──────────────────────┐ │
 *                                                              ▲ peer's UPDATE or PRACK with an offer   ▼ ▼
 *                                                              └──────────────────────────────────── agreed
 *                                                                                  our UPDATE: offering ◄─┘
 *
 * One who answers an INVITE has agreed only when a response that carries the answer reliably has left; until then
 * unreliable ones show it.
 */
export const EARLY_MACHINE: MachineDefinition<EarlyState, EarlyEvent, EarlyEffect, undefined> = {
  name: 'early dialog',
  final: [],
  handlers: {
    asked(state, event) {
      switch (event.type) {
        case 'offer':
          return {
            state: { name: 'offering', by: 'response', offer: event.sdp, sent: false },
            effects: [{ type: 'described' }],
          };
        case 'peerOffer':
          if (event.by !== 'response') return refuse(state, event, OVERLAPPING);
          return { state: { name: 'offered', by: 'response' }, effects: [tellOffer(event.sdp)] };
        case 'peerPreview':
        case 'carried':
          return { state };
        default:
          return undefined;
      }
    },

    offered(state, event) {
      switch (event.type) {
        case 'answer':
          return answer(state, event.sdp);
        case 'preview':
          return state.by === 'invite' ? { state: { ...state, preview: event.sdp } } : undefined;
        case 'carried':
          if (state.by !== 'invite') return undefined;
          return state.answer === undefined && state.preview === undefined ? { state } : { state: { name: 'agreed' } };
        case 'refuseOffer':
          // What offers by INVITE or by its response is refused with the whole INVITE.
          if (state.by === 'invite' || state.by === 'response') return undefined;
          return {
            state: { name: 'agreed' },
            effects: [{ type: 'respondTransaction', transaction: state.transaction, refusal: event.refusal }],
          };
        case 'offer':
          return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
        case 'peerOffer':
          return refuse(state, event, OVERLAPPING);
        case 'peerPreview':
          return { state };
        case 'peerAnswer':
        case 'peerRefused':
          return undefined;
      }
    },

    offering(state, event) {
      switch (event.type) {
        case 'carried':
          return { state: state.by === 'response' ? { ...state, sent: true } : state };
        case 'peerAnswer':
          return { state: { name: 'agreed' }, effects: [tell({ type: 'answer', sdp: event.sdp })] };
        case 'peerPreview':
          return { state, effects: state.by === 'invite' ? [tell({ type: 'preview', sdp: event.sdp })] : [] };
        case 'peerRefused':
          return { state: { name: 'agreed' }, effects: [tell({ type: 'offerRefused', refusal: event.refusal })] };
        case 'offer':
          return { state, effects: [tell({ type: 'offerRefused', refusal: PENDING })] };
        case 'peerOffer':
          // RFC 3311 §5.2: offers that cross.
          return refuse(state, event, PENDING);
        case 'answer':
        case 'preview':
        case 'refuseOffer':
          return undefined;
      }
    },

    agreed(state, event) {
      switch (event.type) {
        case 'offer':
          return { state: { name: 'offering', by: 'update' }, effects: [{ type: 'sendUpdate', sdp: event.sdp }] };
        case 'peerOffer':
          // RFC 3261 §13.2.1: after the answer, descriptions in further responses say nothing new.
          if (event.by === 'response') return { state };
          return {
            state: { name: 'offered', by: event.by, transaction: event.transaction },
            effects: [tellOffer(event.sdp)],
          };
        case 'answer':
        case 'preview':
        case 'carried':
        case 'peerAnswer':
        case 'peerPreview':
          return { state };
        case 'refuseOffer':
        case 'peerRefused':
          return undefined;
      }
    },
  },
};

type EarlyStep = Step<EarlyState, EarlyEffect>;

function answer(state: Extract<EarlyState, { name: 'offered' }>, sdp: SessionDescription): EarlyStep {
  switch (state.by) {
    case 'invite':
      return { state: { name: 'offered', by: 'invite', answer: sdp }, effects: [{ type: 'described' }] };
    case 'response':
      return { state: { name: 'agreed' }, effects: [{ type: 'sendPrack', sdp }] };
    case 'prack':
    case 'update':
      return { state: { name: 'agreed' }, effects: [{ type: 'respond', transaction: state.transaction, sdp }] };
  }
}

function refuse(state: EarlyState, event: Extract<EarlyEvent, { type: 'peerOffer' }>, refusal: Refusal): EarlyStep {
  if (event.by === 'response') return { state };
  return { state, effects: [{ type: 'respondTransaction', transaction: event.transaction, refusal }] };
}

function tellOffer(sdp: SessionDescription): EarlyEffect {
  return tell({ type: 'offer', sdp, by: 'update' });
}

function tell(report: SessionReport): EarlyEffect {
  return { type: 'tell', report };
}
