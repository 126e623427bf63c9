import { Machine } from '../core/machine.ts';
import { randomBelow } from '../core/random.ts';
import { usesPreconditions } from '../sdp/precondition.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import {
  type Ordered,
  RACK,
  type ReliableEffect,
  type ReliableEvent,
  type ReliableState,
  reliableMachine,
} from '../sip/dialog/reliable.ts';
import { CSEQ, REQUIRE, RSEQ } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { sessionOf } from './body.ts';
import { EarlyDialog, type EarlyOwner } from './early-dialog.ts';
import type { EarlyEffect, EarlyEvent } from './early-states.ts';
import type { Sdp, SessionCommand } from './leg-session.ts';
import type { LegTimers } from './leg-states.ts';
import { NO_DESCRIPTION } from './leg-steps.ts';

/** A response to the INVITE that waits its turn. */
export interface Answering extends Ordered {
  /** The callee's response that made the call say so. */
  readonly original: Response | undefined;
}

export interface IncomingEarlyOwner extends EarlyOwner {
  /** The INVITE. */
  readonly request: Request;
  /** Makes the response with what the caller is shown of the callee's. */
  responseIn(dialog: Dialog, status: number, sdp: Sdp, original: Response | undefined): Response;
  /** Sends a response to the INVITE, again too. */
  respond(response: Response): void;
  /** The 2xx is about to leave. */
  opening(early: IncomingEarly): void;
  /** The 2xx has left. */
  opened(early: IncomingEarly, offering: boolean): void;
  /** No PRACK came. */
  unacknowledged(): void;
}

const RELIABLE = reliableMachine<Answering>();

/** An early dialog that our responses to a handset's INVITE made. */
export class IncomingEarly extends EarlyDialog {
  protected override readonly owner: IncomingEarlyOwner;
  readonly #responses: Machine<
    ReliableState<Answering>,
    ReliableEvent<Answering>,
    ReliableEffect<Answering>,
    LegTimers
  >;
  /** The reliable response that awaits its PRACK. */
  #sent: Response | undefined;
  /** The 2xx that is wanted and may not leave yet. */
  #accepting: Answering | undefined;
  /** An offer for the peer that waits for its PRACK (RFC 3311 §5.1). */
  #held: Extract<SessionCommand, { type: 'offer' }> | undefined;

