/**
 * One TCP connection with a peer, opened by either side: messages cut out of its stream, its time limits, and what of the
 * messages written on it may have been lost when it ends.
 */
import type { Clock, Scheduled } from '../../core/clock.ts';
import type { Endpoint } from '../../core/endpoint.ts';
import type { Flow } from '../../core/flow.ts';
import type { Protected } from '../../core/protection.ts';
import type { StreamConnection, StreamHandler } from '../../net/ports.ts';
import type { Limits } from '../message/parse.ts';
import { type Frame, Framer } from './framing.ts';
import { PONG } from './keep-alive.ts';
import type { Place } from './listening.ts';
import type { Way } from './way.ts';

/** Bounds of TCP connections. */
export interface StreamOptions {
  /** Connections peers may have open with us. */
  readonly maxConnections: number;
  /** Those of one peer address. */
  readonly maxPerAddress: number;
  /** Time for a message that has begun to come whole, and for the first one of a connection, in milliseconds. */
  readonly messageMs: number;
  /** Time without an octet in either direction after which a connection is closed, in milliseconds. */
  readonly idleMs: number;
  /** Time a peer may take to accept a connection, in milliseconds. */
  readonly connectMs: number;
  /** Octets that may wait for a peer which does not read. */
  readonly maxPending: number;
}

/**
 * A phone in idle mode is not heard of for long and still expects its connection: idle time is above any keep-alive
 * interval. 7 s is what a phone that must be paged may take to accept a connection.
 */
export const DEFAULT_STREAM_OPTIONS: StreamOptions = {
  maxConnections: 10_000,
  maxPerAddress: 1000,
  messageMs: 32_000,
  idleMs: 2 * 60 * 60 * 1000,
  connectMs: 7000,
  maxPending: 1024 * 1024,
};

/** Idle time of a connection a peer opened, while nothing on it shows that its peer is a user of ours. */
export const STRANGER_IDLE_MS = 60_000;

/** What a connection tells whoever keeps it. */
export interface ConnectionKeeper {
  /** A message, or the end of the stream's use. Pings are answered here. */
  onFrame(frame: Exclude<Frame, { kind: 'ping' }>, connection: Connection): void;
  /** The peer has shown that it speaks TCP. */
  onAlive(connection: Connection): void;
  /** Once, when nothing can be written any more. */
  onClosed(connection: Connection, why: Error): void;
}

/** What becomes of one message that was written. */
export interface Delivery {
  /** Called at most once, when the connection ended and the peer may not have got the message. */
  readonly onLost: (why: Error) => void;
  /** Whether the peer owes an answer, so that silence until the connection's end is a loss. */
  readonly awaited: boolean;
}

interface Unconfirmed extends Delivery {
  readonly at: number;
}

/** RFC 3261 §17.1.1.1: after 64·T1 the transaction has given up by itself. */
const AWAITED_MS = 32_000;
/** Messages remembered until the peer is heard. */
const MOST_UNCONFIRMED = 1000;

export class Connection implements StreamHandler, Way {
  readonly id: number;
  readonly place: Place;
  readonly remote: Endpoint;
  readonly protected: Protected | undefined;
  /** Port the peer listens on by its own words; see Flow. */
  listeningPort: number | undefined;
  readonly #clock: Clock;
  readonly #options: StreamOptions;
  readonly #keeper: ConnectionKeeper;
  readonly #framer: Framer;
  #stream: StreamConnection | undefined;
  /** `connecting` until an outgoing connection is up; `closed` when nothing more is written or read. */
  #state: 'connecting' | 'open' | 'closed';
  #unconfirmed: Unconfirmed[] = [];
  #lastUsedAt: number;
  /** Its peer is one we wanted to reach or served. */
  #kept: boolean;
  /** Runs out when the connection, the first message or one that has begun takes too long. */
  #deadline: Scheduled | undefined;
  #idle: Scheduled;

  /** @param stream the accepted connection; `attach` gives an outgoing one. */
  constructor(
    id: number,
    way: Way,
    parts: { clock: Clock; options: StreamOptions; limits: Limits; keeper: ConnectionKeeper },
    stream?: StreamConnection,
  ) {
    this.id = id;
    this.place = way.place;
    this.remote = way.remote;
    this.protected = way.protected;
    this.#clock = parts.clock;
    this.#options = parts.options;
    this.#keeper = parts.keeper;
    this.#framer = new Framer(parts.limits);
    this.#stream = stream;
    this.#state = stream === undefined ? 'connecting' : 'open';
    this.#kept = stream === undefined;
    this.#lastUsedAt = this.#clock.now();
    this.#idle = this.#armIdle();
    if (stream === undefined) this.#armDeadline(parts.options.connectMs, 'no answer to the connection request');
    else this.#armDeadline(parts.options.messageMs, 'no message');
  }

