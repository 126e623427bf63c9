/** A call the handset makes (RFC 3261 §13.2). */
import { Dialog } from '../sip/dialog/dialog.ts';
import { type HeaderValue, header } from '../sip/message/build.ts';
import { ACCEPT, CSEQ, TO, tagOf } from '../sip/message/header-types.ts';
import { EMPTY_BODY, type Request, type Response } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import type { ClientTransaction, TransactionFailure } from '../sip/transaction/user.ts';
import { type Agent, type Outcome, statusOf } from './agent.ts';
import { Call, type CallEnd, type MessageOptions, reasonOf, sdpType } from './call.ts';
import type { AuthenticationStep, ChallengeWalk } from './challenge-walk.ts';
import { Milestone } from './milestone.ts';
import type { Sequence } from './requests.ts';
import type { EditSdp, Session } from './session.ts';

export interface CallOptions {
  /** false: INVITE goes without SDP, and the offer is in the answer. Default true. */
  readonly offer?: boolean;
  readonly sdp?: EditSdp;
  /** Identity in From. Default: the handset's own. */
  readonly from?: string;
  /** The last word on each INVITE before it goes out. */
  readonly edit?: (request: Request) => void;
}

export class OutgoingCall extends Call {
  /** Every provisional response above 100. */
  readonly provisionals: Response[] = [];
  /** The response that decided: 2xx, or the refusal. */
  final: Response | undefined;
  readonly #uri: string;
  readonly #options: CallOptions;
  readonly #sequence: Sequence;
  readonly #walk: ChallengeWalk;
  readonly #ringing = new Milestone<Response>();
  readonly #progress = new Milestone<Response>();
  readonly #answered = new Milestone<Response>();
  readonly #onOver: (call: Call) => void;
  #transaction: ClientTransaction | undefined;
  #ack: Request | undefined;
  #cancelled = false;

  /** @param uri Request-URI and To. INVITE goes out with `start`. */
  constructor(agent: Agent, session: Session, uri: string, options: CallOptions, onOver: (call: Call) => void) {
    super(agent, session);
    this.#uri = uri;
    this.#options = options;
    this.#sequence = agent.requests.sequence();
    this.#walk = agent.challengeWalk();
    this.#onOver = onOver;
  }

  /** Challenges on the way, and how they were answered. */
  get steps(): readonly AuthenticationStep[] {
    return this.#walk.steps;
  }

  start(): void {
    this.#attempt(undefined);
  }

  /** The first response above 100. Rejects when the call ends without. */
  progress(): Promise<Response> {
    return this.agent.patience.within(this.#progress.promise, () => `no provisional response from ${this.#uri}`);
  }

  /** The first 180. Rejects when the call ends without. */
  ringing(): Promise<Response> {
    return this.agent.patience.within(this.#ringing.promise, () => `${this.#uri} does not ring`);
  }

  /** The 2xx. Rejects when the call ends without. */
  answered(): Promise<Response> {
    return this.agent.patience.within(this.#answered.promise, () => `${this.#uri} does not answer`);
  }

  /** Gives the call up before it is answered; BYE follows when the answer crosses the CANCEL (RFC 3261 §9.1). */
  cancel(reason?: string): Promise<CallEnd> {
    this.#cancelled = true;
    this.#transaction?.cancel(reason);
    return this.ended();
  }

  /** BYE when answered, else CANCEL. */
  override async hangUp(options: MessageOptions = {}): Promise<Outcome | CallEnd> {
    return this.#answered.settled && !this.over ? this.bye(options) : this.cancel();
  }

  protected override onFinish({ why }: CallEnd): void {
    for (const milestone of [this.#progress, this.#ringing, this.#answered]) milestone.miss(`the call ended: ${why}`);
    this.#onOver(this);
  }

  #attempt(credentials: HeaderValue | undefined): void {
    const request = this.#request();
    if (credentials !== undefined) request.headers.set(...credentials);
    this.#transaction = this.agent.send(request, {
      onResponse: (response) => this.#onResponse(request, response),
      onFailure: (why) => this.#onFailure(why),
    });
  }

  #request(): Request {
    const { requests } = this.agent;
    const { offer = true, sdp, from, edit } = this.#options;
    const request = requests.next('INVITE', this.#uri, this.#sequence, {
      ...(from !== undefined && { from }),
      headers: [
        requests.contactHeader,
        requests.allow,
        header(ACCEPT, { value: 'application/sdp', params: Params.none }),
        ...(offer ? [sdpType] : []),
      ],
      body: offer ? this.session.offer(undefined, sdp) : EMPTY_BODY,
    });
    edit?.(request);
    return request;
  }

