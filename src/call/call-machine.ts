import type { MachineDefinition } from '../core/machine.ts';
import { connected } from './call-session.ts';
import { connecting } from './call-setup.ts';
import type { CallEffect, CallEvent, CallState, CallTimers } from './call-states.ts';

/**
 * A call between a caller and whoever of the called user's handsets answers first; legs do the signalling:
 *
 *     init --180--> ringing --2xx--> start <--hold, resume--> hold
 *     init, ringing --all refused, CANCEL, nobody answers--> stop
 *     start, hold --one side leaves--> stop --64·T1--> gone
 */
export const CALL_MACHINE: MachineDefinition<CallState, CallEvent, CallEffect, CallTimers> = {
  name: 'call',
  final: ['gone'],
  handlers: {
    init: connecting,
    ringing: connecting,
    start: connected,
    hold: connected,
    // The legs end by themselves; whatever they still report changes nothing.
    stop: (state, event) => ({ state: event.type === 'timer' ? { name: 'gone' } : state }),
    gone: () => undefined,
  },
};
