import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASSOCIATION_MACHINE, TIMERS } from '../../src/sgsap/association.ts';
import type {
  AssociationEffect,
  AssociationEvent,
  AssociationState,
  UeMessage,
} from '../../src/sgsap/association-states.ts';

const IMSI = '001010000000002';
const NOW = 1_000_000;
const LAI = { mcc: '001', mnc: '01', code: 7 };
const INFORMATION = Uint8Array.of(0x47);
const NAS = Uint8Array.of(9, 4);

type Associated = Extract<AssociationState, { name: 'SGs-ASSOCIATED' }>;

const NULL: AssociationState = { name: 'SGs-NULL' };
const UPDATING: AssociationState = { name: 'LA-UPDATE-PRESENT', lai: LAI };

function associated(radio: Associated['radio'], more: Partial<Associated> = {}): Associated {
  const timers = radio === 'paging' ? { Ts5: NOW + 1 } : {};
  return { name: 'SGs-ASSOCIATED', radio, alertsLeft: 0, mmInformation: undefined, timers, ...more };
}

const IDLE = associated('idle');
const PAGING = associated('paging');
const CONNECTED = associated('connected');

const heard = (message: UeMessage): AssociationEvent => ({ type: 'message', message });
const UPDATE = heard({
  type: 'LOCATION-UPDATE-REQUEST',
  imsi: IMSI,
  mmeName: 'mme.test',
  locationUpdateType: 1,
  lai: LAI,
});
const SERVICE = heard({ type: 'SERVICE-REQUEST', imsi: IMSI, serviceIndicator: 2 });
const CALL = heard({ type: 'SERVICE-REQUEST', imsi: IMSI, serviceIndicator: 1 });
const UPLINK = heard({ type: 'UPLINK-UNITDATA', imsi: IMSI, nas: NAS });
const EPS_DETACH = heard({ type: 'EPS-DETACH-INDICATION', imsi: IMSI, mmeName: 'mme.test', epsDetachType: 1 });
const IMSI_DETACH = heard({ type: 'IMSI-DETACH-INDICATION', imsi: IMSI, mmeName: 'mme.test', nonEpsDetachType: 1 });
const TMSI_COMPLETE = heard({ type: 'TMSI-REALLOCATION-COMPLETE', imsi: IMSI });
const CSFB = heard({ type: 'MO-CSFB-INDICATION', imsi: IMSI });
const ALERT_ACK = heard({ type: 'ALERT-ACK', imsi: IMSI });
const ALERT_REJECT = heard({ type: 'ALERT-REJECT', imsi: IMSI, sgsCause: 3 });
const ACTIVITY = heard({ type: 'UE-ACTIVITY-INDICATION', imsi: IMSI });
const rejected = (sgsCause: number) => heard({ type: 'PAGING-REJECT', imsi: IMSI, sgsCause });
const unreachable = (sgsCause: number) => heard({ type: 'UE-UNREACHABLE', imsi: IMSI, sgsCause });
const status = (sgsCause: number) =>
  heard({ type: 'STATUS', imsi: IMSI, sgsCause, erroneousMessage: Uint8Array.of(1) });
const timer = (name: 'Ts5' | 'Ts6-2' | 'Ts7'): AssociationEvent => ({ type: 'timer', timer: name });

