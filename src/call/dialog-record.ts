import type { Clock } from '../core/clock.ts';
import { type Random, randomHex } from '../core/random.ts';
import type { MediaRow } from './media-row.ts';
import type { QosState } from './resources.ts';

/** What the API and the monitor show of one of our dialogs (manual §6.5, dialog_get): plain data, kept by its leg. */

/** `server`: a handset called; `client`: towards the handset it called; `echo` and `mt call`: we are the other side. */
export type DialogType = 'server' | 'client' | 'echo' | 'mt call';

export type DialogStateName = 'init' | 'ringing' | 'start' | 'hold' | 'stop';

export interface DialogEvent {
  readonly type: 'state' | 'send' | 'recv';
  /** Seconds since the dialog was created. */
  readonly timestamp: number;
  /** The dialog's state then. */
  readonly state: DialogStateName;
}

/** A peer may send any number of messages; the first ones tell how the dialog came about. */
const MOST_EVENTS = 200;

export class DialogRecord {
  /** Sixteen hexadecimal digits. */
  readonly sessionId: string;
  readonly type: DialogType;
  /** Caller and callee as they are asserted. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Session id of the dialog on the other side of the call: of the callee that answered, of the caller. */
  partner: string | undefined;
  /** How the resources of each of its media stand. */
  qos: () => readonly QosState[] = () => [];
  /** Its media, as they are or were at the end. */
  medias: () => readonly MediaRow[] = () => [];
  readonly #clock: Clock;
  readonly #begunAt: number;
  readonly #events: DialogEvent[] = [];
  #state: DialogStateName = 'init';
  #endedAt: number | undefined;

  constructor(clock: Clock, random: Random, type: DialogType, from: string, to: string) {
    this.#clock = clock;
    this.#begunAt = clock.now();
    this.createdAt = clock.wallNow();
    this.sessionId = randomHex(random, 8);
    this.type = type;
    this.from = from;
    this.to = to;
    this.#note('state');
  }

  get state(): DialogStateName {
    return this.#state;
  }

  /** Does nothing when that is the state already, or the dialog is over. */
  enter(state: DialogStateName): void {
    if (state === this.#state || this.#state === 'stop') return;
    this.#state = state;
    if (state === 'stop') this.#endedAt = this.#clock.now();
    this.#note('state');
  }

  sent(): void {
    this.#note('send');
  }

  received(): void {
    this.#note('recv');
  }

  /** Instant of the clock when it came to `stop`. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** Seconds since the dialog was created, until it ended. */
  get duration(): number {
    return ((this.#endedAt ?? this.#clock.now()) - this.#begunAt) / 1000;
  }

  get events(): readonly DialogEvent[] {
    return this.#events;
  }

  #note(type: DialogEvent['type']): void {
    if (this.#events.length === MOST_EVENTS) return;
    const timestamp = (this.#clock.now() - this.#begunAt) / 1000;
    this.#events.push({ type, timestamp, state: this.#state });
  }
}
