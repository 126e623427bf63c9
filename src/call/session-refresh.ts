import type { Dialog } from '../sip/dialog/dialog.ts';
import type { Response } from '../sip/message/message.ts';
import { isLost } from './early-dialog.ts';
import type { LegMessages } from './leg-messages.ts';
import { PASSING } from './leg-steps.ts';

/** Whom refreshes are made for. */
export interface RefreshOwner {
  /** The confirmed dialog, while no exchange is under way in it. */
  idle(): Dialog | undefined;
  /** Sends a re-INVITE that changes nothing. */
  byInvite(): void;
  refreshed(response: Response): void;
  /** The peer's side of the dialog is gone. */
  lost(what: string): void;
  /** It could not be now. */
  later(): void;
}

/** How one leg refreshes its session (RFC 4028 §7.4): by UPDATE where the peer takes it, else by re-INVITE. */
export class SessionRefresh {
  readonly #messages: LegMessages;
  readonly #owner: RefreshOwner;
  /** The peer allows UPDATE and refuses it all the same. */
  #refusesUpdate = false;

  constructor(messages: LegMessages, owner: RefreshOwner) {
    this.#messages = messages;
    this.#owner = owner;
  }

  /** An exchange that is under way may itself refresh the session, and if not, the next try does. */
  due(): void {
    const dialog = this.#owner.idle();
    if (dialog === undefined) this.#owner.later();
    else if (this.#method === 'INVITE') this.#owner.byInvite();
    else {
      const update = this.#messages.request(dialog, 'UPDATE', undefined);
      this.#messages.send(dialog, update, (response) => this.#onUpdated(response));
    }
  }

  get #method(): 'UPDATE' | 'INVITE' {
    if (this.#refusesUpdate) return 'INVITE';
    return this.#messages.parts.sessionTimer.method ?? (this.#messages.allows('UPDATE') ? 'UPDATE' : 'INVITE');
  }

  #onUpdated(response: Response | undefined): void {
    const { session } = this.#messages;
    const lost = isLost(response);
    if (lost !== undefined) this.#owner.lost(lost);
    else if (response !== undefined && response.status < 300) {
      session.agreed(response);
      this.#owner.refreshed(response);
    } else if (response !== undefined) {
      session.raise(response);
      if (PASSING.includes(response.status)) this.#owner.later();
      else {
        // A call must not end because its phone knows UPDATE by name only.
        this.#refusesUpdate = true;
        this.due();
      }
    }
  }
}
