import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Flow } from '../../../src/core/flow.ts';
import { type Logger, silent } from '../../../src/core/logger.ts';
import type { Protection } from '../../../src/core/protection.ts';
import type { TapRecord } from '../../../src/core/tap.ts';
import type { Net } from '../../../src/net/ports.ts';
import { systemNet } from '../../../src/net/system-net.ts';
import { responseTo } from '../../../src/sip/message/build.ts';
import type { Message, Request } from '../../../src/sip/message/message.ts';
import { SipTransport, type TransportOptions } from '../../../src/sip/transport/transport.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Things that arrive, taken one by one in their order. */
export class Inbox<T> {
  readonly all: T[] = [];
  #taken = 0;
  #waiting: (() => void)[] = [];

  put(item: T): void {
    this.all.push(item);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async next(): Promise<T> {
    while (this.all.length <= this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.all[this.#taken++] as T;
  }
}

export interface Heard {
  readonly message: Message;
  readonly flow: Flow;
}

/** A transport on some net, with everything it does written down. */
export class Rig {
  readonly clock = new FakeClock();
  readonly heard = new Inbox<Heard>();
  readonly taps: TapRecord[] = [];
  readonly bugs: unknown[] = [];
  /** Lines logged at warn or above. */
  readonly warnings: string[] = [];
  readonly net: Net;
  readonly transport: SipTransport;
  /** Called with each message in place of the inbox's. */
  onMessage: ((message: Message, flow: Flow) => void) | undefined;

  constructor(options: TransportOptions, net?: Net, protection?: Protection) {
    this.net = net ?? systemNet((bug) => this.bugs.push(bug));
    const log: Logger = {
      ...silent,
      warn: (text) => this.warnings.push(typeof text === 'string' ? text : text()),
    };
    const tap = { active: true, message: (record: TapRecord) => this.taps.push(record) };
    const parts = { net: this.net, clock: this.clock, log, tap, onBug: (bug: unknown) => this.bugs.push(bug) };
    this.transport = new SipTransport({ ...parts, ...(protection !== undefined && { protection }) }, options);
  }

  async open(): Promise<this> {
    await this.transport.open((message, flow) => {
      if (this.onMessage === undefined) this.heard.put({ message, flow });
      else this.onMessage(message, flow);
    });
    return this;
  }

  /** Our first address. */
  get local(): Endpoint {
    const local = this.transport.places[0]?.local;
    if (local === undefined) throw new Error('not listening');
    return local;
  }

  /** Answers a request with a bare 200 and gives what sending it said went wrong. */
  answer({ message, flow }: Heard, status = 200): Error[] {
    const errors: Error[] = [];
    const response = responseTo(message as Request, status, { toTag: 'us' });
    this.transport.response(response, flow).send((error) => errors.push(error));
    return errors;
  }
}

export async function openRig(
  t: TestContext,
  options: Partial<TransportOptions> = {},
  net?: Net,
  protection?: Protection,
): Promise<Rig> {
  const rig = new Rig({ sockets: [{ address: '127.0.0.1', port: 0 }], ...options }, net, protection);
  t.after(() => rig.transport.close());
  return rig.open();
}

const LOOPBACK: Endpoint = { address: '127.0.0.1', port: 0 };

/** A peer's UDP socket. */
export class UdpPeer {
  readonly inbox = new Inbox<{ text: string; from: Endpoint }>();
  readonly socket: UdpSocket;

  private constructor(socket: UdpSocket) {
    this.socket = socket;
    socket.on('message', (data, { address, port }) => {
      this.inbox.put({ text: data.toString('latin1'), from: { address, port } });
    });
  }

  static async open(t: TestContext, address = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    t.after(() => socket.close());
    socket.bind(port, address);
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  get local(): Endpoint {
    const { address, port } = this.socket.address();
    return { address, port };
  }

  send(data: string | Uint8Array, to: Endpoint): void {
    this.socket.send(data, to.port, to.address);
  }
}

/** A peer's TCP connection. */
export class TcpPeer {
  readonly socket: Socket;
  text = '';
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(t: TestContext, socket: Socket) {
    this.socket = socket;
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.text += data.toString('latin1');
      this.#wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async dial(t: TestContext, to: Endpoint, from?: Endpoint): Promise<TcpPeer> {
    const local = from && { localAddress: from.address, localPort: from.port };
    const socket = connect({ host: to.address, port: to.port, ...local });
    const peer = new TcpPeer(t, socket);
    await once(socket, 'connect');
    return peer;
  }

  get local(): Endpoint {
    return { address: this.socket.localAddress ?? '', port: this.socket.localPort ?? 0 };
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  async until(condition: (text: string) => boolean): Promise<string> {
    while (!condition(this.text)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  async closed(): Promise<string> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** A peer that takes TCP connections. */
export class TcpListener {
  readonly accepted = new Inbox<TcpPeer>();
  readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async open(t: TestContext, { address, port }: Endpoint = LOOPBACK): Promise<TcpListener> {
    const server = createServer();
    t.after(() => server.close());
    server.listen(port, address);
    await once(server, 'listening');
    const listener = new TcpListener(server);
    server.on('connection', (socket) => listener.accepted.put(new TcpPeer(t, socket)));
    return listener;
  }

  get local(): Endpoint {
    const { address, port } = this.server.address() as Endpoint;
    return { address, port };
  }
}

export interface Wanted {
  readonly method?: string;
  readonly via?: string;
  readonly branch?: string;
  readonly callId?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request as a phone would write it. */
export function request(wanted: Wanted = {}): string {
  const { method = 'OPTIONS', via = 'SIP/2.0/UDP 127.0.0.1', branch = 'z9hG4bK1', callId = 'call', body = '' } = wanted;
  return [
    `${method} sip:ims.test SIP/2.0`,
    `Via: ${via.includes(';branch') ? via : `${via};branch=${branch}`}`,
    'From: <sip:a@ims.test>;tag=a',
    'To: <sip:b@ims.test>',
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    ...(wanted.headers ?? []),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** The 200 to a request of ours, as text. */
export function response(request: string): string {
  const kept = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  return ['SIP/2.0 200 OK', ...kept, 'Content-Length: 0', '', ''].join('\r\n');
}

/** One header line's value in a printed message. */
export function headerValue(text: string, name: string): string | undefined {
  return text
    .split('\r\n')
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2);
}
