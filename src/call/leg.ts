import type { Clock } from '../core/clock.ts';
import type { Flow } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import type { Random } from '../core/random.ts';
import { printSdp } from '../sdp/session-description.ts';
import { ALLOW_HEADER, SUPPORTED_HEADER } from '../sip/dialog/capabilities.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { Dialogs, DialogUsage } from '../sip/dialog/dialogs.ts';
import { type HeaderValue, header, responseTo } from '../sip/message/build.ts';
import { CONTACT, CONTENT_TYPE, CSEQ, parseNameAddr, REASON, RETRY_AFTER, tagOf } from '../sip/message/header-types.ts';
import { EMPTY_BODY, type Message, type Request, type Response } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ClientTransaction, ResponseHandlers, ServerTransaction, Transactions } from '../sip/transaction/user.ts';
import type { Handsets } from '../store/handsets.ts';
import { SDP_TYPE, trySessionOf } from './body.ts';
import type { DialogRecord } from './dialog-record.ts';
import { inDialogEvent } from './in-dialog.ts';
import { LEG_MACHINE } from './leg-machine.ts';
import type { LegEffect, LegEvent, LegReport, LegState, LegTimers, Sdp } from './leg-states.ts';
import { passedOn, type Refusal } from './refusal.ts';

export interface LegParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transactions: Transactions;
  readonly dialogs: Dialogs;
  readonly handsets: Handsets;
  readonly timers: LegTimers;
}

/** What a leg is told of the handset at its end. */
export interface LegPeer {
  /** Private identity of the handset. */
  readonly impi: string;
  /** Where the leg tells what happens to it. */
  readonly record: DialogRecord;
}

/** Our user part in Contact: what stands for the call server. */
export const CONTACT_USER = 'ims';

/**
 * What both kinds of leg share once a dialog is confirmed; incoming-leg.ts and outgoing-leg.ts add how it comes to
 * that. It performs the effects of leg-machine.ts with transactions and dialogs.
 */
