/** A call that comes to the handset (RFC 3261 §13.3). */
import { Dialog } from '../sip/dialog/dialog.ts';
import { FROM } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri } from '../sip/message/uri.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Agent, Outcome } from './agent.ts';
import { Call, type CallEnd, type MessageOptions, reasonOf } from './call.ts';
import { Milestone } from './milestone.ts';
import type { Session } from './session.ts';

export class IncomingCall extends Call {
  /** The INVITE. */
  readonly invite: Request;
  readonly #transaction: ServerTransaction;
  readonly #tag: string;
  readonly #acknowledged = new Milestone<Request>();
  readonly #onOver: (call: Call) => void;
  #answered = false;

  /** @throws SipError 400 when the INVITE can open no dialog. */
  constructor(agent: Agent, session: Session, transaction: ServerTransaction, onOver: (call: Call) => void) {
    super(agent, session);
    this.#transaction = transaction;
    this.invite = transaction.request;
    this.#tag = agent.requests.tag();
    this.#onOver = onOver;
    this.establish(Dialog.fromRequest(this.invite, this.#tag, agent.flow));
    transaction.onCancel = (cancel) => this.#cancelled(cancel);
    transaction.onFailure = (failure) => {
      if (failure.kind === 'transport') this.finish({ by: 'nobody', why: failure.error.message, status: 503 });
    };
  }

  /** Who calls, as From says. */
  get caller(): string {
    const from = this.invite.headers.tryGet(FROM);
    return from === undefined ? 'somebody' : printUri(from.uri);
  }

  /** The ACK of our 200. Rejects when the call ends without. */
  acknowledged(): Promise<Request> {
    return this.agent.patience.within(this.#acknowledged.promise, () => 'no ACK for the 200');
  }

  /** Sends a provisional response. */
  ring(status = 180, { edit }: Pick<MessageOptions, 'edit'> = {}): void {
    const { contactHeader, allow } = this.agent.requests;
    const options = { toTag: this.#tag, headers: [contactHeader, allow] };
    const response = this.agent.response(this.invite, status, options);
    edit?.(response);
    this.#transaction.respond(response);
  }

  /** Sends 200; 488 when there is nothing in the offer we can hear, which ends the call. */
  answer(options: MessageOptions = {}): void {
    if (this.over) return;
    try {
      this.accept(this.#transaction, { ...options, toTag: this.#tag });
      this.#answered = true;
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      this.refuse(error.status);
    }
  }

  /** Refuses the call, 486 by default. */
  refuse(status = 486, { edit }: Pick<MessageOptions, 'edit'> = {}): void {
    const response = this.agent.response(this.invite, status, { toTag: this.#tag });
    edit?.(response);
    this.#transaction.respond(response);
    this.finish({ by: 'us', why: `${status} ${response.reason}`, status });
  }

  /** BYE when answered, else a refusal. */
  override async hangUp(options: MessageOptions = {}): Promise<Outcome | CallEnd> {
    if (this.#answered && !this.over) return this.bye(options);
    if (!this.over) this.refuse(603);
    return this.ended();
  }

  protected override acknowledgedBy(ack: Request): void {
    this.#acknowledged.reach(ack);
  }

  protected override onFinish({ why }: CallEnd): void {
    this.#acknowledged.miss(`the call ended: ${why}`);
    this.#onOver(this);
  }

  #cancelled(cancel: Request): void {
    this.#transaction.respond(this.agent.response(this.invite, 487, { toTag: this.#tag }));
    this.finish({
      by: 'peer',
      why: 'given up before it was answered',
      status: 487,
      message: cancel,
      ...reasonOf(cancel),
    });
  }
}
