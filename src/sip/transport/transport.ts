/**
 * SIP messages over datagrams and streams (RFC 3261 §18). What arrives is cut into messages, checked, and handed up with
 * the flow it came on; what is malformed is answered here, without state, or dropped. What goes out is put on a flow; see
 * packets.ts.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { type Endpoint, printEndpoint } from '../../core/endpoint.ts';
import { MalformedError } from '../../core/errors.ts';
import type { Flow } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
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
import { Listening, type Place, type SocketOptions } from './listening.ts';
import { type Outlets, RequestPacket, ResponsePacket, SwitchedBranches } from './packets.ts';
import { stampVia, translateVia } from './via.ts';

export interface TransportParts {
  readonly net: Net;
  readonly clock: Clock;
  /** Layer sip. */
  readonly log: Logger;
  readonly tap: Tap;
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
  readonly #connections: Connections;
  readonly #outlets: Outlets;
  #onMessage: OnMessage = () => {};

  constructor(parts: TransportParts, options: TransportOptions) {
    this.#parts = parts;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#threshold = options.tcpThreshold ?? DEFAULT_TCP_THRESHOLD;
    const streams = options.streams ?? DEFAULT_STREAM_OPTIONS;
    const connections = new Connections(parts, streams, this.#limits, (frame, on) => this.#onFrame(frame, on));
    const listening = new Listening(parts, options.sockets, {
      onDatagram: (data, from, place) => this.#onDatagram(data, from, place),
      onConnection: (connection, place) => connections.accept(connection, place),
      onGone: (place) => connections.closePlace(place),
    });
    this.#connections = connections;
    this.#listening = listening;
    this.#outlets = {
      connections,
      log: parts.log,
      datagramSocket: (flow) => listening.datagramSocket(flow),
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
    this.#connections.close();
  }

  /** Where it listens now: what peers are shown, and where it is bound when that differs. */
  get places(): readonly Place[] {
    return this.#listening.places;
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

  #onDatagram(data: Buffer, from: Endpoint, place: Place): void {
    if (isKeepAlive(data)) return;
    const flow: Flow = { transport: 'UDP', ...place, remote: from };
    let head: Head;
    try {
      head = parseMessage(data, this.#limits);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#dropped(error.message, flow, data);
      return;
    }
    this.#onHead(head, data, flow);
  }

  #onFrame(frame: Exclude<Frame, { kind: 'ping' }>, connection: Connection): void {
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

  #onHead(head: Head, octets: Buffer, flow: Flow, connection?: Connection): void {
    const { message } = head;
    if (!isRequest(message)) {
      this.#onResponse(head, message, octets, flow);
      return;
    }
    if (this.#parts.tap.active) this.#tell('FROM', flow, message, octets);
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
    if (this.#parts.tap.active) this.#tell('FROM', flow, response, octets);
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

/** What a response repeats (RFC 3261 §8.2.6) and a transaction therefore keeps. */
const COPIED = ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Timestamp'];
const MOST_COPIED_OCTETS = 16 * 1024;
const MOST_VIAS = 64;

/** The refusal owed to a request whose answer would be too much to keep (RFC 3261 §21.5.7). */
function checkCopied({ headers }: Request): SipError | undefined {
  let octets = 0;
  for (const name of COPIED) for (const value of headers.rawAll(name)) octets += value.length;
  if (octets > MOST_COPIED_OCTETS) return new SipError(513, `${octets} octets of headers that a response repeats`);
  const vias = headers.rawAll('Via').length;
  return vias > MOST_VIAS ? new SipError(513, `${vias} Via lines, more than ${MOST_VIAS}`) : undefined;
}

/** RFC 3261 §8.2.7: a server without state gives a repeated request the same To tag. */
function statelessTag({ headers }: Request): string {
  return createHash('sha256')
    .update(`${headers.raw('Via')} ${headers.raw('Call-ID')}`)
    .digest('hex')
    .slice(0, 16);
}
