/**
 * Messages on their way out. A request goes over TCP when it is too long for a datagram and the peer is known to take TCP
 * (RFC 3261 §18.1.1), or when its flow is TCP: on the connection that is there, else on a new one; and over UDP when that
 * cannot be had. A response goes the way its request came (RFC 3261 §18.2.2).
 */
import { type Endpoint, hostOf, printEndpoint } from '../../core/endpoint.ts';
import type { Flow, TransportName } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import type { DatagramSocket } from '../../net/ports.ts';
import { CSEQ, VIA } from '../message/header-types.ts';
import { type Message, printMessage, type Request, type Response } from '../message/message.ts';
import { Params } from '../message/params.ts';
import { parseMessage } from '../message/parse.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { boundTo } from './listening.ts';
import { sentByPort, topVia } from './via.ts';
import { type Asked, noWay, ourEnd, type Way, type Ways } from './way.ts';

/** What packets are sent through. */
export interface Outlets {
  readonly connections: Connections;
  readonly ways: Ways;
  readonly log: Logger;
  /** The UDP socket bound there. */
  datagramSocket(bound: Endpoint): DatagramSocket | undefined;
  /** Told of each message as it goes out. */
  onSent(message: Message, octets: Buffer, transport: TransportName, local: Endpoint, remote: Endpoint): void;
}

type OnError = (error: Error) => void;

const MOST_SWITCHED = 10_000;

/** Branches whose messages go over TCP although their flow is UDP; bounded, oldest forgotten first. */
export class SwitchedBranches {
  readonly #branches = new Set<string>();

  has(branch: string): boolean {
    return this.#branches.has(branch);
  }

  add(branch: string): void {
    this.#branches.add(branch);
    if (this.#branches.size <= MOST_SWITCHED) return;
    for (const oldest of this.#branches) {
      this.#branches.delete(oldest);
      return;
    }
  }
}

export class RequestPacket {
  /** False also where TCP may turn into UDP: repeats then find a datagram to send, and are no-ops while TCP holds. */
  readonly reliable: boolean;
  readonly #outlets: Outlets;
  readonly #request: Request;
  readonly #flow: Flow;
  readonly #branch: string;
  /** What the Via shows. Repeats are the same message, whatever port_ps the handset has by then. */
  readonly #sentBy: Endpoint;
  #transport: TransportName;
  #message: Request;
  #octets: Buffer;
  #connection: Connection | undefined;

  constructor(
    outlets: Outlets,
    request: Request,
    flow: Flow,
    branch: string,
    tcp: { readonly threshold: number; readonly switched: SwitchedBranches },
  ) {
    this.#outlets = outlets;
    this.#request = request;
    this.#flow = flow;
    this.#branch = branch;
    this.#transport = flow.transport;
    const { connections, ways } = outlets;
    const way = ways.request(flow);
    const connection = way && connections.find(flow, way);
    this.#sentBy = way?.place.local ?? flow.local;
    this.#message = this.#withVia();
    this.#octets = printMessage(this.#message);
    if (flow.transport === 'UDP') {
      // RFC 3261 §9.1, §17.1.1.3: CANCEL and the ACK of a failure go where their INVITE went.
      const long = this.#octets.length > tcp.threshold || tcp.switched.has(branch);
      if (long && (connection !== undefined || connections.spokeTcp(flow.remote.address))) {
        tcp.switched.add(branch);
        this.#use('TCP');
      }
    }
    this.reliable = flow.transport === 'TCP' && connection?.connected === true;
  }

  send(onError: OnError): void {
    if (this.#transport === 'UDP') this.#sendDatagram(onError);
    // TCP repeats by itself.
    else if (this.#connection?.usable !== true) this.#sendStream(onError);
  }

  #sendStream(onError: OnError): void {
    const { connections } = this.#outlets;
    const way = this.#way(onError);
    if (way === undefined) return;
    const connection = connections.find(this.#flow, way) ?? connections.connect(way);
    const wasUp = connection.connected;
    this.#connection = connection;
    connections.keep(connection);
    this.#told(connection);
    connection.write(this.#octets, {
      awaited: this.#request.method !== 'ACK',
      onLost: (why) => {
        this.#connection = undefined;
        // A connection that was there and turns out dead says nothing about a new one.
        if (wasUp) this.#sendStream(onError);
        else this.#fallBack(why, way, onError);
      },
    });
  }

  #fallBack(why: Error, { remote }: Way, onError: OnError): void {
    const { connections, log } = this.#outlets;
    connections.refusesTcp(remote.address);
    log.info(() => `${this.#request.method} to ${printEndpoint(remote)} goes over UDP: ${why.message}`);
    this.#use('UDP');
    this.#sendDatagram(onError);
  }

