import type { Flow } from '../core/flow.ts';
import { Machine } from '../core/machine.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { DialogUsage } from '../sip/dialog/dialogs.ts';
import { responseTo } from '../sip/message/build.ts';
import { CSEQ, REASON, tagOf } from '../sip/message/header-types.ts';
import type { Message, Request, Response } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ClientTransaction, ResponseHandlers, ServerTransaction } from '../sip/transaction/user.ts';
import { trySessionOf } from './body.ts';
import type { DialogRecord } from './dialog-record.ts';
import { type EarlyDialog, isLost } from './early-dialog.ts';
import { inDialogEvent } from './in-dialog.ts';
import { LEG_MACHINE } from './leg-machine.ts';
import { bodyOf, LegMessages, type LegParts, type LegPeer, typeOf } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';
import type { LegCommand, LegEffect, LegEvent, LegReport, LegState, LegTimers } from './leg-states.ts';
import { PASSING } from './leg-steps.ts';
import { passedOn, type Refusal } from './refusal.ts';

/** Nothing more comes of the leg. */
const OVER: readonly LegState['name'][] = ['cancelling', 'leaving', 'ended', 'forgotten'];

/**
 * What both kinds of leg share once a dialog is confirmed; incoming-leg.ts and outgoing-leg.ts add how it comes to
 * that. It performs the effects of leg-machine.ts with transactions and dialogs.
 */
export abstract class Leg implements DialogUsage {
  readonly impi: string;
  readonly record: DialogRecord;
  protected readonly parts: LegParts;
  protected readonly messages: LegMessages;
  /** The confirmed dialog, and the number it had among the early ones. */
  protected dialog: Dialog | undefined;
  protected fork = 0;
  readonly #report: (report: LegReport) => void;
  readonly #machine: Machine<LegState, LegEvent, LegEffect, LegTimers>;
  /** The peer's INVITE that awaits our final response, or its ACK. */
  #offered: ServerTransaction | undefined;
  /** Our latest INVITE. */
  #inviting: ClientTransaction | undefined;
  /** The last ACK we sent: repeated when its 2xx is. */
  #ack: { readonly sequence: number; readonly request: Request } | undefined;
  /** Sequence number of our INVITE whose 2xx awaits `sendAck`. */
  #unacknowledged = 0;

