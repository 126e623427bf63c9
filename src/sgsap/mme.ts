import type { Clock, Scheduled } from '../core/clock.ts';
import type { Link } from './link.ts';
import type { SgsMessage } from './message.ts';

/** Ts11 and Ns11 (TS 29.118 §10): the VLR's RESET-INDICATION and how often it is repeated. */
const TS11_MS = 4000;
const NS11 = 2;

/**
 * One MME as the VLR knows it. It outlives its link: an MME that comes back from the same address, or with the same
 * name, still has its UEs.
 */
export class Mme {
  /** Where it was last heard from. */
  readonly address: string;
  /** Known once it has told. */
  name: string | undefined;
  /** IMSIs of the UEs associated through it. */
  readonly ues = new Set<string>();
  readonly #clock: Clock;
  readonly #vlrName: string;
  #link: Link | undefined;
  #reset: 'due' | 'done' | Scheduled = 'due';

  constructor(address: string, clock: Clock, vlrName: string) {
    this.address = address;
    this.#clock = clock;
    this.#vlrName = vlrName;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** What is sent while it has no link is lost. */
  send(message: SgsMessage): void {
    this.#link?.send(message);
  }

  /**
   * §5.7: a VLR that was started has lost its associations, and each MME is told so once. The link is the newest; what
   * the MME left of an earlier one is dropped.
   */
  up(link: Link): void {
    if (this.#link !== undefined && this.#link !== link) this.#link.association.abort();
    this.#link = link;
    if (this.#reset !== 'done') this.#sendReset(NS11);
  }

  /** @returns whether it was this MME's link. */
  down(link: Link): boolean {
    if (this.#link !== link) return false;
    this.#link = undefined;
    if (typeof this.#reset === 'object') this.#reset.cancel();
    return true;
  }

  /** RESET-ACK. */
  resetDone(): void {
    if (typeof this.#reset === 'object') this.#reset.cancel();
    this.#reset = 'done';
  }

  /** Another MME turned out to be this one. */
  take(other: Mme): void {
    const link = other.#link;
    if (typeof other.#reset === 'object') other.#reset.cancel();
    if (other.#reset === 'done') this.resetDone();
    other.#link = undefined;
    if (link !== undefined) this.up(link);
  }

  close(): void {
    if (typeof this.#reset === 'object') this.#reset.cancel();
    this.#link?.association.shutdown();
  }

  #sendReset(left: number): void {
    if (typeof this.#reset === 'object') this.#reset.cancel();
    this.send({ type: 'RESET-INDICATION', vlrName: this.#vlrName });
    this.#reset = this.#clock.schedule(this.#clock.now() + TS11_MS, () => {
      this.#reset = 'due';
      if (left > 0 && this.#link !== undefined) this.#sendReset(left - 1);
    });
  }
}
