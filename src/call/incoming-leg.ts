import type { Flow } from '../core/flow.ts';
import { randomHex } from '../core/random.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import type { HeaderValue } from '../sip/message/build.ts';
import { parseNameAddr, RECORD_ROUTE, TO, tagOf } from '../sip/message/header-types.ts';
import { Headers } from '../sip/message/headers.ts';
import type { Request } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { featureTags, hidesIdentity, RESPONSE_HEADERS } from './end-to-end.ts';
import { Leg, type LegParts, type LegPeer } from './leg.ts';
import type { LegEffect, LegReport } from './leg-states.ts';

type Opening = Extract<LegEffect, { type: 'respondProgress' | 'respondAccept' }>;

/**
 * The leg a handset opened. Each callee's branch answers with a To tag of its own, so that the caller sees a forked
 * call as several early dialogs (RFC 3261 §12.1, §13.2.2.4), of which one is confirmed.
 */
export class IncomingLeg extends Leg {
  readonly request: Request;
  readonly #transaction: ServerTransaction;
  readonly #flow: Flow;
  readonly #branches = new Map<number, Dialog>();
  readonly #tag: string;
  /** The dialog of the branch that responds first; made at once, so that an INVITE which can open none is refused. */
  readonly #first: Dialog;
  readonly #identity: readonly HeaderValue[];

  /**
   * @param identity who the caller is told it talks to, unless the callee hides that.
   * @throws SipError 400 when the INVITE has no Contact and so cannot open a dialog.
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
    this.take(transaction);
  }

  get flow(): Flow {
    return this.dialog?.flow ?? this.#flow;
  }

  protected get refusalTag(): string {
    return this.#tag;
  }

  protected override perform(effect: LegEffect): void {
    switch (effect.type) {
      case 'respondProgress':
        this.#respond(this.#branchDialog(effect.branch), effect.status, effect);
        return;
      case 'respondAccept':
        this.#respond(this.#confirm(effect.branch), 200, effect);
        return;
      default:
        super.perform(effect);
    }
  }

  protected override dialogOf(request: Request): Dialog | undefined {
    const tag = tagOf(request.headers.get(TO));
    return this.dialog ?? [...this.#branches.values()].find(({ local }) => tagOf(local) === tag);
  }

  protected forgetDialogs(): void {
    for (const dialog of this.#branches.values()) this.parts.dialogs.remove(dialog);
  }

  /** A response that makes the dialog: the route back passes us (RFC 3261 §12.1.1). */
  #respond(dialog: Dialog, status: number, { sdp, original }: Opening): void {
    const shown = original?.headers ?? new Headers();
    this.features = featureTags(shown);
    const response = this.dialogResponse(this.#transaction, dialog, status, sdp);
    const { headers } = response;
    headers.copy(RECORD_ROUTE.name, this.request.headers);
    headers.prepend(RECORD_ROUTE, parseNameAddr(this.parts.handsets.routeOn(this.#transaction.flow)));
    for (const name of RESPONSE_HEADERS) headers.copy(name, shown);
    if (!hidesIdentity(shown)) for (const [type, value] of this.#identity) headers.add(type, value);
    this.#transaction.respond(response);
  }

  #branchDialog(branch: number): Dialog {
    const known = this.#branches.get(branch);
    if (known !== undefined) return known;
    const dialog =
      this.#branches.size === 0
        ? this.#first
        : Dialog.fromRequest(this.request, randomHex(this.parts.random, 8), this.#flow);
    this.#branches.set(branch, dialog);
    this.parts.dialogs.add(dialog, this);
    return dialog;
  }

  /** The branch that has the call; the early dialogs of the others are over. */
  #confirm(branch: number): Dialog {
    const confirmed = this.#branchDialog(branch);
    for (const [other, dialog] of this.#branches) {
      if (dialog === confirmed) continue;
      this.parts.dialogs.remove(dialog);
      this.#branches.delete(other);
    }
    this.dialog = confirmed;
    return confirmed;
  }
}