  attach(stream: StreamConnection): void {
    this.#stream = stream;
  }

  get usable(): boolean {
    return this.#state !== 'closed';
  }

  get connected(): boolean {
    return this.#state === 'open';
  }

  /** Lets it rest as long as a phone's may. */
  keep(): void {
    this.#kept = true;
  }

  /** Octets the peer has not taken. */
  get pending(): number {
    return this.#stream?.pending ?? 0;
  }

  /** The flow of what comes on it. */
  get flow(): Flow {
    const { place, remote, id, listeningPort, protected: set } = this;
    return {
      transport: 'TCP',
      // A port_pc is nothing to keep: each message finds the one of its time.
      ...(set === undefined ? place : { local: place.local, protected: set }),
      remote,
      connection: id,
      ...(listeningPort !== undefined && { listeningPort }),
    };
  }

  write(octets: Uint8Array, delivery?: Delivery): void {
    if (this.#state === 'closed') {
      delivery?.onLost(new Error('the connection is closed'));
      return;
    }
    const now = this.#clock.now();
    this.#lastUsedAt = now;
    if (delivery !== undefined && (delivery.awaited || this.#state === 'connecting')) {
      if (this.#unconfirmed.length >= MOST_UNCONFIRMED) this.#unconfirmed.shift();
      this.#unconfirmed.push({ ...delivery, at: now });
    }
    this.#stream?.write(octets);
    if (this.pending > this.#options.maxPending) this.close(new Error('the peer does not read'));
  }

  onConnected(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#disarm();
    this.#unconfirmed = this.#unconfirmed.filter(({ awaited }) => awaited);
    this.#keeper.onAlive(this);
  }

  onData(data: Buffer): void {
    if (this.#state === 'closed') return;
    this.#lastUsedAt = this.#clock.now();
    // The peer lives; what it owes an answer to is its transaction's affair from here.
    this.#unconfirmed = [];
    this.#framer.push(data);
    let whole = false;
    for (let frame = this.#framer.next(); frame !== undefined && this.usable; frame = this.#framer.next()) {
      if (frame.kind === 'ping') {
        this.write(PONG);
        continue;
      }
      whole = true;
      this.#keeper.onFrame(frame, this);
    }
    if (!this.usable) return;
    if (whole) {
      this.#disarm();
      this.#keeper.onAlive(this);
    }
    if (this.#framer.partial && this.#deadline === undefined) {
      this.#armDeadline(this.#options.messageMs, 'message not complete');
    }
  }

  onClose(error?: Error): void {
    this.#end(error ?? new Error('the peer closed the connection'));
  }

  /** Drops the connection and what is pending. */
  close(why: Error): void {
    if (this.#state === 'closed') return;
    this.#stream?.destroy();
    this.#end(why);
  }

  /** The same, and nothing of it leaves afterwards. */
  reset(why: Error): void {
    if (this.#state === 'closed') return;
    this.#stream?.reset();
    this.#end(why);
  }

  /** Sends what is pending, then closes; what still comes is not looked at. */
  finish(why: Error): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.#stream?.end();
    else this.#stream?.destroy();
    this.#end(why);
  }

  #end(why: Error): void {
    if (this.#state === 'closed') return;
    const connecting = this.#state === 'connecting';
    this.#state = 'closed';
    this.#disarm();
    this.#idle.cancel();
    this.#keeper.onClosed(this, why);
    const since = this.#clock.now() - AWAITED_MS;
    const lost = this.#unconfirmed.filter(({ at }) => connecting || at > since);
    this.#unconfirmed = [];
    for (const { onLost } of lost) onLost(why);
  }

  get #idleMs(): number {
    const { idleMs } = this.#options;
    return this.#kept ? idleMs : Math.min(idleMs, STRANGER_IDLE_MS);
  }

  #armDeadline(ms: number, what: string): void {
    this.#deadline = this.#clock.schedule(this.#clock.now() + ms, () => {
      this.close(new Error(`${what} within ${ms / 1000} s`));
    });
  }

  #disarm(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  /** One timer for the connection's life: it looks when the last octet was, and waits for the rest. */
  #armIdle(): Scheduled {
    return this.#clock.schedule(this.#lastUsedAt + this.#idleMs, () => {
      if (this.#clock.now() - this.#lastUsedAt >= this.#idleMs) {
        this.finish(new Error(`idle for ${this.#idleMs / 1000} s`));
      } else {
        this.#idle = this.#armIdle();
        this.#keeper.onAlive(this);
      }
    });
  }
}
