import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../../src/core/endpoint.ts';

/** One UDP socket of a test: what it received waits in order. */
export class UdpPeer {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #arrived: { text: string; from: Endpoint }[] = [];
  #waiting: (() => void) | undefined;

  static async open(address = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, resolve);
    });
    return new UdpPeer(socket);
  }

  private constructor(socket: Socket) {
    this.address = socket.address().address;
    this.port = socket.address().port;
    this.#socket = socket;
    socket.on('message', (data: Buffer, from: RemoteInfo) => {
      this.#arrived.push({ text: data.toString('latin1'), from: { address: from.address, port: from.port } });
      this.#waiting?.();
    });
  }

  /** Resolves when the system took it: over loopback it then is in the receiver's queue. */
  send(data: string, to: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(Buffer.from(data, 'latin1'), to.port, to.address, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /** The next datagram, with where it came from. */
  async nextFrom(): Promise<{ text: string; from: Endpoint }> {
    for (;;) {
      const first = this.#arrived.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  async next(): Promise<string> {
    return (await this.nextFrom()).text;
  }

  close(): void {
    this.#socket.close();
  }
}
