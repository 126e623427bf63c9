import type { Clock, Scheduled } from '../core/clock.ts';
import type { DialogRecord } from './dialog-record.ts';

/** A dialog is shown so long after its end (manual §6.5, dialog_get). */
const SHOWN_MS = 30_000;

/** Dialogs of calls that are forgotten already, while they are shown. */
export class EndedDialogs {
  readonly #clock: Clock;
  /** In the order they are forgotten in. */
  #records: DialogRecord[] = [];
  #next: Scheduled | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#records.length;
  }

  get records(): readonly DialogRecord[] {
    return this.#records;
  }

  /** Whether a dialog is to be shown: it is not over, or has not been for long. */
  isShown({ endedAt }: DialogRecord): boolean {
    return endedAt === undefined || this.#clock.now() < endedAt + SHOWN_MS;
  }

  /** Takes over the dialogs of a call that is gone. */
  add(records: readonly DialogRecord[]): void {
    this.#records.push(...records.filter((record) => this.isShown(record)));
    this.#arm();
  }

  #arm(): void {
    if (this.#next !== undefined || this.#records.length === 0) return;
    // A second too late costs nobody anything, and dialogs that end together are forgotten together.
    this.#next = this.#clock.schedule(this.#clock.now() + 1000, () => {
      this.#next = undefined;
      this.#records = this.#records.filter((record) => this.isShown(record));
      this.#arm();
    });
  }
}
