/** A typed list of callbacks, called in the order they were added. */
export class Listeners<A extends readonly unknown[]> {
  readonly #callbacks: ((...args: A) => void)[] = [];

  add(callback: (...args: A) => void): void {
    this.#callbacks.push(callback);
  }

  /** Calls everyone, also when one throws; the first error is thrown afterwards. */
  call(...args: A): void {
    const bugs: unknown[] = [];
    for (const callback of this.#callbacks) {
      try {
        callback(...args);
      } catch (error) {
        bugs.push(error);
      }
    }
    if (bugs.length > 0) throw bugs[0];
  }
}
