/**
 * The INVITE client transaction: RFC 3261 §17.1.1 with the state Accepted of RFC 6026 §7.2, and CANCEL (§9.1).
 *
 *            INVITE sent
 *                 │          A: send again
 *          ┌──────▼─────┐◄──┐
 *          │  Calling   ├───┘    B, transport error: fail
 *          └─┬───┬────┬─┴───────────────────────┐
 *            │   │1xx └───────────┐             │
 *            │ ┌─▼──────────┐◄──┐ │             │
 *            │ │ Proceeding ├───┘ │ 1xx; cancel: CANCEL
 *            │ └─┬────────┬─┴─────┼─────────────┤
 *        2xx │   │2xx     │       │ cancelled: fail
 *         ┌──▼───▼─────┐  │       │             │
 *         │  Accepted  │  │       │ 300-699: ACK│
 *    2xx  └──┬─────────┘  │       │             │
 *            │     ┌──────▼───────▼───┐◄──┐     │
 *          M │     │    Completed     ├───┘ 300-699: ACK
 *            │     └──────┬───────────┘         │
 *            │            │ D, transport error  │
 *         ┌──▼────────────▼─────────────────────▼──┐
 *         │               Terminated               │
 *         └────────────────────────────────────────┘
 */
import type { MachineDefinition, Step } from '../../core/machine.ts';
import type { CancelOrder, ClientContext, ClientEffect, ClientEvent, ReceivedResponse } from './client-event.ts';
import type { TransactionFailure } from './user.ts';

export type InviteClientState =
  | {
      readonly name: 'Calling';
      readonly timers: { readonly A: number | undefined; readonly B: number };
      /** Timer A's present length. */
      readonly intervalMs: number;
      /** Waits for a provisional response: a CANCEL sent before could overtake its INVITE. */
      readonly cancel?: CancelOrder;
    }
  | {
      readonly name: 'Proceeding';
      /** `cancelled`: how long a final response may take after the CANCEL. */
      readonly timers: { readonly cancelled?: number };
    }
  | { readonly name: 'Accepted'; readonly timers: { readonly M: number } }
  | { readonly name: 'Completed'; readonly timers: { readonly D: number } }
  | { readonly name: 'Terminated'; readonly timers?: never };

type InviteStep = Step<InviteClientState, ClientEffect>;

/** The state of an INVITE that is being sent for the first time. */
export function calling(now: number, { timers, reliable }: ClientContext): InviteClientState {
  const A = reliable ? undefined : now + timers.t1Ms;
  return { name: 'Calling', intervalMs: timers.t1Ms, timers: { A, B: now + timers.transactionMs } };
}

export const inviteClient: MachineDefinition<InviteClientState, ClientEvent, ClientEffect, ClientContext> = {
  name: 'INVITE client transaction',
  final: ['Terminated'],
  handlers: {
    Calling(state, event, now, context) {
      switch (event.type) {
        case 'timer': {
          if (event.timer !== 'A') return failed({ kind: 'timeout' });
          // §17.1.1.2: the interval doubles without the limit T2.
          const intervalMs = 2 * state.intervalMs;
          const timers = { A: now + intervalMs, B: state.timers.B };
          return { state: { ...state, intervalMs, timers }, effects: [{ type: 'send' }] };
        }
        case 'response':
          return event.response.status < 200
            ? proceeding(event, state.cancel, now, context)
            : answered(event, now, context);
        case 'cancel':
          return { state: { ...state, cancel: event } };
        case 'transportError':
          return failed({ kind: 'transport', error: event.error });
      }
    },
    Proceeding(state, event, now, context) {
      switch (event.type) {
        case 'timer':
          return failed({ kind: 'timeout' });
        case 'response':
          return event.response.status < 200
            ? { state, effects: [{ type: 'deliver', received: event }] }
            : answered(event, now, context);
        case 'cancel':
          if (state.timers.cancelled !== undefined) return { state };
          return {
            state: { name: 'Proceeding', timers: { cancelled: now + context.timers.transactionMs } },
            effects: [{ type: 'cancel', reason: event.reason }],
          };
        case 'transportError':
          return undefined;
      }
    },
    // RFC 6026 §7.2: each 2xx, repeated or of another fork, is the user's; what else comes late is absorbed.
    Accepted(state, event) {
      switch (event.type) {
        case 'timer':
          return { state: { name: 'Terminated' } };
        case 'response':
          return event.response.status >= 200 && event.response.status < 300
            ? { state, effects: [{ type: 'deliver', received: event }] }
            : { state };
        case 'cancel':
          return { state };
        case 'transportError':
          return undefined;
      }
    },
    Completed(state, event) {
      switch (event.type) {
        case 'timer':
          return { state: { name: 'Terminated' } };
        case 'response':
          if (event.response.status >= 300) return { state, effects: [{ type: 'ack', response: event.response }] };
          // RFC 3261 §16.7 item 5: a proxy forwards a branch's 2xx even after the refusal.
          return event.response.status >= 200 ? { state, effects: [{ type: 'stray', received: event }] } : { state };
        case 'cancel':
          return { state };
        case 'transportError':
          return failed({ kind: 'transport', error: event.error });
      }
    },
    Terminated: () => undefined,
  },
};

function proceeding(
  received: ReceivedResponse,
  cancel: CancelOrder | undefined,
  now: number,
  { timers }: ClientContext,
): InviteStep {
  const deliver: ClientEffect = { type: 'deliver', received };
  if (cancel === undefined) return { state: { name: 'Proceeding', timers: {} }, effects: [deliver] };
  return {
    state: { name: 'Proceeding', timers: { cancelled: now + timers.transactionMs } },
    effects: [{ type: 'cancel', reason: cancel.reason }, deliver],
  };
}

function answered(received: ReceivedResponse, now: number, { timers, reliable }: ClientContext): InviteStep {
  const deliver: ClientEffect = { type: 'deliver', received };
  if (received.response.status < 300) {
    return { state: { name: 'Accepted', timers: { M: now + timers.transactionMs } }, effects: [deliver] };
  }
  return {
    // Timer D is zero where the transport is reliable.
    state: reliable ? { name: 'Terminated' } : { name: 'Completed', timers: { D: now + timers.dMs } },
    effects: [{ type: 'ack', response: received.response }, deliver],
  };
}

function failed(why: TransactionFailure): InviteStep {
  return { state: { name: 'Terminated' }, effects: [{ type: 'fail', why }] };
}
