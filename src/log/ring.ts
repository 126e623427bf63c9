import { Listeners } from '../core/listeners.ts';
import { type Layer, LEVELS, type Level } from '../core/logger.ts';

/** One record as log_get tells it (manual §6.4); the API adds the server's name. */
export interface RingRecord {
  /** Counts records since the daemon started, from 0. */
  readonly idx: number;
  /** Seconds since midnight. */
  readonly timestamp: number;
  readonly layer: Layer;
  readonly level: Exclude<Level, 'none'>;
  readonly dir?: 'FROM' | 'TO';
  readonly id?: string;
  /** The message and the payload's lines below it. */
  readonly data: readonly string[];
}

/** A record as it is given to the ring: its lines in one text, cut into lines when they are read. */
export interface NewRecord {
  readonly timestamp: number;
  readonly layer: Layer;
  readonly level: Exclude<Level, 'none'>;
  readonly dir: 'FROM' | 'TO' | undefined;
  readonly id: string | undefined;
  readonly text: string;
}

export interface RingQuery {
  /** Index of the first record wanted. */
  readonly from: number;
  /** Fewer matching records than this are none yet. */
  readonly min?: number;
  readonly max?: number;
  /** Most verbose level per layer; a layer not named is left out. Without it everything matches. */
  readonly layers?: { readonly [L in Layer]?: Level };
}

export interface RingAnswer {
  readonly records: readonly RingRecord[];
  /** What to ask from next. */
  readonly next: number;
  /** Records from `from` on that were pushed out before they were read; a reset's are not counted. */
  readonly discontinuity: number;
}

const RANK = Object.fromEntries(LEVELS.map((level, rank) => [level, rank])) as { readonly [L in Level]: number };

/** The last records in memory, bounded in number and size, so that a client can read the log without the file. */
export class LogRing {
  readonly #mostRecords: number;
  readonly #mostOctets: number;
  /** Records from `#head` on; the places before it are given back when they are half of the list. */
  #records: (NewRecord | undefined)[] = [];
  #head = 0;
  #octets = 0;
  #next = 0;
  #resetAt = 0;
  /** Called after each record: a waiting log_get reads again. */
  readonly added = new Listeners<[]>();

  constructor(mostRecords = 16384, mostOctets = 8 * 1024 * 1024) {
    this.#mostRecords = mostRecords;
    this.#mostOctets = mostOctets;
  }

  get size(): number {
    return this.#records.length - this.#head;
  }

  add(record: NewRecord): void {
    this.#records.push(record);
    this.#next++;
    this.#octets += cost(record);
    // The newest stays even when it alone is too large.
    while (this.size > 1 && (this.size > this.#mostRecords || this.#octets > this.#mostOctets)) this.#dropFirst();
    this.added.call();
  }

  /** Undefined while fewer than `min` records match. */
  read({ from, min = 0, max = 4096, layers }: RingQuery): RingAnswer | undefined {
    const first = this.#next - this.size;
    const start = Math.max(from, first);
    const records: RingRecord[] = [];
    let next = start;
    for (; next < this.#next && records.length < max; next++) {
      const record = this.#records[this.#head + next - first] as NewRecord;
      if (layers !== undefined && RANK[record.level] > RANK[layers[record.layer] ?? 'none']) continue;
      records.push(read(next, record));
    }
    if (records.length < min) return undefined;
    return { records, next, discontinuity: Math.max(0, first - Math.max(from, this.#resetAt)) };
  }

  /** Forgets all records; indices go on. */
  reset(): void {
    this.#records = [];
    this.#head = 0;
    this.#octets = 0;
    this.#resetAt = this.#next;
  }

  #dropFirst(): void {
    this.#octets -= cost(this.#records[this.#head] as NewRecord);
    this.#records[this.#head++] = undefined;
    if (this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** About what a record takes in memory. */
function cost({ text }: NewRecord): number {
  return text.length + 150;
}

function read(idx: number, { timestamp, layer, level, dir, id, text }: NewRecord): RingRecord {
  return {
    idx,
    timestamp,
    layer,
    level,
    ...(dir === undefined ? {} : { dir }),
    ...(id === undefined ? {} : { id }),
    data: text.split('\n'),
  };
}
