import type { Flow } from '../core/flow.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import { RACK, ReliableReceiver } from '../sip/dialog/reliable.ts';
import { header } from '../sip/message/build.ts';
import { CSEQ, RSEQ } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { ClientTransaction } from '../sip/transaction/user.ts';
import { trySessionOf } from './body.ts';
import { isLost } from './early-dialog.ts';
import { bodyOf, type LegMessages, typeOf } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';

/** Who hears of an INVITE of ours. */
export interface InviteHandlers {
  /** @param sequence CSeq number of the INVITE. */
  onResponse(response: Response, sequence: number): void;
  /** There is no final response and will be none. */
  onNone(): void;
}

/** The INVITEs of ours on one leg, one at a time, with what acknowledges their responses. */
export class LegInvites {
  readonly #messages: LegMessages;
  readonly #impi: string;
  #transaction: ClientTransaction | undefined;
  #sequence = 0;
  /** The last ACK we sent: repeated when its 2xx is. */
  #ack: { readonly sequence: number; readonly request: Request } | undefined;
  /** Of reliable provisional responses to the present one. */
  #receiver = new ReliableReceiver();
  /** What those described: a 2xx after them need not repeat it (RFC 3262 §5). */
  #described: Sdp;

  /** @param impi of the handset, for the log. */
  constructor(messages: LegMessages, impi: string) {
    this.#messages = messages;
    this.#impi = impi;
  }

  send(request: Request, flow: Flow, handlers: InviteHandlers): void {
    const { parts, peer } = this.#messages;
    const sequence = request.headers.get(CSEQ)?.number ?? 0;
    this.#sequence = sequence;
    this.#receiver = new ReliableReceiver();
    this.#described = undefined;
    peer.record.sent();
    this.#transaction = parts.transactions.request(request, flow, {
      onResponse: (response) => {
        peer.record.received();
        handlers.onResponse(response, sequence);
      },
      onFailure: (why) => {
        const what = why.kind === 'timeout' ? 'no answer' : why.error.message;
        parts.logger.info(() => `${this.#impi} could not be reached: ${what}`);
        handlers.onNone();
      },
    });
  }

  cancel(reason: string | undefined): void {
    this.#transaction?.cancel(reason);
  }

  /**
   * A provisional response to a re-INVITE: a reliable one gets its PRACK, without which a handset gives up.
   * @param onLost told that the peer's side of the dialog is gone.
   */
  provisional(dialog: Dialog, response: Response, onLost: (what: string) => void): void {
    const messages = this.#messages;
    const rseq = messages.peer.reliable ? response.headers.tryGet(RSEQ) : undefined;
    if (rseq === undefined || !this.#receiver.takes(rseq)) return;
    this.#described ??= trySessionOf(response);
    const rack = header(RACK, { sequence: rseq, cseq: this.#sequence, method: 'INVITE' });
    messages.send(dialog, messages.request(dialog, 'PRACK', undefined, [rack]), (answer) => {
      const lost = isLost(answer);
      if (lost !== undefined) onLost(lost);
    });
  }

  /** What a 2xx to a re-INVITE means of the session. */
  descriptionOf(response: Response): Sdp {
    return trySessionOf(response) ?? (response.body.length === 0 ? this.#described : undefined);
  }

  /** Whether a 2xx to the INVITE of this number is the first; a further one gets its ACK again (RFC 3261 §13.2.2.4). */
  isNew(sequence: number, flow: Flow): boolean {
    if (this.#ack === undefined || sequence > this.#ack.sequence) return true;
    if (sequence === this.#ack.sequence) this.#messages.parts.transactions.ack(this.#ack.request, flow);
    return false;
  }

  /** The ACK of the 2xx to our latest INVITE. */
  acknowledge(dialog: Dialog, sdp: Sdp): void {
    const messages = this.#messages;
    messages.said = sdp ?? messages.said;
    const request = dialog.ack(this.#sequence, bodyOf(sdp), typeOf(sdp));
    this.#ack = { sequence: this.#sequence, request };
    messages.peer.record.sent();
    messages.parts.transactions.ack(request, dialog.flow);
  }
}
