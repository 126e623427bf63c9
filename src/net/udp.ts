/** UDP sockets of Node behind the interfaces of ports.ts. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Endpoint, printEndpoint } from '../core/endpoint.ts';
import type { BindOptions, DatagramHandler, DatagramSocket } from './ports.ts';
import { systemError } from './system-error.ts';

/** A burst of 5,000 datagrams loses a third with the system's default. The kernel grants at most net.core.rmem_max. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** @param onBug told what the handler threw; the socket stays. */
export function bindDatagram(
  options: BindOptions,
  handler: DatagramHandler,
  onBug: (error: unknown) => void,
): Promise<DatagramSocket> {
  const ipv6 = isIPv6(options.address.split('%', 1)[0] ?? '');
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    recvBufferSize: options.receiveBufferSize ?? RECEIVE_BUFFER,
    // Addresses are never names here; Node's own look-up would put every send off to a later turn.
    lookup: (address, _options, callback) => callback(null, address, ipv6 ? 6 : 4),
  });
  socket.on('message', (data, from) => {
    try {
      handler.onDatagram(data, { address: from.address, port: from.port });
    } catch (error) {
      onBug(error);
    }
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(systemError(`cannot listen on UDP ${printEndpoint(options)}`, error));
    });
    socket.bind({ address: options.address, port: options.port, exclusive: true }, () => {
      // Nothing that happens to a bound socket is its end: what fails is one datagram, and its sender is told.
      socket.removeAllListeners('error').on('error', () => {});
      resolve(new UdpSocket(socket, { address: options.address, port: socket.address().port }));
    });
  });
}

class UdpSocket implements DatagramSocket {
  readonly local: Endpoint;
  readonly #socket: Socket;
  #closed = false;

  constructor(socket: Socket, local: Endpoint) {
    this.#socket = socket;
    this.local = local;
  }

  send(data: Uint8Array, to: Endpoint, onError?: (error: Error) => void): void {
    const failed = (error: unknown) => onError?.(systemError(`cannot send to UDP ${printEndpoint(to)}`, error));
    try {
      if (this.#closed) throw new Error('the socket is closed');
      this.#socket.send(data, to.port, to.address, onError && ((error) => error && failed(error)));
    } catch (error) {
      failed(error);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
