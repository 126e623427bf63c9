/**
 * One Diameter peer, an HSS or a PCRF, to which we open the connection: performs the effects of peer-machine.ts, ties
 * answers to requests, and hands the peer's own requests to the applications. Without TLS, as in the interfaces'
 * trusted networks.
 */
import type { Clock } from '../core/clock.ts';
import { type Endpoint, printEndpoint } from '../core/endpoint.ts';
import { Listeners } from '../core/listeners.ts';
import { Machine } from '../core/machine.ts';
import { type Random, randomBelow } from '../core/random.ts';
import { type Avp, AvpError } from './avp.ts';
import { capabilities } from './capabilities.ts';
import { applicationName, BASE, COMMANDS, type CommandName, messageName, RESULT } from './command.ts';
import { Composer } from './composer.ts';
import { Connection, type ConnectionParts, type Place } from './connection.ts';
import { avp, find } from './dictionary.ts';
import { KnownPeer } from './known-peer.ts';
import type { LinkTransport } from './link.ts';
import type { DiameterMessage } from './message.ts';
import {
  PEER_MACHINE,
  PEER_TIMES,
  type PeerEffect,
  type PeerEvent,
  type PeerState,
  type PeerTimes,
} from './peer-machine.ts';
import { type Outcome, Requests } from './requests.ts';
import { answerTo, type Identity, isSuccess, printResult, refusalOf, resultOf } from './routing.ts';
import { type RequestHandler, ServedCommands } from './served-commands.ts';

export interface PeerParts extends ConnectionParts {
  readonly clock: Clock;
  readonly random: Random;
}

export interface PeerOptions extends Place {
  readonly own: Identity;
  /** For Product-Name. */
  readonly product: string;
  /** Application-Ids of 3GPP we speak with it. */
  readonly applications: readonly number[];
  /** How long a request waits for its answer. */
  readonly answerMs: number;
}

/** What a peer that does not keep up may have waiting. */
const MOST_PENDING = 10_000;
const MOST_UNSENT_OCTETS = 4 * 1024 * 1024;

export class Peer {
  /** Called when the connection is ready to serve. */
  readonly opened = new Listeners<[]>();
  /** The peer has lost the state of all sessions (RFC 6733 §8.16, Origin-State-Id rose). */
  readonly restarted = new Listeners<[]>();
  readonly options: PeerOptions;
  readonly #parts: PeerParts;
  readonly #machine: Machine<PeerState, PeerEvent, PeerEffect, PeerTimes>;
  readonly #composer: Composer;
  readonly #requests: Requests;
  readonly #commands: ServedCommands;
  #connection: Connection | undefined;
  readonly #known = new KnownPeer();
  #since: number | undefined;
  #trouble: string | undefined;
  #stopped: (() => void) | undefined;
  /** The CEA showed it; told once requests can be sent. */
  #hasRestarted = false;

