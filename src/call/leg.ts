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
import {
  CONTACT,
  CONTENT_TYPE,
  CSEQ,
  parseNameAddr,
  REASON,
  RETRY_AFTER,
  TO,
  tagOf,
} from '../sip/message/header-types.ts';
import { EMPTY_BODY, type Request, type Response } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ResponseHandlers, ServerTransaction, Transactions } from '../sip/transaction/user.ts';
import type { Handsets } from '../store/handsets.ts';
import { SDP_TYPE, sessionOf, trySessionOf } from './body.ts';
import { LEG_MACHINE } from './leg-machine.ts';
import type { LegEffect, LegEvent, LegReport, LegState, LegTimers, Sdp } from './leg-states.ts';
import type { Refusal } from './refusal.ts';

export interface LegParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transactions: Transactions;
  readonly dialogs: Dialogs;
  readonly handsets: Handsets;
  readonly timers: LegTimers;
}

/** Our user part in Contact: what stands for the call server. */
const CONTACT_USER = 'ims';

/**
 * What both kinds of leg share once a dialog is confirmed; incoming-leg.ts and outgoing-leg.ts add how it comes to
 * that. It performs the effects of leg-machine.ts with transactions and dialogs.
 */
export abstract class Leg implements DialogUsage {
  readonly impi: string;
  protected readonly parts: LegParts;
  protected dialog: Dialog | undefined;
  readonly #report: (report: LegReport) => void;
  readonly #onForgotten: () => void;
  readonly #machine: Machine<LegState, LegEvent, LegEffect, LegTimers>;
  /** The peer's INVITE that awaits our final response, or its ACK. */
  #offered: ServerTransaction | undefined;
  /** The last ACK we sent: repeated when its 2xx is. */
  #ack: { readonly sequence: number; readonly request: Request } | undefined;
  /** Sequence number of our INVITE whose 2xx awaits `sendAck`. */
  #unacknowledged = 0;

