import { MalformedError } from '../../core/errors.ts';
import type { Flow } from '../../core/flow.ts';
import { type HeaderValue, header, makeRequest } from '../message/build.ts';
import {
  CALL_ID,
  CONTACT,
  CSEQ,
  FROM,
  MAX_FORWARDS,
  type NameAddr,
  RECORD_ROUTE,
  ROUTE,
  TO,
  tagOf,
} from '../message/header-types.ts';
import { EMPTY_BODY, type Message, type Request, type Response } from '../message/message.ts';
import { Params } from '../message/params.ts';
import { SipError } from '../message/sip-error.ts';
import { isSip, parseUri, printUri, sameUri } from '../message/uri.ts';

/** What identifies a dialog at our end (RFC 3261 §12). */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

/** A dialog as plain data, to be kept (RFC 3261 §12.1). */
export interface DialogState {
  readonly callId: string;
  readonly local: NameAddr;
  readonly remote: NameAddr;
  readonly routeSet: readonly NameAddr[];
  readonly remoteTarget: string;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
  readonly flow: Flow;
}

/** One dialog's state (RFC 3261 §12.1); it builds and checks the requests inside it. */
export class Dialog {
  readonly callId: string;
  /** From of our requests, with our tag. */
  readonly local: NameAddr;
  /** To of our requests, with the peer's tag. */
  readonly remote: NameAddr;
  readonly routeSet: readonly NameAddr[];
  /** How the peer was last heard; our requests go there. */
  flow: Flow;
  #remoteTarget: string;
  #localSequence: number;
  #remoteSequence: number | undefined;

  private constructor(
    callId: string,
    local: NameAddr,
    remote: NameAddr,
    routeSet: readonly NameAddr[],
    remoteTarget: string,
    localSequence: number,
    remoteSequence: number | undefined,
    flow: Flow,
  ) {
    this.callId = callId;
    this.local = local;
    this.remote = remote;
    this.routeSet = routeSet;
    this.#remoteTarget = remoteTarget;
    this.#localSequence = localSequence;
    this.#remoteSequence = remoteSequence;
    this.flow = flow;
  }

  /**
   * The dialog a request of the peer opens (RFC 3261 §12.1.1).
   * @param localTag the tag our responses put on To.
   * @throws SipError 400 without a usable Contact.
   */
  static fromRequest(request: Request, localTag: string, flow: Flow): Dialog {
    const to = request.headers.get(TO) as NameAddr;
    return new Dialog(
      request.headers.get(CALL_ID) as string,
      { ...to, params: to.params.with('tag', localTag) },
      request.headers.get(FROM) as NameAddr,
      request.headers.all(RECORD_ROUTE),
      targetOf(request) ?? refuseWithoutContact(request),
      0,
      request.headers.get(CSEQ)?.number,
      flow,
    );
  }

  /**
   * The dialog a response to our request opens (RFC 3261 §12.1.2). A peer of RFC 2543 puts no tag on To, a Contact it
   * lacks is the request's target, and our own Record-Route, which comes back, is no route for us.
   */
  static fromResponse(request: Request, response: Response, flow: Flow): Dialog {
    return new Dialog(
      request.headers.get(CALL_ID) as string,
      request.headers.get(FROM) as NameAddr,
      response.headers.get(TO) as NameAddr,
      routesBeyond(request, response),
      targetOf(response) ?? request.uri,
      request.headers.get(CSEQ)?.number ?? 0,
      undefined,
      flow,
    );
  }

  /** The dialog as it was when its state was taken. */
  static restored(state: DialogState): Dialog {
    const { callId, local, remote, routeSet, remoteTarget, localSequence, remoteSequence, flow } = state;
    return new Dialog(callId, local, remote, routeSet, remoteTarget, localSequence, remoteSequence, flow);
  }

  get state(): DialogState {
    const { callId, local, remote, routeSet, flow } = this;
    return {
      callId,
      local,
      remote,
      routeSet,
      remoteTarget: this.#remoteTarget,
      localSequence: this.#localSequence,
      remoteSequence: this.#remoteSequence,
      flow,
    };
  }

  get key(): string {
    return dialogKey(this.callId, tagOf(this.local) ?? '', tagOf(this.remote) ?? '');
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  /** The sequence number of our last request. */
  get localSequence(): number {
    return this.#localSequence;
  }

  /** A request of ours inside the dialog, with the next sequence number (RFC 3261 §12.2.1.1). */
  request(method: string, headers: readonly HeaderValue[] = [], body: Uint8Array = EMPTY_BODY): Request {
    this.#localSequence++;
    return this.#build(method, this.#localSequence, headers, body);
  }

  /** The ACK for a 2xx to our INVITE of that sequence number (RFC 3261 §13.2.2.4). */
  ack(sequence: number, body: Uint8Array = EMPTY_BODY, headers: readonly HeaderValue[] = []): Request {
    return this.#build('ACK', sequence, headers, body);
  }

  /**
   * Checks and takes the sequence number of a request inside the dialog.
   * @throws SipError 500 when it is older than one seen (RFC 3261 §12.2.2).
   */
  accept(request: Request): void {
    const sequence = request.headers.get(CSEQ)?.number ?? 0;
    if (request.method !== 'ACK' && request.method !== 'CANCEL') {
      if (this.#remoteSequence !== undefined && sequence <= this.#remoteSequence) {
        throw new SipError(500, `CSeq ${sequence} is not above ${this.#remoteSequence}, the last one in this dialog`);
      }
      this.#remoteSequence = sequence;
    }
  }

  /** Target refresh by INVITE or UPDATE and their 2xx (RFC 3261 §12.2). */
  refreshTarget(message: Message): void {
    this.#remoteTarget = targetOf(message) ?? this.#remoteTarget;
  }

  #build(method: string, sequence: number, headers: readonly HeaderValue[], body: Uint8Array): Request {
    const { uri, routes } = this.#way();
    return makeRequest(
      method,
      uri,
      [
        ...routes.map((route) => header(ROUTE, route)),
        header(MAX_FORWARDS, 70),
        header(FROM, this.local),
        header(TO, this.remote),
        header(CALL_ID, this.callId),
        header(CSEQ, { number: sequence, method }),
        ...headers,
      ],
      body,
    );
  }

  /** Request-URI and Route: a first route without `lr` is a strict router (RFC 3261 §12.2.1.1). */
  #way(): { readonly uri: string; readonly routes: readonly NameAddr[] } {
    const [first, ...others] = this.routeSet;
    if (first === undefined || !isSip(first.uri) || first.uri.params.has('lr')) {
      return { uri: this.#remoteTarget, routes: this.routeSet };
    }
    const target = { uri: parseUri(this.#remoteTarget), params: Params.none };
    return { uri: printUri(first.uri), routes: [...others, target] };
  }
}

/** The proxies between us and the peer. Unlike a request's, a response's routes may be anything. */
function routesBeyond(request: Request, response: Response): readonly NameAddr[] {
  const ours = request.headers.all(RECORD_ROUTE);
  try {
    const routes = response.headers.all(RECORD_ROUTE);
    return routes.filter(({ uri }) => !ours.some((own) => sameUri(own.uri, uri))).toReversed();
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
}

function targetOf(message: Message): string | undefined {
  const contact = message.headers.tryGet(CONTACT);
  return contact === undefined || contact === '*' ? undefined : printUri(contact.uri);
}

function refuseWithoutContact(request: Request): never {
  throw new SipError(400, `${request.method} without a Contact cannot open a dialog`, 'Bad Request (Contact missing)');
}
