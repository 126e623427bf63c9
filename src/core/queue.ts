/** A queue from whose middle things can be taken too, all in constant time: a list linked both ways. */
export class Queue<T> implements Iterable<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  get first(): T | undefined {
    return this.#first?.value;
  }

  get size(): number {
    return this.#size;
  }

  /** Appends. What is returned takes it out again, once. */
  push(value: T): () => void {
    const place: Place<T> = { value, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#size++;
    let there = true;
    return () => {
      if (there) this.#remove(place);
      there = false;
    };
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let place = this.#first; place !== undefined; place = place.after) yield place.value;
  }

  #remove({ before, after }: Place<T>): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#size--;
  }
}

interface Place<T> {
  readonly value: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}
