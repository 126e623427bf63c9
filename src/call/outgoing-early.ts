import type { Dialog } from '../sip/dialog/dialog.ts';
import { RACK, ReliableReceiver } from '../sip/dialog/reliable.ts';
import { header } from '../sip/message/build.ts';
import { RSEQ } from '../sip/message/header-types.ts';
import type { Response } from '../sip/message/message.ts';
import { trySessionOf } from './body.ts';
import { EarlyDialog, type EarlyOwner, isLost } from './early-dialog.ts';
import type { EarlyEffect, EarlyState } from './early-states.ts';
import type { Sdp, SessionCommand, SessionReport } from './leg-session.ts';
import { NO_DESCRIPTION } from './leg-steps.ts';

/** An early dialog that a handset's response to our INVITE made. */
export class OutgoingEarly extends EarlyDialog {
  readonly #sequence: number;
  readonly #receiver = new ReliableReceiver();
  /** RSeq of the response that holds the peer's offer: its PRACK waits for the answer. */
  #unacknowledged: number | undefined;
  /** Shown in unreliable responses: some handsets do not repeat it in the 2xx. */
  #preview: Sdp;

  /** @param sequence CSeq number of the INVITE. @param offered whether it held an offer. */
  constructor(owner: EarlyOwner, fork: number, dialog: Dialog, sequence: number, offered: boolean) {
    super(owner, fork, dialog, offered ? { name: 'offering', by: 'invite' } : { name: 'asked' });
    this.#sequence = sequence;
  }

  command(command: SessionCommand): void {
    if (command.type === 'offer') {
      if (command.sdp !== undefined && this.owner.messages.allows('UPDATE')) {
        this.dispatch({ type: 'offer', sdp: command.sdp });
      } else this.owner.reports(this.fork, { type: 'offerRefused', refusal: { status: 491 } });
    } else if (command.type === 'answer' || command.type === 'refuseOffer') this.dispatch(command);
  }

  /** A provisional response. @returns whether it says anything new. */
  provisional(response: Response): boolean {
    const { messages } = this.owner;
    const sequence = messages.peer.reliable ? response.headers.tryGet(RSEQ) : undefined;
    if (sequence !== undefined && !this.#receiver.takes(sequence)) return false;
    messages.learn(response);
    this.dialog.refreshTarget(response);
    const sdp = trySessionOf(response);
    if (sequence === undefined) {
      this.#preview = sdp ?? this.#preview;
      if (sdp !== undefined) this.dispatch({ type: 'peerPreview', sdp });
      return true;
    }
    if (sdp !== undefined && this.state.name === 'asked') {
      this.#unacknowledged = sequence;
      this.dispatch({ type: 'peerOffer', by: 'response', sdp });
      return true;
    }
    this.#sendPrack(sequence, undefined);
    if (sdp !== undefined && this.state.name === 'offering' && this.state.by === 'invite') {
      this.dispatch({ type: 'peerAnswer', sdp });
    }
    return true;
  }

  /** What the 2xx means: where offer and answer stand then, and what there is to tell. */
  conclude(response: Response): { readonly early: EarlyState; readonly report: SessionReport | undefined } {
    const { state } = this;
    const sdp = trySessionOf(response) ?? (response.body.length === 0 ? this.#preview : undefined);
    const missing: SessionReport = { type: 'offerRefused', refusal: NO_DESCRIPTION };
    if (state.name === 'asked') {
      if (sdp === undefined) return { early: { name: 'agreed' }, report: missing };
      return { early: { name: 'offered', by: 'response' }, report: { type: 'offer', sdp, by: 'invite' } };
    }
    if (state.name === 'offering' && state.by === 'invite') {
      return { early: { name: 'agreed' }, report: sdp === undefined ? missing : { type: 'answer', sdp } };
    }
    return { early: state, report: undefined };
  }

  protected override perform(effect: EarlyEffect): void {
    if (effect.type !== 'sendPrack') super.perform(effect);
    else if (this.#unacknowledged !== undefined) this.#sendPrack(this.#unacknowledged, effect.sdp);
  }

  #sendPrack(sequence: number, sdp: Sdp): void {
    const { messages } = this.owner;
    const rack = header(RACK, { sequence, cseq: this.#sequence, method: 'INVITE' });
    messages.send(this.dialog, messages.request(this.dialog, 'PRACK', sdp, [rack]), (response) => {
      const lost = isLost(response);
      if (lost !== undefined) this.owner.lost(lost);
    });
  }
}
