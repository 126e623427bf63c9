import type { Clock } from '../../core/clock.ts';
import { type Endpoint, printEndpoint } from '../../core/endpoint.ts';
import type { SctpAssociation, SctpHandler } from '../ports.ts';
import type { PackageAssociation } from './package.ts';

const CONNECT_MS = 10_000;
/** Heartbeats go out every 10 s: so many unanswered ones are the peer's end. */
const SILENT_MS = 45_000;
const SHUTDOWN_MS = 5000;

/**
 * An association of the `sctp` package as ports.ts has it: what waits for the congestion window is kept, and a peer
 * that does not answer, not even our end, is given up.
 */
export class RawAssociation implements SctpAssociation {
  readonly remote: Endpoint;
  /** Set at once by whoever accepts the association. */
  handler: SctpHandler | undefined;
  readonly #clock: Clock;
  readonly #ppid: number;
  readonly #onBug: (error: unknown) => void;
  /** Opened from here. */
  readonly #isOurs: boolean;
  readonly #queue: Uint8Array[] = [];
  #pending = 0;
  #local: Endpoint = { address: '0.0.0.0', port: 0 };
  #association: PackageAssociation | undefined;
  #detach: (() => void) | undefined;
  /** The package has taken a message and not sent it yet. */
  #sending = false;
  #state: 'connecting' | 'up' | 'ending' | 'over' = 'connecting';
  /** When the state, or the peer's silence, began. */
  #since: number;

  constructor(
    clock: Clock,
    ppid: number,
    remote: Endpoint,
    handler: SctpHandler | undefined,
    onBug: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#ppid = ppid;
    this.remote = remote;
    this.handler = handler;
    this.#isOurs = handler !== undefined;
    this.#onBug = onBug;
    this.#since = clock.now();
  }

  get local(): Endpoint {
    return this.#local;
  }

  get pending(): number {
    return this.#pending;
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  /** @param detach told once when the association is over. */
  attach(association: PackageAssociation, local: Endpoint, detach: () => void): void {
    this.#association = association;
    this.#local = local;
    this.#detach = detach;
    this.#since = this.#clock.now();
    association.duplicates = [];
    association.on('COMMUNICATION UP', () => {
      if (this.#state === 'connecting') this.#state = 'up';
      if (this.#isOurs) this.#guarded(() => this.handler?.onUp?.());
      this.#pump();
    });
    association.on('DATA ARRIVE', () => {
      const message = association.RECEIVE();
      // A Buffer of its own: the package writes a property of its into this one.
      if (message !== undefined && this.#state === 'up') {
        this.#guarded(() => this.handler?.onMessage(Buffer.from(message)));
      }
    });
    association.on('SHUTDOWN COMPLETE', () => this.#end(undefined));
    association.on('COMMUNICATION LOST', () => {
      const what = this.#state === 'connecting' ? 'nobody listens on' : 'the peer aborted the association with';
      this.#end(new Error(`${what} SCTP ${printEndpoint(this.remote)}`));
    });
  }

  send(message: Uint8Array): void {
    if (this.#state !== 'connecting' && this.#state !== 'up') return;
    this.#queue.push(message);
    this.#pending += message.length;
    this.#pump();
  }

  shutdown(): void {
    if (this.#state !== 'connecting' && this.#state !== 'up') return;
    if (this.#association?.state !== 'ESTABLISHED') {
      this.abort();
      return;
    }
    this.#state = 'ending';
    this.#since = this.#clock.now();
    if (this.#pending === 0) this.#association.SHUTDOWN();
  }

  abort(): void {
    if (this.over) return;
    this.#association?.ABORT();
    this.#end(undefined);
  }

  /** The association is gone without a word from the package. */
  lose(error: Error): void {
    this.#end(error);
  }

  /** A packet of the peer's came. */
  heard(): void {
    if (this.#state === 'up') this.#since = this.#clock.now();
  }

  /** What it said is dealt with: the window may be open again, or the peer be leaving. */
  handed(): void {
    this.#pump();
    if (this.#state !== 'up' || this.#association?.state.startsWith('SHUTDOWN') !== true) return;
    this.#state = 'ending';
    this.#since = this.#clock.now();
  }

  supervise(): void {
    const waited = this.#clock.now() - this.#since;
    const peer = `SCTP ${printEndpoint(this.remote)}`;
    if (this.#state === 'connecting' && waited >= CONNECT_MS) {
      this.#giveUp(new Error(`cannot connect to ${peer}: the peer does not answer`));
    } else if (this.#state === 'up' && waited >= SILENT_MS) {
      this.#giveUp(new Error(`lost the association with ${peer}: the peer does not answer`));
    } else if (this.#state === 'ending' && waited >= SHUTDOWN_MS) this.#giveUp(undefined);
    else this.#pump();
  }

  #giveUp(error: Error | undefined): void {
    this.#association?.ABORT();
    this.#end(error);
  }

  /** One message at a time, and none above the congestion window: the package would drop it. */
  #pump(): void {
    const association = this.#association;
    if (this.#sending || association?.state !== 'ESTABLISHED') return;
    const message = this.#queue[0];
    if (message === undefined) {
      if (this.#state === 'ending') association.SHUTDOWN();
      return;
    }
    const { flightsize, cwnd, peer_rwnd } = association;
    if (flightsize >= cwnd || (flightsize > 0 && flightsize + message.length > peer_rwnd)) return;
    this.#sending = true;
    this.#queue.shift();
    association.send(Buffer.from(message), { stream_id: 0, ppid: this.#ppid }, () => {
      this.#sending = false;
      this.#pending -= message.length;
      this.#pump();
    });
  }

  #end(error: Error | undefined): void {
    if (this.over) return;
    const wanted = this.#state === 'ending';
    this.#state = 'over';
    this.#queue.length = 0;
    this.#pending = 0;
    this.#detach?.();
    this.#guarded(() => this.handler?.onClose(wanted ? undefined : error));
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onBug(error);
    }
  }
}
