import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import type { SctpNet } from '../../../src/net/ports.ts';
import { avp, ERROR, message, PROXIABLE, parse, REQUEST, TGPP, type WireMessage, WireReader } from './wire.ts';

/** What a test peer does with a request: answers with these octets, after a while, or never. */
export type Reaction = Buffer | readonly Buffer[] | undefined;

export interface ServerOptions {
  readonly address: string;
  readonly port?: number;
  readonly host?: string;
  readonly realm?: string;
  /** Application-Ids of the CEA. */
  readonly applications?: readonly number[];
  /** SCTP instead of TCP. */
  readonly sctp?: SctpNet;
  readonly stateId?: number;
}

interface Wire {
  write(octets: Buffer): void;
  destroy(): void;
}

const PATIENCE_MS = 5000;
const CER = 257;
const DWR = 280;
const DPR = 282;

/** A Diameter server of the tests': an HSS or a PCRF whose every reaction the test decides. */
export class DiameterServer {
  readonly host: string;
  readonly realm: string;
  /** Every message that came, base protocol included. */
  readonly received: WireMessage[] = [];
  /** The octets of every message in both directions, for judges. */
  readonly octets: { readonly fromUs: boolean; readonly data: Buffer }[] = [];
  /** Connections there have been. */
  connections = 0;
  stateId: number;
  port = 0;
  readonly #options: ServerOptions;
  readonly #reactions = new Map<number, (request: WireMessage) => Reaction>();
  #wire: Wire | undefined;
  #ids = 0x1000;
  #taken = 0;
  #arrived: (() => void) | undefined;
  #close: () => void = () => {};

  static async start(t: TestContext, options: ServerOptions): Promise<DiameterServer> {
    const server = new DiameterServer(options);
    await server.listen();
    t.after(() => server.close());
    return server;
  }

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.host = options.host ?? 'hss.home.test';
    this.realm = options.realm ?? 'home.test';
    this.stateId = options.stateId ?? 1000;
    this.on(CER, (request) => this.answer(request, [avp(268, 2001), ...this.capabilities()]));
    this.on(DWR, (request) => this.answer(request, [avp(268, 2001), avp(278, this.stateId)]));
    this.on(DPR, (request) => this.answer(request, [avp(268, 2001)]));
  }

  /** What a CEA says besides its result and origin. */
  capabilities(): Buffer[] {
    const { applications = [16_777_216, 16_777_236] } = this.#options;
    return [
      avp(257, Buffer.from([0, 1, 127, 0, 0, 1])),
      avp(266, TGPP),
      avp(269, 'test', 0, 0),
      avp(278, this.stateId),
      ...applications.map((one) => avp(260, [avp(266, TGPP), avp(258, one)])),
    ];
  }

  async listen(): Promise<void> {
    const { address, port = this.port, sctp } = this.#options;
    if (sctp !== undefined) {
      const listener = await sctp.listenSctp({ address, port: port || 3868, ppid: 46 }, (association) => {
        const wire = { write: (octets: Buffer) => association.send(octets), destroy: () => association.abort() };
        return { ...this.#accept(wire), onMessage: (octets) => this.#receive(octets, wire) };
      });
      this.port = listener.local.port;
      this.#close = () => listener.close();
      return;
    }
    const server = createServer((socket) => {
      const reader = new WireReader();
      const wire = { write: (octets: Buffer) => void socket.write(octets), destroy: () => void socket.destroy() };
      const { onClose } = this.#accept(wire);
      socket.on('data', (chunk) => {
        for (const octets of reader.push(chunk)) this.#receive(octets, wire);
      });
      socket.on('error', () => {});
      socket.on('close', onClose);
    });
    await new Promise<void>((done) => {
      server.listen(port, address, done);
    });
    const bound = server.address();
    this.port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    this.#close = () => server.close();
  }

  #accept(wire: Wire) {
    this.connections++;
    this.#wire = wire;
    return {
      onClose: () => {
        if (this.#wire === wire) this.#wire = undefined;
        this.#arrived?.();
      },
    };
  }

  get connected(): boolean {
    return this.#wire !== undefined;
  }

  on(code: number, reaction: (request: WireMessage) => Reaction): void {
    this.#reactions.set(code, reaction);
  }

  /** An answer to the request: its identifiers, Session-Id first, then our origin and the AVPs given. */
  answer({ flags, avps, ...head }: WireMessage, own: readonly Buffer[], more = 0): Buffer {
    const session = avps.filter(({ code }) => code === 263).map(({ value }) => avp(263, value));
    const origin = [avp(264, this.host), avp(296, this.realm)];
    return message({ ...head, flags: (flags & PROXIABLE) | more }, [...session, ...own, ...origin]);
  }

  /** A protocol error: E flag and a result of 3xxx. */
  error(request: WireMessage, result: number): Buffer {
    return this.answer(request, [avp(268, result)], ERROR);
  }

  /** Sends a request of our own and waits for its answer. */
  async request(code: number, application: number, avps: readonly Buffer[]): Promise<WireMessage> {
    const id = this.#ids++;
    const head = {
      flags: REQUEST | (application === 0 ? 0 : PROXIABLE),
      code,
      application,
      hopByHop: id,
      endToEnd: id,
    };
    const origin = [avp(264, this.host), avp(296, this.realm)];
    const [session, others] = avps[0]?.readUInt32BE() === 263 ? [avps.slice(0, 1), avps.slice(1)] : [[], avps];
    this.write(message(head, [...session, ...origin, ...others]));
    return this.#find((one) => (one.flags & REQUEST) === 0 && one.hopByHop === id);
  }

  write(octets: Buffer): void {
    this.octets.push({ fromUs: false, data: octets });
    this.#wire?.write(octets);
  }

  /** Cuts the connection. */
  cut(): void {
    this.#wire?.destroy();
    this.#wire = undefined;
  }

  /** Stops listening and cuts. */
  close(): void {
    this.#close();
    this.cut();
  }

  /** The next request with this code that came, answered or not. */
  async next(code: number): Promise<WireMessage> {
    return this.#find((one, index) => {
      if (index < this.#taken || one.code !== code || (one.flags & REQUEST) === 0) return false;
      this.#taken = index + 1;
      return true;
    });
  }

  /** Requests of the applications that came so far. */
  get requests(): readonly WireMessage[] {
    return this.received.filter(({ flags, application }) => (flags & REQUEST) !== 0 && application !== 0);
  }

  async #find(wanted: (one: WireMessage, index: number) => boolean): Promise<WireMessage> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.received.find(wanted);
      if (found !== undefined) return found;
      await this.#change(deadline);
    }
  }

  /** Waits until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!condition()) await this.#change(deadline);
  }

  async #change(deadline: number): Promise<void> {
    const left = deadline - performance.now();
    if (left <= 0) throw new Error('nothing came over Diameter');
    await new Promise<void>((done) => {
      const timeout = setTimeout(done, Math.min(left, 20));
      this.#arrived = () => {
        clearTimeout(timeout);
        done();
      };
    });
  }

  #receive(octets: Buffer, wire: Wire): void {
    this.octets.push({ fromUs: true, data: octets });
    const request = parse(octets);
    this.received.push(request);
    this.#arrived?.();
    if ((request.flags & REQUEST) === 0) return;
    const reaction = this.#reactions.get(request.code)?.(request);
    for (const answer of reaction === undefined ? [] : ([reaction].flat() as Buffer[])) {
      this.octets.push({ fromUs: false, data: answer });
      wire.write(answer);
    }
  }
}