/** State, event, the state it leads to with its radio connection and timers, effects in short. `-` is unexpected. */
const ROWS: readonly (readonly [AssociationState, string, AssociationEvent, string, string])[] = [
  [NULL, 'location update', UPDATE, 'LA-UPDATE-PRESENT', 'admit'],
  [NULL, 'uplink', UPLINK, 'SGs-NULL', 'uplink unanswered, RELEASE-REQUEST 3'],
  [NULL, 'EPS detach', EPS_DETACH, 'SGs-NULL', 'EPS-DETACH-ACK'],
  [NULL, 'IMSI detach', IMSI_DETACH, 'SGs-NULL', 'IMSI-DETACH-ACK'],
  [NULL, 'page', { type: 'page' }, 'SGs-NULL', 'unreachable'],
  [NULL, 'service request', SERVICE, '-', ''],
  [NULL, 'activity', ACTIVITY, '-', ''],
  [NULL, 'release', { type: 'release' }, 'SGs-NULL', ''],
  [
    UPDATING,
    'accepted with a TMSI',
    { type: 'accepted', tmsi: 5, mmInformation: INFORMATION },
    'SGs-ASSOCIATED idle Ts6-2',
    'LOCATION-UPDATE-ACCEPT',
  ],
  [
    UPDATING,
    'accepted without',
    { type: 'accepted', tmsi: undefined, mmInformation: INFORMATION },
    'SGs-ASSOCIATED idle',
    'LOCATION-UPDATE-ACCEPT, MM-INFORMATION-REQUEST, associated',
  ],
  [UPDATING, 'refused', { type: 'refused', cause: 2 }, 'SGs-NULL', 'LOCATION-UPDATE-REJECT'],
  [UPDATING, 'reset', { type: 'reset' }, 'SGs-NULL', ''],
  [UPDATING, 'service request', SERVICE, '-', ''],
  [IDLE, 'page', { type: 'page' }, 'SGs-ASSOCIATED paging Ts5', 'PAGING-REQUEST'],
  [PAGING, 'page', { type: 'page' }, 'SGs-ASSOCIATED paging Ts5', ''],
  [CONNECTED, 'page', { type: 'page' }, 'SGs-ASSOCIATED connected', 'connected'],
  [PAGING, 'service request', SERVICE, 'SGs-ASSOCIATED connected', 'connected'],
  [IDLE, 'service request', SERVICE, 'SGs-ASSOCIATED idle', 'RELEASE-REQUEST'],
  [CONNECTED, 'service request', SERVICE, 'SGs-ASSOCIATED connected', 'connected'],
  [PAGING, 'service request for a call', CALL, '-', ''],
  [IDLE, 'uplink', UPLINK, 'SGs-ASSOCIATED connected', 'uplink'],
  [PAGING, 'uplink', UPLINK, 'SGs-ASSOCIATED paging Ts5', 'uplink'],
  [CONNECTED, 'uplink', UPLINK, 'SGs-ASSOCIATED connected', 'uplink'],
  [IDLE, 'downlink', { type: 'downlink', nas: NAS }, '-', ''],
  [PAGING, 'downlink', { type: 'downlink', nas: NAS }, 'SGs-ASSOCIATED paging Ts5', 'DOWNLINK-UNITDATA'],
  [CONNECTED, 'downlink', { type: 'downlink', nas: NAS }, 'SGs-ASSOCIATED connected', 'DOWNLINK-UNITDATA'],
  [CONNECTED, 'release', { type: 'release' }, 'SGs-ASSOCIATED idle', 'RELEASE-REQUEST'],
  [PAGING, 'release', { type: 'release' }, 'SGs-ASSOCIATED paging Ts5', ''],
  [PAGING, 'Ts5', timer('Ts5'), 'SGs-ASSOCIATED idle Ts7', 'unreachable, ALERT-REQUEST'],
  [PAGING, 'rejected: detached', rejected(2), 'SGs-NULL', 'unreachable'],
  [PAGING, 'rejected: unreachable', rejected(6), 'SGs-ASSOCIATED idle Ts7', 'unreachable, ALERT-REQUEST'],
  [CONNECTED, 'unreachable', unreachable(6), 'SGs-ASSOCIATED idle Ts7', 'unreachable, ALERT-REQUEST'],
  [IDLE, 'unreachable', unreachable(14), 'SGs-ASSOCIATED idle Ts7', 'ALERT-REQUEST'],
  [IDLE, 'Ts7, the last', timer('Ts7'), 'SGs-ASSOCIATED idle', ''],
  [associated('idle', { alertsLeft: 1 }), 'Ts7', timer('Ts7'), 'SGs-ASSOCIATED idle Ts7', 'ALERT-REQUEST'],
  [associated('idle', { alertsLeft: 2, timers: { Ts7: NOW } }), 'alert ack', ALERT_ACK, 'SGs-ASSOCIATED idle', ''],
  [associated('idle', { timers: { Ts7: NOW } }), 'alert reject', ALERT_REJECT, 'SGs-NULL', ''],
  [associated('idle', { timers: { Ts7: NOW } }), 'activity', ACTIVITY, 'SGs-ASSOCIATED idle', 'available'],
  [
    associated('idle', { mmInformation: INFORMATION, timers: { 'Ts6-2': NOW } }),
    'TMSI confirmed',
    TMSI_COMPLETE,
    'SGs-ASSOCIATED idle',
    'MM-INFORMATION-REQUEST, associated',
  ],
  [IDLE, 'TMSI confirmed again', TMSI_COMPLETE, 'SGs-ASSOCIATED idle', ''],
  [associated('idle', { mmInformation: INFORMATION }), 'Ts6-2', timer('Ts6-2'), 'SGs-ASSOCIATED idle', 'associated'],
  [IDLE, 'location update', UPDATE, 'LA-UPDATE-PRESENT', 'admit'],
  [PAGING, 'location update', UPDATE, 'LA-UPDATE-PRESENT', 'unreachable, admit'],
  [CONNECTED, 'EPS detach', EPS_DETACH, 'SGs-NULL', 'EPS-DETACH-ACK, unreachable'],
  [IDLE, 'IMSI detach', IMSI_DETACH, 'SGs-NULL', 'IMSI-DETACH-ACK'],
  [PAGING, 'reset', { type: 'reset' }, 'SGs-NULL', 'unreachable'],
  [CONNECTED, 'disconnected', { type: 'disconnected' }, 'SGs-ASSOCIATED idle', 'unreachable'],
  [PAGING, 'STATUS: IMSI unknown', status(3), 'SGs-NULL', 'unreachable'],
  [PAGING, 'STATUS', status(12), 'SGs-ASSOCIATED idle', 'unreachable'],
  [IDLE, 'a call of its own', CSFB, 'SGs-ASSOCIATED idle', ''],
  [IDLE, 'accepted', { type: 'accepted', tmsi: undefined, mmInformation: undefined }, '-', ''],
];

