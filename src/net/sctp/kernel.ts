/**
 * The kernel's SCTP as one-to-one sockets (RFC 6458 §4). The C library makes and connects them; from then on Node reads
 * and writes them as it does TCP ones, each read and each write one message.
 */
import { createServer, isIPv6, Socket } from 'node:net';
import { type Endpoint, printEndpoint } from '../../core/endpoint.ts';
import type { SctpAssociation, SctpConnectOptions, SctpHandler, SctpListener } from '../ports.ts';
import { systemError } from '../system-error.ts';
import { NOTIFIED, readNotification } from './notification.ts';
import type { OnAssociation, OnBug, SctpStack } from './stack.ts';
import { SCTP, type SystemCalls } from './system-calls.ts';

const BACKLOG = 64;
const CONNECT_MS = 10_000;
const STREAMS = 16;
/** INITs sent, and seconds between the last two of them. */
const INIT_ATTEMPTS = 5;
const INIT_MOST_MS = 3000;
/** A silent peer is asked so often and given up after so many unanswered questions: about a minute. */
const HEARTBEAT_MS = 10_000;
const MOST_RETRANSMISSIONS = 4;
const RTO_INITIAL_MS = 1000;
const RTO_MAX_MS = 10_000;
const RTO_MIN_MS = 500;
/** How long an ended association may take to hand over what is pending and see the peer's end. */
const LINGER_MS = 2000;

export function kernelSctp(calls: SystemCalls): SctpStack {
  /** A socket whose associations send with `ppid` and notice dead peers. */
  const open = (endpoint: Endpoint, ppid: number): number => {
    const fd = calls.socket(isIPv6(endpoint.address.split('%', 1)[0] ?? ''));
    try {
      calls.setOption(fd, SCTP.INITMSG, uint16s(STREAMS, STREAMS, INIT_ATTEMPTS, INIT_MOST_MS));
      calls.setOption(fd, SCTP.NODELAY, uint32s(1));
      calls.setOption(fd, SCTP.DEFAULT_SEND_PARAM, sendParameters(ppid));
      calls.setOption(fd, SCTP.RTOINFO, uint32s(0, RTO_INITIAL_MS, RTO_MAX_MS, RTO_MIN_MS));
      calls.setOption(fd, SCTP.ASSOCINFO, associationParameters(MOST_RETRANSMISSIONS));
      calls.setOption(fd, SCTP.PEER_ADDR_PARAMS, heartbeatParameters(HEARTBEAT_MS, MOST_RETRANSMISSIONS));
      calls.setOption(fd, SCTP.EVENTS, NOTIFIED);
    } catch (error) {
      calls.close(fd);
      throw error;
    }
    return fd;
  };

  return {
    async listen(options, onAssociation, onBug) {
      let fd: number | undefined;
      try {
        fd = open(options, options.ppid);
        calls.bind(fd, options);
        const local = { address: options.address, port: calls.localPort(fd) };
        return await listen(fd, local, onAssociation, onBug);
      } catch (error) {
        if (fd !== undefined) calls.close(fd);
        throw systemError(`cannot listen on SCTP ${printEndpoint(options)}`, error);
      }
    },
    connect(options, handler, onBug) {
      const association = new KernelAssociation(options.remote, options.local ?? { address: '', port: 0 }, onBug);
      const connected = connect(calls, () => open(options.remote, options.ppid), options);
      connected.then(
        (socket) => association.connected(socket, handler),
        (error: unknown) =>
          association.fail(handler, systemError(`cannot connect to SCTP ${printEndpoint(options.remote)}`, error)),
      );
      return association;
    },
  };
}

function listen(fd: number, local: Endpoint, onAssociation: OnAssociation, onBug: OnBug): Promise<SctpListener> {
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) {
      socket.on('error', () => {}).destroy();
      return;
    }
    const begin = () => {
      const association = new KernelAssociation({ address, port }, local, onBug);
      try {
        association.serve(socket, onAssociation(association), begin);
      } catch (error) {
        socket.on('error', () => {}).destroy();
        onBug(error);
      }
    };
    begin();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd, backlog: BACKLOG }, () => {
      server.removeAllListeners('error');
      server.on('error', (error) => onBug(systemError(`cannot accept on SCTP ${printEndpoint(local)}`, error)));
      resolve({ local, stack: 'kernel', close: () => void server.close() });
    });
  });
}

