import type { Scheduled } from './clock.ts';

/**
 * Calls ordered by the instant they are due at: a binary heap, so that adding and cancelling cost O(log n) with any
 * number of transactions waiting. Calls due at the same instant run in the order they were added.
 */
export class TimerQueue {
  readonly #heap: Entry[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Instant of the earliest call, or undefined when nothing waits. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  add(at: number, run: () => void): Scheduled {
    const entry = new Entry(this, at, this.#added++, run);
    entry.index = this.#heap.length;
    this.#heap.push(entry);
    this.#rise(entry);
    return entry;
  }

  /** Takes the earliest call that is due at `now`, or undefined when none is. */
  takeDue(now: number): (() => void) | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.remove(first);
    return first.run;
  }

  remove(entry: Entry): void {
    if (entry.index < 0) return;
    const last = this.#heap.pop() as Entry;
    if (last !== entry) {
      last.index = entry.index;
      this.#heap[last.index] = last;
      this.#rise(last);
      this.#sink(last);
    }
    entry.index = -1;
  }

  #rise(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1] as Entry;
      if (!entry.before(parent)) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[entry.index * 2 + 1];
      const right = this.#heap[entry.index * 2 + 2];
      const child = right !== undefined && left !== undefined && right.before(left) ? right : left;
      if (child === undefined || !child.before(entry)) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: Entry, b: Entry): void {
    const index = a.index;
    a.index = b.index;
    b.index = index;
    this.#heap[a.index] = a;
    this.#heap[b.index] = b;
  }
}

class Entry implements Scheduled {
  /** Place in the heap; -1 once it has left. */
  index = -1;
  readonly at: number;
  readonly run: () => void;
  readonly #queue: TimerQueue;
  readonly #order: number;

  constructor(queue: TimerQueue, at: number, order: number, run: () => void) {
    this.#queue = queue;
    this.at = at;
    this.#order = order;
    this.run = run;
  }

  before(other: Entry): boolean {
    return this.at < other.at || (this.at === other.at && this.#order < other.#order);
  }

  cancel(): void {
    this.#queue.remove(this);
  }
}
