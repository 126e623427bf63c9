/**
 * SIP messages over datagrams and streams (RFC 3261 §18). What arrives is cut into messages, checked, and handed up with
 * the flow it came on; what is malformed is answered here, without state, or dropped. What goes out is put on a flow; see
 * packets.ts.
 */
import type { Clock } from '../../core/clock.ts';
import { type Endpoint, printEndpoint, sameEndpoint } from '../../core/endpoint.ts';
import { MalformedError } from '../../core/errors.ts';
import type { Flow } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import type { Protection } from '../../core/protection.ts';
import type { Tap } from '../../core/tap.ts';
import type { Net } from '../../net/ports.ts';
import { responseTo } from '../message/build.ts';
import type { Via } from '../message/header-types.ts';
import { isRequest, type Message, type Request, type Response, startLine } from '../message/message.ts';
import { DEFAULT_LIMITS, type Head, type Limits, parseMessage } from '../message/parse.ts';
import { SipError } from '../message/sip-error.ts';
import { checkRequest, checkResponse } from '../message/validate.ts';
import { type Connection, DEFAULT_STREAM_OPTIONS, type StreamOptions } from './connection.ts';
import { Connections } from './connections.ts';
import type { Frame } from './framing.ts';
import { isKeepAlive } from './keep-alive.ts';
import { boundTo, Listening, type Place, type SocketOptions } from './listening.ts';
import { type Outlets, RequestPacket, ResponsePacket, SwitchedBranches } from './packets.ts';
import { type PortKind, type ProtectedPortCounts, ProtectedPorts } from './protected-ports.ts';
import { checkCopied, statelessTag } from './stateless-refusal.ts';
import { stampVia, translateVia } from './via.ts';
import { ourEnd, Ways } from './way.ts';

export interface TransportParts {
  readonly net: Net;
  readonly clock: Clock;
  /** Layer sip. */
  readonly log: Logger;
  readonly tap: Tap;
  /** Guards protected ports, which are then opened beside those in clear; without it there are none. */
  readonly protection?: Protection;
  /** Adds to every message of ours, the refusals made here included, what all of them have. */
  readonly dress?: (message: Message) => void;
  /** Told what `onMessage` threw; the messages behind it are served all the same. */
  readonly onBug: (error: unknown) => void;
}

export interface TransportOptions {
  /** Addresses to listen on, UDP and TCP on the same port. Wildcards stand for every local address. */
  readonly sockets: readonly SocketOptions[];
  /** Octets of a request above which TCP is preferred to UDP (RFC 3261 §18.1.1). */
  readonly tcpThreshold?: number;
  readonly limits?: Limits;
  readonly streams?: StreamOptions;
  /** Protected ports of each address. */
  readonly protectedPorts?: ProtectedPortCounts;
}

export const DEFAULT_TCP_THRESHOLD = 1300;

/** A well-formed request, with its source written into its Via, or a response, and how it came. */
export type OnMessage = (message: Message, flow: Flow) => void;

/** One message ready to be sent, as often as wanted. */
export interface OutgoingPacket {
  /** Whether sending it once is enough. */
  readonly reliable: boolean;
  /** `onError` is called at most once per call, later or at once, when the peer cannot be reached. */
  send(onError: (error: Error) => void): void;
}

/** The transport layer; to transactions it is their Wire. */
export class SipTransport {
  readonly #parts: TransportParts;
  readonly #limits: Limits;
  readonly #threshold: number;
  readonly #switched = new SwitchedBranches();
  readonly #listening: Listening;
  readonly #protectedPorts: ProtectedPorts | undefined;
  readonly #connections: Connections;
  readonly #outlets: Outlets;
  #onMessage: OnMessage = () => {};

