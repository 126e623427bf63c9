import type { Scheduled } from './clock.ts';

/**
 * Calls ordered by the instant they are due at: a binary heap, so that adding and cancelling cost O(log n) with any
 * number of transactions waiting. Calls due at the same instant run in the order they were added.
 */
export class TimerQueue {
  readonly #heap: Entry[] = [];
  readonly #onEmpty: (() => void) | undefined;
  #added = 0;

  /** @param onEmpty told when the last call has been taken or cancelled. */
  constructor(onEmpty?: () => void) {
    this.#onEmpty = onEmpty;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Instant of the earliest call, or undefined when nothing waits. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** @throws RangeError when `at` is no instant: it would have no place in the order. */
  add(at: number, run: () => void): Scheduled {
    if (Number.isNaN(at)) throw new RangeError('a call scheduled at NaN');
    const entry = new Entry(this, at, this.#added++, run);
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
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
    const hole = entry.index;
    if (hole < 0) return;
    entry.index = -1;
    const last = this.#heap.pop() as Entry;
    if (last !== entry) {
      if (last.before(entry)) this.#rise(last, hole);
      else this.#sink(last, hole);
    } else if (this.#heap.length === 0) this.#onEmpty?.();
  }

  /** Puts the entry into the hole or above it; the entries it passes move down. */
  #rise(entry: Entry, hole: number): void {
    const heap = this.#heap;
    let index = hole;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!entry.before(parent)) break;
      heap[index] = parent;
      parent.index = index;
      index = above;
    }
    heap[index] = entry;
    entry.index = index;
  }

  /** Puts the entry into the hole or below it; the entries it passes move up. */
  #sink(entry: Entry, hole: number): void {
    const heap = this.#heap;
    let index = hole;
    for (let below = index * 2 + 1; below < heap.length; below = index * 2 + 1) {
      const right = heap[below + 1];
      let child = heap[below] as Entry;
      if (right?.before(child)) {
        child = right;
        below++;
      }
      if (!child.before(entry)) break;
      heap[index] = child;
      child.index = index;
      index = below;
    }
    heap[index] = entry;
    entry.index = index;
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
