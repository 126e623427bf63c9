import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Endpoint, printEndpoint } from '../../src/core/endpoint.ts';
import {
  AUTHORIZATION,
  type Challenge,
  PROXY_AUTHENTICATE,
  PROXY_AUTHORIZATION,
  WWW_AUTHENTICATE,
} from '../../src/sip/message/authorization.ts';
import { digestResponse } from '../../src/sip/message/digest.ts';
import { isRequest, type Message, type Request, type Response, startLine } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';

/** Real milliseconds a message may take over loopback. */
const PATIENCE_MS = 3000;

/**
 * A phone that sends what a test writes, over UDP, and hands over what comes: nothing is answered by itself. Text is
 * written with LF and without Content-Length; both are put right on the way out.
 */
export class Phone {
  readonly name: string;
  readonly local: Endpoint;
  readonly #socket: Socket;
  #server: Endpoint;
  /** All that came, as it came. */
  readonly received: Buffer[] = [];
  readonly #inbox: Message[] = [];
  #arrived: (() => void) | undefined;
  #sequence = 0;
  /** Port of the server that the last message came from. */
  lastSource = 0;

  static async open(name: string, address: string, server: Endpoint, port = 0): Promise<Phone> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(port, address);
    await once(socket, 'listening');
    return new Phone(name, socket, server);
  }

  private constructor(name: string, socket: Socket, server: Endpoint) {
    const { address, port } = socket.address();
    this.name = name;
    this.local = { address, port };
    this.#socket = socket;
    this.#server = server;
    socket.on('message', (data, from) => {
      this.lastSource = from.port;
      this.received.push(data);
      this.#inbox.push(parseMessage(data).message);
      this.#arrived?.();
    });
  }

  get uri(): string {
    return `sip:${this.name}@ims.test`;
  }

  get contact(): string {
    return `sip:${this.name}@${printEndpoint(this.local)}`;
  }

  /** From now on messages go to another port of the server. */
  aim(port: number): void {
    this.#server = { ...this.#server, port };
  }

  /** The next message that came. */
  async next(): Promise<Message> {
    const deadline = Date.now() + PATIENCE_MS;
    while (this.#inbox.length === 0) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${this.name}: nothing came`);
      await new Promise<void>((done) => {
        const timeout = setTimeout(done, left);
        this.#arrived = () => {
          clearTimeout(timeout);
          done();
        };
      });
    }
    return this.#inbox.shift() as Message;
  }

  /** The next message, a response with this status other than 100. */
  async response(status: number): Promise<Response> {
    for (;;) {
      const message = await this.next();
      if (!isRequest(message) && message.status === 100 && status !== 100) continue;
      if (!isRequest(message) && message.status === status) return message;
      throw new Error(`${this.name}: ${status} expected, ${startLine(message)} came`);
    }
  }

  /** The next message, a request of this method. */
  async request(method: string): Promise<Request> {
    for (;;) {
      const message = await this.next();
      if (!isRequest(message) && message.status === 100) continue;
      if (isRequest(message) && message.method === method) return message;
      throw new Error(`${this.name}: ${method} expected, ${startLine(message)} came`);
    }
  }

  /** Takes everything that has come. */
  drain(): Message[] {
    return this.#inbox.splice(0);
  }

  /** Whether nothing has come; asked after another message of the server's was seen. */
  get idle(): boolean {
    return this.#inbox.length === 0;
  }

  /** Returns when the server has dealt with everything sent before; what came meanwhile is still there to be taken. */
  async settled(): Promise<void> {
    const { callId } = this.start('OPTIONS');
    const before = this.#inbox.splice(0);
    for (;;) {
      const message = await this.next();
      if (message.headers.raw('Call-ID') === callId) break;
      before.push(message);
    }
    this.#inbox.unshift(...before);
  }

  /** Sends octets as they are. */
  raw(octets: Uint8Array): void {
    this.#socket.send(octets, this.#server.port, this.#server.address);
  }

  /** Sends a message written by hand. */
  send(text: string, body: string | Uint8Array = ''): void {
    const head = text
      .trim()
      .replace(/\r?\n[ ]{2,}/g, '\n')
      .replace(/\r?\n/g, '\r\n');
    const octets = Buffer.from(body);
    this.raw(Buffer.concat([Buffer.from(`${head}\r\nContent-Length: ${octets.length}\r\n\r\n`), octets]));
  }

  /** Sends a request with what every request has; `headers` are added, one a line. Returns what identifies it. */
  start(method: string, options: RequestOptions = {}): Sent {
    const sequence = options.cseq ?? ++this.#sequence;
    const callId = options.callId ?? `${this.name}-${this.local.port}-${sequence}`;
    const branch = options.branch ?? `z9hG4bK${this.name}${this.local.port}${method}${sequence}`;
    const from = options.from ?? `<${this.uri}>;tag=${this.name}`;
    const uri = options.uri ?? 'sip:ims.test';
    const to = options.to ?? `<${method === 'REGISTER' ? this.uri : uri}>`;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${options.sentBy ?? printEndpoint(this.local)};branch=${branch}${options.sentBy === undefined ? ';rport' : ''}`,
      `From: ${from}`,
      `To: ${to}`,
      `Call-ID: ${callId}`,
      `CSeq: ${sequence} ${method}`,
      'Max-Forwards: 70',
      ...(options.headers ?? []),
    ];
    this.send(lines.join('\n'), options.body);
    return { method, uri, sequence, callId, branch, from, to, options };
  }

  /** Answers a request of the server's. */
  respond(
    request: Request,
    status: number,
    options: { tag?: string; headers?: readonly string[]; body?: string } = {},
  ): void {
    const { headers } = request;
    const to = headers.raw('To') ?? '';
    const tag = to.includes(';tag=') ? '' : `;tag=${options.tag ?? `${this.name}-to`}`;
    const lines = [
      `SIP/2.0 ${status} Reason`,
      ...headers.rawAll('Via').map((via) => `Via: ${via}`),
      ...headers.rawAll('Record-Route').map((route) => `Record-Route: ${route}`),
      `From: ${headers.raw('From')}`,
      `To: ${to}${status === 100 ? '' : tag}`,
      `Call-ID: ${headers.raw('Call-ID')}`,
      `CSeq: ${headers.raw('CSeq')}`,
      `Contact: <${this.contact}>`,
      ...(options.headers ?? []),
    ];
    this.send(lines.join('\n'), options.body);
  }

  /** Sends a request and answers its MD5 challenge with `password`; resolves with the final response. */
  async authenticated(method: string, password: string, options: RequestOptions = {}): Promise<Response> {
    const first = this.start(method, options);
    const challenged = await this.response(method === 'REGISTER' ? 401 : 407);
    if (method === 'INVITE') this.ackRefusal(first, challenged);
    this.start(method, {
      ...options,
      callId: first.callId,
      headers: [...(options.headers ?? []), credentials(challenged, method, first.uri, this.name, password)],
    });
    for (;;) {
      const message = await this.next();
      if (!isRequest(message) && message.status >= 200) return message;
      if (isRequest(message)) throw new Error(`${this.name}: a response expected, ${startLine(message)} came`);
    }
  }

  /** Registers with a password; resolves with the final response. */
  register(options: RequestOptions = {}): Promise<Response> {
    const headers = options.headers ?? [`Contact: <${this.contact}>`, 'Expires: 3600'];
    return this.authenticated('REGISTER', this.name, { ...options, headers });
  }

  /** The ACK of a refused INVITE. */
  ackRefusal(invite: Sent, response: Response): void {
    const to = response.headers.raw('To') ?? '';
    const { uri, branch, callId, sequence: cseq, from } = invite;
    this.start('ACK', { uri, branch, callId, cseq, from, to });
  }

  close(): void {
    this.#socket.close();
  }
}

export interface RequestOptions {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly branch?: string;
  readonly cseq?: number;
  /** sent-by of the Via, then without rport. */
  readonly sentBy?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Uint8Array;
}

export interface Sent {
  readonly method: string;
  readonly uri: string;
  readonly sequence: number;
  readonly callId: string;
  readonly branch: string;
  readonly from: string;
  readonly to: string;
  readonly options: RequestOptions;
}

/** The challenge of a 401 or 407. */
export function challengeOf({ headers }: Response): Challenge {
  const challenge = headers.get(WWW_AUTHENTICATE) ?? headers.get(PROXY_AUTHENTICATE);
  if (challenge === undefined) throw new Error('no challenge');
  return challenge;
}

/** The header line that answers an MD5 challenge. */
export function credentials(
  challenged: Response,
  method: string,
  uri: string,
  username: string,
  password: string,
  nc = '00000001',
): string {
  const { realm, nonce, opaque } = challengeOf(challenged);
  const input = { username, realm, password: Buffer.from(password), method, uri, nonce, qop: 'auth', nc, cnonce: 'c' };
  const response = digestResponse(input);
  const { name } = challenged.status === 401 ? AUTHORIZATION : PROXY_AUTHORIZATION;
  return (
    `${name}: Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", ` +
    `algorithm=MD5, qop=auth, nc=${nc}, cnonce="c", opaque="${opaque}"`
  );
}