  constructor(
    parts: LegParts,
    impi: string,
    initial: LegState,
    offered: ServerTransaction | undefined,
    report: (report: LegReport) => void,
    onForgotten: () => void,
  ) {
    this.parts = parts;
    this.impi = impi;
    this.#report = report;
    this.#onForgotten = onForgotten;
    this.#machine = new Machine(LEG_MACHINE, initial, parts.clock, parts.timers, {
      perform: (effect) => this.perform(effect),
      onUnexpected: (state, event) => parts.logger.debug(() => `leg ${state.name}: ${event.type} not expected`),
      onFinal: () => this.#forget(),
    });
    if (offered !== undefined) this.#take(offered);
  }

  get state(): LegState {
    return this.#machine.state;
  }

  abstract get flow(): Flow;

  get peerAddress(): string {
    return this.flow.remote.address;
  }

  dispatch(event: LegEvent): void {
    this.#machine.dispatch(event);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const handler = Object.hasOwn(IN_DIALOG, request.method) ? IN_DIALOG[request.method] : undefined;
    if (handler === undefined) throw new SipError(405, `${request.method} inside a call`).with(...ALLOW_HEADER);
    const sdp = request.method === 'INVITE' ? sessionOf(request) : undefined;
    this.dialogOf(request)?.accept(request);
    handler(this, transaction, sdp);
  }

  onAck(request: Request): void {
    const awaited = this.#offered?.request.headers.get(CSEQ)?.number;
    if (request.headers.get(CSEQ)?.number === awaited) this.dispatch({ type: 'acked', sdp: trySessionOf(request) });
  }

  /** The dialog a request of the peer is in. */
  protected dialogOf(_request: Request): Dialog | undefined {
    return this.dialog;
  }

  /** Every dialog this leg stands in the table with. */
  protected abstract forgetDialogs(): void;

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
      case 'takeOffer':
        this.#take(effect.transaction);
        this.#refresh(effect.transaction);
        return;
      case 'respondAnswer':
        this.accept(this.#offered, this.dialog, effect.sdp);
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
        this.dialog?.refreshTarget(effect.response);
        return;
      case 'respondProgress':
      case 'respondAccept':
      case 'cancelInvite':
        return;
    }
  }

  /** What every message of ours that makes or refreshes the dialog carries. */
  protected dialogHeaders(flow: Flow): HeaderValue[] {
    const contact = parseNameAddr(`<${this.parts.handsets.contactOn(flow, CONTACT_USER)}>`);
    return [header(CONTACT, contact), ALLOW_HEADER];
  }

  protected sdpHeaders(sdp: Sdp): HeaderValue[] {
    return sdp === undefined ? [] : [header(CONTENT_TYPE, SDP_TYPE)];
  }

  /** 200 to an INVITE of the peer. */
  protected accept(transaction: ServerTransaction | undefined, dialog: Dialog | undefined, sdp: Sdp): void {
    if (transaction === undefined || dialog === undefined) return;
    transaction.respond(this.dialogResponse(transaction, dialog, 200, sdp));
  }

  protected dialogResponse(transaction: ServerTransaction, dialog: Dialog, status: number, sdp: Sdp): Response {
    return responseTo(transaction.request, status, {
      toTag: tagOf(dialog.local) ?? '',
      headers: [...this.dialogHeaders(transaction.flow), ...this.sdpHeaders(sdp)],
      body: sdp === undefined ? EMPTY_BODY : printSdp(sdp),
    });
  }

  /** How responses to an INVITE of ours reach the machine. `sequence` is that INVITE's. */
  protected inviteHandlers(sequence: number): ResponseHandlers {
    return {
      onResponse: (response) => this.onInviteResponse(response, sequence),
      onFailure: (why) => {
        const what = why.kind === 'timeout' ? 'no answer' : why.error.message;
        this.parts.logger.info(() => `${this.impi} could not be reached: ${what}`);
        this.dispatch({ type: 'refused', refusal: { status: 408 } });
      },
    };
  }

  protected onInviteResponse(response: Response, sequence: number): void {
    const { status } = response;
    if (status === 100) return;
    if (status < 200) {
      this.dispatch({ type: 'provisional', response, sdp: trySessionOf(response) });
    } else if (status >= 300) {
      this.dispatch({ type: 'refused', refusal: this.refusalOf(response) });
    } else if (this.#ack?.sequence === sequence && this.#ack !== undefined) {
      // RFC 3261 §13.2.2.4: every retransmission of the 2xx gets its ACK again.
      this.parts.transactions.ack(this.#ack.request, this.flow);
    } else {
      this.#unacknowledged = sequence;
      this.dispatch({ type: 'success', response, sdp: trySessionOf(response) });
    }
  }

  protected refusalOf({ status }: Response): Refusal {
    return { status };
  }

  #sendAck(sdp: Sdp): void {
    if (this.dialog === undefined) return;
    const body = sdp === undefined ? EMPTY_BODY : printSdp(sdp);
    const request = this.dialog.ack(this.#unacknowledged, body, this.sdpHeaders(sdp));
    this.#ack = { sequence: this.#unacknowledged, request };
    this.parts.transactions.ack(request, this.dialog.flow);
  }

  #sendOffer(sdp: Sdp): void {
    if (this.dialog === undefined) return;
    const body = sdp === undefined ? EMPTY_BODY : printSdp(sdp);
    const headers = [...this.dialogHeaders(this.dialog.flow), ...this.sdpHeaders(sdp)];
    const request = this.dialog.request('INVITE', headers, body);
    this.parts.transactions.request(request, this.dialog.flow, this.inviteHandlers(this.dialog.localSequence));
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

  #take(transaction: ServerTransaction): void {
    this.#offered = transaction;
    transaction.onCancel = () => this.dispatch({ type: 'cancelled' });
    transaction.onFailure = (why) => {
      this.dispatch({ type: 'lost', what: why.kind === 'timeout' ? 'no ACK' : why.error.message });
    };
  }

  #refresh({ request, flow }: ServerTransaction): void {
    if (this.dialog === undefined) return;
    this.dialog.refreshTarget(request);
    this.dialog.flow = this.parts.handsets.back(request, flow);
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    const { status, phrase, retryAfter, headers = [] } = refusal;
    const toTag = tagOf(transaction.request.headers.get(TO)) ?? this.refusalTag;
    const response = responseTo(transaction.request, status, {
      toTag,
      headers: [...headers, ...(retryAfter === undefined ? [] : [header(RETRY_AFTER, String(retryAfter))])],
      ...(phrase !== undefined && { reason: phrase }),
    });
    transaction.respond(response);
  }

  /** To tag of a refusal of the INVITE that would have made the dialog. */
  protected abstract get refusalTag(): string;

  #forget(): void {
    this.forgetDialogs();
    this.#onForgotten();
  }
}

type InDialogHandler = (leg: Leg, transaction: ServerTransaction, sdp: Sdp) => void;

/** What a handset may send inside a call. */
const IN_DIALOG: { readonly [method: string]: InDialogHandler } = {
  INVITE: (leg, transaction, sdp) => leg.dispatch({ type: 'reoffered', transaction, sdp }),
  BYE: (leg, transaction) => {
    leg.dispatch({ type: 'bye', transaction, reason: transaction.request.headers.raw(REASON.name) });
  },
  OPTIONS: (_leg, transaction) => {
    transaction.respond(responseTo(transaction.request, 200, { headers: [ALLOW_HEADER, SUPPORTED_HEADER] }));
  },
};
