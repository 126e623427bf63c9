/** The machine of one UE's SGs association at the VLR (TS 29.118 §5); its states are in association-states.ts. */
import type { MachineDefinition, Step } from '../core/machine.ts';
import type {
  Associated,
  AssociationEffect,
  AssociationEvent,
  AssociationState,
  UeMessage,
} from './association-states.ts';
import { SGS_CAUSE } from './causes.ts';
import { type Area, SERVICE } from './elements.ts';
import type { SgsMessage } from './message.ts';

export interface AssociationContext {
  readonly imsi: string;
  readonly vlrName: string;
}

/** Milliseconds: table 10.1.2. */
export const TIMERS = { Ts5: 10_000, 'Ts6-2': 40_000, Ts7: 4000 } as const;
/** Ns7 of table 10.2.1: times an ALERT-REQUEST is repeated. */
export const NS7 = 2;

type AssociationStep = Step<AssociationState, AssociationEffect>;

const NULL_STATE: AssociationState = { name: 'SGs-NULL' };

export const ASSOCIATION_MACHINE: MachineDefinition<
  AssociationState,
  AssociationEvent,
  AssociationEffect,
  AssociationContext
> = {
  name: 'SGs association',
  final: [],
  handlers: {
    'SGs-NULL': (state, event, _now, { imsi }) => {
      if (event.type === 'page') return { state, effects: [{ type: 'unreachable', why: 'not associated' }] };
      if (event.type !== 'message') return { state };
      const { message } = event;
      switch (message.type) {
        case 'LOCATION-UPDATE-REQUEST':
          return updating(message);
        case 'UPLINK-UNITDATA':
          // The MME lets the UE attach anew (§5.11).
          return {
            state,
            effects: [
              { type: 'uplink', nas: message.nas, imeisv: message.imeisv, associated: false },
              { type: 'send', message: { type: 'RELEASE-REQUEST', imsi, sgsCause: SGS_CAUSE.imsiUnknown } },
            ],
          };
        case 'EPS-DETACH-INDICATION':
        case 'IMSI-DETACH-INDICATION':
          return detached(message);
        default:
          return undefined;
      }
    },

    'LA-UPDATE-PRESENT': (state, event, now, { imsi }) => {
      switch (event.type) {
        case 'accepted':
          return accepted(state.lai, event, now, imsi);
        case 'refused':
          return {
            state: NULL_STATE,
            effects: [{ type: 'send', message: { type: 'LOCATION-UPDATE-REJECT', imsi, rejectCause: event.cause } }],
          };
        case 'reset':
        case 'disconnected':
          return { state: NULL_STATE };
        default:
          return undefined;
      }
    },

    'SGs-ASSOCIATED': (state, event, now, context) => {
      const { imsi, vlrName } = context;
      switch (event.type) {
        case 'message':
          return heard(state, event.message, now, imsi);
        case 'page':
          if (state.radio === 'paging') return { state };
          if (state.radio === 'connected') return { state, effects: [{ type: 'connected', imeisv: undefined }] };
          return {
            state: { ...state, radio: 'paging', timers: { ...state.timers, Ts5: now + TIMERS.Ts5 } },
            effects: [
              { type: 'send', message: { type: 'PAGING-REQUEST', imsi, vlrName, serviceIndicator: SERVICE.sms } },
            ],
          };
        case 'downlink':
          if (state.radio === 'idle') return undefined;
          return { state, effects: [{ type: 'send', message: { type: 'DOWNLINK-UNITDATA', imsi, nas: event.nas } }] };
        case 'release':
          if (state.radio !== 'connected') return { state };
          return {
            state: { ...state, radio: 'idle' },
            effects: [{ type: 'send', message: { type: 'RELEASE-REQUEST', imsi } }],
          };
        case 'reset':
          return { state: NULL_STATE, effects: lost(state, 'the MME was reset') };
        case 'disconnected':
          return { state: idle(state), effects: lost(state, 'its MME is not connected') };
        case 'timer':
          return expired(state, event.timer, now, imsi);
        default:
          return undefined;
      }
    },
  },
};

function updating(request: SgsMessage<'LOCATION-UPDATE-REQUEST'>, before: AssociationEffect[] = []): AssociationStep {
  return { state: { name: 'LA-UPDATE-PRESENT', lai: request.lai }, effects: [...before, { type: 'admit', request }] };
}

function accepted(
  lai: Area,
  { tmsi, mmInformation }: Extract<AssociationEvent, { type: 'accepted' }>,
  now: number,
  imsi: string,
): AssociationStep {
  const accept: SgsMessage<'LOCATION-UPDATE-ACCEPT'> = { type: 'LOCATION-UPDATE-ACCEPT', imsi, lai };
  const state = { name: 'SGs-ASSOCIATED', radio: 'idle', alertsLeft: 0, mmInformation } as const;
  if (tmsi === undefined) return ready({ ...state, timers: {} }, imsi, [{ type: 'send', message: accept }]);
  return {
    state: { ...state, timers: { 'Ts6-2': now + TIMERS['Ts6-2'] } },
    effects: [{ type: 'send', message: { ...accept, mobileIdentity: { kind: 'tmsi', tmsi } } }],
  };
}

/** The UE has its TMSI, if it was given one: it can be told things. */
function ready(state: Associated, imsi: string, before: AssociationEffect[] = []): AssociationStep {
  const { mmInformation } = state;
  const information: AssociationEffect[] =
    mmInformation === undefined
      ? []
      : [{ type: 'send', message: { type: 'MM-INFORMATION-REQUEST', imsi, mmInformation } }];
  return {
    state: { ...state, mmInformation: undefined, timers: { ...state.timers, 'Ts6-2': undefined } },
    effects: [...before, ...information, { type: 'associated' }],
  };
}

