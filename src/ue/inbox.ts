import type { Patience } from './patience.ts';

/** Things that arrive, each given once and in their order to whoever asks for the next. */
export class Inbox<T> {
  readonly #patience: Patience;
  readonly #arrived: T[] = [];
  #waiting: ((item: T) => void)[] = [];

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  put(item: T): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#arrived.push(item);
    else waiter(item);
  }

  /** @param complaint what to say when nothing comes. */
  next(complaint: string): Promise<T> {
    const [first] = this.#arrived.splice(0, 1);
    if (first !== undefined) return Promise.resolve(first);
    let give: ((item: T) => void) | undefined;
    const next = new Promise<T>((resolve) => {
      give = resolve;
      this.#waiting.push(resolve);
    });
    return this.#patience.within(next, () => {
      this.#waiting = this.#waiting.filter((one) => one !== give);
      return complaint;
    });
  }
}
