import type { Clock } from '../core/clock.ts';
import { Machine } from '../core/machine.ts';
import { type Random, randomBelow } from '../core/random.ts';
import {
  acceptSession,
  agreedSession,
  askSession,
  SESSION_TIMER_MACHINE,
  type SessionAgreement,
  type SessionTimerEffect,
  type SessionTimerEvent,
  type SessionTimerOptions,
  type SessionTimerState,
  wantedMinimum,
} from '../sip/dialog/session-timer.ts';
import type { HeaderValue } from '../sip/message/build.ts';
import type { Request, Response } from '../sip/message/message.ts';

export interface SessionTimerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly sessionTimer: SessionTimerOptions;
}

export interface SessionTimerOwner {
  /** By UPDATE or INVITE, whichever the peer takes. */
  refresh(): void;
  expired(): void;
}

/** A peer that wants more each time would be asked for ever. */
const MOST_RAISES = 3;

/** The session timer of one leg: performs the effects of session-timer.ts. */
export class LegSessionTimer {
  readonly #parts: SessionTimerParts;
  readonly #machine: Machine<SessionTimerState, SessionTimerEvent, SessionTimerEffect, undefined>;
  /** The least interval the peer takes. */
  #minS = 0;
  #raised = 0;
  #agreement: SessionAgreement | undefined;
  #started = false;

  constructor(parts: SessionTimerParts, owner: SessionTimerOwner) {
    this.#parts = parts;
    this.#machine = new Machine(SESSION_TIMER_MACHINE, { name: 'off' }, parts.clock, undefined, {
      perform: ({ type }) => (type === 'refresh' ? owner.refresh() : owner.expired()),
    });
  }

  get state(): SessionTimerState {
    return this.#machine.state;
  }

  /** Refuses what acceptance would refuse. @throws SipError 422. */
  check(request: Request): void {
    acceptSession(request, this.#parts.sessionTimer);
  }

  /** We answer an INVITE or UPDATE with a 2xx: what it carries. An UPDATE before the INVITE's 2xx starts no timer. */
  accept(request: Request): readonly HeaderValue[] {
    if (request.method === 'UPDATE' && !this.#started) return [];
    const { agreement, headers } = acceptSession(request, this.#parts.sessionTimer);
    this.#agree(agreement);
    return headers;
  }

  /** What our first INVITE carries. */
  begin(): readonly HeaderValue[] {
    return askSession(this.#parts.sessionTimer, this.#minS);
  }

  /** What an INVITE or UPDATE of ours inside the dialog carries. */
  ask(): readonly HeaderValue[] {
    return this.#started ? askSession(this.#parts.sessionTimer, this.#minS, this.#agreement) : [];
  }

  /** A 2xx to our INVITE, or to an UPDATE after it. */
  agreed(response: Response): void {
    if (this.#parts.sessionTimer.duration > 0) this.#agree(agreedSession(response));
  }

  /** Takes what a refusal says of the interval. @returns whether the request may be sent again at once. */
  raise(response: Response): boolean {
    const minS = wantedMinimum(response);
    if (minS === undefined || minS <= Math.max(this.#minS, this.#parts.sessionTimer.duration)) return false;
    if (this.#raised === MOST_RAISES) return false;
    this.#raised++;
    this.#minS = minS;
    return true;
  }

  /** The refresh crossed a request of the peer. @param owner whether the Call-ID is ours (RFC 3261 §14.1). */
  retry(owner: boolean): void {
    const tens = owner ? 210 + randomBelow(this.#parts.random, 191) : randomBelow(this.#parts.random, 201);
    this.#machine.dispatch({ type: 'later', inMs: 10 * tens });
  }

  end(): void {
    this.#machine.dispatch({ type: 'end' });
  }

  #agree(agreement: SessionAgreement | undefined): void {
    this.#started = true;
    this.#agreement = agreement;
    this.#machine.dispatch({ type: 'agreed', agreement });
  }
}
