import type { Flow } from '../core/flow.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import { CONTENT_TYPE, CSEQ, FROM, TO, tagOf } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { Params } from '../sip/message/params.ts';
import { SDP_TYPE } from './body.ts';
import { Leg, type LegParts, type LegPeer } from './leg.ts';
import type { LegEffect, LegReport } from './leg-states.ts';
import { passedOn, type Refusal, UNREACHABLE } from './refusal.ts';

/**
 * A handset makes the To tags, so it could make any number of early dialogs and forks. The description of a further
 * early dialog is not kept; a further fork's 2xx is acknowledged, but it gets no BYE.
 */
const MOST_EARLY = 8;
const MOST_LATE_FORKS = 16;

/** A message's session description as it stood. */
interface Description {
  readonly type: string;
  readonly body: Uint8Array;
}

/** The leg we open towards a handset. */
export class OutgoingLeg extends Leg {
  readonly #request: Request;
  readonly #flow: Flow;
  readonly #sequence: number;
  /** By To tag, the descriptions in provisional responses: some handsets do not repeat them in the 2xx. */
  readonly #early = new Map<string, Description>();
  /** By To tag, the dialogs of forks whose 2xx came too late. */
  readonly #lateForks = new Map<string, Dialog>();

  /**
   * @param request the INVITE, dressed by the P-CSCF for `flow`.
   * @param features feature tags of the caller's handset.
   */
  constructor(
    parts: LegParts,
    peer: LegPeer,
    request: Request,
    flow: Flow,
    features: Params,
    report: (report: LegReport) => void,
  ) {
    super(parts, peer, { name: 'inviting' }, report);
    this.#request = request;
    this.#flow = flow;
    this.#sequence = request.headers.get(CSEQ)?.number ?? 1;
    this.features = features;
  }

  get flow(): Flow {
    return this.dialog?.flow ?? this.#flow;
  }

  protected get refusalTag(): string {
    return tagOf(this.#request.headers.get(FROM)) ?? '';
  }

  /** Sends the INVITE. */
  start(): void {
    this.invite(this.#request, this.#flow);
  }

  protected override perform(effect: LegEffect): void {
    if (effect.type === 'confirm' && this.dialog === undefined) this.#makeDialog(effect.response);
    else super.perform(effect);
  }

  protected override onInviteResponse(response: Response, sequence: number): void {
    if (sequence !== this.#sequence || response.status >= 300) super.onInviteResponse(response, sequence);
    else if (response.status < 200) this.#onProvisional(response);
    else if (this.dialog !== undefined && tagFrom(response) !== (tagOf(this.dialog.remote) ?? ''))
      this.#endFork(response);
    else super.onInviteResponse(this.#withAnswer(response), sequence);
  }

  protected override get unreachable(): Refusal {
    return this.dialog === undefined ? UNREACHABLE : super.unreachable;
  }

  protected override refusalOf(response: Response): Refusal {
    return this.dialog === undefined ? passedOn(response) : super.refusalOf(response);
  }

  protected forgetDialogs(): void {
    if (this.dialog !== undefined) this.parts.dialogs.remove(this.dialog);
  }

  #onProvisional(response: Response): void {
    const { body, headers } = response;
    const tag = tagFrom(response);
    if (body.length > 0 && (this.#early.size < MOST_EARLY || this.#early.has(tag))) {
      this.#early.set(tag, { type: headers.raw(CONTENT_TYPE.name) ?? SDP_TYPE.value, body });
    }
    super.onInviteResponse(response, this.#sequence);
  }

  #withAnswer(response: Response): Response {
    const early = this.#early.get(tagFrom(response));
    if (early === undefined || response.body.length > 0) return response;
    const headers = response.headers.clone().setRaw(CONTENT_TYPE.name, early.type);
    return { ...response, headers, body: early.body };
  }

  #makeDialog(response: Response): void {
    this.dialog = this.#dialogOf(response);
    this.parts.dialogs.add(this.dialog, this);
    this.#early.clear();
  }

  /** RFC 3261 §13.2.2.4: a second 2xx of a fork behind the handset is acknowledged, each time, and ended. */
  #endFork(response: Response): void {
    const { transactions } = this.parts;
    const tag = tagFrom(response);
    const known = this.#lateForks.get(tag);
    const dialog = known ?? this.#dialogOf(response);
    transactions.ack(dialog.ack(this.#sequence), dialog.flow);
    if (known !== undefined || this.#lateForks.size >= MOST_LATE_FORKS) return;
    this.#lateForks.set(tag, dialog);
    transactions.request(dialog.request('BYE'), dialog.flow, { onResponse() {}, onFailure() {} });
  }

  #dialogOf(response: Response): Dialog {
    return Dialog.fromResponse(this.#request, response, this.parts.handsets.back(response, this.#flow));
  }
}

function tagFrom(response: Response): string {
  return tagOf(response.headers.get(TO)) ?? '';
}