  constructor(parts: TransportParts, options: TransportOptions) {
    this.#parts = parts;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#threshold = options.tcpThreshold ?? DEFAULT_TCP_THRESHOLD;
    const streams = options.streams ?? DEFAULT_STREAM_OPTIONS;
    const { protection } = parts;
    const connections = new Connections(parts, streams, this.#limits, (frame, on) => this.#onFrame(frame, on));
    const protectedPorts =
      protection &&
      new ProtectedPorts(
        parts,
        protection,
        {
          onDatagram: (data, flow, port) => this.#onDatagram(data, flow, port),
          onConnection: (connection, place, set) => connections.accept(connection, place, set),
          onGone: (place) => connections.closePlace(place),
        },
        options.protectedPorts,
      );
    const listening = new Listening(parts, options.sockets, {
      onDatagram: (data, from, place) => this.#onDatagram(data, { transport: 'UDP', ...place, remote: from }),
      onConnection: (connection, place) => connections.accept(connection, place),
      onOpened: async (place) => protectedPorts?.open(place),
      onGone: (place) => {
        connections.closePlace(place);
        protectedPorts?.gone(place);
      },
    });
    this.#connections = connections;
    this.#listening = listening;
    this.#protectedPorts = protectedPorts;
    this.#outlets = {
      connections,
      ways: new Ways(protection),
      log: parts.log,
      datagramSocket: (bound) => listening.datagramSocket(bound) ?? protectedPorts?.datagramSocket(bound),
      onSent: (message, octets, transport, local, remote) => {
        if (parts.tap.active) this.#tell('TO', { transport, local, remote }, message, octets);
      },
    };
  }

  /** Opens the sockets. Rejects with an error in words when a configured address cannot be listened on. */
  async open(onMessage: OnMessage): Promise<void> {
    this.#onMessage = onMessage;
    await this.#listening.open();
  }

  /** Closes sockets, connections and timers. Nothing is handed up any more. */
  close(): void {
    this.#onMessage = () => {};
    this.#listening.close();
    this.#protectedPorts?.close();
    this.#connections.close();
  }

  /** Where it listens in clear now: what peers are shown, and where it is bound when that differs. */
  get places(): readonly Place[] {
    return this.#listening.places;
  }

  /** Whether what goes there comes back here, in clear or to a protected port. */
  isOurs(endpoint: Endpoint): boolean {
    if (this.#protectedPorts?.datagramSocket(endpoint) !== undefined) return true;
    return this.places.some(({ local }) => sameEndpoint(local, endpoint));
  }

  /**
   * A set of security associations is about to be deleted and no path leads through it any more: what is left of it here
   * ends. What a connection of it may have lost goes on in the set the handset has now.
   */
  removed(set: number): void {
    this.#connections.closeSet(set);
  }

  /** Open TCP connections, both directions. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Readies a request for a flow: our Via goes on top of a copy (sent-by `flow.local`, `rport`, `branch`), and TCP is
   * chosen instead of UDP when the request is long and the peer takes TCP.
   */
  request(request: Request, flow: Flow, branch: string): OutgoingPacket {
    this.#parts.dress?.(request);
    const tcp = { threshold: this.#threshold, switched: this.#switched };
    return new RequestPacket(this.#outlets, request, flow, branch, tcp);
  }

  /** Readies a response to a request that came on `flow`. Its topmost Via is the one that was handed up. */
  response(response: Response, flow: Flow): OutgoingPacket {
    this.#parts.dress?.(response);
    return new ResponsePacket(this.#outlets, response, flow);
  }

  #onDatagram(data: Buffer, flow: Flow, port?: PortKind): void {
    if (isKeepAlive(data)) return;
    let head: Head;
    try {
      head = parseMessage(data, this.#limits);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#dropped(error.message, flow, data);
      return;
    }
    if (port === 'client' && isRequest(head.message)) {
      // TS 33.203 §7.1: handsets send their requests to port_ps.
      this.#parts.log.info(() => `request from ${printEndpoint(flow.remote)} to a client port dropped`, {
        dir: 'FROM',
      });
    } else {
      this.#onHead(head, data, flow);
    }
  }

  #onFrame(frame: Exclude<Frame, { kind: 'ping' }>, connection: Connection): void {
    if (!this.#isGuarded(connection)) {
      connection.reset(new Error('its security associations are gone'));
      return;
    }
    if (frame.kind === 'message') {
      this.#onHead(frame.head, frame.octets, connection.flow, connection);
      return;
    }
    const { why, refusal } = frame;
    this.#parts.log.info(() => `closing TCP ${printEndpoint(connection.remote)}: ${why}`, { dir: 'FROM' });
    if (refusal !== undefined && isRequest(refusal.message)) {
      const { status, message } = refusal;
      const via = this.#stamp(message, connection.flow);
      if (via !== undefined) this.#refuse(message, connection.flow, new SipError(status, why));
    }
    connection.finish(new Error(why));
  }

  /** Whether a connection is in clear, or its set of associations is still there. */
  #isGuarded({ place, remote, protected: set }: Connection): boolean {
    return set === undefined || this.#parts.protection?.incoming(boundTo(place), remote)?.set === set.set;
  }

