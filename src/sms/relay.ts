import type { MachineDefinition, Step, TimerEvent } from '../core/machine.ts';

/**
 * The life of one short message on its way to a handset (TS 23.040 §3.2, TS 24.011 §6.3):
 *
 *     waiting --attempt--> sending --taken--> answering --acknowledged--> delivered
 *        ^                  |  ^                   |------refused for good--> rejected
 *        |                  |  |failed, another way|------no answer, or refused until later--+
 *        |                  |  +-------------------+                                         |
 *        +------------------+--failed, no way left-------------------------------------------+
 *        |
 *        +--expiry--> expired        from everywhere: discard --> discarded
 *
 * Where it must be tried once only, `undeliverable` stands in the place of a second wait. An acknowledgement counts
 * whenever it comes: each attempt has the same reference.
 */
export type RelayState =
  | { readonly name: 'waiting'; readonly timers: { readonly expiry: number; readonly retry?: number | undefined } }
  /** A way to the handset is being tried; `others` come after it. */
  | { readonly name: 'sending'; readonly others: readonly string[] }
  /** The handset has the message. */
  | { readonly name: 'answering'; readonly timers: { readonly answer: number } }
  | { readonly name: 'delivered' }
  | { readonly name: 'rejected' }
  | { readonly name: 'undeliverable' }
  | { readonly name: 'expired' }
  | { readonly name: 'discarded' };

export type RelayEnd = Extract<
  RelayState['name'],
  'delivered' | 'rejected' | 'undeliverable' | 'expired' | 'discarded'
>;

export type RelayEvent =
  | TimerEvent<'expiry' | 'retry' | 'answer'>
  /** It is this message's turn; the ways that reach the handset, best first. */
  | { readonly type: 'attempt'; readonly ways: readonly string[] }
  | { readonly type: 'taken' }
  | { readonly type: 'failed' }
  | { readonly type: 'acknowledged' }
  /** `temporary`: the handset may take it another time. */
  | { readonly type: 'refused'; readonly temporary: boolean }
  | { readonly type: 'discard' };

export type RelayEffect =
  | { readonly type: 'deliver'; readonly way: string }
  /** Time to try again: attempt it, if something reaches. */
  | { readonly type: 'retry' };

export interface RelayContext {
  /** Instant. */
  readonly expiresAt: number;
  readonly singleShot: boolean;
  /** Time between two attempts; asked each time. */
  readonly retryMs: () => number;
  /** How long a handset that has the message may take to answer. */
  readonly answerMs: number;
}

type RelayStep = Step<RelayState, RelayEffect>;

export const RELAY_MACHINE: MachineDefinition<RelayState, RelayEvent, RelayEffect, RelayContext> = {
  name: 'short message',
  final: ['delivered', 'rejected', 'undeliverable', 'expired', 'discarded'],
  handlers: {
    waiting(state, event, _now, context) {
      switch (event.type) {
        case 'attempt':
          if (event.ways.length > 0) return sending(event.ways);
          return context.singleShot ? { state: { name: 'undeliverable' } } : { state };
        case 'timer':
          if (event.timer === 'expiry') return { state: { name: 'expired' } };
          return { state, effects: [{ type: 'retry' }] };
        case 'acknowledged':
          return { state: { name: 'delivered' } };
        case 'discard':
          return { state: { name: 'discarded' } };
        default:
          return undefined;
      }
    },
    sending(state, event, now, context) {
      switch (event.type) {
        case 'taken':
          return { state: { name: 'answering', timers: { answer: now + context.answerMs } } };
        case 'failed':
          return state.others.length > 0 ? sending(state.others) : again(now, context);
        case 'acknowledged':
        case 'refused':
        case 'discard':
          return answered(event, now, context);
        default:
          return undefined;
      }
    },
    answering(_state, event, now, context) {
      switch (event.type) {
        case 'timer':
          return again(now, context);
        case 'acknowledged':
        case 'refused':
        case 'discard':
          return answered(event, now, context);
        default:
          return undefined;
      }
    },
    delivered: () => undefined,
    rejected: () => undefined,
    undeliverable: () => undefined,
    expired: () => undefined,
    discarded: () => undefined,
  },
};

function sending([way, ...others]: readonly string[]): RelayStep {
  return { state: { name: 'sending', others }, effects: way === undefined ? [] : [{ type: 'deliver', way }] };
}

function answered(
  event: Extract<RelayEvent, { type: 'acknowledged' | 'refused' | 'discard' }>,
  now: number,
  context: RelayContext,
): RelayStep {
  if (event.type === 'discard') return { state: { name: 'discarded' } };
  if (event.type === 'acknowledged') return { state: { name: 'delivered' } };
  return event.temporary ? again(now, context) : { state: { name: 'rejected' } };
}

function again(now: number, { expiresAt, singleShot, retryMs }: RelayContext): RelayStep {
  if (singleShot) return { state: { name: 'undeliverable' } };
  if (now >= expiresAt) return { state: { name: 'expired' } };
  return { state: { name: 'waiting', timers: { expiry: expiresAt, retry: now + retryMs() } } };
}