  constructor(owner: IncomingEarlyOwner, fork: number, dialog: Dialog) {
    // A body may hold something else only, such as a location.
    const offered = sessionOf(owner.request) !== undefined;
    super(owner, fork, dialog, offered ? { name: 'offered', by: 'invite' } : { name: 'asked' });
    this.owner = owner;
    const { clock, random, logger, timers } = owner.messages.parts;
    const first = { name: 'idle', next: 1 + randomBelow(random, 2 ** 31 - 1) } as const;
    this.#responses = new Machine(RELIABLE, first, clock, timers, {
      perform: (effect) => this.#performResponse(effect),
      onUnexpected: (state, event) => logger.debug(() => `reliable responses ${state.name}: ${event.type}`),
    });
  }

  command(command: SessionCommand): void {
    switch (command.type) {
      case 'progress':
        this.#progress(command.status, command.original);
        return;
      case 'accept':
        this.#accepting = { status: 200, reliable: false, original: command.original };
        this.#accept();
        return;
      case 'offer':
        if (this.#responses.state.name === 'unacknowledged' && this.state.name === 'agreed') this.#held = command;
        else this.#offer(command.sdp);
        return;
      case 'answer':
      case 'preview':
      case 'refuseOffer':
        this.dispatch(command);
        return;
      case 'withdraw':
        return;
    }
  }

  /**
   * A PRACK inside this dialog.
   * @throws SipError 481 when it acknowledges nothing of ours (RFC 3262 §3).
   */
  prack(transaction: ServerTransaction): void {
    const { state } = this.#responses;
    const { request } = transaction;
    const rack = request.headers.get(RACK);
    const invite = this.owner.request.headers.get(CSEQ)?.number;
    const isOurs = rack?.cseq === invite && rack?.method === 'INVITE';
    if (state.name !== 'unacknowledged' || rack?.sequence !== state.sequence || !isOurs) {
      throw new SipError(481, 'PRACK for no response that awaits one');
    }
    const sdp = sessionOf(request);
    const answering = this.state.name === 'offering' && this.state.by === 'response';
    if (sdp === undefined || answering) {
      const { messages } = this.owner;
      messages.respond(transaction, messages.response(transaction, this.dialog, 200, undefined));
      if (answering)
        this.dispatch(sdp ? { type: 'peerAnswer', sdp } : { type: 'peerRefused', refusal: NO_DESCRIPTION });
    } else {
      this.dispatch({ type: 'peerOffer', by: 'prack', transaction, sdp });
    }
    this.#sent = undefined;
    this.#responses.dispatch({ type: 'prack', sequence: state.sequence });
    this.#release();
  }

  override close(): void {
    this.#responses.abandon();
    super.close();
  }

  override leave(): void {
    this.#responses.abandon();
    super.leave();
  }

  protected override dispatch(event: EarlyEvent): void {
    super.dispatch(event);
    this.#accept();
  }

  protected override perform(effect: EarlyEffect): void {
    // The response that waited for it leaves after `dispatch`.
    if (effect.type !== 'described') super.perform(effect);
  }

  #offer(sdp: Sdp): void {
    if (sdp === undefined) return;
    const first = this.state.name === 'asked';
    if (first || this.owner.messages.allows('UPDATE')) this.dispatch({ type: 'offer', sdp });
    else this.owner.reports(this.fork, { type: 'offerRefused', refusal: { status: 491 } });
  }

  /** What waited for the PRACK. */
  #release(): void {
    const held = this.#held;
    if (held !== undefined && this.#responses.state.name === 'idle') {
      this.#held = undefined;
      this.#offer(held.sdp);
    }
    this.#accept();
  }

  #progress(status: number, original: Response | undefined): void {
    // An answer to a callee that gave none needs no acknowledgement of the caller, unless it insists.
    const reliable = this.#isRequired() || (this.#isPossible() && (this.#hasDescription() || isReliable(original)));
    this.#responses.dispatch({ type: 'send', response: { status, reliable, original } });
  }

  #isPossible(): boolean {
    const { messages } = this.owner;
    return messages.peer.reliable && messages.supports('100rel');
  }

  /** RFC 3262 §3: then every response but 100 is sent reliably. */
  #isRequired(): boolean {
    return this.#isPossible() && this.owner.request.headers.rawAll(REQUIRE.name).some((raw) => /\b100rel\b/i.test(raw));
  }

  /** Whether we have said nothing yet of a description that is known for certain. */
  #hasDescription(): boolean {
    const { state } = this;
    return (state.name === 'offering' && state.by === 'response' && !state.sent) || this.#answer !== undefined;
  }

  get #answer(): Sdp {
    return this.state.name === 'offered' && this.state.by === 'invite' ? this.state.answer : undefined;
  }

  #description(reliable: boolean): Sdp {
    const { state } = this;
    if (state.name === 'offered' && state.by === 'invite') return state.answer ?? state.preview;
    if (state.name === 'offering' && state.by === 'response' && !state.sent && reliable) return state.offer;
    return undefined;
  }

  #accept(): void {
    const accepting = this.#accepting;
    if (accepting === undefined || !this.#isAcceptable()) return;
    this.#accepting = undefined;
    this.#responses.dispatch({ type: 'send', response: accepting });
  }

  /** RFC 3261 §13.3.1.4, RFC 3262 §3: the 2xx needs an agreed session, or holds the description that is still owed. */
  #isAcceptable(): boolean {
    const { state } = this;
    if (this.#held !== undefined) return false;
    if (state.name === 'agreed') return true;
    return this.#answer !== undefined || (state.name === 'offering' && state.by === 'response' && !state.sent);
  }

  #performResponse(effect: ReliableEffect<Answering>): void {
    switch (effect.type) {
      case 'send':
        if (effect.response.status >= 200) this.#open(effect.response);
        else this.#sendProvisional(effect.response, effect.sequence);
        return;
      case 'repeat':
        if (this.#sent !== undefined) this.owner.respond(this.#sent);
        return;
      case 'gaveUp':
        this.owner.unacknowledged();
        return;
    }
  }

  #sendProvisional({ status, original }: Answering, sequence: number | undefined): void {
    const reliable = sequence !== undefined;
    const sdp = this.#description(reliable);
    const response = this.owner.responseIn(this.dialog, status, sdp, original);
    if (reliable) {
      const required = sdp !== undefined && usesPreconditions(sdp) ? '100rel, precondition' : '100rel';
      response.headers.addRaw(REQUIRE.name, required).set(RSEQ, sequence);
      this.#sent = response;
    }
    this.owner.respond(response);
    if (reliable && sdp !== undefined) this.dispatch({ type: 'carried' });
  }

  #open(accepting: Answering): void {
    // An offer may have come with the PRACK for which the 2xx waited.
    if (!this.#isAcceptable()) {
      this.#accepting = accepting;
      return;
    }
    const offering = this.state.name === 'offering';
    this.owner.opening(this);
    const response = this.owner.responseIn(this.dialog, 200, this.#description(true), accepting.original);
    this.owner.respond(response);
    this.owner.opened(this, offering);
  }
}

function isReliable(response: Response | undefined): boolean {
  return response?.headers.has(RSEQ.name) ?? false;
}