  #onHead(head: Head, octets: Buffer, flow: Flow, connection?: Connection): void {
    const { message } = head;
    const local = connection === undefined ? flow.local : ourEnd(connection);
    if (this.#parts.tap.active) this.#tell('FROM', { ...flow, local }, message, octets);
    if (!isRequest(message)) {
      this.#onResponse(head, message, octets, flow);
      return;
    }
    const via = this.#stamp(message, flow, head.version);
    if (via === undefined) return;
    const refusal = checkRequest(head, message, octets.length - head.length, this.#limits) ?? checkCopied(message);
    if (refusal !== undefined) {
      this.#refuse(message, flow, refusal);
      return;
    }
    if (connection !== undefined) this.#connections.learn(connection, via);
    this.#handUp(message, connection?.flow ?? flow);
  }

  /** RFC 3261 §18.1.2: a response that cannot be matched is dropped. */
  #onResponse(head: Head, response: Response, octets: Buffer, flow: Flow): void {
    const problem = checkResponse(head, response, this.#limits);
    if (problem === undefined) this.#handUp(response, flow);
    else this.#dropped(problem, flow, octets);
  }

  /** The source of a request written into its Via; without a Via there is nobody to answer (RFC 3261 §8.2.6.2). */
  #stamp({ headers }: Request, flow: Flow, version = '2.0'): Via | undefined {
    try {
      if (version !== '2.0') translateVia(headers);
      return stampVia(headers, flow.remote);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#dropped(error.message, flow);
      return undefined;
    }
  }

  #handUp(message: Message, flow: Flow): void {
    try {
      this.#onMessage(message, flow);
    } catch (error) {
      this.#parts.onBug(error);
    }
  }

  /** Answers a malformed request without state: a repeat gets the same answer. An ACK gets none (RFC 3261 §17.1.1.3). */
  #refuse(request: Request, flow: Flow, refusal: SipError): void {
    const { log } = this.#parts;
    const from = printEndpoint(flow.remote);
    log.info(() => `${request.method} from ${from} refused: ${refusal.status} ${refusal.message}`, { dir: 'FROM' });
    if (request.method === 'ACK') return;
    const response = responseTo(request, refusal.status, { reason: refusal.reason, toTag: statelessTag(request) });
    this.response(refusal.applyTo(response), flow).send((error) => log.info(() => error.message));
  }

  #dropped(why: string, flow: Flow, octets?: Buffer): void {
    const message = () => `malformed message over ${flow.transport} from ${printEndpoint(flow.remote)}: ${why}`;
    this.#parts.log.info(message, octets === undefined ? { dir: 'FROM' } : { dir: 'FROM', text: octets });
  }

  #tell(
    dir: 'FROM' | 'TO',
    flow: Pick<Flow, 'transport' | 'local' | 'remote'>,
    message: Message,
    octets: Buffer,
  ): void {
    const { transport, local, remote } = flow;
    this.#parts.tap.message({
      protocol: 'SIP',
      transport,
      dir,
      local,
      remote,
      summary: startLine(message),
      octets,
      message,
    });
  }
}
