/**
 * The transaction layer (RFC 3261 §17 with RFC 6026): finds the transaction of each received message, makes new ones,
 * answers CANCEL (§9.2) and merged requests (§8.2.2.2), and tells the user the rest.
 */
import type { Clock } from '../../core/clock.ts';
import { MalformedError } from '../../core/errors.ts';
import type { Flow } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import { type Random, randomHex } from '../../core/random.ts';
import { responseTo } from '../message/build.ts';
import { CSEQ, VIA } from '../message/header-types.ts';
import { isRequest, type Message, type Request, type Response, startLine } from '../message/message.ts';
import { Client, type ClientHost } from './client.ts';
import type { ReceivedResponse } from './client-event.ts';
import { cancelFor } from './derived-request.ts';
import { hopKey, makeBranch, mergeKey, transactionKey } from './matching.ts';
import { octetsOf, Retention } from './retention.ts';
import { Server, type ServerHost } from './server.ts';
import type { ReceivedAck, ServerEvent } from './server-event.ts';
import { type TimerSettings, timerValues } from './timers.ts';
import type { ClientTransaction, ResponseHandlers, Transactions, TransactionUser } from './user.ts';
import type { Wire } from './wire.ts';

export interface TransactionLayerOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerSettings;
  readonly user: TransactionUser;
  readonly logger: Logger;
}

const REPEATED: ServerEvent = { type: 'request' };

/** Who sends a CANCEL is answered by the INVITE's final response (RFC 3261 §9.1). */
const NOBODY: ResponseHandlers = { onResponse() {}, onFailure() {} };

export class TransactionLayer implements Transactions {
  readonly #wire: Wire;
  readonly #random: Random;
  readonly #user: TransactionUser;
  readonly #logger: Logger;
  /** By branch; a CANCEL has its INVITE's. */
  readonly #clients = new Map<string, Client>();
  readonly #cancels = new Map<string, Client>();
  /** By the keys of matching.ts. */
  readonly #servers = new Map<string, Server>();
  readonly #legacyAcks = new Map<string, Server>();
  readonly #merges = new Map<string, Server>();
  readonly #retention = new Retention<Server>();
  #overloaded = false;
  readonly #ackBranches = new WeakMap<Request, string>();
  readonly #host: ClientHost & ServerHost;

  constructor({ wire, clock, random, timers: settings, user, logger }: TransactionLayerOptions) {
    this.#wire = wire;
    this.#random = random;
    this.#user = user;
    this.#logger = logger;
    const timers = timerValues(settings);
    const contexts = { reliable: { timers, reliable: true }, unreliable: { timers, reliable: false } };
    this.#host = {
      wire,
      clock,
      logger,
      timers,
      context: (reliable) => (reliable ? contexts.reliable : contexts.unreliable),
      tag: () => this.#tag(),
      cancel: ({ request, branch }, flow, reason) => {
        const client = new Client(this.#host, cancelFor(request, reason), flow, branch, NOBODY);
        this.#cancels.set(branch, client);
        client.start();
      },
      stray: (received) => this.#stray(received),
      acknowledged: (ack) => this.#acknowledged(ack),
      expectAck: (key, server) => this.#legacyAcks.set(key, server),
      taken: (server) => this.#retention.release(server),
      disposable: (server, octets) => this.#dispose(server, octets),
      bug: (where, error) => this.#bug(where, error),
      clientEnded: ({ request, branch }) => {
        (request.method === 'CANCEL' ? this.#cancels : this.#clients).delete(branch);
      },
      serverEnded: (server) => this.#forget(server),
    };
  }

  /** A message from the transport, which has checked its form. Never throws. */
  receive(message: Message, flow: Flow): void {
    try {
      if (!isRequest(message)) this.#receiveResponse(message, flow);
      else if (message.method === 'ACK') this.#receiveAck({ type: 'ack', request: message, flow });
      else this.#receiveRequest(message, flow);
    } catch (error) {
      if (error instanceof MalformedError) this.#logger.debug(() => `${startLine(message)}: ${error.message}, dropped`);
      else this.#bug(startLine(message), error);
    }
  }

  request(request: Request, flow: Flow, handlers: ResponseHandlers): ClientTransaction {
    const client = new Client(this.#host, request, flow, this.#branch(), handlers);
    this.#clients.set(client.branch, client);
    client.start();
    return client;
  }

  ack(request: Request, flow: Flow): void {
    // The same ACK again is a retransmission, and known to be one by its branch (RFC 3261 §8.1.1.7).
    const branch = this.#ackBranches.get(request) ?? this.#branch();
    this.#ackBranches.set(request, branch);
    this.#wire.request(request, flow, branch).send((error) => {
      this.#logger.debug(() => `ACK not sent: ${error.message}`);
    });
  }

