/**
 * The part of a handset that talks SIP: its sockets, its transactions, its answers to challenges, and the way of each
 * request that comes to whoever it is for.
 */
import type { Clock } from '../core/clock.ts';
import type { Flow } from '../core/flow.ts';
import { silent } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import { systemClock } from '../core/system-clock.ts';
import { noTap } from '../core/tap.ts';
import type { Net } from '../net/ports.ts';
import { Dialogs } from '../sip/dialog/dialogs.ts';
import { type HeaderValue, type ResponseOptions, responseTo } from '../sip/message/build.ts';
import { TO, tagOf } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { TransactionLayer } from '../sip/transaction/layer.ts';
import type { TimerSettings } from '../sip/transaction/timers.ts';
import type {
  ClientTransaction,
  ResponseHandlers,
  ServerTransaction,
  TransactionFailure,
} from '../sip/transaction/user.ts';
import { SipTransport } from '../sip/transport/transport.ts';
import { type Answer, ChallengeAnswers } from './challenge-answer.ts';
import { type AuthenticationStep, ChallengeWalk } from './challenge-walk.ts';
import { Journal } from './journal.ts';
import { DEFAULT_TIMERS, type HandsetOptions, type HandsetParts } from './options.ts';
import { Patience } from './patience.ts';
import { HANDSET_PORTS } from './protected-sets.ts';
import { Requests } from './requests.ts';
import { Security } from './security.ts';

/** How a request ended. */
export interface Outcome {
  /** Of the final response; 408 when none came, 503 when it could not be sent (RFC 3261 §8.1.3.1). */
  readonly status: number;
  readonly response?: Response;
  readonly failure?: TransactionFailure;
  /** The last form of the request, as given to the transaction. */
  readonly request: Request;
  /** What it went on. */
  readonly flow: Flow;
  /** Challenges on the way, and how they were answered. */
  readonly steps: readonly AuthenticationStep[];
  /** Why the answer to the last challenge was not sent, in words. */
  readonly withheld?: string;
}

export interface ExchangeOptions {
  /** Credentials the request carries before it is challenged. */
  readonly first?: HeaderValue | undefined;
  /** false: a challenge is the end. */
  readonly answering?: boolean;
  /** The way of each form of the request. Default: that of all requests. */
  readonly way?: () => Flow;
  /** Makes ready for the answer to a challenge; resolves with a text when it is not to be sent, and why. */
  readonly beforeAnswer?: ((response: Response, answer: Answer) => Promise<string | undefined>) | undefined;
}

const PATIENCE_MS = 5000;

export class Agent {
  readonly options: HandsetOptions;
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerSettings;
  readonly patience: Patience;
  readonly journal: Journal;
  readonly answers: ChallengeAnswers;
  /** Of a handset with IPsec. */
  readonly security: Security | undefined;
  /** Resolves, once the handset was closed, when the kernel holds nothing of it any more. */
  released: Promise<void> = Promise.resolve();
  readonly dialogs = new Dialogs();
  /** What waits for requests of a dialog that only we know yet, by Call-ID and tag: NOTIFY may overtake its 200. */
  readonly halfDialogs = new Map<string, (transaction: ServerTransaction) => void>();
  /** Sees a request first; true says that it has answered or will. */
  intercept: ((transaction: ServerTransaction) => boolean) | undefined;
  /** Told of each challenge and its answer, before the answer is sent. */
  onStep: ((step: AuthenticationStep) => void) | undefined;
  /** A request outside dialogs. May throw SipError. */
  onRequest: (transaction: ServerTransaction) => void = () => {};
  readonly #transport: SipTransport;
  readonly #transactions: TransactionLayer;
  readonly #pending = new Set<(why: TransactionFailure) => void>();
  #requests: Requests | undefined;
  #clear: Flow | undefined;
  #closed = false;

  /** Rejects with an Error in words when `local` cannot be listened on. @throws MalformedError for a wrong key or URI. */
  static async open(options: HandsetOptions, parts: HandsetParts): Promise<Agent> {
    const agent = new Agent(options, parts, await Security.open(options, parts));
    await agent.#open();
    return agent;
  }

