/**
 * The non-INVITE client transaction: RFC 3261 §17.1.2.
 *
 *              request sent
 *                   │         E: send again
 *             ┌─────▼─────┐◄──┐
 *             │  Trying   ├───┘     F, transport error: fail
 *             └──┬─────┬──┴────────────────────┐
 *            1xx │     │ 200-699               │
 *         ┌──────▼─────┐                       │
 *     ┌──►│ Proceeding ├── F, transport error ─┤
 *     └───┤            │                       │
 *   1xx;  └──────┬─────┘                       │
 *   E: send again│ 200-699                     │
 *         ┌──────▼─────┐                       │
 *         │ Completed  │ (responses absorbed)  │
 *         └──────┬─────┘                       │
 *                │ K                           │
 *         ┌──────▼─────┐                       │
 *         │ Terminated │◄──────────────────────┘
 *         └────────────┘
 */
import type { MachineDefinition, Step } from '../../core/machine.ts';
import type { ClientContext, ClientEffect, ClientEvent, ReceivedResponse } from './client-event.ts';
import type { TransactionFailure } from './user.ts';

export type RequestClientState =
  | {
      readonly name: 'Trying';
      readonly timers: RetransmissionTimers;
      /** Timer E's present length. */
      readonly intervalMs: number;
    }
  | { readonly name: 'Proceeding'; readonly timers: RetransmissionTimers }
  | { readonly name: 'Completed'; readonly timers: { readonly K: number } }
  | { readonly name: 'Terminated'; readonly timers?: never };

interface RetransmissionTimers {
  readonly E: number | undefined;
  readonly F: number;
  readonly [timer: string]: number | undefined;
}

type RequestStep = Step<RequestClientState, ClientEffect>;

/** The state of a request that is being sent for the first time. */
export function trying(now: number, { timers, reliable }: ClientContext): RequestClientState {
  const E = reliable ? undefined : now + timers.t1Ms;
  return { name: 'Trying', intervalMs: timers.t1Ms, timers: { E, F: now + timers.transactionMs } };
}

export const requestClient: MachineDefinition<RequestClientState, ClientEvent, ClientEffect, ClientContext> = {
  name: 'non-INVITE client transaction',
  final: ['Terminated'],
  handlers: {
    Trying(state, event, now, context) {
      switch (event.type) {
        case 'timer': {
          if (event.timer !== 'E') return failed({ kind: 'timeout' });
          const intervalMs = Math.min(2 * state.intervalMs, context.timers.t2Ms);
          const timers = { E: now + intervalMs, F: state.timers.F };
          return { state: { ...state, intervalMs, timers }, effects: [{ type: 'send' }] };
        }
        case 'response':
          return received(event, state.timers, now, context);
        case 'transportError':
          return failed({ kind: 'transport', error: event.error });
        case 'cancel':
          return undefined;
      }
    },
    Proceeding(state, event, now, context) {
      switch (event.type) {
        case 'timer': {
          if (event.timer !== 'E') return failed({ kind: 'timeout' });
          const timers = { E: now + context.timers.t2Ms, F: state.timers.F };
          return { state: { name: 'Proceeding', timers }, effects: [{ type: 'send' }] };
        }
        case 'response':
          return received(event, state.timers, now, context);
        case 'transportError':
          return failed({ kind: 'transport', error: event.error });
        case 'cancel':
          return undefined;
      }
    },
    Completed(state, event) {
      if (event.type === 'timer') return { state: { name: 'Terminated' } };
      return event.type === 'response' ? { state } : undefined;
    },
    Terminated: () => undefined,
  },
};

function received(
  event: ReceivedResponse,
  timers: RetransmissionTimers,
  now: number,
  context: ClientContext,
): RequestStep {
  const effects: readonly ClientEffect[] = [{ type: 'deliver', received: event }];
  // §17.1.2.2: timers E and F run on; only timer E's next length is T2.
  if (event.response.status < 200) return { state: { name: 'Proceeding', timers }, effects };
  // Timer K is zero where the transport is reliable.
  if (context.reliable) return { state: { name: 'Terminated' }, effects };
  return { state: { name: 'Completed', timers: { K: now + context.timers.t4Ms } }, effects };
}

function failed(why: TransactionFailure): RequestStep {
  return { state: { name: 'Terminated' }, effects: [{ type: 'fail', why }] };
}
