import assert from 'node:assert/strict';
import type { Flow } from '../../../src/core/flow.ts';
import { type Logger, silent } from '../../../src/core/logger.ts';
import { responseTo } from '../../../src/sip/message/build.ts';
import { printVia, VIA } from '../../../src/sip/message/header-types.ts';
import { isRequest, type Message, type Request, type Response } from '../../../src/sip/message/message.ts';
import { Params } from '../../../src/sip/message/params.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { TransactionLayer } from '../../../src/sip/transaction/layer.ts';
import type { ResponseHandlers, ServerTransaction, TransactionUser } from '../../../src/sip/transaction/user.ts';
import type { Packet, Wire } from '../../../src/sip/transaction/wire.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FLOW } from './table.ts';

export const TCP: Flow = { ...FLOW, transport: 'TCP' };

/** What was sent, in order; each sending of a repeated packet is an entry with the same message. */
export class FakeWire implements Wire {
  readonly sent: { readonly message: Message; readonly flow: Flow }[] = [];
  /** Told to each sending at once. */
  failure: Error | undefined;
  /** Asks of the last sending: lets it fail later. */
  onError: (error: Error) => void = () => {};

  request(request: Request, flow: Flow, branch: string): Packet {
    const headers = request.headers.clone();
    const { address, port } = flow.local;
    headers.prepend(VIA, {
      transport: flow.transport,
      host: address,
      port,
      params: Params.of({ branch, rport: true }),
    });
    return this.#packet({ ...request, headers }, flow);
  }

  response(response: Response, flow: Flow): Packet {
    return this.#packet(response, flow);
  }

  #packet(message: Message, flow: Flow): Packet {
    return {
      reliable: flow.transport === 'TCP',
      send: (onError) => {
        this.sent.push({ message, flow });
        this.onError = onError;
        if (this.failure !== undefined) onError(this.failure);
      },
    };
  }
}

/** A layer between a fake wire and a user that notes what it is told. */
export class Bed {
  readonly clock = new FakeClock();
  readonly wire = new FakeWire();
  readonly requests: ServerTransaction[] = [];
  readonly acks: Request[] = [];
  readonly strays: Response[] = [];
  /** How many bugs were logged. */
  bugs = 0;
  onRequest: (transaction: ServerTransaction) => void = () => {};
  readonly user: TransactionUser = {
    onRequest: (transaction) => {
      this.requests.push(transaction);
      this.onRequest(transaction);
    },
    onAck: (request) => void this.acks.push(request),
    onStrayResponse: (response) => void this.strays.push(response),
  };
  readonly layer: TransactionLayer;

  constructor() {
    let drawn = 0;
    const logger: Logger = { ...silent, error: () => void this.bugs++ };
    this.layer = new TransactionLayer({
      wire: this.wire,
      clock: this.clock,
      random: {
        bytes: (length) => {
          const bytes = Buffer.alloc(length);
          bytes.writeUInt32BE(++drawn, length - 4);
          return bytes;
        },
      },
      timers: { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 },
      user: this.user,
      logger,
    });
  }

  receive(message: Message, flow: Flow = FLOW): void {
    this.layer.receive(message, flow);
  }

  /** What was sent since the last call, as `INVITE` or `200 INVITE`. */
  takeSent(): string[] {
    return this.wire.sent.splice(0).map(({ message }) => summary(message));
  }

  /** The last message sent that `takeSent` has not taken. */
  last(): Message {
    const last = this.wire.sent.at(-1);
    assert(last !== undefined, 'something was sent');
    return last.message;
  }

  lastRequest(): Request {
    const last = this.last();
    assert(isRequest(last), 'a request was sent');
    return last;
  }

  lastResponse(): Response {
    const last = this.last();
    assert(!isRequest(last), 'a response was sent');
    return last;
  }

  /** Runs every timer out and checks that nothing is left behind. */
  finish(): void {
    this.clock.advance(200_000);
    assert.deepEqual(this.layer.counts(), { client: 0, server: 0 });
    assert.equal(this.clock.waiting, 0);
  }
}

/** Receives a new request and returns its transaction. */
export function open(bed: Bed, method: string, parts: RequestParts = {}, flow = FLOW): ServerTransaction {
  bed.receive(incoming(method, parts), flow);
  const transaction = bed.requests.at(-1);
  assert(transaction !== undefined, 'the user was told');
  return transaction;
}

export function answer(transaction: ServerTransaction, status: number, toTag = 'b'): void {
  transaction.respond(responseTo(transaction.request, status, { toTag }));
}

/** Sends a request and returns it as it left, with its Via. */
export function start(bed: Bed, method: string, flow = FLOW) {
  const { told, handlers } = notes();
  const transaction = bed.layer.request(outgoing(method), flow, handlers);
  return { told, transaction, sent: bed.lastRequest() };
}

export function reply(sent: Request, status: number, toTag = 'b'): Response {
  return responseTo(sent, status, { toTag });
}

export function summary(message: Message): string {
  if (isRequest(message)) return message.method;
  return `${message.status} ${message.headers.raw('CSeq')?.split(' ')[1]}`;
}

/** Response handlers that note what they are told, as `180` or `timeout`. */
export function notes(): { readonly told: (number | string)[]; readonly handlers: ResponseHandlers } {
  const told: (number | string)[] = [];
  return {
    told,
    handlers: {
      onResponse: (response) => void told.push(response.status),
      onFailure: (why) => void told.push(why.kind),
    },
  };
}

export interface RequestParts {
  readonly branch?: string;
  readonly sentBy?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly extra?: string;
}

/** A request as the transport hands it up. */
export function incoming(method: string, parts: RequestParts = {}): Request {
  const { branch = 'z9hG4bKone', sentBy = '192.0.2.9:5060', fromTag = 'f', toTag, callId = 'c1', cseq = 1 } = parts;
  const message = parse(
    `${method} sip:bob@ims.test SIP/2.0`,
    `Via: SIP/2.0/UDP ${sentBy}${branch === '' ? '' : `;branch=${branch}`}`,
    `From: <sip:alice@ims.test>;tag=${fromTag}`,
    `To: <sip:bob@ims.test>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...(parts.extra === undefined ? [] : [parts.extra]),
  );
  assert(isRequest(message));
  return message;
}

/** A request of ours, as its user makes it. */
export function outgoing(method: string): Request {
  const message = parse(
    `${method} sip:bob@192.0.2.9 SIP/2.0`,
    'Route: <sip:one.test;lr>',
    'Route: <sip:two.test;lr>',
    'From: <sip:alice@ims.test>;tag=f',
    'To: <sip:bob@ims.test>',
    'Call-ID: ours',
    `CSeq: 7 ${method}`,
    'Require: precondition',
  );
  assert(isRequest(message));
  return message;
}

export function viaOf(message: Message): string {
  const via = message.headers.get(VIA);
  assert(via !== undefined);
  return printVia(via);
}

function parse(...lines: readonly string[]): Message {
  return parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)).message;
}
