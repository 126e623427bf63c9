import { Machine } from '../core/machine.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import { tagOf } from '../sip/message/header-types.ts';
import type { Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { trySessionOf } from './body.ts';
import { EARLY_MACHINE } from './early-machine.ts';
import type { EarlyEffect, EarlyEvent, EarlyState } from './early-states.ts';
import type { LegMessages } from './leg-messages.ts';
import type { SessionCommand, SessionReport } from './leg-session.ts';
import { NO_DESCRIPTION, TERMINATED } from './leg-steps.ts';
import { passedOn, type Refusal } from './refusal.ts';

/** What an early dialog tells its leg. */
export interface EarlyOwner {
  readonly messages: LegMessages;
  reports(fork: number, report: SessionReport): void;
  /** The peer does not answer, or does not know the dialog. */
  lost(what: string): void;
  /** The final response to an UPDATE, or none, that came after the dialog was confirmed. */
  updated(response: Response | undefined): void;
}

/** A dialog before the INVITE has its 2xx: performs the effects of early-machine.ts. */
export abstract class EarlyDialog {
  readonly fork: number;
  readonly dialog: Dialog;
  protected readonly owner: EarlyOwner;
  readonly #machine: Machine<EarlyState, EarlyEvent, EarlyEffect, undefined>;
  #confirmed = false;

  constructor(owner: EarlyOwner, fork: number, dialog: Dialog, initial: EarlyState) {
    this.owner = owner;
    this.fork = fork;
    this.dialog = dialog;
    const { clock, logger } = owner.messages.parts;
    this.#machine = new Machine(EARLY_MACHINE, initial, clock, undefined, {
      perform: (effect) => this.perform(effect),
      onUnexpected: (state, event) => logger.debug(() => `early dialog ${state.name}: ${event.type} not expected`),
    });
  }

  get state(): EarlyState {
    return this.#machine.state;
  }

  abstract command(command: SessionCommand): void;

  protected dispatch(event: EarlyEvent): void {
    this.#machine.dispatch(event);
  }

  /** UPDATE with an offer (RFC 3311 §5.2). */
  update(transaction: ServerTransaction, sdp: SessionDescription): void {
    this.dispatch({ type: 'peerOffer', by: 'update', transaction, sdp });
  }

  /** The INVITE is over for this dialog. What the peer waits for inside it is answered. */
  close(): void {
    const { state } = this;
    this.#machine.abandon();
    if (state.name === 'offered' && 'transaction' in state) this.#refuse(state.transaction, TERMINATED);
  }

  /** The 2xx has come, what is open goes on in the leg. */
  leave(): void {
    this.#confirmed = true;
    this.#machine.abandon();
  }

  protected perform(effect: EarlyEffect): void {
    switch (effect.type) {
      case 'tell':
        this.owner.reports(this.fork, effect.report);
        return;
      case 'sendUpdate':
        this.#sendUpdate(effect.sdp);
        return;
      case 'respond': {
        const { messages } = this.owner;
        messages.respond(effect.transaction, messages.response(effect.transaction, this.dialog, 200, effect.sdp));
        return;
      }
      case 'respondTransaction':
        this.#refuse(effect.transaction, effect.refusal);
        return;
      // Of one side only.
      case 'described':
      case 'sendPrack':
        return;
    }
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    this.owner.messages.refuse(transaction, tagOf(this.dialog.local) ?? '', refusal);
  }

  #sendUpdate(sdp: SessionDescription): void {
    const { messages } = this.owner;
    messages.send(this.dialog, messages.request(this.dialog, 'UPDATE', sdp), (response) => this.#onUpdated(response));
  }

  #onUpdated(response: Response | undefined): void {
    if (this.#confirmed) {
      this.owner.updated(response);
      return;
    }
    if (response !== undefined && response.status < 300) {
      this.dialog.refreshTarget(response);
      const sdp = trySessionOf(response);
      this.dispatch(sdp === undefined ? { type: 'peerRefused', refusal: NO_DESCRIPTION } : { type: 'peerAnswer', sdp });
      return;
    }
    const lost = isLost(response);
    if (lost !== undefined) this.owner.lost(lost);
    else if (response !== undefined) this.dispatch({ type: 'peerRefused', refusal: passedOn(response) });
  }
}

/** RFC 3261 §12.2.1.2: what says that the peer's side of a dialog is no more, in words. */
export function isLost(response: Response | undefined): string | undefined {
  if (response === undefined || response.status === 408) return 'it did not answer a request';
  return response.status === 481 ? 'it does not know the call' : undefined;
}
