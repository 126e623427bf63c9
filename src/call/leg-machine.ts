import type { MachineDefinition } from '../core/machine.ts';
import { DIALOG } from './leg-dialog.ts';
import { SETUP } from './leg-setup.ts';
import type { LegEffect, LegEvent, LegState, LegTimers } from './leg-states.ts';

/**
 * One leg of a call: our dialog with one handset. It reduces SIP messages to what the call needs to know, and does
 * what the call tells it, so that the call sees neither CSeq nor retransmission (RFC 3261 §13 to §15, RFC 6026).
 *
 *     invited ──accept──────────► accepted ──ACK─────────┐
 *     inviting ──2xx────────────► answered ──acknowledge─┤
 *        │ end: CANCEL               ▲   ▲               ▼
 *        ▼                           │   │           confirmed
 *     cancelling ──2xx: ACK, BYE──┐  │2xx│ answer     │     │
 *                                 │  reinviting ◄─────┘offer│
 *                                 │      reinvited ◄────────┘re-INVITE
 *                                 ▼
 *     any state with a dialog ──end: BYE──► leaving ──answered──► ended ──64·T1──► forgotten
 *     any state ──refusal, CANCEL, BYE of the peer─────────────────┘
 */
export const LEG_MACHINE: MachineDefinition<LegState, LegEvent, LegEffect, LegTimers> = {
  name: 'leg',
  final: ['forgotten'],
  handlers: { ...SETUP, ...DIALOG, forgotten: () => undefined },
};
