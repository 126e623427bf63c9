import { type Endpoint, printEndpoint } from '../../../src/core/endpoint.ts';
import type {
  BindOptions,
  ConnectOptions,
  DatagramHandler,
  DatagramSocket,
  LocalAddress,
  Net,
  StreamConnection,
  StreamHandler,
  StreamListener,
} from '../../../src/net/ports.ts';

/** A network without a kernel: addresses come and go and connections hang as a test wants. */
export class FakeNet implements Net {
  addresses: LocalAddress[] = [];
  /** Endpoints another program holds, as printed. */
  readonly taken = new Set<string>();
  readonly udp = new Map<string, FakeDatagramSocket>();
  readonly tcp = new Map<string, (connection: StreamConnection) => StreamHandler>();
  /** Connections asked for, in order. */
  readonly connects: FakeStream[] = [];
  /** The ports drawn next, before those of no meaning. */
  readonly draws: number[] = [];
  #drawn = 40_000;

  constructor(...addresses: string[]) {
    for (const address of addresses) this.add(address);
  }

  add(address: string, device = 'eth0'): void {
    this.addresses.push({ address, device, loopback: false });
  }

  remove(address: string): void {
    this.addresses = this.addresses.filter((one) => one.address !== address);
  }

  async bindDatagram(wanted: BindOptions, handler: DatagramHandler): Promise<DatagramSocket> {
    const options = { ...wanted, port: wanted.port === 0 ? (this.draws.shift() ?? this.#drawn++) : wanted.port };
    const key = this.#claim(options, this.udp);
    const socket = new FakeDatagramSocket(options, handler, () => this.udp.delete(key));
    this.udp.set(key, socket);
    return socket;
  }

  async listenStream(
    options: BindOptions,
    onConnection: (connection: StreamConnection) => StreamHandler,
  ): Promise<StreamListener> {
    const key = this.#claim(options, this.tcp);
    this.tcp.set(key, onConnection);
    return { local: options, close: () => void this.tcp.delete(key) };
  }

  connectStream({ remote, local }: ConnectOptions, handler: StreamHandler): StreamConnection {
    const stream = new FakeStream(remote, local ?? { address: '', port: 0 }, handler);
    this.connects.push(stream);
    return stream;
  }

  localAddresses(): readonly LocalAddress[] {
    return this.addresses;
  }

  /** A peer opens a connection to a listener. */
  dial(to: string, from: Endpoint): FakeStream {
    const onConnection = this.tcp.get(to);
    if (onConnection === undefined) throw new Error(`nobody listens on ${to}`);
    const stream = new FakeStream(from, { address: '', port: 0 });
    stream.handler = onConnection(stream);
    return stream;
  }

  #claim(at: Endpoint, open: Map<string, unknown>): string {
    const key = printEndpoint(at);
    const code = this.taken.has(key) || open.has(key) ? 'EADDRINUSE' : 'EADDRNOTAVAIL';
    if (code === 'EADDRINUSE' || !this.addresses.some(({ address }) => address === at.address)) {
      throw Object.assign(new Error(`cannot listen on ${key} (${code})`), { code });
    }
    return key;
  }
}

export class FakeDatagramSocket implements DatagramSocket {
  readonly local: Endpoint;
  readonly sent: { text: string; to: Endpoint }[] = [];
  readonly handler: DatagramHandler;
  readonly #onClose: () => void;

  constructor(local: Endpoint, handler: DatagramHandler, onClose: () => void) {
    this.local = { address: local.address, port: local.port };
    this.handler = handler;
    this.#onClose = onClose;
  }

  send(data: Uint8Array, to: Endpoint): void {
    this.sent.push({ text: Buffer.from(data).toString('latin1'), to });
  }

  close(): void {
    this.#onClose();
  }
}

export class FakeStream implements StreamConnection {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  handler: StreamHandler | undefined;
  text = '';
  pending = 0;
  state: 'open' | 'ended' | 'destroyed' | 'reset' = 'open';

  constructor(remote: Endpoint, local: Endpoint, handler?: StreamHandler) {
    this.remote = remote;
    this.local = local;
    this.handler = handler;
  }

  /** The peer says something. */
  say(text: string): void {
    this.handler?.onData(Buffer.from(text, 'latin1'));
  }

  accept(): void {
    this.handler?.onConnected?.();
  }

  /** The connection ends at the peer's wish, or fails. */
  lose(error?: Error): void {
    this.handler?.onClose(error);
  }

  write(data: Uint8Array): void {
    this.text += Buffer.from(data).toString('latin1');
  }

  end(): void {
    this.state = 'ended';
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  reset(): void {
    this.state = 'reset';
  }
}