function heard(state: Associated, message: UeMessage, now: number, imsi: string): AssociationStep {
  switch (message.type) {
    case 'LOCATION-UPDATE-REQUEST':
      return updating(message, lost(state, 'it updates its location'));
    case 'TMSI-REALLOCATION-COMPLETE':
      return state.timers['Ts6-2'] === undefined ? { state } : ready(state, imsi);
    case 'SERVICE-REQUEST':
      return served(state, message, imsi);
    case 'UPLINK-UNITDATA': {
      const uplink = { type: 'uplink', nas: message.nas, imeisv: message.imeisv, associated: true } as const;
      const radio = state.radio === 'idle' ? 'connected' : state.radio;
      return { state: { ...state, radio }, effects: [uplink] };
    }
    case 'PAGING-REJECT':
    case 'UE-UNREACHABLE':
      return unreachable(state, message.sgsCause, now, imsi);
    case 'ALERT-ACK':
      return { state: { ...state, alertsLeft: 0, timers: { ...state.timers, Ts7: undefined } } };
    case 'ALERT-REJECT':
      return { state: NULL_STATE, effects: lost(state, 'the MME does not know it') };
    case 'UE-ACTIVITY-INDICATION':
      return {
        state: { ...state, alertsLeft: 0, timers: { ...state.timers, Ts7: undefined } },
        effects: [{ type: 'available' }],
      };
    case 'EPS-DETACH-INDICATION':
    case 'IMSI-DETACH-INDICATION':
      return detached(message, lost(state, 'it detached'));
    case 'MO-CSFB-INDICATION':
      return { state };
    case 'STATUS':
      if (isUnknown(message.sgsCause)) return { state: NULL_STATE, effects: lost(state, 'the MME does not know it') };
      return { state: idle(state), effects: lost(state, 'the MME did not understand') };
  }
}

/** §5.1.2.3. A late answer, or one for a call, is sent away. */
function served(state: Associated, message: SgsMessage<'SERVICE-REQUEST'>, imsi: string): AssociationStep {
  if (message.serviceIndicator !== SERVICE.sms) return undefined;
  if (state.radio === 'idle') {
    return { state, effects: [{ type: 'send', message: { type: 'RELEASE-REQUEST', imsi } }] };
  }
  return {
    state: { ...state, radio: 'connected', timers: { ...state.timers, Ts5: undefined } },
    effects: [{ type: 'connected', imeisv: message.imeisv }],
  };
}

/** §5.1.2.4, §5.1.2.5: an MME that does not have the UE ends the association; otherwise it is asked to tell (§5.3.2). */
function unreachable(state: Associated, cause: number, now: number, imsi: string): AssociationStep {
  if (isUnknown(cause)) return { state: NULL_STATE, effects: lost(state, `SGs cause ${cause}`) };
  return alerting(state, `SGs cause ${cause}`, now, imsi);
}

function alerting(state: Associated, why: string, now: number, imsi: string): AssociationStep {
  const { timers } = idle(state);
  return {
    state: { ...state, radio: 'idle', alertsLeft: NS7, timers: { ...timers, Ts7: now + TIMERS.Ts7 } },
    effects: [...lost(state, why), { type: 'send', message: { type: 'ALERT-REQUEST', imsi } }],
  };
}

function expired(state: Associated, timer: 'Ts5' | 'Ts6-2' | 'Ts7', now: number, imsi: string): AssociationStep {
  switch (timer) {
    case 'Ts5':
      return alerting(state, 'the paging was not answered', now, imsi);
    case 'Ts6-2':
      // Both the old and the new TMSI may be the UE's; it is paged by its IMSI.
      return { state: { ...state, mmInformation: undefined }, effects: [{ type: 'associated' }] };
    case 'Ts7':
      if (state.alertsLeft === 0) return { state };
      return {
        state: { ...state, alertsLeft: state.alertsLeft - 1, timers: { ...state.timers, Ts7: now + TIMERS.Ts7 } },
        effects: [{ type: 'send', message: { type: 'ALERT-REQUEST', imsi } }],
      };
  }
}

/** §5.4.3, §5.5.3: acknowledged in any state. */
function detached(
  { type, imsi }: SgsMessage<'EPS-DETACH-INDICATION' | 'IMSI-DETACH-INDICATION'>,
  before: AssociationEffect[] = [],
): AssociationStep {
  const acknowledgement = type === 'EPS-DETACH-INDICATION' ? 'EPS-DETACH-ACK' : 'IMSI-DETACH-ACK';
  return { state: NULL_STATE, effects: [{ type: 'send', message: { type: acknowledgement, imsi } }, ...before] };
}

function idle(state: Associated): Associated {
  return { ...state, radio: 'idle', timers: { ...state.timers, Ts5: undefined } };
}

/** Told only to whoever uses the radio connection, or waits for it. */
function lost({ radio }: Associated, why: string): AssociationEffect[] {
  return radio === 'idle' ? [] : [{ type: 'unreachable', why }];
}

const UNKNOWN: ReadonlySet<number> = new Set([
  SGS_CAUSE.imsiDetachedForEps,
  SGS_CAUSE.imsiDetached,
  SGS_CAUSE.imsiUnknown,
  SGS_CAUSE.imsiDetachedForNonEps,
  SGS_CAUSE.imsiImplicitlyDetachedForNonEps,
]);

function isUnknown(cause: number): boolean {
  return UNKNOWN.has(cause);
}