  constructor(parts: PeerParts, options: PeerOptions) {
    const { clock, random } = parts;
    this.#parts = parts;
    this.options = options;
    this.#composer = new Composer(options.own, random, clock.wallNow());
    this.#commands = new ServedCommands(options.own, options.applications);
    this.#requests = new Requests({
      clock,
      answerMs: options.answerMs,
      newHopByHop: () => this.#composer.newHopByHop(),
      transmit: (message) => this.#connection?.send(message),
      unreachable: (why) => this.#unreachable(why, true),
    });
    const spread = (ms: number) => Math.round(ms * (0.93 + randomBelow(random, 141) / 1000));
    this.#machine = new Machine<PeerState, PeerEvent, PeerEffect, PeerTimes>(
      PEER_MACHINE,
      { name: 'closed', failures: 0, timers: { reconnect: clock.now() } },
      clock,
      { ...PEER_TIMES, spread },
      {
        perform: (effect) => this.#perform(effect),
        onUnexpected: (state, event) => {
          if (event.type !== 'received')
            parts.logger.debug(() => `${state.name}: ${event.type} not expected`, this.#column);
        },
        onFinal: () => this.#stopped?.(),
      },
    );
  }

  /** Opens the connection, and keeps it open until `stop`. */
  start(): void {
    this.#machine.dispatch({ type: 'timer', timer: 'reconnect' });
  }

  /** Says farewell and closes; requests without an answer fail. Resolves when the connection is gone. */
  async stop(): Promise<void> {
    if (this.#machine.over) return;
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      this.#machine.dispatch({ type: 'stop' });
    });
    this.#requests.failAll('the server stops');
  }

  newSessionId(): string {
    return this.#composer.newSessionId();
  }

  get #isOpen(): boolean {
    const { name } = this.#machine.state;
    return name === 'open' || name === 'suspect';
  }

  /** Whether requests of the application can be sent now. */
  serves(application: number): boolean {
    return this.#refusal(application) === undefined;
  }

  /** For the monitor: what is known of the connection now. */
  get status(): PeerStatus {
    const { state } = this.#machine;
    return {
      transport: this.options.transport,
      remote: this.options.remote,
      state: state.name,
      ...(this.#known.identity !== undefined && { identity: this.#known.identity }),
      ...(this.#isOpen && this.#since !== undefined && { since: this.#since }),
      ...(state.name === 'closed' && { retryInMs: Math.max(0, state.timers.reconnect - this.#parts.clock.now()) }),
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
      pending: this.#requests.size,
    };
  }

  /** Serves requests of the peer's. */
  serve(application: number, command: CommandName, handler: RequestHandler): void {
    this.#commands.serve(application, command, handler);
  }

  /**
   * Sends a request; Origin and Destination are added behind `avps`. `done` is called once, perhaps before this returns.
   * A connection that breaks meanwhile and comes back in time costs nothing: the request is sent again.
   */
  request(application: number, command: CommandName, avps: readonly Avp[], done: (outcome: Outcome) => void): void {
    const refusal = this.#refusal(application);
    if (refusal !== undefined) {
      done(this.#unreachable(refusal, false));
      return;
    }
    const destination = this.#known.destination(this.options.own.realm);
    const message = this.#composer.request(application, command, avps, destination);
    this.#requests.send(message, done);
  }

  get #column() {
    return { id: printEndpoint(this.options.remote) };
  }

  /** Why a request cannot be sent. */
  #refusal(application: number): string | undefined {
    if (!this.#isOpen) return this.#trouble ?? 'not connected';
    if (!this.#known.served.includes(application)) return `it does not serve ${applicationName(application)}`;
    const unsent = this.#connection?.unsent ?? 0;
    if (this.#requests.size >= MOST_PENDING || unsent > MOST_UNSENT_OCTETS) return 'it does not keep up';
    return undefined;
  }

  #unreachable(why: string, sent: boolean): Outcome {
    const { state } = this.#machine;
    const waitMs = state.name === 'closed' ? state.timers.reconnect - this.#parts.clock.now() : 0;
    const retryAfterS = Math.max(5, Math.ceil(waitMs / 1000) + 1);
    return { unreachable: `${printEndpoint(this.options.remote)}: ${why}`, retryAfterS, sent };
  }

  #perform(effect: PeerEffect): void {
    const { logger } = this.#parts;
    switch (effect.type) {
      case 'connect':
        this.#connect();
        return;
      case 'sendCer':
        this.#sendBase('Capabilities-Exchange', [
          ...capabilities(this.options, this.#connection?.address ?? ''),
          this.#composer.state(),
        ]);
        return;
      case 'opened':
        this.#opened();
        return;
      case 'sendDwr':
        this.#sendBase('Device-Watchdog', [this.#composer.state()]);
        return;
      case 'sendDpr':
        this.#sendBase('Disconnect-Peer', [avp('Disconnect-Cause', 'REBOOTING')]);
        return;
      case 'failed':
        // Said again and again, the same is no error any more.
        logger[this.#trouble === effect.why ? 'warn' : 'error'](
          () => `not connected: ${effect.why}; next attempt in ${Math.round(effect.retryMs / 1000)} s`,
          this.#column,
        );
        this.#trouble = effect.why;
        this.#requests.strand();
        return;
      case 'close':
        this.#connection?.shutdown();
        return;
      case 'abort':
        this.#connection?.abort();
        return;
    }
  }

  #sendBase(command: CommandName, avps: readonly Avp[]): void {
    this.#connection?.send(this.#composer.base(command, avps));
  }

  #connect(): void {
    const { transport, remote } = this.options;
    this.#parts.logger.info(() => `Connecting over ${transport}`, { id: printEndpoint(remote) });
    this.#connection = new Connection(this.#parts, this.options, {
      onUp: () => this.#machine.dispatch({ type: 'up' }),
      onMessage: (message) => (message.request ? this.#serve(message) : this.#answered(message)),
      onMalformed: (message, error) => this.#malformed(message, error),
      onLost: (why) => this.#machine.dispatch({ type: 'lost', why }),
    });
  }

  #opened(): void {
    const { logger, clock } = this.#parts;
    this.#trouble = undefined;
    this.#since = clock.wallNow();
    logger.info(() => `Connected to ${this.#known.identity?.host ?? '?'}`, this.#column);
    this.#requests.resend();
    if (this.#hasRestarted) this.#restarted();
    this.#hasRestarted = false;
    this.opened.call();
  }

  /** A request is refused; an answer counts as none. */
  #malformed(message: DiameterMessage, error: AvpError): void {
    if (message.request) this.#connection?.send(refusalOf(message, this.options.own, error));
    else if (message.command !== COMMANDS['Capabilities-Exchange']) this.#requests.answered(message, error.message);
    else this.#machine.dispatch({ type: 'cea', refusal: error.message });
  }

  #answered(answer: DiameterMessage): void {
    if (answer.command === COMMANDS['Capabilities-Exchange']) {
      this.#capabilities(answer);
      return;
    }
    this.#machine.dispatch({ type: 'received' });
    this.#watch(answer);
    if (answer.command === COMMANDS['Device-Watchdog']) return;
    if (answer.command === COMMANDS['Disconnect-Peer']) {
      this.#machine.dispatch({ type: 'dpa' });
      return;
    }
    if (!this.#requests.answered(answer)) {
      this.#parts.logger.warn(() => `${messageName(answer)} to no request that waits; dropped`, this.#column);
    }
  }

  /** @throws AvpError */
  #capabilities(answer: DiameterMessage): void {
    const refusal = isSuccess(resultOf(answer)) ? this.#introduced(answer) : printResult(answer);
    this.#machine.dispatch({ type: 'cea', refusal });
  }

  /** @returns why the peer is of no use. @throws AvpError */
  #introduced(answer: DiameterMessage): string | undefined {
    const lack = this.#known.introduced(answer, this.options);
    if (this.#known.served.length === 0) return lack;
    if (lack !== undefined) this.#parts.logger.warn(lack, this.#column);
    this.#hasRestarted = this.#known.hasRestarted(answer);
    return undefined;
  }

  #watch(message: DiameterMessage): void {
    if (this.#known.hasRestarted(message)) this.#restarted();
  }

  #restarted(): void {
    this.#parts.logger.warn('the peer has restarted and lost its sessions', this.#column);
    this.restarted.call();
  }

  #serve(request: DiameterMessage): void {
    const { own } = this.options;
    if (request.application === BASE && request.command === COMMANDS['Capabilities-Exchange']) return;
    this.#machine.dispatch({ type: 'received' });
    try {
      this.#connection?.send(this.#answerOf(request));
    } catch (error) {
      const refusal = error instanceof AvpError ? error : undefined;
      if (refusal === undefined) {
        this.#connection?.send(
          refusalOf(request, own, new AvpError(RESULT.DIAMETER_UNABLE_TO_COMPLY, 'internal error')),
        );
        throw error;
      }
      this.#parts.logger.warn(() => `${messageName(request)} refused: ${refusal.message}`, this.#column);
      this.#connection?.send(refusalOf(request, own, refusal));
    }
    if (request.application === BASE && request.command === COMMANDS['Disconnect-Peer']) this.#disconnected(request);
  }

  /** @throws AvpError */
  #answerOf(request: DiameterMessage): DiameterMessage {
    const { own } = this.options;
    const { application, command, error } = request;
    if (error) throw new AvpError(RESULT.DIAMETER_INVALID_HDR_BITS, 'a request with the E flag');
    if (application === BASE) {
      if (command !== COMMANDS['Device-Watchdog'] && command !== COMMANDS['Disconnect-Peer']) {
        throw new AvpError(RESULT.DIAMETER_COMMAND_UNSUPPORTED, `command ${command}`);
      }
      this.#watch(request);
      return answerTo(request, own, [avp('Result-Code', RESULT.DIAMETER_SUCCESS), this.#composer.state()]);
    }
    return this.#commands.answer(request);
  }

  #disconnected({ avps }: DiameterMessage): void {
    const cause = find(avps, 'Disconnect-Cause') ?? 'no cause given';
    this.#machine.dispatch({
      type: 'dpr',
      cause: String(cause),
      stayAway: cause === 'BUSY' || cause === 'DO_NOT_WANT_TO_TALK_TO_YOU',
    });
  }
}

export interface PeerStatus {
  readonly transport: LinkTransport;
  readonly remote: Endpoint;
  readonly state: PeerState['name'];
  /** As it names itself. */
  readonly identity?: Identity;
  /** Milliseconds since 1970: when the connection came up. */
  readonly since?: number;
  /** Until the next attempt. */
  readonly retryInMs?: number;
  /** Why there is no connection. */
  readonly trouble?: string;
  /** Requests that wait for an answer. */
  readonly pending: number;
}
