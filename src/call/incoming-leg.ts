import type { Flow } from '../core/flow.ts';
import { randomHex } from '../core/random.ts';
import { Dialog } from '../sip/dialog/dialog.ts';
import type { HeaderValue } from '../sip/message/build.ts';
import { parseNameAddr, RECORD_ROUTE, TO, tagOf } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { Leg, type LegParts } from './leg.ts';
import type { LegEffect, LegReport, Sdp } from './leg-states.ts';

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
  /** Who the caller is told it talks to. */
  readonly #identity: readonly HeaderValue[];

  /** @throws SipError 400 when the INVITE has no Contact and so cannot open a dialog. */
  constructor(
    parts: LegParts,
    impi: string,
    transaction: ServerTransaction,
    identity: readonly HeaderValue[],
    report: (report: LegReport) => void,
    onForgotten: () => void,
  ) {
    super(parts, impi, { name: 'offered' }, transaction, report, onForgotten);
    this.request = transaction.request;
    this.#transaction = transaction;
    this.#flow = parts.handsets.back(transaction.request, transaction.flow);
    this.#tag = randomHex(parts.random, 8);
    this.#identity = identity;
    Dialog.fromRequest(this.request, this.#tag, this.#flow);
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
        this.#transaction.respond(this.#first(this.#branchDialog(effect.branch), effect.status, effect.sdp));
        return;
      case 'respondAccept':
        this.#confirm(effect.branch);
        if (this.dialog !== undefined) this.#transaction.respond(this.#first(this.dialog, 200, effect.sdp));
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
  #first(dialog: Dialog, status: number, sdp: Sdp): Response {
    const response = this.dialogResponse(this.#transaction, dialog, status, sdp);
    response.headers.copy(RECORD_ROUTE.name, this.request.headers);
    response.headers.prepend(RECORD_ROUTE, parseNameAddr(this.parts.handsets.routeOn(this.#transaction.flow)));
    for (const [type, value] of this.#identity) response.headers.add(type, value);
    return response;
  }

  #branchDialog(branch: number): Dialog {
    const known = this.#branches.get(branch);
    if (known !== undefined) return known;
    const tag = this.#branches.size === 0 ? this.#tag : randomHex(this.parts.random, 8);
    const dialog = Dialog.fromRequest(this.request, tag, this.#flow);
    this.#branches.set(branch, dialog);
    this.parts.dialogs.add(dialog, this);
    return dialog;
  }

  #confirm(branch: number): void {
    this.dialog = this.#branchDialog(branch);
    for (const [other, dialog] of this.#branches) {
      if (other === branch) continue;
      this.parts.dialogs.remove(dialog);
      this.#branches.delete(other);
    }
  }
}
