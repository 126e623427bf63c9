import type { MachineDefinition } from '../core/machine.ts';
import { DIALOG } from './leg-dialog.ts';
import { SETUP } from './leg-setup.ts';
import type { LegEffect, LegEvent, LegState, LegTimers } from './leg-states.ts';

/**
 * One leg of a call: our dialog with one handset. It reduces SIP messages to what the call needs to know, and does
 * what the call tells it, so that the call sees neither CSeq nor retransmission, and not which message carries a
 * description (RFC 3261 §13 to §15, RFC 6026, RFC 3311). Before the 2xx there may be several early dialogs, each a
 * machine of its own (early-machine.ts).
 *
 *     invited ──200 left──► accepted ──ACK────────────────┐
 *     inviting ──2xx──────────────────────────────────────┤
 *        │    └─2xx with an offer─► answered ──answer─────┤
 *        │ end: CANCEL                                    ▼
 *        ▼                                            confirmed
 *     cancelling ──2xx: ACK, BYE──┐    offer│ ▲         ▲ │re-INVITE, UPDATE
 *                                 │         ▼ │         │ ▼
 *                                 │  reinviting,       reinvited,
 *                                 │  updating          updated
 *                                 ▼
 *     any state with a dialog ──end: BYE──► leaving ──answered──► ended ──64·T1──► forgotten
 *     any state ──refusal, CANCEL, BYE of the peer─────────────────┘
 */
export const LEG_MACHINE: MachineDefinition<LegState, LegEvent, LegEffect, LegTimers> = {
  name: 'leg',
  final: ['forgotten'],
  handlers: { ...SETUP, ...DIALOG, forgotten: () => undefined },
};
