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
    if (mme?.down(link) !== true) return undefined;
    this.forget(mme);
    return mme;
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
    this.#become(link, mme, named);
    return { mme: named, isBack: known !== undefined };
  }

  /**
   * The MME behind a link that speaks for a UE of `serving`: that one, when it has told no name yet and the address is the
   * same. It came back before its end was noticed.
   */
  speakingFor(serving: Mme, link: Link): Mme {
    const mme = this.#links.get(link) as Mme;
    if (mme === serving || mme.name !== undefined || mme.address !== serving.address) return mme;
    this.#become(link, mme, serving);
    return serving;
  }

  /** An MME without link is remembered for its UEs only. */
  forget(mme: Mme): void {
    if (mme.link === undefined && mme.ues.size === 0) this.#mmes.delete(mme);
  }

  rows(): readonly MmeRow[] {
    return [...this.#mmes].map((mme) => ({
      name: mme.name,
      remote: mme.link?.peer ?? mme.address,
      connected: mme.link !== undefined,
      ues: mme.ues.size,
    }));
  }

  close(): void {
    for (const mme of this.#mmes) mme.close();
  }

  #become(link: Link, before: Mme, mme: Mme): void {
    this.#links.set(link, mme);
    mme.take(before);
    this.forget(before);
  }
}