  #onResponse(request: Request, response: Response): void {
    const { status } = response;
    if (status === 100) return;
    if (status < 200) this.#provisional(request, response);
    else if (status < 300) this.#accepted(request, response);
    else this.#refused(request, response);
  }

  #provisional(request: Request, response: Response): void {
    this.provisionals.push(response);
    const early = Dialog.fromResponse(request, response, this.agent.flow);
    if (early !== undefined && this.dialog?.key !== early.key) this.establish(early);
    if (response.body.length > 0) this.session.takeAnswer(response.body);
    this.#progress.reach(response);
    if (response.status === 180) this.#ringing.reach(response);
  }

  #accepted(request: Request, response: Response): void {
    const first = this.final === undefined;
    const ours = !first && tagOf(response.headers.tryGet(TO)) === tagOf(this.final?.headers.tryGet(TO));
    if (ours) {
      // RFC 3261 §13.2.2.4: each repetition of the 2xx is acknowledged again.
      if (this.#ack !== undefined) this.agent.ack(this.#ack);
      return;
    }
    const confirmed = Dialog.fromResponse(request, response, this.agent.flow);
    if (confirmed === undefined) {
      this.finish({ by: 'nobody', why: `${response.status} without a To tag`, status: response.status });
      return;
    }
    if (!first || this.over) {
      this.#declineFork(request, confirmed);
      return;
    }
    this.final = response;
    // An early dialog goes on with its CSeq, and with the target the 2xx names.
    const dialog = this.dialog?.key === confirmed.key ? this.dialog : confirmed;
    if (dialog === confirmed) this.establish(confirmed);
    else dialog.refreshTarget(response);
    this.#acknowledge(request, response, dialog);
    this.#answered.reach(response);
    if (this.#cancelled) this.bye().catch(() => {});
  }

  #acknowledge(request: Request, response: Response, dialog: Dialog): void {
    const sequence = request.headers.get(CSEQ)?.number ?? 0;
    if (this.#options.offer === false) {
      const answer = this.session.answer(response.body, this.#options.sdp) ?? EMPTY_BODY;
      this.#ack = dialog.ack(sequence, answer, answer.length === 0 ? [] : [sdpType]);
    } else {
      if (response.body.length > 0) this.session.takeAnswer(response.body);
      this.#ack = dialog.ack(sequence);
    }
    this.agent.ack(this.#ack);
  }

  /** RFC 3261 §13.2.2.4: another fork answered too. */
  #declineFork(request: Request, dialog: Dialog): void {
    this.agent.ack(dialog.ack(request.headers.get(CSEQ)?.number ?? 0));
    this.agent.exchange(() => dialog.request('BYE')).catch(() => {});
  }

  #refused(request: Request, response: Response): void {
    const next = this.#cancelled ? undefined : this.#walk.next(request, response);
    if (next !== undefined) {
      this.#attempt(next);
      return;
    }
    this.final = response;
    const { status } = response;
    const why = `${status} ${response.reason}`;
    this.finish({ by: this.#cancelled ? 'us' : 'peer', why, status, message: response, ...reasonOf(response) });
  }

  #onFailure(failure: TransactionFailure): void {
    const why = failure.kind === 'timeout' ? 'nobody answered the INVITE' : failure.error.message;
    this.finish({ by: this.#cancelled ? 'us' : 'nobody', why, status: statusOf(failure) });
  }
}
