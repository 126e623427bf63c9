/**
 * How many sets the kernel is being told of. Strangers who ask faster than it works are refused, so that what waits for it
 * is bounded, and those of one address do not keep other handsets waiting.
 */
const MOST = 2048;
/** A simulator has hundreds of handsets at one address. */
const MOST_OF_ADDRESS = 256;

export class Backlog {
  #size = 0;
  readonly #byAddress = new Map<string, number>();

  /** @returns whether there is room for one more set of a handset at this address; `leave` ends it. */
  enter(address: string): boolean {
    const own = this.#byAddress.get(address) ?? 0;
    if (own >= MOST_OF_ADDRESS || this.#size >= MOST) return false;
    this.#byAddress.set(address, own + 1);
    this.#size++;
    return true;
  }

  leave(address: string): void {
    const own = this.#byAddress.get(address) ?? 0;
    if (own > 1) this.#byAddress.set(address, own - 1);
    else this.#byAddress.delete(address);
    this.#size--;
  }
}
