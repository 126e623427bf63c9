/** What calls of both directions have in common once there is a dialog: its requests, hold, the end. */
import type { Flow } from '../core/flow.ts';
import type { Direction } from '../sdp/attributes.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { DialogUsage } from '../sip/dialog/dialogs.ts';
import { type HeaderValue, header } from '../sip/message/build.ts';
import { CONTENT_TYPE, CSEQ, type Parameterised } from '../sip/message/header-types.ts';
import { EMPTY_BODY, type Request, type Response } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { AcceptedInvite } from './accepted-invite.ts';
import type { Agent, Outcome } from './agent.ts';
import type { Media } from './media.ts';
import { Milestone } from './milestone.ts';
import type { EditSdp, Session } from './session.ts';

/** How a call ended. */
export interface CallEnd {
  /** Who ended it: we, the other side (BYE, CANCEL, a refusal), or nobody, when no answer came. */
  readonly by: 'us' | 'peer' | 'nobody';
  /** In words: `hung up`, `486 Busy Here`. */
  readonly why: string;
  /** Of the refusal; 408 or 503 when nobody answered. Absent when an answered call was hung up. */
  readonly status?: number;
  /** Reason header of what ended it (RFC 3326). */
  readonly reason?: string;
  /** The peer's BYE or CANCEL, or its refusal. */
  readonly message?: Request | Response;
}

/** Changes one message of ours before it goes out. */
export interface MessageOptions {
  readonly edit?: (message: Request | Response) => void;
  readonly sdp?: EditSdp;
}

const SDP: Parameterised = { value: 'application/sdp', params: Params.none };

export abstract class Call implements DialogUsage {
  readonly session: Session;
  protected readonly agent: Agent;
  #dialog: Dialog | undefined;
  readonly #end = new Milestone<CallEnd>();
  #over = false;
  #accepted: AcceptedInvite | undefined;
  /** The ACK will bring the answer to the offer in our 2xx. */
  #offeredInAnswer = false;

  constructor(agent: Agent, session: Session) {
    this.agent = agent;
    this.session = session;
  }

  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Its RTP: what to play, what was heard. */
  get media(): Media {
    return this.session.media;
  }

  get impi(): string {
    return this.agent.options.impi;
  }

  get flow(): Flow {
    return this.agent.flow;
  }

