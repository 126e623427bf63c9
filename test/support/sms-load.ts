import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { isRequest, type Message, type Request, type Response } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { tpAddress } from '../../src/sms/address.ts';
import { FAILURE } from '../../src/sms/failure.ts';
import { parseRp, printRp, type RpMessage, rpAddress } from '../../src/sms/rp.ts';
import { textParts } from '../../src/sms/text.ts';
import { parseTpdu } from '../../src/sms/tpdu.ts';
import { printTpdu } from '../../src/sms/tpdu-printing.ts';
import { contentOf } from '../../src/sms/user-data.ts';

/** Milliseconds after which a request without an answer is sent again. */
const REPEAT_MS = 100;
/** Milliseconds a handset waits for RP-ACK before it submits anew, as TR1M of TS 24.011 §10 makes it. */
const RESUBMIT_MS = 1000;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Two users: one sends numbered messages, the other gets them. */
interface Pair {
  readonly sender: string;
  readonly recipient: string;
  /** Messages that are taken, as the sender was told by RP-ACK. */
  acknowledged: number;
  /** Number of the message that came last, and whether its RP-ACK was answered. */
  received: number;
  answered: boolean;
  resubmit: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly repeat: NodeJS.Timeout;
  readonly done: () => void;
}

/** Handsets at one socket that send each other short messages as fast as they are answered, and repeat until they are. */
export class SmsLoad {
  readonly #socket: Socket;
  readonly #server: Endpoint;
  readonly #pairs: readonly Pair[];
  readonly #each: number;
  readonly #waiting = new Map<string, Waiting>();
  /** Call-IDs of the MESSAGEs that were answered by an RP-ACK. */
  readonly #seen = new Set<string>();
  readonly #problems: string[] = [];
  #requests = 0;

