/** TCP of Node behind the interfaces of ports.ts: listeners, and connections in both directions. */
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { type Endpoint, printEndpoint } from '../core/endpoint.ts';
import type { BindOptions, ConnectOptions, StreamConnection, StreamHandler, StreamListener } from './ports.ts';
import { systemError } from './system-error.ts';

/**
 * Idle time before the kernel asks whether the peer is still there. Each question wakes a sleeping phone, so it is rare;
 * it exists to find peers that vanished without a word.
 */
const KEEP_ALIVE_MS = 15 * 60 * 1000;
/** How long an ended connection may take to send what is pending and see the peer's end. */
const LINGER_MS = 2000;
/** Octets read and dropped after our end; a drop counts as at least so many, since each renews the linger. */
const MOST_DISCARDED = 64 * 1024;
const LEAST_DISCARDED = 1024;
const OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, allowHalfOpen: false };
const BACKLOG = 1024;

type OnBug = (error: unknown) => void;

/** @param onBug told what a handler threw, and what goes wrong while accepting; the listener stays. */
export function listenStream(
  options: BindOptions,
  onConnection: (connection: StreamConnection) => StreamHandler,
  onBug: OnBug,
): Promise<StreamListener> {
  const server = createServer(OPTIONS, (socket) => {
    // A peer that reset at once has no address any more.
    if (socket.remoteAddress === undefined || socket.remotePort === undefined) {
      socket.on('error', () => {}).destroy();
      return;
    }
    const connection = new TcpConnection(socket, { address: socket.remoteAddress, port: socket.remotePort });
    try {
      connection.serve(onConnection(connection), onBug);
    } catch (error) {
      socket.on('error', () => {}).destroy();
      onBug(error);
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(systemError(`cannot listen on TCP ${printEndpoint(options)}`, error)));
    const ipv6Only = isIPv6(options.address.split('%', 1)[0] ?? '');
    server.listen({ host: options.address, port: options.port, ipv6Only, exclusive: true, backlog: BACKLOG }, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
      const local = { address: options.address, port };
      server.removeAllListeners('error');
      server.on('error', (error) => onBug(systemError(`cannot accept on TCP ${printEndpoint(local)}`, error)));
      resolve({ local, close: () => void server.close() });
    });
  });
}

/** @param onBug told what the handler threw. */
export function connectStream(options: ConnectOptions, handler: StreamHandler, onBug: OnBug): StreamConnection {
  const { remote, local } = options;
  const socket = connect({
    ...OPTIONS,
    host: remote.address,
    port: remote.port,
    ...(local !== undefined && { localAddress: local.address }),
    ...(local !== undefined && local.port !== 0 && { localPort: local.port }),
  });
  const connection = new TcpConnection(socket, remote);
  connection.serve(handler, onBug);
  return connection;
}

class TcpConnection implements StreamConnection {
  readonly remote: Endpoint;
  readonly #socket: Socket;
  #ending = false;
  #discarded = 0;

  constructor(socket: Socket, remote: Endpoint) {
    this.#socket = socket;
    this.remote = remote;
  }

  get local(): Endpoint {
    return { address: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 };
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  serve(handler: StreamHandler, onBug: OnBug): void {
    const guarded = (call: () => void) => {
      try {
        call();
      } catch (error) {
        onBug(error);
      }
    };
    let connecting = this.#socket.connecting;
    let failure: Error | undefined;
    this.#socket.on('connect', () => {
      connecting = false;
      guarded(() => handler.onConnected?.());
    });
    this.#socket.on('data', (data) => {
      if (this.#ending) this.#discard(data.length);
      else guarded(() => handler.onData(data));
    });
    this.#socket.on('end', () => this.#limitEnding());
    this.#socket.on('error', (error) => {
      const what = connecting ? 'cannot connect to' : 'lost the connection with';
      failure = systemError(`${what} TCP ${printEndpoint(this.remote)}`, error);
    });
    this.#socket.on('close', () => guarded(() => handler.onClose(failure)));
  }

  write(data: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(data);
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#socket.end();
    this.#limitEnding();
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  reset(): void {
    this.#ending = true;
    // Node would wait for a connection that is not up yet.
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** What comes after our end is read, so that the peer gets what we said last and no reset; within reason. */
  #discard(octets: number): void {
    this.#discarded += Math.max(octets, LEAST_DISCARDED);
    if (this.#discarded > MOST_DISCARDED) this.#socket.destroy();
  }

  /** A peer that neither reads nor closes does not keep the connection. The wait counts from the last octet moved. */
  #limitEnding(): void {
    this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy());
  }
}