async function connect(calls: SystemCalls, open: () => number, options: SctpConnectOptions): Promise<Socket> {
  const fd = open();
  try {
    if (options.local !== undefined) calls.bind(fd, options.local);
    calls.connect(fd, options.remote);
    await calls.connected(fd, CONNECT_MS);
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: false });
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

class KernelAssociation implements SctpAssociation {
  readonly remote: Endpoint;
  readonly #onBug: OnBug;
  #local: Endpoint;
  #socket: Socket | undefined;
  /** What was sent before there was a socket. */
  #early: Uint8Array[] | undefined;
  #state: 'open' | 'ending' | 'aborted' = 'open';

  constructor(remote: Endpoint, local: Endpoint, onBug: OnBug) {
    this.remote = remote;
    this.#local = local;
    this.#onBug = onBug;
  }

  get local(): Endpoint {
    return this.#local;
  }

  get pending(): number {
    const early = this.#early?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    return early + (this.#socket?.writableLength ?? 0);
  }

  /** @param onRestart makes the next association of a peer that restarted, on the same socket; absent: it is closed. */
  serve(socket: Socket, handler: SctpHandler, onRestart?: () => void): void {
    // Node would merge writes that wait into one message.
    Object.assign(socket, { _writev: null });
    this.#socket = socket;
    this.#local = { address: socket.localAddress ?? this.#local.address, port: socket.localPort ?? this.#local.port };
    let failure: Error | undefined;
    const closed = (error?: Error) => this.#guarded(() => handler.onClose(error));
    socket.on('data', (data) => {
      const notification = readNotification(data);
      if (notification === undefined) {
        if (this.#state === 'open') this.#guarded(() => handler.onMessage(data));
      } else if (notification === 'ended') socket.destroy();
      else if (notification === 'restarted') {
        const restarted = new Error(`${printEndpoint(this.remote)} restarted its SCTP association`);
        if (onRestart === undefined) {
          failure = restarted;
          socket.destroy();
          return;
        }
        socket.removeAllListeners();
        this.#socket = undefined;
        this.#state = 'aborted';
        closed(restarted);
        onRestart();
      }
    });
    socket.on('error', (error) => {
      failure = systemError(`lost the association with SCTP ${printEndpoint(this.remote)}`, error);
    });
    socket.on('close', () => closed(failure));
    for (const message of this.#early ?? []) socket.write(message);
    this.#early = undefined;
    if (this.#state === 'ending') socket.end();
    else if (this.#state === 'aborted') socket.destroy();
  }

  connected(socket: Socket, handler: SctpHandler): void {
    this.serve(socket, handler);
    if (this.#state === 'open') this.#guarded(() => handler.onUp?.());
  }

  fail(handler: SctpHandler, error: Error): void {
    this.#guarded(() => handler.onClose(this.#state === 'open' ? error : undefined));
  }

  send(message: Uint8Array): void {
    if (this.#state !== 'open') return;
    if (this.#socket === undefined) {
      this.#early ??= [];
      this.#early.push(message);
    } else if (this.#socket.writable) this.#socket.write(message);
  }

  shutdown(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#socket?.end();
    this.#socket?.setTimeout(LINGER_MS, () => this.#socket?.destroy());
  }

  abort(): void {
    this.#state = 'aborted';
    this.#socket?.destroy();
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onBug(error);
    }
  }
}

/** struct sctp_sndrcvinfo: stream 0, the identifier in network order at octet 8, the rest as it is by default. */
function sendParameters(ppid: number): Buffer {
  const octets = Buffer.alloc(32);
  octets.writeUInt32BE(ppid, 8);
  return octets;
}

/** struct sctp_assocparams; zeros leave the other values. */
function associationParameters(retransmissions: number): Buffer {
  const octets = Buffer.alloc(20);
  octets.writeUInt16LE(retransmissions, 4);
  return octets;
}

/** struct sctp_paddrparams, packed: all addresses; interval at octet 132, path retransmissions, at 146 SPP_HB_ENABLE. */
function heartbeatParameters(intervalMs: number, retransmissions: number): Buffer {
  const octets = Buffer.alloc(152);
  octets.writeUInt32LE(intervalMs, 132);
  octets.writeUInt16LE(retransmissions, 136);
  octets.writeUInt32LE(1, 146);
  return octets;
}

function uint16s(...values: number[]): Buffer {
  const octets = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => void octets.writeUInt16LE(value, 2 * index));
  return octets;
}

function uint32s(...values: number[]): Buffer {
  const octets = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => void octets.writeUInt32LE(value, 4 * index));
  return octets;
}
