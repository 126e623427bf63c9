import type { Flow } from '../core/flow.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import { CSEQ, FROM, TO, tagOf } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { ClientTransaction } from '../sip/transaction/user.ts';
import { Leg, type LegParts } from './leg.ts';
import type { LegEffect, LegReport } from './leg-states.ts';
import { passedOn, type Refusal } from './refusal.ts';

/** The leg we open towards a handset. */
export class OutgoingLeg extends Leg {
  readonly #request: Request;
  readonly #flow: Flow;
  readonly #sequence: number;
  #transaction: ClientTransaction | undefined;
  /** SDP of a provisional response, for handsets that do not repeat it in the 200. */
  #early: Response | undefined;

  /** @param request the INVITE, dressed by the P-CSCF for `flow`. */
  constructor(
    parts: LegParts,
    impi: string,
    request: Request,
    flow: Flow,
    report: (report: LegReport) => void,
    onForgotten: () => void,
  ) {
    super(parts, impi, { name: 'inviting' }, undefined, report, onForgotten);
    this.#request = request;
    this.#flow = flow;
    this.#sequence = request.headers.get(CSEQ)?.number ?? 1;
  }

  get flow(): Flow {
    return this.dialog?.flow ?? this.#flow;
  }

  protected get refusalTag(): string {
    return tagOf(this.#request.headers.get(FROM)) ?? '';
  }

  /** Sends the INVITE. */
  start(): void {
    const handlers = this.inviteHandlers(this.#sequence);
    this.#transaction = this.parts.transactions.request(this.#request, this.#flow, handlers);
  }

  protected override perform(effect: LegEffect): void {
    switch (effect.type) {
      case 'cancelInvite':
        this.#transaction?.cancel(effect.reason);
        return;
      case 'confirm':
        if (this.dialog === undefined) this.#makeDialog(effect.response);
        else super.perform(effect);
        return;
      default:
        super.perform(effect);
    }
  }

  protected override onInviteResponse(response: Response, sequence: number): void {
    const tag = tagOf(response.headers.tryGet(TO));
    if (
      response.status >= 200 &&
      response.status < 300 &&
      this.dialog !== undefined &&
      tag !== tagOf(this.dialog.remote)
    ) {
      this.#endFork(response);
      return;
    }
    if (response.status < 200 && response.body.length > 0) this.#early = response;
    const answer =
      response.status < 300 && response.body.length === 0 && response.status >= 200 ? this.#early : undefined;
    super.onInviteResponse(
      answer === undefined ? response : { ...response, headers: withType(response, answer), body: answer.body },
      sequence,
    );
  }

  protected override refusalOf(response: Response): Refusal {
    return this.dialog === undefined ? passedOn(response) : super.refusalOf(response);
  }

  protected forgetDialogs(): void {
    if (this.dialog !== undefined) this.parts.dialogs.remove(this.dialog);
  }

  #makeDialog(response: Response): void {
    this.dialog = Dialog.fromResponse(this.#request, response, this.#flow);
    if (this.dialog !== undefined) this.parts.dialogs.add(this.dialog, this);
  }

  /** RFC 3261 §13.2.2.4: a second 2xx of a fork behind the handset is acknowledged and ended. */
  #endFork(response: Response): void {
    const dialog = Dialog.fromResponse(this.#request, response, this.#flow);
    if (dialog === undefined) return;
    this.parts.transactions.ack(dialog.ack(this.#sequence), this.#flow);
    this.parts.transactions.request(dialog.request('BYE'), this.#flow, { onResponse() {}, onFailure() {} });
  }
}

function withType(response: Response, body: Response): Response['headers'] {
  return response.headers.clone().copy('Content-Type', body.headers);
}
