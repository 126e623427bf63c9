import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';
import { describeCpCause } from './cp-causes.ts';

/**
 * One transaction of the CP layer on the network's side (TS 24.011 §5.3, SMC-CS):
 *
 *     established --send--> wait for CP-ACK --CP-ACK, or CP-DATA in its place--> established
 *          |                  |  ^ |
 *          |                  |  +-+ TC1*, CP-DATA repeated
 *          |                  +--TC1* once more, CP-ERROR--> released
 *          +--release, CP-ERROR, nothing for long----------> released
 *
 * Who uses it releases it when the RP layer is done.
 */
export type CpState =
  | {
      readonly name: 'established';
      /** The RPDU that came last: its repetition is acknowledged and goes no further. */
      readonly received: Uint8Array | undefined;
      readonly timers: { readonly guard: number };
    }
  | {
      readonly name: 'wait for CP-ACK';
      readonly received: Uint8Array | undefined;
      readonly rpdu: Uint8Array;
      readonly repetitionsLeft: number;
      readonly timers: { readonly TC1: number };
    }
  | { readonly name: 'released' };

export type CpEvent =
  | { readonly type: 'send'; readonly rpdu: Uint8Array }
  /** CP-DATA, CP-ACK, CP-ERROR of the handset. */
  | { readonly type: 'data'; readonly rpdu: Uint8Array }
  | { readonly type: 'ack' }
  | { readonly type: 'error'; readonly cause: number }
  /** The RP layer is done, or the radio connection is gone. */
  | { readonly type: 'release'; readonly why: string }
  | TimerEvent<'TC1' | 'guard'>;

export type CpEffect =
  | { readonly type: 'data'; readonly rpdu: Uint8Array }
  | { readonly type: 'ack' }
  /** An RPDU of the handset, for the RP layer. */
  | { readonly type: 'rpdu'; readonly rpdu: Uint8Array }
  /** The handset has what was sent. */
  | { readonly type: 'taken' }
  /** It does not have it. */
  | { readonly type: 'failed'; readonly why: string };

/** TC1*: long enough for the page and the radio connection below (§5.3.2.1). */
export const TC1_MS = 10_000;
/** §5.3.2.1: at most three. */
export const REPETITIONS = 2;
/** The RP layer's longest wait, TR1N of §10, and a little more. */
export const GUARD_MS = 45_000;

type CpStep = Step<CpState, CpEffect>;

export const CP_MACHINE: MachineDefinition<CpState, CpEvent, CpEffect, undefined> = {
  name: 'CP connection',
  final: ['released'],
  handlers: {
    established(state, event, now) {
      switch (event.type) {
        case 'send':
          return {
            state: {
              name: 'wait for CP-ACK',
              received: state.received,
              rpdu: event.rpdu,
              repetitionsLeft: REPETITIONS,
              timers: { TC1: now + TC1_MS },
            },
            effects: [{ type: 'data', rpdu: event.rpdu }],
          };
        case 'data':
          if (isSame(event.rpdu, state.received)) return { state, effects: [{ type: 'ack' }] };
          return received(event.rpdu, now);
        case 'ack':
          return { state };
        case 'error':
        case 'release':
        case 'timer':
          return { state: { name: 'released' } };
      }
    },
    'wait for CP-ACK'(state, event, now) {
      switch (event.type) {
        case 'ack':
          return { state: established(state.received, now), effects: [{ type: 'taken' }] };
        case 'data':
          if (isSame(event.rpdu, state.received)) return { state, effects: [{ type: 'ack' }] };
          // Its answer says that the handset has it: the CP-ACK was lost, or comes later.
          return received(event.rpdu, now, [{ type: 'taken' }]);
        case 'timer':
          if (state.repetitionsLeft === 0) return failed('no CP-ACK');
          return {
            state: { ...state, repetitionsLeft: state.repetitionsLeft - 1, timers: { TC1: now + TC1_MS } },
            effects: [{ type: 'data', rpdu: state.rpdu }],
          };
        case 'error':
          return failed(`CP-ERROR ${describeCpCause(event.cause)}`);
        case 'release':
          return failed(event.why);
        case 'send':
          return undefined;
      }
    },
    released: () => undefined,
  },
};

/** A connection with nothing under way. */
export function established(received: Uint8Array | undefined, now: number): CpState {
  return { name: 'established', received, timers: { guard: now + GUARD_MS } };
}

/** The acknowledgement comes after the RP layer has dealt with it. */
function received(rpdu: Uint8Array, now: number, before: readonly CpEffect[] = []): CpStep {
  return { state: established(rpdu, now), effects: [...before, { type: 'rpdu', rpdu }, { type: 'ack' }] };
}

function failed(why: string): CpStep {
  return { state: { name: 'released' }, effects: [{ type: 'failed', why }] };
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}