function run(state: AssociationState, event: AssociationEvent) {
  const handler = ASSOCIATION_MACHINE.handlers[state.name] as (
    state: AssociationState,
    event: AssociationEvent,
    now: number,
    context: { imsi: string; vlrName: string },
  ) => { state: AssociationState; effects?: readonly AssociationEffect[] } | undefined;
  return handler(state, event, NOW, { imsi: IMSI, vlrName: 'vlr.test' });
}

function short(effect: AssociationEffect): string {
  if (effect.type === 'uplink') return effect.associated ? 'uplink' : 'uplink unanswered';
  if (effect.type !== 'send') return effect.type;
  const { message } = effect;
  return message.type === 'RELEASE-REQUEST' && message.sgsCause !== undefined
    ? `${message.type} ${message.sgsCause}`
    : message.type;
}

function shown(state: AssociationState | undefined): string {
  if (state === undefined) return '-';
  if (state.name !== 'SGs-ASSOCIATED') return state.name;
  const timers = Object.entries(state.timers).flatMap(([name, at]) => (at === undefined ? [] : [name]));
  return [state.name, state.radio, ...timers].join(' ');
}

describe('an SGs association', () => {
  for (const [state, what, event, next, effects] of ROWS) {
    it(`${shown(state)}: ${what}`, () => {
      const step = run(state, event);
      assert.equal(shown(step?.state), next);
      assert.equal((step?.effects ?? []).map(short).join(', '), effects);
    });
  }

  it('waits as long as table 10.1.2 says', () => {
    const at = (state: AssociationState, event: AssociationEvent) => {
      const next = run(state, event)?.state;
      return next?.name === 'SGs-ASSOCIATED' ? next.timers : undefined;
    };
    assert.equal(at(IDLE, { type: 'page' })?.Ts5, NOW + TIMERS.Ts5);
    assert.equal(at(PAGING, timer('Ts5'))?.Ts7, NOW + TIMERS.Ts7);
    assert.equal(at(UPDATING, { type: 'accepted', tmsi: 1, mmInformation: undefined })?.['Ts6-2'], NOW + 40_000);
  });
});