  /** @param report told of what the call needs to know, during `dispatch` and later. */
  constructor(parts: LegParts, peer: LegPeer, initial: LegState, report: (report: LegReport) => void) {
    this.parts = parts;
    this.messages = new LegMessages(parts, peer, {
      refresh: () => this.#refreshSession(),
      expired: () => this.dispatch({ type: 'expired', what: 'session timer expired' }),
    });
    this.impi = peer.impi;
    this.record = peer.record;
    this.#report = report;
    this.#machine = new Machine(LEG_MACHINE, initial, parts.clock, parts.timers, {
      perform: (effect) => this.perform(effect),
      onUnexpected: (state, event) => parts.logger.debug(() => `leg ${state.name}: ${event.type} not expected`),
      onState: ({ name }) => {
        if (!OVER.includes(name)) return;
        peer.record.enter('stop');
        this.messages.session.end();
        this.closeEarly();
      },
      onFinal: () => this.forgetDialogs(),
    });
  }

  get state(): LegState {
    return this.#machine.state;
  }

  abstract get flow(): Flow;

  /** Whether the handset says that it knows an extension. */
  supports(extension: string): boolean {
    return this.messages.supports(extension);
  }

  /** What the call wants. */
  command(command: LegCommand): void {
    const toUpdate = command.type === 'offer' && command.by === 'update' && this.messages.allows('UPDATE');
    this.dispatch(command.type === 'offer' ? { ...command, by: toUpdate ? 'update' : 'invite' } : command);
  }

  protected dispatch(event: LegEvent): void {
    this.#machine.dispatch(event);
  }

  protected tell(report: LegReport): void {
    this.#report(report);
  }

  onRequest(transaction: ServerTransaction): void {
    this.record.received();
    const { request } = transaction;
    // A BYE is answered 200 even then: phones whose crossing BYE is refused were seen to leave the network.
    if (request.method !== 'BYE' && OVER.includes(this.state.name)) {
      throw new SipError(481, `${request.method} inside a call that is over`);
    }
    const early = this.earlyOf(request);
    const dialog = this.dialog ?? early?.dialog;
    if (dialog === undefined) throw new SipError(481, `${request.method} inside no dialog of the call`);
    dialog.accept(request);
    this.messages.learn(request);
    const event = inDialogEvent(transaction, { messages: this.messages, dialog, early });
    if (event !== undefined) this.dispatch(event);
  }

  onAck(request: Request): void {
    this.record.received();
    const awaited = this.#offered?.request.headers.get(CSEQ)?.number;
    if (request.headers.get(CSEQ)?.number === awaited) this.dispatch({ type: 'acked', sdp: trySessionOf(request) });
  }

  /** The early dialog a request of the peer is in. */
  protected abstract earlyOf(request: Request): EarlyDialog | undefined;

  /** The leg is over before its INVITE had a 2xx. */
  protected abstract closeEarly(): void;

  /** Takes every dialog this leg stands in the table with out of it. */
  protected abstract forgetDialogs(): void;

  /** What our INVITE offered, where nothing has been said since. */
  protected abstract get offeredFirst(): Sdp;

  /** Whether we made the Call-ID (RFC 3261 §14.1). */
  protected abstract get ownsCallId(): boolean;

  /** To tag of a refusal of the INVITE that would have made the dialog. */
  protected abstract get refusalTag(): string;

  protected perform(effect: LegEffect): void {
    switch (effect.type) {
      case 'tell':
        this.#report(effect.report);
        return;
      case 'tellSession':
        this.#report({ ...effect.report, fork: this.fork });
        return;
      case 'tellProgress': {
        const { fork, response } = effect;
        this.#report({ type: 'progress', fork, status: response.status, response });
        return;
      }
      case 'tellAnswered':
        this.#report({ type: 'answered', fork: effect.fork, response: effect.response });
        return;
      case 'respondRefuse':
        if (this.#offered !== undefined) this.messages.refuse(this.#offered, this.refusalTag, effect.refusal);
        return;
      case 'repeatAccept':
        this.record.sent();
        this.#offered?.repeat();
        return;
      case 'sendAck':
        this.#sendAck(effect.sdp);
        return;
      case 'sendInvite':
        this.#sendInvite(effect.sdp);
        return;
      case 'sendUpdate':
        this.#sendUpdate(effect.sdp);
        return;
      case 'cancelInvite':
        this.#inviting?.cancel(effect.reason);
        return;
      case 'takeOffer':
        this.take(effect.transaction);
        this.#refresh(effect.transaction.request, effect.transaction.flow);
        return;
      case 'respondInvite':
        if (this.#offered !== undefined) this.#respond(this.#offered, effect.sdp);
        return;
      case 'respond':
        this.#respond(effect.transaction, effect.sdp);
        return;
      case 'respondTransaction':
        this.messages.refuse(effect.transaction, this.refusalTag, effect.refusal);
        return;
      case 'respondBye':
        this.messages.respond(effect.transaction, responseTo(effect.transaction.request, 200));
        return;
      case 'sendBye':
        this.#sendBye(effect.reason);
        return;
      case 'refresh':
        this.#refresh(effect.response, this.flow);
        return;
      case 'refreshLater':
        this.messages.session.retry(this.ownsCallId);
        return;
      // The first INVITE is the subclass's.
      case 'command':
      case 'confirm':
        return;
    }
  }

  /** Takes the peer's INVITE, which we shall answer. */
  protected take(transaction: ServerTransaction): void {
    this.#offered = transaction;
    transaction.onCancel = () => this.dispatch({ type: 'cancelled' });
    transaction.onFailure = (why) => {
      this.dispatch({ type: 'lost', what: why.kind === 'timeout' ? 'no ACK' : why.error.message });
    };
  }

  /** Sends an INVITE of ours; its responses become events. */
  protected invite(request: Request, flow: Flow): void {
    const sequence = request.headers.get(CSEQ)?.number ?? 0;
    const handlers: ResponseHandlers = {
      onResponse: (response) => {
        this.record.received();
        this.onInviteResponse(response, sequence);
      },
      onFailure: (why) => {
        const what = why.kind === 'timeout' ? 'no answer' : why.error.message;
        this.parts.logger.info(() => `${this.impi} could not be reached: ${what}`);
        this.dispatch({ type: 'refused', refusal: this.unreachable });
      },
    };
    this.record.sent();
    this.#inviting = this.parts.transactions.request(request, flow, handlers);
  }

  /** Of the first INVITE the subclass takes what opens a dialog. */
  protected onInviteResponse(response: Response, sequence: number): void {
    const { status } = response;
    if (status < 200) return;
    if (status >= 300) {
      this.messages.session.raise(response);
      this.dispatch({ type: 'refused', refusal: this.refusalOf(response) });
    } else if (this.isNew(sequence)) {
      this.messages.session.agreed(response);
      this.dispatch({ type: 'success', response, sdp: trySessionOf(response) });
    }
  }

  /** Whether a 2xx to our INVITE of this number is the first; a further one gets its ACK again (RFC 3261 §13.2.2.4). */
  protected isNew(sequence: number): boolean {
    if (this.#ack !== undefined && sequence <= this.#ack.sequence) {
      if (sequence === this.#ack.sequence) this.parts.transactions.ack(this.#ack.request, this.flow);
      return false;
    }
    this.#unacknowledged = sequence;
    return true;
  }

  /** What no response to our INVITE says; RFC 3261 §8.1.3.1. */
  protected get unreachable(): Refusal {
    return { status: 408 };
  }

  /** What a refusal of our request inside the dialog says; 481 and 408 end it and stay what they are. */
  protected refusalOf(response: Response): Refusal {
    const { status } = response;
    return status === 481 || status === 408 ? { status } : passedOn(response);
  }

  #respond(transaction: ServerTransaction, sdp: Sdp): void {
    if (this.dialog === undefined) return;
    this.messages.respond(transaction, this.messages.response(transaction, this.dialog, 200, sdp));
  }

  #sendAck(sdp: Sdp): void {
    if (this.dialog === undefined) return;
    this.messages.said = sdp ?? this.messages.said;
    const request = this.dialog.ack(this.#unacknowledged, bodyOf(sdp), typeOf(sdp));
    this.#ack = { sequence: this.#unacknowledged, request };
    this.record.sent();
    this.parts.transactions.ack(request, this.dialog.flow);
  }

  #sendInvite(sdp: Sdp): void {
    if (this.dialog === undefined) return;
    this.invite(this.messages.request(this.dialog, 'INVITE', sdp), this.dialog.flow);
  }

  #sendUpdate(sdp: Sdp): void {
    const { dialog, messages } = this;
    if (dialog === undefined) return;
    messages.send(dialog, messages.request(dialog, 'UPDATE', sdp), (response) => this.onUpdated(response));
  }

  protected onUpdated(response: Response | undefined): void {
    if (response === undefined) this.dispatch({ type: 'updateRefused', refusal: { status: 408 } });
    else if (response.status >= 300) this.dispatch({ type: 'updateRefused', refusal: this.refusalOf(response) });
    else {
      this.messages.session.agreed(response);
      this.#refresh(response, this.flow);
      this.dispatch({ type: 'updateAnswered', sdp: trySessionOf(response) });
    }
  }

  /** RFC 4028 §7.4. An exchange that is under way may itself refresh the session, and if not, the next try does. */
  #refreshSession(): void {
    const { dialog, messages } = this;
    const { method = messages.allows('UPDATE') ? 'UPDATE' : 'INVITE' } = this.parts.sessionTimer;
    if (dialog === undefined || this.state.name !== 'confirmed') messages.session.retry(this.ownsCallId);
    else if (method === 'INVITE') this.dispatch({ type: 'refresh', sdp: messages.said ?? this.offeredFirst });
    else
      messages.send(dialog, messages.request(dialog, 'UPDATE', undefined), (response) => this.#onRefreshed(response));
  }

  #onRefreshed(response: Response | undefined): void {
    const { session } = this.messages;
    const lost = isLost(response);
    if (lost !== undefined) this.dispatch({ type: 'expired', what: lost });
    else if (response !== undefined && response.status < 300) {
      session.agreed(response);
      this.#refresh(response, this.flow);
    } else if (response !== undefined) {
      session.raise(response);
      if (PASSING.includes(response.status)) session.retry(this.ownsCallId);
    }
  }

  #sendBye(reason: string | undefined): void {
    if (this.dialog === undefined) return;
    const request = this.dialog.request('BYE');
    if (reason !== undefined) request.headers.addRaw(REASON.name, reason);
    this.messages.send(this.dialog, request, () => this.dispatch({ type: 'byeAnswered' }));
  }

  /** RFC 3261 §12.2: INVITE, UPDATE and their 2xx say where the peer is reached from now on. */
  #refresh(message: Message, flow: Flow): void {
    if (this.dialog === undefined) return;
    this.messages.learn(message);
    this.dialog.refreshTarget(message);
    this.dialog.flow = this.parts.handsets.back(message, flow);
  }

  /** Our tag in the confirmed dialog. */
  protected get localTag(): string | undefined {
    return this.dialog && tagOf(this.dialog.local);
  }
}
