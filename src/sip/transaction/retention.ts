/**
 * Bounds of what people who have proven nothing may have us remember (RFC 3261 §26.3.2.4): a request is counted until
 * its user has said more than 100 to it, and a response sent once until its transaction ends. What a user answers
 * otherwise is its own affair.
 */
import type { Message } from '../message/message.ts';

const MOST_OCTETS = 64 * 1024 * 1024;
/** A transaction without its texts, roughly: it bounds their number too. */
const OVERHEAD = 512;

export class Retention<T> {
  readonly #unanswered = new Counted<T>();
  readonly #disposable = new Counted<T>();

  /** Whether there is room for another request. */
  get admits(): boolean {
    return this.#unanswered.octets < MOST_OCTETS;
  }

  /** A request awaits its user. */
  await(transaction: T, octets: number): void {
    this.#unanswered.add(transaction, octets);
  }

  /**
   * The transaction lives on only to give a repeated request the same answer.
   * @returns the one that must be forgotten for it, if any.
   */
  keep(transaction: T, octets: number): T | undefined {
    this.release(transaction);
    this.#disposable.add(transaction, octets);
    return this.#disposable.octets > MOST_OCTETS ? this.#disposable.oldest : undefined;
  }

  release(transaction: T): void {
    this.#unanswered.delete(transaction);
    this.#disposable.delete(transaction);
  }

  clear(): void {
    this.#unanswered.clear();
    this.#disposable.clear();
  }
}

/** Octets of a message as it is kept. */
export function octetsOf({ headers, body }: Message): number {
  let octets = body.length;
  for (const { name, value } of headers.lines) octets += name.length + value.length;
  return octets;
}

class Counted<T> {
  octets = 0;
  readonly #each = new Map<T, number>();

  get oldest(): T | undefined {
    for (const one of this.#each.keys()) return one;
    return undefined;
  }

  add(one: T, octets: number): void {
    this.#each.set(one, octets + OVERHEAD);
    this.octets += octets + OVERHEAD;
  }

  delete(one: T): void {
    this.octets -= this.#each.get(one) ?? 0;
    this.#each.delete(one);
  }

  clear(): void {
    this.octets = 0;
    this.#each.clear();
  }
}
