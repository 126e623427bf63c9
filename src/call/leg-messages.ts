import type { Clock } from '../core/clock.ts';
import type { Flow } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import { printSdp, type SessionDescription } from '../sdp/session-description.ts';
import { ALLOW_HEADER, supportedHeader } from '../sip/dialog/capabilities.ts';
import type { Dialog } from '../sip/dialog/dialog.ts';
import type { Dialogs } from '../sip/dialog/dialogs.ts';
import type { SessionTimerOptions } from '../sip/dialog/session-timer.ts';
import { type HeaderValue, header, responseTo } from '../sip/message/build.ts';
import {
  ALLOW,
  CONTACT,
  CONTENT_TYPE,
  parseNameAddr,
  REQUIRE,
  RETRY_AFTER,
  SUPPORTED,
  tagOf,
} from '../sip/message/header-types.ts';
import type { Headers } from '../sip/message/headers.ts';
import { EMPTY_BODY, type Message, type Request, type Response } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import type { ServerTransaction, Transactions } from '../sip/transaction/user.ts';
import type { Handsets } from '../store/handsets.ts';
import { SDP_TYPE } from './body.ts';
import type { DialogRecord } from './dialog-record.ts';
import type { Sdp } from './leg-session.ts';
import { LegSessionTimer, type SessionTimerOwner } from './leg-session-timer.ts';
import type { LegTimers } from './leg-states.ts';
import type { Refusal } from './refusal.ts';

export interface LegParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly transactions: Transactions;
  readonly dialogs: Dialogs;
  readonly handsets: Handsets;
  readonly timers: LegTimers;
  readonly sessionTimer: SessionTimerOptions;
}

/** What a leg is told of the handset at its end. */
export interface LegPeer {
  /** Private identity of the handset. */
  readonly impi: string;
  /** Where the leg tells what happens to it. */
  readonly record: DialogRecord;
  /** Whether provisional responses may be reliable (RFC 3262; setting 100rel). */
  readonly reliable: boolean;
  /** Whether preconditions may be used (RFC 3312; setting precondition). */
  readonly preconditions: boolean;
}

/** Our user part in Contact: what stands for the call server. */
export const CONTACT_USER = 'ims';

/** Option tags of calls towards a peer. */
export function extensionsOf({ sessionTimer }: LegParts, { reliable, preconditions }: LegPeer): readonly string[] {
  return [
    ...(reliable ? ['100rel'] : []),
    // RFC 3312 §11: preconditions stand on reliable provisional responses.
    ...(reliable && preconditions ? ['precondition'] : []),
    ...(sessionTimer.duration > 0 ? ['timer'] : []),
  ];
}

/** Those that refresh a session (RFC 4028 §7.4). */
const SESSION_METHODS = ['INVITE', 'UPDATE'];

/** What all dialogs of one leg say alike, and what the peer has said it can do. */
export class LegMessages {
  readonly parts: LegParts;
  readonly peer: LegPeer;
  readonly session: LegSessionTimer;
  /** What we said last of the session. */
  said: Sdp;
  /** Feature tags of the handset at the other end of the call: our Contact shows them. */
  features = Params.none;
  #allowed: ReadonlySet<string> = new Set();
  #supported = new Set<string>();

  constructor(parts: LegParts, peer: LegPeer, session: SessionTimerOwner) {
    this.parts = parts;
    this.peer = peer;
    this.session = new LegSessionTimer(parts, session);
  }

  /** Option tags in Supported of our messages. */
  get extensions(): readonly string[] {
    return extensionsOf(this.parts, this.peer);
  }

  /** Takes what a message of the peer says about its abilities. */
  learn({ headers }: Message): void {
    if (headers.has(ALLOW.name)) this.#allowed = new Set(names(headers, ALLOW.name));
    if (headers.has(SUPPORTED.name)) this.#supported = new Set(names(headers, SUPPORTED.name).map(lowerCase));
    for (const name of names(headers, REQUIRE.name)) this.#supported.add(lowerCase(name));
  }

  allows(method: string): boolean {
    return this.#allowed.has(method);
  }

  supports(extension: string): boolean {
    return this.#supported.has(extension);
  }

  /** What every message that makes or refreshes a dialog carries. */
  headers(flow: Flow, sdp: Sdp): HeaderValue[] {
    const { uri } = parseNameAddr(`<${this.parts.handsets.contactOn(flow, CONTACT_USER)}>`);
    const contact = header(CONTACT, { uri, params: this.features });
    return [contact, ALLOW_HEADER, supportedHeader(this.extensions), ...typeOf(sdp)];
  }

  /** A response inside a dialog, or one that makes it. */
  response(transaction: ServerTransaction, dialog: Dialog, status: number, sdp: Sdp): Response {
    const { request } = transaction;
    this.said = sdp ?? this.said;
    const isAgreement = status === 200 && SESSION_METHODS.includes(request.method);
    return responseTo(request, status, {
      toTag: tagOf(dialog.local) ?? '',
      headers: [...this.headers(transaction.flow, sdp), ...(isAgreement ? this.session.accept(request) : [])],
      body: bodyOf(sdp),
    });
  }

  respond(transaction: ServerTransaction, response: Response): void {
    this.peer.record.sent();
    transaction.respond(response);
  }

  refuse(transaction: ServerTransaction, toTag: string, refusal: Refusal): void {
    const { status, phrase, retryAfter, headers = [] } = refusal;
    const response = responseTo(transaction.request, status, {
      toTag,
      headers: [...headers, ...(retryAfter === undefined ? [] : [header(RETRY_AFTER, String(retryAfter))])],
      ...(phrase !== undefined && { reason: phrase }),
    });
    this.respond(transaction, response);
  }

  /** A request inside a dialog that refreshes its target, or acknowledges. */
  request(dialog: Dialog, method: string, sdp: Sdp, headers: readonly HeaderValue[] = []): Request {
    this.said = sdp ?? this.said;
    const session = SESSION_METHODS.includes(method) ? this.session.ask() : [];
    return dialog.request(method, [...this.headers(dialog.flow, sdp), ...headers, ...session], bodyOf(sdp));
  }

  /** Sends a request other than INVITE. `onFinal` gets its final response, or what stands for none. */
  send(dialog: Dialog, request: Request, onFinal: (response: Response | undefined) => void): void {
    this.peer.record.sent();
    this.parts.transactions.request(request, dialog.flow, {
      onResponse: (response) => {
        if (response.status < 200) return;
        this.peer.record.received();
        onFinal(response);
      },
      onFailure: () => onFinal(undefined),
    });
  }
}

export function bodyOf(sdp: Sdp): Uint8Array {
  return sdp === undefined ? EMPTY_BODY : printSdp(sdp);
}

export function typeOf(sdp: SessionDescription | undefined): HeaderValue[] {
  return sdp === undefined ? [] : [header(CONTENT_TYPE, SDP_TYPE)];
}

/** The tokens of a header, as they stood: what informs must not fail. */
function names(headers: Headers, name: string): string[] {
  return headers.rawAll(name).flatMap((raw) => raw.split(',').map((one) => one.trim()));
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}