export abstract class Leg implements DialogUsage {
  readonly impi: string;
  readonly record: DialogRecord;
  protected readonly parts: LegParts;
  protected dialog: Dialog | undefined;
  /** Feature tags of the handset at the other end of the call: our Contact shows them. */
  protected features = Params.none;
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
  constructor(parts: LegParts, { impi, record }: LegPeer, initial: LegState, report: (report: LegReport) => void) {
    this.parts = parts;
    this.impi = impi;
    this.record = record;
    this.#report = report;
    this.#machine = new Machine(LEG_MACHINE, initial, parts.clock, parts.timers, {
      perform: (effect) => this.perform(effect),
      onUnexpected: (state, event) => parts.logger.debug(() => `leg ${state.name}: ${event.type} not expected`),
      onState: ({ name }) => {
        if (name === 'leaving' || name === 'ended') record.enter('stop');
      },
      onFinal: () => this.forgetDialogs(),
    });
  }

  get state(): LegState {
    return this.#machine.state;
  }

  abstract get flow(): Flow;

  get peerAddress(): string {
    return this.flow.remote.address;
  }

  /** What the call wants. */
  dispatch(event: LegEvent): void {
    this.#machine.dispatch(event);
  }

  onRequest(transaction: ServerTransaction): void {
    this.record.received();
    const { request } = transaction;
    const { name } = this.state;
    // A BYE is answered 200 even then: phones whose crossing BYE is refused were seen to leave the network.
    if (request.method !== 'BYE' && (name === 'leaving' || name === 'ended')) {
      throw new SipError(481, `${request.method} inside a call that is over`);
    }
    this.dialogOf(request)?.accept(request);
    const event = inDialogEvent(transaction);
    if (event !== undefined) this.dispatch(event);
  }

  onAck(request: Request): void {
    this.record.received();
    const awaited = this.#offered?.request.headers.get(CSEQ)?.number;
    if (request.headers.get(CSEQ)?.number === awaited) this.dispatch({ type: 'acked', sdp: trySessionOf(request) });
  }

  /** The dialog a request of the peer is in. */
  protected dialogOf(_request: Request): Dialog | undefined {
    return this.dialog;
  }

  /** Takes every dialog this leg stands in the table with out of it. */
  protected abstract forgetDialogs(): void;

  /** To tag of a refusal of the INVITE that would have made the dialog. */
  protected abstract get refusalTag(): string;

  protected perform(effect: LegEffect): void {
    switch (effect.type) {
      case 'tell':
        this.#report(effect.report);
        return;
      case 'respondRefuse':
        if (this.#offered !== undefined) this.#refuse(this.#offered, effect.refusal);
        return;
      case 'repeatAccept':
        this.#offered?.repeat();
        return;
      case 'sendAck':
        this.#sendAck(effect.sdp);
        return;
      case 'sendOffer':
        this.#sendOffer(effect.sdp);
        return;
      case 'cancelInvite':
        this.#inviting?.cancel(effect.reason);
        return;
      case 'takeOffer':
        this.take(effect.transaction);
        this.#refresh(effect.transaction.request, effect.transaction.flow);
        return;
      case 'respondAnswer':
        if (this.#offered !== undefined && this.dialog !== undefined) {
          this.#offered.respond(this.dialogResponse(this.#offered, this.dialog, 200, effect.sdp));
        }
        return;
      case 'respondTransaction':
        this.#refuse(effect.transaction, effect.refusal);
        return;
      case 'respondBye':
        effect.transaction.respond(responseTo(effect.transaction.request, 200));
        return;
      case 'sendBye':
        this.#sendBye(effect.reason);
        return;
      case 'confirm':
        this.#refresh(effect.response, this.flow);
        return;
      // The first INVITE is the subclass's.
      case 'respondProgress':
      case 'respondAccept':
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
      onResponse: (response) => this.onInviteResponse(response, sequence),
      onFailure: (why) => {
        const what = why.kind === 'timeout' ? 'no answer' : why.error.message;
        this.parts.logger.info(() => `${this.impi} could not be reached: ${what}`);
        this.dispatch({ type: 'refused', refusal: this.unreachable });
      },
    };
    this.#inviting = this.parts.transactions.request(request, flow, handlers);
  }

  protected onInviteResponse(response: Response, sequence: number): void {
    const { status } = response;
    if (status === 100) return;
    if (status < 200) {
      this.dispatch({ type: 'provisional', response, sdp: trySessionOf(response) });
    } else if (status >= 300) {
      this.dispatch({ type: 'refused', refusal: this.refusalOf(response) });
    } else if (this.#ack === undefined || sequence > this.#ack.sequence) {
      this.#unacknowledged = sequence;
      this.dispatch({ type: 'success', response, sdp: trySessionOf(response) });
    } else if (sequence === this.#ack.sequence) {
      // RFC 3261 §13.2.2.4: every retransmission of the 2xx gets its ACK again.
      this.parts.transactions.ack(this.#ack.request, this.flow);
    }
  }

  /** What no response to our INVITE says; RFC 3261 §8.1.3.1. */
  protected get unreachable(): Refusal {
    return { status: 408 };
  }

  /** What a refusal of our INVITE says; 481 and 408 end a dialog and stay what they are. */
  protected refusalOf(response: Response): Refusal {
    const { status } = response;
    return status === 481 || status === 408 ? { status } : passedOn(response);
  }

  /** A response of ours to an INVITE, whether or not it opens the dialog. */
  protected dialogResponse(transaction: ServerTransaction, dialog: Dialog, status: number, sdp: Sdp): Response {
    return responseTo(transaction.request, status, {
      toTag: tagOf(dialog.local) ?? '',
      headers: this.#dialogHeaders(transaction.flow, sdp),
      body: bodyOf(sdp),
    });
  }

  /** What every message of ours that makes or refreshes the dialog carries. */
  #dialogHeaders(flow: Flow, sdp: Sdp): HeaderValue[] {
    const { uri } = parseNameAddr(`<${this.parts.handsets.contactOn(flow, CONTACT_USER)}>`);
    const contact = header(CONTACT, { uri, params: this.features });
    return [contact, ALLOW_HEADER, SUPPORTED_HEADER, ...typeOf(sdp)];
  }

  #sendAck(sdp: Sdp): void {
    if (this.dialog === undefined) return;
    const request = this.dialog.ack(this.#unacknowledged, bodyOf(sdp), typeOf(sdp));
    this.#ack = { sequence: this.#unacknowledged, request };
    this.parts.transactions.ack(request, this.dialog.flow);
  }

  #sendOffer(sdp: Sdp): void {
    if (this.dialog === undefined) return;
    const { flow } = this.dialog;
    this.invite(this.dialog.request('INVITE', this.#dialogHeaders(flow, sdp), bodyOf(sdp)), flow);
  }

  #sendBye(reason: string | undefined): void {
    if (this.dialog === undefined) return;
    const request = this.dialog.request('BYE');
    if (reason !== undefined) request.headers.addRaw(REASON.name, reason);
    this.parts.transactions.request(request, this.dialog.flow, {
      onResponse: ({ status }) => {
        if (status >= 200) this.dispatch({ type: 'byeAnswered' });
      },
      onFailure: () => this.dispatch({ type: 'byeAnswered' }),
    });
  }

  /** RFC 3261 §12.2: INVITE and its 2xx say where the peer is reached from now on. */
  #refresh(message: Message, flow: Flow): void {
    if (this.dialog === undefined) return;
    this.dialog.refreshTarget(message);
    this.dialog.flow = this.parts.handsets.back(message, flow);
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    const { status, phrase, retryAfter, headers = [] } = refusal;
    const response = responseTo(transaction.request, status, {
      toTag: this.refusalTag,
      headers: [...headers, ...(retryAfter === undefined ? [] : [header(RETRY_AFTER, String(retryAfter))])],
      ...(phrase !== undefined && { reason: phrase }),
    });
    transaction.respond(response);
  }
}

function bodyOf(sdp: Sdp): Uint8Array {
  return sdp === undefined ? EMPTY_BODY : printSdp(sdp);
}

function typeOf(sdp: Sdp): HeaderValue[] {
  return sdp === undefined ? [] : [header(CONTENT_TYPE, SDP_TYPE)];
}
