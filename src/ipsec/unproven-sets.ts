/**
 * The sets in which no handset has authenticated (yet), the oldest first. Strangers make them as they like, so they are
 * bounded in number, and those of one address push no other handset's out.
 */
import type { HeldSet } from './held-set.ts';

/** After these the oldest give way. */
const MOST = 4096;
/** A handset has one or two under way, and a simulator hundreds of handsets at one address. */
const MOST_OF_ADDRESS = 1024;

export class UnprovenSets {
  readonly #sets = new Set<HeldSet>();
  readonly #byAddress = new Map<string, Set<HeldSet>>();

  get size(): number {
    return this.#sets.size;
  }

  has(held: HeldSet): boolean {
    return this.#sets.has(held);
  }

  add(held: HeldSet): void {
    const { remote } = held.holder;
    this.#sets.add(held);
    this.#byAddress.set(remote, (this.#byAddress.get(remote) ?? new Set()).add(held));
  }

  delete(held: HeldSet): void {
    const { remote } = held.holder;
    const others = this.#byAddress.get(remote);
    this.#sets.delete(held);
    others?.delete(held);
    if (others?.size === 0) this.#byAddress.delete(remote);
  }

  /** The one that has to go before there may be one more at this address; undefined when there is room. */
  excess(remote: string): HeldSet | undefined {
    const own = this.#byAddress.get(remote);
    const full = own !== undefined && own.size >= MOST_OF_ADDRESS ? own : this.#sets.size >= MOST ? this.#sets : [];
    for (const oldest of full) return oldest;
    return undefined;
  }
}
