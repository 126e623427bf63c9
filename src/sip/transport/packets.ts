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

/** What packets are sent through. */
export interface Outlets {
  readonly connections: Connections;
  readonly log: Logger;
  datagramSocket(flow: Flow): DatagramSocket | undefined;
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
    this.#message = this.#withVia();
    this.#octets = printMessage(this.#message);
    const { connections } = outlets;
    if (flow.transport === 'UDP') {
      // RFC 3261 §9.1, §17.1.1.3: CANCEL and the ACK of a failure go where their INVITE went.
      const long = this.#octets.length > tcp.threshold || tcp.switched.has(branch);
      if (long && (connections.find(flow) !== undefined || connections.spokeTcp(flow.remote.address))) {
        tcp.switched.add(branch);
        this.#use('TCP');
      }
    }
    this.reliable = flow.transport === 'TCP' && connections.find(flow)?.connected === true;
  }

  send(onError: OnError): void {
    if (this.#transport === 'UDP') this.#sendDatagram(onError);
    // TCP repeats by itself.
    else if (this.#connection?.usable !== true) this.#sendStream(onError);
  }

  #sendStream(onError: OnError): void {
    const { connections } = this.#outlets;
    const found = connections.find(this.#flow);
    const connection = found ?? connections.connect(this.#flow, this.#listener());
    const wasUp = connection.connected;
    this.#connection = connection;
    connections.keep(connection);
    this.#told(connection.remote);
    connection.write(this.#octets, {
      awaited: this.#request.method !== 'ACK',
      onLost: (why) => {
        this.#connection = undefined;
        // A connection that was there and turns out dead says nothing about a new one.
        if (wasUp) this.#sendStream(onError);
        else this.#fallBack(why, onError);
      },
    });
  }

  #fallBack(why: Error, onError: OnError): void {
    const { connections, log } = this.#outlets;
    connections.refusesTcp(this.#flow.remote.address);
    log.info(() => `${this.#request.method} to ${printEndpoint(this.#listener())} goes over UDP: ${why.message}`);
    this.#use('UDP');
    this.#sendDatagram(onError);
  }

  #sendDatagram(onError: OnError): void {
    const socket = this.#outlets.datagramSocket(this.#flow);
    if (socket === undefined) {
      onError(notOurs(this.#flow));
      return;
    }
    const remote = this.#listener();
    this.#told(remote);
    socket.send(this.#octets, remote, onError);
  }

  /** Where the peer takes what does not go on a connection of its own making. */
  #listener(): Endpoint {
    const { transport, remote, listeningPort } = this.#flow;
    return transport === 'UDP' || listeningPort === undefined
      ? remote
      : { address: remote.address, port: listeningPort };
  }

  #use(transport: TransportName): void {
    this.#transport = transport;
    this.#message = this.#withVia();
    this.#octets = printMessage(this.#message);
  }

  /** RFC 3261 §18.1.1: the Via names the transport that is used. */
  #withVia(): Request {
    const { local } = this.#flow;
    const params = Params.of({ rport: true, branch: this.#branch });
    const headers = this.#request.headers.clone();
    headers.prepend(VIA, { transport: this.#transport, host: hostOf(local.address), port: local.port, params });
    return { ...this.#request, headers };
  }

  #told(remote: Endpoint): void {
    this.#outlets.onSent(this.#message, this.#octets, this.#transport, this.#flow.local, remote);
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
  /** Where it goes by its Via, when not on the request's connection. */
  readonly #remote: Endpoint;

  constructor(outlets: Outlets, response: Response, flow: Flow) {
    this.#outlets = outlets;
    this.#response = response;
    this.#flow = flow;
    this.#octets = printMessage(response);
    this.#serves = isService(response);
    this.reliable = flow.transport === 'TCP';
    const via = topVia(response.headers);
    // RFC 3581 §4: to the port the request came from when the client asked for that, else where it says it listens.
    // Always to the address the request came from: `received` says the same, and a name would have to be looked up.
    const port = !this.reliable && via.params.has('rport') ? flow.remote.port : sentByPort(via);
    this.#remote = { address: flow.remote.address, port };
  }

  send(onError: OnError): void {
    const { connections } = this.#outlets;
    if (this.reliable) {
      const connection = connections.find(this.#flow) ?? connections.connect(this.#flow, this.#remote);
      if (this.#serves) connections.keep(connection);
      this.#told(connection.remote);
      connection.write(this.#octets, { awaited: false, onLost: onError });
      return;
    }
    const socket = this.#outlets.datagramSocket(this.#flow);
    if (socket === undefined) {
      onError(notOurs(this.#flow));
      return;
    }
    this.#told(this.#remote);
    socket.send(this.#octets, this.#remote, onError);
  }

  #told(remote: Endpoint): void {
    const message = this.#response ?? parseMessage(this.#octets).message;
    this.#response = undefined;
    this.#outlets.onSent(message, this.#octets, this.#flow.transport, this.#flow.local, remote);
  }
}

/** Whether its peer got what only a user of ours gets; OPTIONS and CANCEL are answered to anybody. */
function isService({ status, headers }: Response): boolean {
  if (status < 200 || status >= 300) return false;
  const method = headers.tryGet(CSEQ)?.method;
  return method !== 'OPTIONS' && method !== 'CANCEL';
}

function notOurs(flow: Flow): Error {
  return new Error(`${printEndpoint(boundTo(flow))} is not an address of this server any more`);
}
