/** A phone as a test plays it, and its part in one call. */
import assert from 'node:assert/strict';
import type { Flow } from '../../src/core/flow.ts';
import { header, makeRequest, responseTo } from '../../src/sip/message/build.ts';
import {
  CALL_ID,
  CONTACT,
  CONTENT_TYPE,
  CSEQ,
  FROM,
  MAX_FORWARDS,
  type NameAddr,
  parseNameAddr,
  RECORD_ROUTE,
  TO,
  tagOf,
  VIA,
} from '../../src/sip/message/header-types.ts';
import { EMPTY_BODY, isRequest, type Message, type Request, type Response } from '../../src/sip/message/message.ts';
import { Params } from '../../src/sip/message/params.ts';
import { printUri } from '../../src/sip/message/uri.ts';
import type { Identity, Subscriber } from '../../src/store/subscribers.ts';
import { summary } from '../sip/transaction/bed.ts';

/** What a test's phones are plugged into. */
export interface Socket {
  readonly wire: { readonly sent: { readonly message: Message; readonly flow: Flow }[] };
  receive(message: Message, flow: Flow): void;
}

export interface Parts {
  readonly sdp?: string;
  /** Further header lines by name. */
  readonly headers?: { readonly [name: string]: string };
}

let count = 0;

export class Phone {
  readonly subscriber: Subscriber;
  /** How the server sees what it sends. */
  flow: Flow;
  readonly contact: NameAddr;
  /** The port the last message came to. */
  port = 0;
  readonly #socket: Socket;

  constructor(socket: Socket, subscriber: Subscriber, flow: Flow) {
    this.#socket = socket;
    this.subscriber = subscriber;
    this.flow = flow;
    this.contact = parseNameAddr(`<sip:phone@${flow.remote.address}:${flow.remote.port}>`);
  }

  get identity(): Identity {
    const [identity] = this.subscriber.identities;
    assert(identity !== undefined);
    return identity;
  }

  /** Sends an INVITE. */
  invite(uri: string, parts: Parts = {}): Part {
    const part = new Part(
      this,
      `call-${++count}`,
      { uri: this.identity.uri, params: Params.of({ tag: `a${count}` }) },
      parseNameAddr(`<${uri}>`),
      uri,
    );
    part.request('INVITE', parts);
    return part;
  }

  /** The part in the call that the INVITE it gets next opens. */
  invited(): Part & { readonly invite: Request } {
    const invite = this.takeRequest('INVITE');
    const local = invite.headers.get(TO) as NameAddr;
    const part = new Part(
      this,
      invite.headers.get(CALL_ID) ?? '',
      { ...local, params: Params.of({ tag: `b${++count}` }) },
      invite.headers.get(FROM) as NameAddr,
      printUri((invite.headers.get(CONTACT) as NameAddr).uri),
    );
    return Object.assign(part, { invite });
  }

  /** What was sent to it since it last asked, as `INVITE` or `200 INVITE`. */
  takeAll(): string[] {
    const all: string[] = [];
    for (let next = this.#take(); next !== undefined; next = this.#take()) all.push(summary(next));
    return all;
  }

  takeRequest(method: string): Request {
    const next = this.#take();
    assert.equal(next && summary(next), method);
    assert(next !== undefined && isRequest(next));
    return next;
  }

  /** @param what as `180 INVITE`. */
  takeResponse(what: string): Response {
    const next = this.#take();
    assert.equal(next && summary(next), what);
    assert(next !== undefined && !isRequest(next));
    return next;
  }

  send(message: Message): void {
    this.#socket.receive(message, this.flow);
  }

  #take(): Message | undefined {
    const { sent } = this.#socket.wire;
    const { address } = this.flow.remote;
    const index = sent.findIndex(({ flow }) => flow.remote.address === address);
    if (index < 0) return undefined;
    const [next] = sent.splice(index, 1);
    this.port = next?.flow.remote.port ?? 0;
    return next?.message;
  }
}

/** One phone's part in one call: its dialog, which it keeps by what it is sent. */
export class Part {
  readonly phone: Phone;
  readonly callId: string;
  readonly local: NameAddr;
  remote: NameAddr;
  target: string;
  sequence = 0;
  #invite: Request | undefined;

  constructor(phone: Phone, callId: string, local: NameAddr, remote: NameAddr, target: string) {
    this.phone = phone;
    this.callId = callId;
    this.local = local;
    this.remote = remote;
    this.target = target;
  }

  /** Sends a request with the next sequence number, an ACK or CANCEL with that of the last INVITE. */
  request(method: string, { sdp, headers = {} }: Parts = {}): Request {
    const follows = method === 'ACK' || method === 'CANCEL';
    if (!follows) this.sequence++;
    const number = follows ? (this.#invite?.headers.get(CSEQ)?.number ?? 0) : this.sequence;
    const branch = method === 'CANCEL' ? this.#invite?.headers.get(VIA)?.params.get('branch') : `z9hG4bK${++count}`;
    const { address, port } = this.phone.flow.remote;
    const request = makeRequest(
      method,
      this.target,
      [
        header(VIA, { transport: 'UDP', host: address, port, params: Params.of({ branch }) }),
        header(MAX_FORWARDS, 70),
        header(FROM, this.local),
        header(TO, method === 'CANCEL' ? (this.#invite?.headers.get(TO) as NameAddr) : this.remote),
        header(CALL_ID, this.callId),
        header(CSEQ, { number, method }),
        header(CONTACT, this.phone.contact),
        ...(sdp === undefined ? [] : [header(CONTENT_TYPE, { value: 'application/sdp', params: Params.none })]),
      ],
      sdp === undefined ? EMPTY_BODY : Buffer.from(sdp),
    );
    for (const [name, value] of Object.entries(headers)) request.headers.setRaw(name, value);
    if (method === 'INVITE') this.#invite = request;
    this.phone.send(request);
    return request;
  }

  /** Sends a response to a request of the server. */
  answer(request: Request, status: number, { sdp, headers = {} }: Parts = {}): Response {
    const response = responseTo(request, status, {
      toTag: tagOf(this.local) ?? '',
      headers: [
        header(CONTACT, this.phone.contact),
        ...(sdp === undefined ? [] : [header(CONTENT_TYPE, { value: 'application/sdp', params: Params.none })]),
      ],
      body: sdp === undefined ? EMPTY_BODY : Buffer.from(sdp),
    });
    response.headers.copy(RECORD_ROUTE.name, request.headers);
    for (const [name, value] of Object.entries(headers)) response.headers.setRaw(name, value);
    this.phone.send(response);
    return response;
  }

  /** Takes a response of the server and with it the dialog. @param what as `180 INVITE`. */
  take(what: string): Response {
    const response = this.phone.takeResponse(what);
    const to = response.headers.get(TO);
    if (to !== undefined && response.status < 300) this.remote = to;
    const contact = response.headers.get(CONTACT);
    if (contact !== undefined && contact !== '*') this.target = printUri(contact.uri);
    return response;
  }

  /** Takes a request of the server. */
  takeRequest(method: string): Request {
    return this.phone.takeRequest(method);
  }
}

/** A description with audio, as a phone at this address writes it. */
export function sdpOf(address: string, port: number, direction = 'sendrecv', version = 1): string {
  return [
    'v=0',
    `o=- 1 ${version} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 101`,
    'a=rtpmap:101 telephone-event/8000',
    `a=${direction}`,
    '',
  ].join('\r\n');
}
