import type { Flow } from '../core/flow.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import { MIN_SE } from '../sip/dialog/session-timer.ts';
import { CSEQ, FROM, SESSION_EXPIRES, TO, tagOf, VIA } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { Params } from '../sip/message/params.ts';
import { trySessionOf } from './body.ts';
import type { EarlyOwner } from './early-dialog.ts';
import { Leg } from './leg.ts';
import type { LegParts, LegPeer } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';
import type { LegEffect, LegReport } from './leg-states.ts';
import { OutgoingEarly } from './outgoing-early.ts';
import { passedOn, type Refusal, UNREACHABLE } from './refusal.ts';

/**
 * A handset makes the To tags, so it could make any number of early dialogs and forks. A further early dialog is not
 * heard; a further fork's 2xx is acknowledged, but it gets no BYE.
 */
const MOST_EARLY = 8;
const MOST_LATE_FORKS = 16;

/** The leg we open towards a handset. Its early dialogs are numbered in the order in which their To tags came. */
export class OutgoingLeg extends Leg {
  #request: Request;
  readonly #flow: Flow;
  #sequence: number;
  /** By To tag. */
  readonly #early = new Map<string, OutgoingEarly>();
  /** By To tag, the dialogs of forks whose 2xx came too late. */
  readonly #lateForks = new Map<string, Dialog>();
  readonly #owner: EarlyOwner;

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
    this.messages.features = features;
    this.#owner = {
      messages: this.messages,
      reports: (fork, one) => this.tell({ ...one, fork }),
      lost: (what) => this.dispatch({ type: 'lost', what }),
      updated: (response) => this.onUpdated(response),
    };
  }

  get flow(): Flow {
    return this.dialog?.flow ?? this.#flow;
  }

  protected get offeredFirst(): Sdp {
    return trySessionOf(this.#request);
  }

  protected get ownsCallId(): boolean {
    return true;
  }

  protected get refusalTag(): string {
    return tagOf(this.#request.headers.get(FROM)) ?? '';
  }

  /** Sends the INVITE. */
  start(): void {
    const { headers } = this.#request;
    headers.remove(SESSION_EXPIRES.name, MIN_SE.name);
    for (const [type, value] of this.messages.session.begin()) headers.add(type, value);
    this.invite(this.#request, this.#flow);
  }

  protected override perform(effect: LegEffect): void {
    if (effect.type === 'confirm') this.#confirm(effect.fork, effect.response);
    else if (effect.type === 'command') this.#earlyOfFork(effect.fork)?.command(effect.command);
    else super.perform(effect);
  }

  protected override onInviteResponse(response: Response, sequence: number): void {
    if (response.status === 100) return;
    if (sequence === this.#sequence && this.state.name === 'inviting' && this.messages.session.raise(response)) {
      this.#startAgain();
      return;
    }
    if (sequence !== this.#sequence || response.status >= 300) super.onInviteResponse(response, sequence);
    else if (response.status < 200) this.#onProvisional(response);
    else if (this.dialog !== undefined && tagFrom(response) !== (tagOf(this.dialog.remote) ?? '')) {
      this.#endFork(response);
    } else if (this.isNew(sequence)) this.#onSuccess(response);
  }

  protected override get unreachable(): Refusal {
    return this.dialog === undefined ? UNREACHABLE : super.unreachable;
  }

  protected override refusalOf(response: Response): Refusal {
    return this.dialog === undefined ? passedOn(response) : super.refusalOf(response);
  }

  protected earlyOf(request: Request): OutgoingEarly | undefined {
    return this.#early.get(tagOf(request.headers.get(FROM)) ?? '');
  }

  protected closeEarly(): void {
    for (const early of this.#early.values()) early.close();
  }

  protected forgetDialogs(): void {
    for (const { dialog } of this.#early.values()) this.parts.dialogs.remove(dialog);
    if (this.dialog !== undefined) this.parts.dialogs.remove(this.dialog);
  }

  #onProvisional(response: Response): void {
    if (this.state.name !== 'inviting') return;
    const early = this.#earlyFrom(response);
    if (early === undefined || !early.provisional(response)) return;
    this.dispatch({ type: 'provisional', fork: early.fork, response });
  }

  /** RFC 4028 §7.3: the same INVITE with the interval that the 422 wants. */
  #startAgain(): void {
    this.#sequence++;
    const headers = this.#request.headers.clone().set(CSEQ, { number: this.#sequence, method: 'INVITE' });
    headers.remove(VIA.name);
    this.#request = { ...this.#request, headers };
    this.start();
  }

  #onSuccess(response: Response): void {
    this.messages.session.agreed(response);
    this.messages.learn(response);
    const early = this.#earlyFrom(response, Number.POSITIVE_INFINITY);
    if (early === undefined) return;
    this.dispatch({ type: 'connected', fork: early.fork, response, ...early.conclude(response) });
  }

  #earlyOfFork(fork: number): OutgoingEarly | undefined {
    return [...this.#early.values()].find((early) => early.fork === fork);
  }

  /** The early dialog of a response, made when there is none and there are not `most` yet. */
  #earlyFrom(response: Response, most = MOST_EARLY): OutgoingEarly | undefined {
    const tag = tagFrom(response);
    const known = this.#early.get(tag);
    if (known !== undefined || this.#early.size >= most) return known;
    const offered = this.#request.body.length > 0;
    const early = new OutgoingEarly(this.#owner, this.#early.size, this.#dialogOf(response), this.#sequence, offered);
    this.#early.set(tag, early);
    this.parts.dialogs.add(early.dialog, this);
    return early;
  }

  /** The early dialogs of forks that did not answer are over. */
  #confirm(fork: number, response: Response): void {
    for (const early of this.#early.values()) {
      if (early.fork === fork) {
        early.leave();
        this.dialog = early.dialog;
        this.dialog.refreshTarget(response);
        this.dialog.flow = this.parts.handsets.back(response, this.#flow);
        continue;
      }
      early.close();
      this.parts.dialogs.remove(early.dialog);
    }
    this.#early.clear();
    this.fork = fork;
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