  /** Transactions that live, CANCELs among them. */
  counts(): { readonly client: number; readonly server: number } {
    return { client: this.#clients.size + this.#cancels.size, server: this.#servers.size };
  }

  /** Forgets every transaction and its timers; nothing is sent and nobody is told. */
  close(): void {
    for (const transactions of [this.#clients, this.#cancels, this.#servers]) {
      for (const transaction of transactions.values()) transaction.abandon();
      transactions.clear();
    }
    this.#legacyAcks.clear();
    this.#merges.clear();
    this.#retention.clear();
  }

  #receiveRequest(request: Request, flow: Flow): void {
    const key = transactionKey(request);
    if (key === undefined) {
      this.#logger.debug(() => `${startLine(request)}: no Via, dropped`);
      return;
    }
    if (request.method === 'CANCEL') {
      this.#receiveCancel(request, flow, key);
      return;
    }
    const known = this.#servers.get(key);
    if (known !== undefined) known.dispatch(REPEATED);
    else if (this.#admits(request)) this.#receiveNew(request, flow, key);
  }

  #receiveNew(request: Request, flow: Flow, key: string): void {
    const merge = mergeKey(request, flow);
    if (merge === undefined || !this.#merges.has(merge)) {
      this.#serve(request, flow, key, merge).present((transaction) => this.#user.onRequest(transaction));
      return;
    }
    this.#serve(request, flow, key, undefined).present((transaction) => {
      transaction.respondOnce(responseTo(request, 482, { toTag: this.#tag() }));
    });
  }

  #serve(request: Request, flow: Flow, key: string, merge: string | undefined): Server {
    const server = new Server(this.#host, request, flow, key, merge);
    this.#servers.set(key, server);
    this.#retention.await(server, keyOctets(server) + octetsOf(request));
    if (merge !== undefined) this.#merges.set(merge, server);
    return server;
  }

  /** The ACK of a failure response is its INVITE's transaction's, any other the user's (RFC 3261 §17.2.3, §13.3.1.4). */
  #receiveAck(ack: ReceivedAck): void {
    const key = transactionKey(ack.request, 'INVITE');
    const invite = key === undefined ? undefined : (this.#servers.get(key) ?? this.#legacyAcks.get(key));
    if (invite === undefined) this.#acknowledged(ack);
    else invite.dispatch(ack);
  }

  #receiveCancel(request: Request, flow: Flow, branchKey: string): void {
    // A third party's CANCEL must not be what the peer's own is taken for a repetition of.
    const hop = hopKey(request, flow);
    const key = `${branchKey}\n${hop}`;
    const known = this.#servers.get(key);
    if (known !== undefined) {
      known.dispatch(REPEATED);
      return;
    }
    if (!this.#admits(request)) return;
    const inviteKey = transactionKey(request, 'INVITE');
    const found = inviteKey === undefined ? undefined : this.#servers.get(inviteKey);
    const invite = found?.hopKey === hop ? found : undefined;
    this.#serve(request, flow, key, undefined).present((transaction) => {
      // RFC 3261 §9.2: the To tag is that of the INVITE's responses.
      const toTag = invite?.toTag ?? this.#tag();
      transaction.respondOnce(responseTo(request, invite === undefined ? 481 : 200, { toTag }));
    });
    invite?.cancel(request);
  }

  #receiveResponse(response: Response, flow: Flow): void {
    const branch = response.headers.get(VIA)?.params.get('branch');
    const method = response.headers.get(CSEQ)?.method;
    const client = branch === undefined ? undefined : (method === 'CANCEL' ? this.#cancels : this.#clients).get(branch);
    const received: ReceivedResponse = { type: 'response', response, flow };
    // RFC 3261 §17.1.3: branch and CSeq method.
    if (client !== undefined && client.request.method === method) client.receive(received);
    else if (method === 'INVITE' && response.status >= 200 && response.status < 300) this.#stray(received);
    else this.#logger.debug(() => `${startLine(response)} to ${method}: no transaction awaits it, dropped`);
  }

  #stray({ response, flow }: ReceivedResponse): void {
    try {
      this.#user.onStrayResponse(response, flow);
    } catch (error) {
      this.#bug(`stray ${response.status}`, error);
    }
  }

  #acknowledged({ request, flow }: ReceivedAck): void {
    try {
      this.#user.onAck(request, flow);
    } catch (error) {
      this.#bug('ACK', error);
    }
  }

  /** RFC 3261 §21.5.4: a server that cannot keep up may drop a request instead of saying 503. */
  #admits(request: Request): boolean {
    const { admits } = this.#retention;
    if (!admits && !this.#overloaded) this.#logger.warn('too many requests wait for an answer: new ones are dropped');
    if (!admits) this.#logger.debug(() => `${startLine(request)}: dropped`);
    this.#overloaded = !admits;
    return admits;
  }

  /** A repetition of what is forgotten early is a new request, and refused anew. */
  #dispose(server: Server, octets: number): void {
    const oldest = this.#retention.keep(server, keyOctets(server) + octets);
    if (oldest === undefined) return;
    oldest.abandon();
    this.#forget(oldest);
  }

  #forget(server: Server): void {
    const { key, ackKey, mergeKey: merge } = server;
    this.#retention.release(server);
    this.#servers.delete(key);
    if (ackKey !== undefined) this.#legacyAcks.delete(ackKey);
    if (merge !== undefined) this.#merges.delete(merge);
  }

  #branch(): string {
    return makeBranch(randomHex(this.#random, 12));
  }

  #tag(): string {
    return randomHex(this.#random, 8);
  }

  #bug(where: string, error: unknown): void {
    this.#logger.error(() => `${where}: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** The keys of a transaction live as long as it does, and a peer chooses how long they are. */
function keyOctets({ key, mergeKey: merge, hopKey: hop, ackKey }: Server): number {
  return key.length + (merge?.length ?? 0) + (hop?.length ?? 0) + (ackKey?.length ?? 0);
}
