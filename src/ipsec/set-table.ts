/**
 * The sets there are, found by what identifies them: their number, the SPIs of either side, and the ends of the packets
 * that come to us. Nothing here is linear in the number of sets.
 */
import type { Endpoint } from '../core/endpoint.ts';
import { type Random, randomBelow } from '../core/random.ts';
import { type AssociationSet, inboundWays } from './association-set.ts';
import { LEAST_SPI, type SideParameters } from './mechanism.ts';

export interface Entry {
  readonly set: AssociationSet;
  /** Ties its states and policies together in the kernel. */
  readonly reqid: number;
}

export class SetTable<E extends Entry> {
  readonly #random: Random;
  readonly #sets = new Map<number, E>();
  /** By both ends of what comes to us: no two sets may share them, or the kernel could not tell them apart. */
  readonly #ways = new Map<string, E>();
  readonly #ourSpis = new Set<number>();
  /** By address and SPI: what goes to a handset is told apart by these. */
  readonly #handsetSpis = new Map<string, E>();
  readonly #reqids = new Set<number>();
  #lastReqid = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#sets.size;
  }

  /** Everything that is taken: nothing of it may outlive the sets. */
  get taken(): number {
    return this.#ways.size + this.#ourSpis.size + this.#handsetSpis.size + this.#reqids.size;
  }

  values(): Iterable<E> {
    return this.#sets.values();
  }

  get(set: number): E | undefined {
    return this.#sets.get(set);
  }

  /** The set a packet between these ends is in. */
  between(ours: Endpoint, handset: Endpoint): E | undefined {
    return this.#ways.get(wayKey(ours, handset));
  }

  withHandsetSpi(address: string, spi: number): E | undefined {
    return this.#handsetSpis.get(spiKey(address, spi));
  }

  add(entry: E): void {
    const { set, ours, handset } = entry.set;
    this.#sets.set(set, entry);
    for (const key of waysOf(entry.set)) this.#ways.set(key, entry);
    this.#ourSpis.add(ours.spiC).add(ours.spiS);
    for (const spi of [handset.spiC, handset.spiS]) this.#handsetSpis.set(spiKey(handset.address, spi), entry);
    this.#reqids.add(entry.reqid);
  }

  delete(entry: E): void {
    const { set, ours, handset } = entry.set;
    this.#sets.delete(set);
    for (const key of waysOf(entry.set)) this.#ways.delete(key);
    this.#ourSpis.delete(ours.spiC);
    this.#ourSpis.delete(ours.spiS);
    for (const spi of [handset.spiC, handset.spiS]) this.#handsetSpis.delete(spiKey(handset.address, spi));
    this.#reqids.delete(entry.reqid);
  }

  /** Whether a set that comes from elsewhere can be taken in. */
  hasRoomFor({ set, ours, handset }: AssociationSet): boolean {
    const spis = [handset.spiC, handset.spiS];
    return !(
      this.#sets.has(set) ||
      this.#ourSpis.has(ours.spiC) ||
      this.#ourSpis.has(ours.spiS) ||
      spis.some((spi) => this.withHandsetSpi(handset.address, spi) !== undefined) ||
      waysOf({ ours, handset }).some((key) => this.#ways.has(key))
    );
  }

  clear(): void {
    for (const entry of [...this.#sets.values()]) this.delete(entry);
  }

  /** A pair that no set of ours has, and not the handset's (TS 33.203 §7.1). */
  freshSpis({ spiC, spiS }: SideParameters): { spiC: number; spiS: number } {
    const others = new Set([spiC, spiS]);
    const draw = (): number => {
      for (;;) {
        const spi = LEAST_SPI + randomBelow(this.#random, 2 ** 32 - LEAST_SPI);
        if (this.#ourSpis.has(spi) || others.has(spi)) continue;
        others.add(spi);
        return spi;
      }
    };
    return { spiC: draw(), spiS: draw() };
  }

  /** The kernel has 24 bits for it. */
  freshReqid(): number {
    do this.#lastReqid = (this.#lastReqid + 1) % 2 ** 24;
    while (this.#reqids.has(this.#lastReqid));
    return this.#lastReqid;
  }

  /** In another order each time: the connections of a set that has just gone may linger at its port. */
  inTurns(ports: readonly number[]): number[] {
    const first = ports.length === 0 ? 0 : randomBelow(this.#random, ports.length);
    return [...ports.slice(first), ...ports.slice(0, first)];
  }

  /**
   * The first of our ports that no set has towards this end of the handset; else the first whose set gives it up, if
   * `yields` says so of any; else undefined.
   */
  port(
    address: string,
    ports: readonly number[],
    handset: Endpoint,
    yields: (entry: E) => boolean,
  ): { readonly port: number; readonly occupant?: E } | undefined {
    let yielding: { port: number; occupant: E } | undefined;
    for (const port of ports) {
      const occupant = this.between({ address, port }, handset);
      if (occupant === undefined) return { port };
      if (yields(occupant)) yielding ??= { port, occupant };
    }
    return yielding;
  }
}

function waysOf(set: Pick<AssociationSet, 'ours' | 'handset'>): string[] {
  return inboundWays(set).map(([handset, ours]) => wayKey(ours, handset));
}

function wayKey(ours: Endpoint, handset: Endpoint): string {
  return `${ours.address} ${ours.port} ${handset.address} ${handset.port}`;
}

function spiKey(address: string, spi: number): string {
  return `${address} ${spi}`;
}
