/**
 * The INVITE server transaction: RFC 3261 §17.2.1 with the state Accepted of RFC 6026 §7.1.
 *
 *            INVITE to the user       INVITE: send last response
 *                    │                101-199: send
 *             ┌──────▼─────┐◄──┐      trying: send 100
 *             │ Proceeding ├───┘      transport error: fail
 *             └──┬──────┬──┘
 *    2xx: send   │      │ 300-699: send
 *        ┌───────▼──┐ ┌─▼─────────┐◄──┐ INVITE, G: send again
 *    ┌──►│ Accepted │ │ Completed ├───┘ transport error: fail
 *    └───┤          │ └─┬───────┬─┘
 *  ACK:  └───┬──────┘   │ ACK   │ H: fail
 *  to user;  │   ┌──────▼────┐  │
 *  repeat:   │   │ Confirmed │  │ (INVITE, ACK absorbed)
 *  send again│   └──────┬────┘  │
 *            │ L        │ I     │
 *        ┌───▼──────────▼───────▼──┐
 *        │       Terminated        │
 *        └─────────────────────────┘
 *
 * A transport error is told and changes nothing else (RFC 6026 §7.1): the peer asks again or a timer ends it.
 */
import type { MachineDefinition, Step } from '../../core/machine.ts';
import type { ServerEffect, ServerEvent, UserResponse } from './server-event.ts';
import type { TimerValues } from './timers.ts';
import type { Packet } from './wire.ts';

export type InviteServerState =
  | {
      readonly name: 'Proceeding';
      /** `trying`: when 100 is said in the user's place. */
      readonly timers: { readonly trying?: number };
      /** The latest provisional response. */
      readonly packet?: Packet;
    }
  | { readonly name: 'Accepted'; readonly timers: { readonly L: number }; readonly packet: Packet }
  | {
      readonly name: 'Completed';
      readonly timers: { readonly G: number | undefined; readonly H: number };
      readonly packet: Packet;
      /** Timer G's present length. */
      readonly intervalMs: number;
      /** Sent once; nobody misses its ACK. */
      readonly once?: true;
    }
  | { readonly name: 'Confirmed'; readonly timers: { readonly I: number } }
  | { readonly name: 'Terminated'; readonly timers?: never };

type InviteStep = Step<InviteServerState, ServerEffect>;

/** The state of an INVITE that has just come. */
export function proceeding(now: number, timers: TimerValues): InviteServerState {
  return { name: 'Proceeding', timers: { trying: now + timers.tryingMs } };
}

export const inviteServer: MachineDefinition<InviteServerState, ServerEvent, ServerEffect, TimerValues> = {
  name: 'INVITE server transaction',
  final: ['Terminated'],
  handlers: {
    Proceeding(state, event, now, timers) {
      switch (event.type) {
        case 'request':
          return state.packet === undefined ? { state } : { state, effects: [{ type: 'send', packet: state.packet }] };
        case 'respond':
          return respond(event, state.packet !== undefined, now, timers);
        case 'timer':
          return { state, effects: [{ type: 'trying' }] };
        case 'transportError':
          return { state, effects: [{ type: 'fail', why: { kind: 'transport', error: event.error } }] };
        case 'repeat':
        case 'ack':
          return undefined;
      }
    },
    Accepted(state, event) {
      switch (event.type) {
        // RFC 6026 §7.1: the user repeats its 2xx in its own rhythm, not in the peer's.
        case 'request':
          return { state };
        case 'repeat':
          return { state, effects: [{ type: 'send', packet: state.packet }] };
        case 'ack':
          return { state, effects: [{ type: 'acknowledged', ack: event }] };
        case 'timer':
          return { state: { name: 'Terminated' } };
        case 'transportError':
          return { state, effects: [{ type: 'fail', why: { kind: 'transport', error: event.error } }] };
        case 'respond':
          return undefined;
      }
    },
    Completed(state, event, now, timers) {
      const { packet } = state;
      switch (event.type) {
        case 'request':
          return { state, effects: [{ type: 'send', packet }] };
        case 'ack':
          // Timer I is zero where the transport is reliable.
          return {
            state: packet.reliable ? { name: 'Terminated' } : { name: 'Confirmed', timers: { I: now + timers.t4Ms } },
          };
        case 'timer': {
          if (event.timer !== 'G') {
            if (state.once === true) return { state: { name: 'Terminated' } };
            return { state: { name: 'Terminated' }, effects: [{ type: 'fail', why: { kind: 'timeout' } }] };
          }
          const intervalMs = Math.min(2 * state.intervalMs, timers.t2Ms);
          const next = { G: now + intervalMs, H: state.timers.H };
          return { state: { ...state, intervalMs, timers: next }, effects: [{ type: 'send', packet }] };
        }
        case 'transportError':
          return { state, effects: [{ type: 'fail', why: { kind: 'transport', error: event.error } }] };
        case 'respond':
        case 'repeat':
          return undefined;
      }
    },
    Confirmed(state, event) {
      switch (event.type) {
        case 'request':
        case 'ack':
          return { state };
        case 'timer':
          return { state: { name: 'Terminated' } };
        default:
          return undefined;
      }
    },
    Terminated: () => undefined,
  },
};

/** @param provisional whether a provisional response was sent. */
function respond(
  { status, packet, once }: UserResponse,
  provisional: boolean,
  now: number,
  timers: TimerValues,
): InviteStep {
  const effects: readonly ServerEffect[] = [{ type: 'send', packet }];
  if (status < 200) return { state: { name: 'Proceeding', timers: {}, packet }, effects };
  const end = now + timers.transactionMs;
  if (status < 300) return { state: { name: 'Accepted', timers: { L: end }, packet }, effects };
  // Whoever has had no response repeats its INVITE and so fetches a response that was lost; after a 1xx it does not.
  if (once === true && !provisional) {
    const H = now + timers.t4Ms;
    return {
      state: { name: 'Completed', timers: { G: undefined, H }, packet, intervalMs: timers.t1Ms, once },
      effects,
    };
  }
  const G = packet.reliable ? undefined : now + timers.t1Ms;
  return { state: { name: 'Completed', timers: { G, H: end }, packet, intervalMs: timers.t1Ms }, effects };
}
