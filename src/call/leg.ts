import type { Flow } from '../core/flow.ts';
import { Machine } from '../core/machine.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { DialogUsage } from '../sip/dialog/dialogs.ts';
import { responseTo } from '../sip/message/build.ts';
import { CSEQ, REASON, tagOf } from '../sip/message/header-types.ts';
import type { Message, Request, Response } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { trySessionOf } from './body.ts';
import type { DialogRecord } from './dialog-record.ts';
import type { EarlyDialog } from './early-dialog.ts';
import { inDialogEvent } from './in-dialog.ts';
import { LegInvites } from './leg-invites.ts';
import { LEG_MACHINE } from './leg-machine.ts';
import { LegMessages, type LegParts, type LegPeer } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';
import type { LegCommand, LegEffect, LegEvent, LegReport, LegState, LegTimers } from './leg-states.ts';
import { passedOn, type Refusal } from './refusal.ts';
import { SessionRefresh } from './session-refresh.ts';

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
  readonly #invites: LegInvites;
  readonly #sessionRefresh: SessionRefresh;

  /** @param report told of what the call needs to know, during `dispatch` and later. */
  constructor(parts: LegParts, peer: LegPeer, initial: LegState, report: (report: LegReport) => void) {
    this.parts = parts;
    this.messages = new LegMessages(parts, peer, {
      refresh: () => this.#sessionRefresh.due(),
      expired: () => this.dispatch({ type: 'expired', what: 'session timer expired' }),
    });
    this.#invites = new LegInvites(this.messages, peer.impi);
    this.#sessionRefresh = new SessionRefresh(this.messages, {
      idle: () => (this.state.name === 'confirmed' ? this.dialog : undefined),
      byInvite: () => this.dispatch({ type: 'refresh', sdp: this.messages.said ?? this.offeredFirst }),
      refreshed: (response) => this.#refresh(response, this.flow),
      lost: (what) => this.dispatch({ type: 'expired', what }),
      later: () => this.messages.session.retry(this.ownsCallId),
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
        if (this.dialog !== undefined) this.#invites.acknowledge(this.dialog, effect.sdp);
        return;
      case 'sendInvite':
        this.#sendInvite(effect.sdp);
        return;
      case 'sendUpdate':
        this.#sendUpdate(effect.sdp);
        return;
      case 'cancelInvite':
        this.#invites.cancel(effect.reason);
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
    this.#invites.send(request, flow, {
      onResponse: (response, sequence) => this.onInviteResponse(response, sequence),
      onNone: () => this.dispatch({ type: 'refused', refusal: this.unreachable }),
    });
  }

  /** Of the first INVITE the subclass takes what opens a dialog. */
  protected onInviteResponse(response: Response, sequence: number): void {
    const { status } = response;
    if (status < 200) {
      if (this.dialog === undefined || OVER.includes(this.state.name)) return;
      this.#invites.provisional(this.dialog, response, (what) => this.dispatch({ type: 'expired', what }));
    } else if (status >= 300) {
      this.messages.session.raise(response);
      this.dispatch({ type: 'refused', refusal: this.refusalOf(response) });
    } else if (this.isNew(sequence)) {
      this.messages.session.agreed(response);
      this.dispatch({ type: 'success', response, sdp: this.#invites.descriptionOf(response) });
    }
  }

  /** Whether a 2xx to our INVITE of this number is the first; a further one gets its ACK again. */
  protected isNew(sequence: number): boolean {
    return this.#invites.isNew(sequence, this.flow);
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
