/** The load: many handsets behind one UDP socket. They write SIP as text and read of it only what they need. */
import { createSocket, type Socket } from 'node:dgram';
import type { Endpoint } from '../../src/core/endpoint.ts';

/** Told each message of its Call-ID; `status` is 0 for a request. */
export type OnMessage = (text: string, status: number) => void;

export class Phones {
  /** `address:port` as it stands in Via and Contact. */
  readonly at: string;
  readonly server: Endpoint;
  /** Requests of the server that open a dialog, and what follows in it. */
  onRequest: (text: string) => void = () => {};
  readonly #socket: Socket;
  readonly #waiting = new Map<string, OnMessage>();

  private constructor(socket: Socket, server: Endpoint) {
    const { address, port } = socket.address();
    this.at = `${address}:${port}`;
    this.server = server;
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(data.toString('latin1')));
  }

  static open(address: string, server: Endpoint): Phones {
    const lookup = (
      host: string,
      _options: unknown,
      callback: (error: null, address: string, family: number) => void,
    ) => callback(null, host, 4);
    const socket = createSocket({ type: 'udp4', lookup, recvBufferSize: 4 * 1024 * 1024 });
    // With this look-up it is bound before `bind` returns.
    socket.bind(0, address);
    return new Phones(socket, server);
  }

  /** Responses with this Call-ID go to `onMessage` until `forget`. */
  expect(callId: string, onMessage: OnMessage): void {
    this.#waiting.set(callId, onMessage);
  }

  forget(callId: string): void {
    this.#waiting.delete(callId);
  }

  send(text: string): void {
    this.#socket.send(Buffer.from(text, 'latin1'), this.server.port, this.server.address);
  }

  close(): void {
    this.#socket.close();
  }

  #receive(text: string): void {
    if (text.startsWith('SIP/2.0 ')) this.#waiting.get(headerOf(text, 'Call-ID'))?.(text, Number(text.slice(8, 11)));
    else this.onRequest(text);
  }
}

/** The first line of a header, as it stands. @throws Error when it is missing. */
export function headerOf(text: string, name: string): string {
  const start = text.indexOf(`\r\n${name}: `);
  if (start < 0) throw new Error(`no ${name} in:\n${text}`);
  return text.slice(start + name.length + 4, text.indexOf('\r\n', start + 2));
}

/** All lines of a header, as they stand and with their names. */
export function linesOf(text: string, name: string): string {
  let lines = '';
  for (let start = text.indexOf(`\r\n${name}: `); start >= 0; start = text.indexOf(`\r\n${name}: `, start + 2)) {
    lines += text.slice(start + 2, text.indexOf('\r\n', start + 2) + 2);
  }
  return lines;
}
