/**
 * The non-INVITE server transaction: RFC 3261 §17.2.2.
 *
 *        request to the user
 *                │
 *          ┌─────▼─────┐
 *          │  Trying   │ (repeated requests absorbed)
 *          └──┬─────┬──┘
 *   1xx: send │     │ 200-699: send
 *      ┌──────▼─────┐
 *  ┌──►│ Proceeding ├── transport error: fail ─┐
 *  └───┤            │                          │
 *  request,  ┬──────┘                          │
 *  1xx: send │ 200-699: send                   │
 *      ┌─────▼─────┐◄──┐ request: send again   │
 *      │ Completed ├───┘                       │
 *      └─────┬─────┘── transport error: fail ──┤
 *            │ J                               │
 *      ┌─────▼──────┐                          │
 *      │ Terminated │◄─────────────────────────┘
 *      └────────────┘
 */
import type { MachineDefinition, Step } from '../../core/machine.ts';
import type { ServerEffect, ServerEvent, UserResponse } from './server-event.ts';
import type { TimerValues } from './timers.ts';
import type { Packet } from './wire.ts';

export type RequestServerState =
  | { readonly name: 'Trying'; readonly timers?: never }
  | { readonly name: 'Proceeding'; readonly timers?: never; readonly packet: Packet }
  | { readonly name: 'Completed'; readonly timers: { readonly J: number }; readonly packet: Packet }
  | { readonly name: 'Terminated'; readonly timers?: never };

type RequestStep = Step<RequestServerState, ServerEffect>;

/** The state of a request that has just come. */
export const TRYING: RequestServerState = { name: 'Trying' };

export const requestServer: MachineDefinition<RequestServerState, ServerEvent, ServerEffect, TimerValues> = {
  name: 'non-INVITE server transaction',
  final: ['Terminated'],
  handlers: {
    Trying(state, event, now, timers) {
      if (event.type === 'request') return { state };
      return event.type === 'respond' ? respond(event, now, timers) : undefined;
    },
    Proceeding(state, event, now, timers) {
      switch (event.type) {
        case 'request':
          return { state, effects: [{ type: 'send', packet: state.packet }] };
        case 'respond':
          return respond(event, now, timers);
        case 'transportError':
          return failed(event.error);
        default:
          return undefined;
      }
    },
    Completed(state, event) {
      switch (event.type) {
        case 'request':
          return { state, effects: [{ type: 'send', packet: state.packet }] };
        case 'timer':
          return { state: { name: 'Terminated' } };
        case 'transportError':
          return failed(event.error);
        default:
          return undefined;
      }
    },
    // A reliable transport's error may come after the end.
    Terminated: () => undefined,
  },
};

function respond({ status, packet, once }: UserResponse, now: number, timers: TimerValues): RequestStep {
  const effects: readonly ServerEffect[] = [{ type: 'send', packet }];
  if (status < 200) return { state: { name: 'Proceeding', packet }, effects };
  // Timer J is zero where the transport is reliable.
  if (packet.reliable) return { state: { name: 'Terminated' }, effects };
  const J = now + (once === true ? timers.t4Ms : timers.transactionMs);
  return { state: { name: 'Completed', timers: { J }, packet }, effects };
}

function failed(error: Error): RequestStep {
  return { state: { name: 'Terminated' }, effects: [{ type: 'fail', why: { kind: 'transport', error } }] };
}
