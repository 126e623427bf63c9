/** Something that happens once or never, and may be awaited before it has and after. */
export class Milestone<T> {
  readonly promise: Promise<T>;
  #resolve: (value: T) => void = () => {};
  #reject: (why: Error) => void = () => {};
  #settled = false;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // That nobody waits for it is no fault.
    this.promise.catch(() => {});
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Only the first of `reach` and `miss` counts. */
  reach(value: T): void {
    this.#settled = true;
    this.#resolve(value);
  }

  /** It will never happen; `why` is what those who wait are told. */
  miss(why: string): void {
    this.#settled = true;
    this.#reject(new Error(why));
  }
}