  #sendDatagram(onError: OnError): void {
    const way = this.#way(onError);
    if (way === undefined) return;
    const socket = this.#outlets.datagramSocket(boundTo(way.place));
    if (socket === undefined) {
      onError(notOurs(way));
      return;
    }
    this.#told(way);
    socket.send(this.#octets, way.remote, onError);
  }

  /** Where it goes now. */
  #way(onError: OnError): Way | undefined {
    const way = this.#outlets.ways.request(this.#flow);
    if (way === undefined) onError(noWay(this.#flow));
    return way;
  }

  #use(transport: TransportName): void {
    this.#transport = transport;
    this.#message = this.#withVia();
    this.#octets = printMessage(this.#message);
  }

  /** RFC 3261 §18.1.1: the Via names the transport that is used. */
  #withVia(): Request {
    const local = this.#sentBy;
    // TS 33.203 §7.1: a handset answers from port_uc to port_ps, not to where the request came from.
    const rport = this.#flow.protected === undefined;
    const params = Params.of({ ...(rport && { rport }), branch: this.#branch });
    const headers = this.#request.headers.clone();
    headers.prepend(VIA, { transport: this.#transport, host: hostOf(local.address), port: local.port, params });
    return { ...this.#request, headers };
  }

  #told(way: Way): void {
    this.#outlets.onSent(this.#message, this.#octets, this.#transport, ourEnd(way), way.remote);
  }
}

export class ResponsePacket {
  readonly reliable: boolean;
  readonly #outlets: Outlets;
  /** Let go once it was sent: what waits for repeats for 64·T1 is the octets, not the text they were made of. */
  #response: Response | undefined;
  readonly #flow: Flow;
  readonly #octets: Buffer;
  readonly #serves: boolean;
  readonly #asked: Asked;

  constructor(outlets: Outlets, response: Response, flow: Flow) {
    this.#outlets = outlets;
    this.#response = response;
    this.#flow = flow;
    this.#octets = printMessage(response);
    this.#serves = isService(response);
    this.reliable = flow.transport === 'TCP';
    const via = topVia(response.headers);
    this.#asked = { rport: via.params.has('rport'), port: sentByPort(via) };
  }

  send(onError: OnError): void {
    const { connections, ways } = this.#outlets;
    const way = ways.response(this.#flow, this.#asked);
    if (this.reliable) {
      const connection = connections.answering(this.#flow, way) ?? (way && connections.connect(way));
      if (connection === undefined) {
        onError(noWay(this.#flow));
        return;
      }
      if (this.#serves) connections.keep(connection);
      this.#told(connection);
      connection.write(this.#octets, { awaited: false, onLost: onError });
      return;
    }
    if (way === undefined) {
      onError(noWay(this.#flow));
      return;
    }
    const socket = this.#outlets.datagramSocket(boundTo(way.place));
    if (socket === undefined) {
      onError(notOurs(way));
      return;
    }
    this.#told(way);
    socket.send(this.#octets, way.remote, onError);
  }

  #told(way: Way): void {
    const message = this.#response ?? parseMessage(this.#octets).message;
    this.#response = undefined;
    this.#outlets.onSent(message, this.#octets, this.#flow.transport, ourEnd(way), way.remote);
  }
}

/** Whether its peer got what only a user of ours gets; OPTIONS and CANCEL are answered to anybody. */
function isService({ status, headers }: Response): boolean {
  if (status < 200 || status >= 300) return false;
  const method = headers.tryGet(CSEQ)?.method;
  return method !== 'OPTIONS' && method !== 'CANCEL';
}

function notOurs({ place }: Way): Error {
  return new Error(`${printEndpoint(boundTo(place))} is not an address of this server any more`);
}
