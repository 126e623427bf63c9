import type { Flow } from '../core/flow.ts';
import { randomHex } from '../core/random.ts';
import { checkRequired } from '../sip/dialog/capabilities.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import type { HeaderValue } from '../sip/message/build.ts';
import { parseNameAddr, RECORD_ROUTE, TO, tagOf } from '../sip/message/header-types.ts';
import { Headers } from '../sip/message/headers.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { featureTags, hidesIdentity, RESPONSE_HEADERS } from './end-to-end.ts';
import { IncomingEarly, type IncomingEarlyOwner } from './incoming-early.ts';
import { Leg } from './leg.ts';
import type { LegMessages, LegParts, LegPeer } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';
import type { LegEffect, LegReport } from './leg-states.ts';

/**
 * The leg a handset opened. The call numbers the ways it may be answered as it likes (`fork`: one for each dialog on
 * the other side), and each has an early dialog with a To tag of its own, so that the caller sees a forked call as
 * several early dialogs (RFC 3261 §12.1, §13.2.2.4), of which one is confirmed.
 */
export class IncomingLeg extends Leg {
  readonly request: Request;
  readonly #transaction: ServerTransaction;
  readonly #flow: Flow;
  readonly #early = new Map<number, IncomingEarly>();
  readonly #tag: string;
  /** The dialog of the fork that responds first; made at once, so that an INVITE which can open none is refused. */
  readonly #first: Dialog;
  readonly #identity: readonly HeaderValue[];
  readonly #owner: IncomingEarlyOwner;

  /**
   * @param identity who the caller is told it talks to, unless the callee hides that.
   * @throws SipError 400 when the INVITE has no Contact and so cannot open a dialog, 420 when it requires what this
   * user has off, 422 for a session timer that is too short.
   */
  constructor(
    parts: LegParts,
    peer: LegPeer,
    transaction: ServerTransaction,
    identity: readonly HeaderValue[],
    report: (report: LegReport) => void,
  ) {
    super(parts, peer, { name: 'invited' }, report);
    this.request = transaction.request;
    this.#transaction = transaction;
    this.#flow = parts.handsets.back(transaction.request, transaction.flow);
    this.#tag = randomHex(parts.random, 8);
    this.#identity = identity;
    this.#first = Dialog.fromRequest(this.request, this.#tag, this.#flow);
    this.#owner = this.#makeOwner(this.messages);
    checkRequired(this.request, ['sec-agree'], this.messages.extensions);
    this.messages.session.check(this.request);
    this.record.received();
    this.messages.learn(this.request);
    this.take(transaction);
  }

  get flow(): Flow {
    return this.dialog?.flow ?? this.#flow;
  }

  protected get offeredFirst(): Sdp {
    return undefined;
  }

  protected get ownsCallId(): boolean {
    return false;
  }

  protected get refusalTag(): string {
    return this.localTag ?? this.#tag;
  }

  protected override perform(effect: LegEffect): void {
    if (effect.type === 'command') this.#earlyDialog(effect.fork).command(effect.command);
    else super.perform(effect);
  }

  protected earlyOf(request: Request): IncomingEarly | undefined {
    const tag = tagOf(request.headers.get(TO));
    return [...this.#early.values()].find(({ dialog }) => tagOf(dialog.local) === tag);
  }

  protected closeEarly(): void {
    for (const early of this.#early.values()) early.close();
  }

  protected forgetDialogs(): void {
    for (const { dialog } of this.#early.values()) this.parts.dialogs.remove(dialog);
    if (this.dialog !== undefined) this.parts.dialogs.remove(this.dialog);
  }

  #makeOwner(messages: LegMessages): IncomingEarlyOwner {
    return {
      messages,
      request: this.request,
      reports: (fork, report) => this.tell({ ...report, fork }),
      lost: (what) => this.dispatch({ type: 'lost', what }),
      updated: (response) => this.onUpdated(response),
      responseIn: (dialog, status, sdp, original) => this.#response(dialog, status, sdp, original),
      respond: (response) => messages.respond(this.#transaction, response),
      opening: (early) => this.#confirm(early),
      opened: ({ fork }, offering) => this.dispatch({ type: 'opened', fork, offering }),
      unacknowledged: () => this.dispatch({ type: 'unacknowledged' }),
    };
  }

  /** A response that makes the dialog: the route back passes us (RFC 3261 §12.1.1). */
  #response(dialog: Dialog, status: number, sdp: Sdp, original: Response | undefined): Response {
    const shown = original?.headers ?? new Headers();
    this.messages.features = featureTags(shown);
    const response = this.messages.response(this.#transaction, dialog, status, sdp);
    const { headers } = response;
    headers.copy(RECORD_ROUTE.name, this.request.headers);
    headers.prepend(RECORD_ROUTE, parseNameAddr(this.parts.handsets.routeOn(this.#transaction.flow)));
    for (const name of RESPONSE_HEADERS) headers.copy(name, shown);
    if (!hidesIdentity(shown)) for (const [type, value] of this.#identity) headers.add(type, value);
    return response;
  }

  #earlyDialog(fork: number): IncomingEarly {
    const known = this.#early.get(fork);
    if (known !== undefined) return known;
    const dialog =
      this.#early.size === 0
        ? this.#first
        : Dialog.fromRequest(this.request, randomHex(this.parts.random, 8), this.#flow);
    const early = new IncomingEarly(this.#owner, fork, dialog);
    this.#early.set(fork, early);
    this.parts.dialogs.add(dialog, this);
    return early;
  }

  /** The dialog of the fork that has the call; the early dialogs of the others are over. */
  #confirm(confirmed: IncomingEarly): void {
    for (const early of this.#early.values()) {
      if (early === confirmed) continue;
      early.close();
      this.parts.dialogs.remove(early.dialog);
    }
    confirmed.leave();
    this.#early.clear();
    this.dialog = confirmed.dialog;
    this.fork = confirmed.fork;
  }
}
