import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { isRequest, type Response } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';

/** Real milliseconds an answer may take. */
const PATIENCE_MS = 5000;

/** The nth REGISTER of a user: each seventh ends its registration, the others mark its contact with their number. */
const outcomeOf = (n: number) => (n % 7 === 0 ? '' : `n=${n}`);

interface User {
  readonly name: string;
  /** Number of the last REGISTER that was sent, and of the last that was answered. */
  sent: number;
  answered: number;
}

/** Many phones at one socket that register, refresh and deregister as fast as they are answered, without credentials. */
export class RegistrationLoad {
  readonly #socket: Socket;
  readonly #server: Endpoint;
  readonly #users = new Map<string, User>();
  readonly #asking = new Map<string, (contact: string) => void>();
  #running = false;
  #questions = 0;
  answers = 0;

  static async open(server: Endpoint, names: readonly string[]): Promise<RegistrationLoad> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 });
    socket.bind(0, server.address);
    await once(socket, 'listening');
    return new RegistrationLoad(socket, server, names);
  }

  private constructor(socket: Socket, server: Endpoint, names: readonly string[]) {
    this.#socket = socket;
    this.#server = server;
    for (const name of names) this.#users.set(name, { name, sent: 0, answered: 0 });
    socket.on('message', (data) => {
      const { message } = parseMessage(data);
      if (!isRequest(message)) this.#onResponse(message);
    });
  }

  /** Every user sends, and again with each answer. */
  start(): void {
    this.#running = true;
    for (const user of this.#users.values()) this.#register(user);
  }

  /** Sends no more; what was sent may still be answered. */
  stop(): void {
    this.#running = false;
  }

  /**
   * Users whose registration is neither what they were told last nor what they asked for last, in words. What is
   * found counts as told.
   */
  async lost(): Promise<readonly string[]> {
    const lost: string[] = [];
    for (const user of this.#users.values()) {
      const found = await this.#ask(user);
      const { name, sent, answered } = user;
      if (found === outcomeOf(sent)) user.answered = sent;
      else if (found !== outcomeOf(answered)) {
        lost.push(`${name} was told "${outcomeOf(answered)}", asked for "${outcomeOf(sent)}" and has "${found}"`);
      }
    }
    return lost;
  }

  close(): void {
    this.#socket.close();
  }

  #register(user: User): void {
    const n = ++user.sent;
    const contact = outcomeOf(n) === '' ? ['Contact: *', 'Expires: 0'] : [`Contact: ${this.#contact(user)};n=${n}`];
    this.#send(user, `load-${user.name}`, n, contact);
  }

  #contact({ name }: User): string {
    const { address, port } = this.#socket.address();
    return `<sip:${name}@${address}:${port}>`;
  }

  #onResponse(response: Response): void {
    const callId = response.headers.raw('Call-ID') ?? '';
    const contact = /;n=\d+/.exec(response.headers.raw('Contact') ?? '')?.[0].slice(1) ?? '';
    const asking = this.#asking.get(callId);
    if (asking !== undefined) asking(contact);
    const user = this.#users.get(callId.replace('load-', ''));
    const n = Number.parseInt(response.headers.raw('CSeq') ?? '', 10);
    if (user === undefined || response.status !== 200 || n !== user.sent) return;
    user.answered = n;
    this.answers++;
    if (this.#running) this.#register(user);
  }

  #ask(user: User): Promise<string> {
    const callId = `ask-${user.name}-${++this.#questions}`;
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`${user.name}: no answer`)), PATIENCE_MS);
      this.#asking.set(callId, (contact) => {
        clearTimeout(late);
        this.#asking.delete(callId);
        done(contact);
      });
      this.#send(user, callId, 1, []);
    });
  }

  #send({ name }: User, callId: string, cseq: number, headers: readonly string[]): void {
    const { address, port } = this.#socket.address();
    const text = [
      `REGISTER sip:${this.#server.address} SIP/2.0`,
      `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${callId}${cseq};rport`,
      `From: <sip:${name}@test.example>;tag=${name}`,
      `To: <sip:${name}@test.example>`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} REGISTER`,
      'Max-Forwards: 70',
      ...headers,
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');
    this.#socket.send(text, this.#server.port, this.#server.address);
  }
}
