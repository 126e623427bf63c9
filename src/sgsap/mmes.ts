import type { Clock } from '../core/clock.ts';
import type { Link } from './link.ts';
import { Mme } from './mme.ts';

/** What is known of an MME, for people. */
export interface MmeRow {
  readonly name: string | undefined;
  /** `address:port`, without port while it is not connected. */
  readonly remote: string;
  readonly connected: boolean;
  /** UEs associated through it. */
  readonly ues: number;
}

/** More than any lab has; a peer that opens associations without end gets no further. */
export const MOST_LINKS = 256;

/** The MMEs there are, and which link is whose. There are few of them. */
export class Mmes {
  readonly #clock: Clock;
  readonly #vlrName: string;
  readonly #links = new Map<Link, Mme>();
  readonly #mmes = new Set<Mme>();

  constructor(clock: Clock, vlrName: string) {
    this.#clock = clock;
    this.#vlrName = vlrName;
  }

  get isFull(): boolean {
    return this.#links.size >= MOST_LINKS;
  }

  /** The MME of a new link. @returns an MME that was here before, come back from the same address; or a new one. */
  connected(link: Link): { readonly mme: Mme; readonly isBack: boolean } {
    const { address } = link.association.remote;
    const known = [...this.#mmes].find((mme) => mme.address === address && mme.link === undefined);
    const mme = known ?? new Mme(address, this.#clock, this.#vlrName);
    this.#mmes.add(mme);
    this.#links.set(link, mme);
    mme.up(link);
    return { mme, isBack: known !== undefined };
  }

  /** @returns the MME that has no link now; undefined when it has another one. */
  disconnected(link: Link): Mme | undefined {
    const mme = this.#links.get(link);
    this.#links.delete(link);
    return mme?.down(link) === true ? mme : undefined;
  }

  /**
   * The MME behind a link, which may tell its name. One that tells the name of another MME is that one, come back from
   * elsewhere.
   */
  of(link: Link, name: string | undefined): { readonly mme: Mme; readonly isBack: boolean } {
    const mme = this.#links.get(link) as Mme;
    if (name === undefined || mme.name === name) return { mme, isBack: false };
    const known = [...this.#mmes].find((one) => one !== mme && one.name === name);
    if (known === undefined && mme.name === undefined) {
      mme.name = name;
      return { mme, isBack: false };
    }
    const named = known ?? new Mme(mme.address, this.#clock, this.#vlrName);
    named.name = name;
    this.#mmes.add(named);
    this.#links.set(link, named);
    named.take(mme);
    // What had no name had no UEs.
    if (mme.name === undefined) this.#mmes.delete(mme);
    return { mme: named, isBack: known !== undefined };
  }

  forget(mme: Mme): void {
    this.#mmes.delete(mme);
  }

  /** @param ues UEs by their MME. */
  rows(ues: ReadonlyMap<Mme, number>): readonly MmeRow[] {
    return [...this.#mmes].map((mme) => ({
      name: mme.name,
      remote: mme.link?.peer ?? mme.address,
      connected: mme.link !== undefined,
      ues: ues.get(mme) ?? 0,
    }));
  }

  close(): void {
    for (const mme of this.#mmes) mme.close();
  }
}