  /** @param each messages from every sender. */
  static async open(server: Endpoint, pairs: readonly (readonly [string, string])[], each: number): Promise<SmsLoad> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 });
    socket.bind(0, server.address);
    await once(socket, 'listening');
    return new SmsLoad(socket, server, pairs, each);
  }

  private constructor(socket: Socket, server: Endpoint, pairs: readonly (readonly [string, string])[], each: number) {
    this.#socket = socket;
    this.#server = server;
    this.#each = each;
    this.#pairs = pairs.map(([sender, recipient]) => ({
      sender,
      recipient,
      acknowledged: 0,
      received: 0,
      answered: true,
      resubmit: undefined,
    }));
    socket.on('message', (data) => this.#receive(parseMessage(data).message));
  }

  /** Messages the server said it has taken. */
  get acknowledged(): number {
    return this.#pairs.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Messages that came and whose RP-ACK was answered. */
  get delivered(): number {
    return this.#pairs.reduce((sum, { received, answered }) => sum + received - (answered ? 0 : 1), 0);
  }

  /** Whether every request has its answer. */
  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  /** What must not have happened: a message out of its order, lost or twice. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Every sender begins to send. */
  send(): void {
    for (const pair of this.#pairs) this.#submit(pair);
  }

  /** Every recipient registers, and gets what waits. */
  register(): void {
    for (const { recipient } of this.#pairs) {
      const { address, port } = this.#socket.address();
      const contact = `<sip:${recipient}@${address}:${port}>;+g.3gpp.smsip`;
      this.#request('REGISTER', recipient, ['Expires: 3600', `Contact: ${contact}`]);
    }
  }

  close(): void {
    for (const { repeat } of this.#waiting.values()) clearInterval(repeat);
    for (const { resubmit } of this.#pairs) clearTimeout(resubmit);
    this.#socket.close();
  }

  #submit(pair: Pair): void {
    const number = pair.acknowledged + 1;
    const [userData] = textParts(String(number), { reference: 0 });
    if (number > this.#each || userData === undefined) return;
    const tpdu = printTpdu({
      type: 'submit',
      // Of two submissions that were repeated while nobody answered, either may arrive first.
      rejectDuplicates: true,
      replyPath: false,
      statusReport: false,
      reference: number % 256,
      destination: { ...tpAddress(pair.recipient), type: 'alphanumeric', plan: 0 },
      protocol: 0,
      validity: undefined,
      userData,
    });
    const reference = number % 256;
    this.#rpdu(pair.sender, printRp({ type: 'data', reference, centre: rpAddress('1'), userData: tpdu }, 'handset'));
    pair.resubmit = setTimeout(() => this.#submit(pair), RESUBMIT_MS);
  }

  #rpdu(user: string, body: Uint8Array, done = () => {}): void {
    this.#request('MESSAGE', user, ['Content-Type: application/vnd.3gpp.sms'], body, done);
  }

  #receive(message: Message): void {
    if (!isRequest(message)) {
      this.#onResponse(message);
      return;
    }
    this.#respond(message);
    const callId = message.headers.raw('Call-ID') ?? '';
    if (this.#seen.has(callId)) return;
    this.#seen.add(callId);
    const user = /^sip:([^@]+)@/.exec(message.uri)?.[1];
    const rp = parseRp(message.body, 'network');
    if (rp.type === 'data') this.#onDeliver(user, rp.reference, rp.userData);
    else if (rp.type === 'ack' || isDuplicate(rp)) this.#onAcknowledged(user, rp.reference);
    else this.#problems.push(`${user} got RP-${rp.type}`);
  }

  #onResponse(response: Response): void {
    const callId = response.headers.raw('Call-ID') ?? '';
    const waiting = this.#waiting.get(callId);
    if (waiting === undefined || response.status < 200) return;
    // A REGISTER that is repeated after a restart is known by its CSeq.
    const isMessage = response.headers.raw('CSeq')?.endsWith('MESSAGE') === true;
    if (isMessage && response.status !== 202) this.#problems.push(`${callId} was answered ${response.status}`);
    clearInterval(waiting.repeat);
    this.#waiting.delete(callId);
    waiting.done();
  }

  #onAcknowledged(user: string | undefined, reference: number): void {
    const pair = this.#pairs.find(({ sender }) => sender === user);
    if (pair === undefined || reference !== (pair.acknowledged + 1) % 256) return;
    pair.acknowledged++;
    clearTimeout(pair.resubmit);
    this.#submit(pair);
  }

  #onDeliver(user: string | undefined, reference: number, userData: Uint8Array): void {
    const pair = this.#pairs.find(({ recipient }) => recipient === user);
    const tpdu = parseTpdu(userData, 'network', 'data');
    if (pair === undefined || tpdu.type !== 'deliver') return;
    const number = Number(contentOf(tpdu.userData).text);
    if (number === pair.received && pair.answered) this.#problems.push(`${user} got ${number} twice`);
    if (number !== pair.received && number !== pair.received + 1) {
      this.#problems.push(`${user} got ${number} after ${pair.received}`);
    }
    pair.received = number;
    pair.answered = false;
    this.#rpdu(pair.recipient, printRp({ type: 'ack', reference }, 'handset'), () => {
      if (pair.received === number) pair.answered = true;
    });
  }

  #respond({ headers }: Request): void {
    const lines = [
      'SIP/2.0 200 OK',
      ...headers.rawAll('Via').map((via) => `Via: ${via}`),
      ...['From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${headers.raw(name)}`),
      `To: ${headers.raw('To')};tag=load`,
      'Content-Length: 0',
      '\r\n',
    ];
    this.#send(Buffer.from(lines.join('\r\n')));
  }

  #request(method: string, user: string, more: readonly string[], body = NOTHING, done = () => {}): void {
    const { address, port } = this.#socket.address();
    const callId = `${user}-${++this.#requests}`;
    const lines = [
      `${method} sip:test.example SIP/2.0`,
      `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${callId};rport`,
      `From: <sip:${user}@test.example>;tag=${user}`,
      `To: <sip:${user}@test.example>`,
      `Call-ID: ${callId}`,
      `CSeq: 1 ${method}`,
      'Max-Forwards: 70',
      ...more,
      `Content-Length: ${body.length}`,
      '\r\n',
    ];
    const octets = Buffer.concat([Buffer.from(lines.join('\r\n')), body]);
    this.#waiting.set(callId, { repeat: setInterval(() => this.#send(octets), REPEAT_MS), done });
    this.#send(octets);
  }

  #send(octets: Buffer): void {
    this.#socket.send(octets, this.#server.port, this.#server.address);
  }
}

/** The message is there: only the answer got lost. */
function isDuplicate(rp: RpMessage): boolean {
  return rp.type === 'error' && rp.userData?.[1] === FAILURE.duplicate;
}
