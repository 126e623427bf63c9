import type { TestContext } from 'node:test';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Flow } from '../../src/core/flow.ts';
import { silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { noTap } from '../../src/core/tap.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { type ResponseOptions, responseTo } from '../../src/sip/message/build.ts';
import type { Request, Response } from '../../src/sip/message/message.ts';
import { TransactionLayer } from '../../src/sip/transaction/layer.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { SipTransport } from '../../src/sip/transport/transport.ts';
import type { HandsetParts } from '../../src/ue/options.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A SIP peer on real sockets that does what a test tells it. */
export class ScriptedServer {
  /** Requests in the order they came, ACKs too. */
  readonly requests: Request[] = [];
  /** What is done with each method; others get 405. */
  readonly on: { [method: string]: (transaction: ServerTransaction) => void } = {};
  flow: Flow | undefined;
  readonly #transport: SipTransport;
  readonly #layer: TransactionLayer;

  static async open(t: TestContext, address = '127.0.0.1'): Promise<ScriptedServer> {
    const server = new ScriptedServer(address);
    await server.#transport.open((message, flow) => server.#layer.receive(message, flow));
    t.after(() => {
      server.#layer.close();
      server.#transport.close();
    });
    return server;
  }

  private constructor(address: string) {
    const clock = new FakeClock();
    const net = systemNet(rethrow);
    this.#transport = new SipTransport(
      { net, clock, log: silent, tap: noTap, onBug: rethrow },
      { sockets: [{ address, port: 0 }] },
    );
    this.#layer = new TransactionLayer({
      wire: this.#transport,
      clock,
      random: systemRandom(),
      timers: { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 },
      logger: { ...silent, error: (message) => rethrow(new Error(String(message))) },
      user: {
        onRequest: (transaction) => {
          this.requests.push(transaction.request);
          this.flow = transaction.flow;
          const handle = this.on[transaction.request.method];
          if (handle === undefined) transaction.respond(answer(transaction, 405));
          else handle(transaction);
        },
        onAck: (request) => void this.requests.push(request),
        onStrayResponse() {},
      },
    });
  }

  get local(): Endpoint {
    const [place] = this.#transport.places;
    if (place === undefined) throw new Error('not listening');
    return place.local;
  }

  all(method: string): readonly Request[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Sends a response past the transactions, as another branch of a fork does. */
  respondStateless(response: Response, flow: Flow): void {
    this.#transport.response(response, flow).send(rethrow);
  }

  /** Sends a request where the last one came from; resolves with the final response. */
  send(request: Request): Promise<Response> {
    const { flow } = this;
    if (flow === undefined) throw new Error('nobody has spoken to the server');
    return new Promise((resolve, reject) => {
      this.#layer.request(request, flow, {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response);
        },
        onFailure: () => reject(new Error('no answer')),
      });
    });
  }
}

export function answer({ request }: ServerTransaction, status: number, options: ResponseOptions = {}): Response {
  return responseTo(request, status, { toTag: 'server', ...options });
}

/** What a handset of a test is built on. */
export function handsetParts(clock = new FakeClock()): HandsetParts & { readonly clock: FakeClock } {
  return { net: systemNet(rethrow), clock, random: systemRandom() };
}

function rethrow(error: unknown): never {
  throw error;
}