  private constructor(options: HandsetOptions, parts: HandsetParts, security: Security | undefined) {
    const { net, clock, random, logger = silent, patienceMs = PATIENCE_MS } = parts;
    const onBug = parts.onBug ?? rethrow;
    this.options = options;
    this.net = net;
    this.clock = clock;
    this.random = random;
    this.security = security;
    this.timers = options.timers ?? DEFAULT_TIMERS;
    this.patience = new Patience(systemClock(onBug), patienceMs);
    this.journal = new Journal(this.patience, parts.tap ?? noTap);
    this.answers = new ChallengeAnswers(options.impi, options.secrets, random);
    this.#transport = new SipTransport(
      { net, clock, log: logger, tap: this.journal, onBug, ...(security && { protection: security.sets }) },
      { sockets: [options.local], protectedPorts: HANDSET_PORTS },
    );
    if (security !== undefined) security.sets.onRemoved = (set) => this.#transport.removed(set);
    this.#transactions = new TransactionLayer({
      wire: this.#transport,
      clock,
      random,
      timers: this.timers,
      logger,
      user: {
        onRequest: (transaction) => {
          try {
            this.#serve(transaction);
          } catch (error) {
            if (!(error instanceof SipError)) onBug(error);
            const refusal = error instanceof SipError ? error : new SipError(500, String(error));
            transaction.respond(refusal.applyTo(this.response(transaction.request, refusal.status)));
          }
        },
        onAck: (request, flow) => this.dialogs.find(request)?.onAck?.(request, flow),
        onStrayResponse: () => {},
      },
    });
  }

  async #open(): Promise<void> {
    await this.#transport.open((message, flow) => {
      if (this.security?.admits(message, flow) !== false) this.#transactions.receive(message, flow);
    });
    const { transport = 'UDP', server, local } = this.options;
    const place = this.#transport.places[0] ?? { local };
    this.#clear = { transport, ...place, remote: server };
    this.#requests = new Requests(this.options, () => this.flow, this.random);
    if (this.security !== undefined && this.security.sets.ports === undefined) {
      this.close();
      throw new Error(`no protected ports could be bound on ${local.address}`);
    }
  }

  /** How the server is reached. */
  get flow(): Flow {
    return this.security?.flow ?? this.clear;
  }

  /** How it is reached without security associations. */
  get clear(): Flow {
    if (this.#clear === undefined) throw new Error('the handset is not open');
    return this.#clear;
  }

  get requests(): Requests {
    if (this.#requests === undefined) throw new Error('the handset is not open');
    return this.#requests;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** One request in one transaction, no more. */
  send(request: Request, handlers: ResponseHandlers, flow = this.flow): ClientTransaction {
    if (request.method !== 'REGISTER') this.security?.dress(request, flow);
    return this.#transactions.request(request, flow, handlers);
  }

  ack(request: Request): void {
    this.#transactions.ack(request, this.flow);
  }

  /**
   * Sends a request, and again with an answer while it is challenged.
   * @param build makes it, each time with the next CSeq.
   */
  exchange(build: () => Request, options: ExchangeOptions = {}): Promise<Outcome> {
    let method = 'the request';
    const named = () => {
      const request = build();
      method = request.method;
      return request;
    };
    return this.patience.within(this.#answered(named, options), () => `no final response to ${method}`);
  }

  async #answered(
    build: () => Request,
    { first, answering = true, way = () => this.flow, beforeAnswer }: ExchangeOptions,
  ): Promise<Outcome> {
    const walk = this.challengeWalk();
    const { steps } = walk;
    for (let credentials = first; ; ) {
      const request = build();
      const flow = way();
      if (credentials !== undefined) request.headers.set(...credentials);
      const end = await this.#final(request, flow);
      if ('failure' in end) return { status: statusOf(end.failure), ...end, request, flow, steps };
      const outcome = { status: end.response.status, ...end, request, flow, steps };
      credentials = answering ? walk.next(request, end.response) : undefined;
      const answer = steps.at(-1)?.answer;
      if (credentials === undefined || answer === undefined) return outcome;
      const withheld = await beforeAnswer?.(end.response, answer);
      if (withheld !== undefined) return { ...outcome, withheld };
    }
  }

  /** How one transaction ends. */
  #final(
    request: Request,
    flow: Flow,
  ): Promise<{ readonly response: Response } | { readonly failure: TransactionFailure }> {
    return new Promise((resolve) => {
      const fail = (failure: TransactionFailure) => {
        this.#pending.delete(fail);
        resolve({ failure });
      };
      if (this.#closed) {
        fail(CLOSED);
        return;
      }
      this.#pending.add(fail);
      const onResponse = (response: Response) => {
        if (response.status < 200) return;
        this.#pending.delete(fail);
        resolve({ response });
      };
      this.send(request, { onResponse, onFailure: fail }, flow);
    });
  }

  /** For the challenges of one request. */
  challengeWalk(): ChallengeWalk {
    return new ChallengeWalk(this.answers, (step) => this.onStep?.(step));
  }

  /** A response with our User-Agent, and our tag on To. */
  response(request: Request, status: number, options: ResponseOptions = {}): Response {
    const { headers = [] } = options;
    const server = this.requests.userAgent;
    return responseTo(request, status, { toTag: this.requests.tag(), ...options, headers: [...headers, server] });
  }

  /** Nothing is sent any more; whoever waits for a response gets 503. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transactions.close();
    // Before the transport: what is left of connections ends inside the associations.
    if (this.security !== undefined) this.released = this.security.sets.close();
    this.#transport.close();
    for (const fail of [...this.#pending]) fail(CLOSED);
  }

  #serve(transaction: ServerTransaction): void {
    if (this.intercept?.(transaction) === true) return;
    const { request } = transaction;
    const usage = this.dialogs.find(request);
    const half = this.halfDialogs.get(halfKey(request) ?? '');
    if (usage !== undefined) usage.onRequest(transaction);
    else if (half !== undefined) half(transaction);
    else if (tagOf(request.headers.tryGet(TO)) !== undefined) throw new SipError(481, 'no such dialog');
    else this.onRequest(transaction);
  }
}

/** Call-ID and our tag of a received request; undefined without a tag. */
function halfKey({ headers }: Request): string | undefined {
  const tag = tagOf(headers.tryGet(TO));
  return tag === undefined ? undefined : `${headers.raw('Call-ID')}\n${tag}`;
}

export function statusOf(failure: TransactionFailure): number {
  return failure.kind === 'timeout' ? 408 : 503;
}

const CLOSED: TransactionFailure = { kind: 'transport', error: new Error('the handset was closed') };

function rethrow(error: unknown): never {
  throw error;
}
