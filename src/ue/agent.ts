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
import { ChallengeAnswers } from './challenge-answer.ts';
import { type AuthenticationStep, ChallengeWalk } from './challenge-walk.ts';
import { Journal } from './journal.ts';
import type { HandsetOptions, HandsetParts } from './options.ts';
import { Patience } from './patience.ts';
import { Requests } from './requests.ts';

/** How a request ended. */
export interface Outcome {
  /** Of the final response; 408 when none came, 503 when it could not be sent (RFC 3261 §8.1.3.1). */
  readonly status: number;
  readonly response?: Response;
  readonly failure?: TransactionFailure;
  /** The last form of the request, as given to the transaction. */
  readonly request: Request;
  /** Challenges on the way, and how they were answered. */
  readonly steps: readonly AuthenticationStep[];
}

export interface ExchangeOptions {
  /** Credentials the request carries before it is challenged. */
  readonly first?: HeaderValue | undefined;
  /** false: a challenge is the end. */
  readonly answering?: boolean;
}

const RFC_TIMERS: TimerSettings = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };
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
  #flow: Flow | undefined;
  #closed = false;

  /** Rejects with an Error in words when `local` cannot be listened on. @throws MalformedError for a wrong key or URI. */
  static async open(options: HandsetOptions, parts: HandsetParts): Promise<Agent> {
    const agent = new Agent(options, parts);
    await agent.#open();
    return agent;
  }

  private constructor(options: HandsetOptions, parts: HandsetParts) {
    const { net, clock, random, logger = silent, patienceMs = PATIENCE_MS } = parts;
    const onBug = parts.onBug ?? rethrow;
    this.options = options;
    this.net = net;
    this.clock = clock;
    this.random = random;
    this.timers = options.timers ?? RFC_TIMERS;
    this.patience = new Patience(systemClock(onBug), patienceMs);
    this.journal = new Journal(this.patience, parts.tap ?? noTap);
    this.answers = new ChallengeAnswers(options.impi, options.secrets, random);
    this.#transport = new SipTransport(
      { net, clock, log: logger, tap: this.journal, onBug },
      { sockets: [options.local] },
    );
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
    await this.#transport.open((message, flow) => this.#transactions.receive(message, flow));
    const { transport = 'UDP', server, local } = this.options;
    const place = this.#transport.places[0] ?? { local };
    this.#flow = { transport, ...place, remote: server };
    this.#requests = new Requests(this.options, place.local, this.random);
  }

  /** How the server is reached. */
  get flow(): Flow {
    if (this.#flow === undefined) throw new Error('the handset is not open');
    return this.#flow;
  }

  get requests(): Requests {
    if (this.#requests === undefined) throw new Error('the handset is not open');
    return this.#requests;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** One request in one transaction, no more. */
  send(request: Request, handlers: ResponseHandlers): ClientTransaction {
    return this.#transactions.request(request, this.flow, handlers);
  }

  ack(request: Request): void {
    this.#transactions.ack(request, this.flow);
  }

  /**
   * Sends a request, and again with an answer while it is challenged.
   * @param build makes it, each time with the next CSeq.
   */
  exchange(build: () => Request, { first, answering = true }: ExchangeOptions = {}): Promise<Outcome> {
    const walk = this.challengeWalk();
    let method = 'the request';
    const done = new Promise<Outcome>((resolve) => {
      const attempt = (credentials: HeaderValue | undefined): void => {
        const request = build();
        method = request.method;
        if (credentials !== undefined) request.headers.set(...credentials);
        const { steps } = walk;
        const fail = (failure: TransactionFailure) => {
          this.#pending.delete(fail);
          resolve({ status: statusOf(failure), failure, request, steps });
        };
        if (this.#closed) {
          fail(CLOSED);
          return;
        }
        this.#pending.add(fail);
        this.send(request, {
          onResponse: (response) => {
            if (response.status < 200) return;
            this.#pending.delete(fail);
            const next = answering ? walk.next(request, response) : undefined;
            if (next === undefined) resolve({ status: response.status, response, request, steps });
            else attempt(next);
          },
          onFailure: fail,
        });
      };
      attempt(first);
    });
    return this.patience.within(done, () => `no final response to ${method}`);
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