  /** Resolves when the call is over, whoever ended it. */
  ended(): Promise<CallEnd> {
    return this.agent.patience.within(this.#end.promise, () => 'the call did not end');
  }

  /** Puts the peer on hold with a re-INVITE (RFC 3264 §8.4). */
  hold(options: MessageOptions = {}): Promise<Outcome> {
    return this.reinvite('sendonly', options);
  }

  resume(options: MessageOptions = {}): Promise<Outcome> {
    return this.reinvite('sendrecv', options);
  }

  /** Offers the session again, with another direction if wanted (RFC 3261 §14.1). */
  async reinvite(direction: Direction = 'sendrecv', { edit, sdp }: MessageOptions = {}): Promise<Outcome> {
    const body = this.session.offer(direction, sdp);
    const headers = [this.agent.requests.contactHeader, this.agent.requests.allow, sdpType];
    const outcome = await this.request('INVITE', headers, body, edit);
    const { response, request } = outcome;
    if (response !== undefined && outcome.status >= 200 && outcome.status < 300) {
      this.#dialog?.refreshTarget(response);
      const ack = this.#dialog?.ack(request.headers.get(CSEQ)?.number ?? 0);
      if (ack !== undefined) this.agent.ack(ack);
      this.session.takeAnswer(response.body);
    }
    return outcome;
  }

  /** Any request inside the dialog. @throws Error when there is none. */
  request(
    method: string,
    headers: readonly HeaderValue[] = [],
    body: Uint8Array = EMPTY_BODY,
    edit?: (request: Request) => void,
  ): Promise<Outcome> {
    const dialog = this.#dialog;
    if (dialog === undefined) throw new Error(`${method} without a dialog: the call was not answered`);
    return this.agent.exchange(() => {
      const request = dialog.request(method, [...headers, this.agent.requests.userAgent], body);
      edit?.(request);
      return request;
    });
  }

  /** Ends the call with BYE. */
  async bye({ edit }: MessageOptions = {}): Promise<Outcome> {
    const answer = this.request('BYE', [], EMPTY_BODY, edit);
    this.finish({ by: 'us', why: 'hung up' });
    return answer;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const { agent } = this;
    this.#dialog?.accept(request);
    switch (request.method) {
      case 'BYE': {
        transaction.respond(agent.response(request, 200));
        this.finish({ by: 'peer', why: 'hung up', message: request, ...reasonOf(request) });
        break;
      }
      case 'INVITE':
        this.#dialog?.refreshTarget(request);
        this.accept(transaction);
        break;
      case 'UPDATE':
        this.#dialog?.refreshTarget(request);
        transaction.respond(agent.response(request, 200, this.#answerOptions(request)));
        break;
      case 'INFO':
      case 'OPTIONS':
      case 'MESSAGE':
      case 'NOTIFY':
        transaction.respond(agent.response(request, 200));
        break;
      default:
        transaction.respond(agent.response(request, 405, { headers: [agent.requests.allow] }));
    }
  }

  onAck(request: Request): void {
    this.#accepted?.stop();
    if (this.#offeredInAnswer) this.session.takeAnswer(request.body);
    this.#offeredInAnswer = false;
    this.acknowledgedBy(request);
  }

  /** An ACK of a 2xx of ours has come. */
  protected acknowledgedBy(_ack: Request): void {}

  /**
   * Answers an INVITE with 200 and our part of the session. @throws SipError 488 when there is nothing in the offer we can
   * hear.
   */
  protected accept(transaction: ServerTransaction, options: MessageOptions & { readonly toTag?: string } = {}): void {
    const { agent } = this;
    const { toTag } = options;
    const parts = { ...this.#answerOptions(transaction.request, options.sdp), ...(toTag !== undefined && { toTag }) };
    const response = agent.response(transaction.request, 200, parts);
    options.edit?.(response);
    this.#accepted?.stop();
    this.#accepted = new AcceptedInvite(agent, transaction, response, () => {
      // Nobody acknowledged: RFC 3261 §13.3.1.4 ends the call with BYE.
      if (!this.#over) this.bye().catch(() => {});
    });
  }

  /** The dialog there is now; it replaces that of another fork. */
  protected establish(dialog: Dialog): void {
    if (this.#dialog !== undefined) this.agent.dialogs.remove(this.#dialog);
    this.#dialog = dialog;
    this.agent.dialogs.add(dialog, this);
  }

  /** The call is over; only the first end counts. */
  protected finish(end: CallEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#accepted?.stop();
    if (this.#dialog !== undefined) this.agent.dialogs.remove(this.#dialog);
    this.session.close();
    this.#end.reach(end);
    this.onFinish(end);
  }

  /** Ends the call in the way its state asks for: BYE, CANCEL or a refusal. */
  abstract hangUp(options?: MessageOptions): Promise<Outcome | CallEnd>;

  protected abstract onFinish(end: CallEnd): void;

  /** The handset goes away: nothing is sent. */
  abandon(): void {
    this.finish({ by: 'us', why: 'the handset was closed' });
  }

  #answerOptions(request: Request, edit?: EditSdp): { headers: readonly HeaderValue[]; body?: Uint8Array } {
    const { contactHeader, allow } = this.agent.requests;
    const headers = [contactHeader, allow];
    if (request.body.length === 0) {
      if (request.method !== 'INVITE') return { headers };
      // RFC 3261 §13.2.1: without an offer in the INVITE ours is in the 2xx, and the ACK brings the answer.
      this.#offeredInAnswer = true;
      return { headers: [...headers, sdpType], body: this.session.offer(undefined, edit) };
    }
    const body = this.session.answer(request.body, edit);
    if (body === undefined) throw new SipError(488, 'no audio with a codec of ours in the offer');
    return { headers: [...headers, sdpType], body };
  }
}

/** Content-Type of a body that describes a session. */
export const sdpType: HeaderValue = header(CONTENT_TYPE, SDP);

export function reasonOf({ headers }: Request | Response): { readonly reason?: string } {
  const reason = headers.raw('Reason');
  return reason === undefined ? {} : { reason };
}
