/**
 * All security associations with handsets: makes a set with each challenge, keeps it as long as its machine
 * (association.ts) says, and tells the transport what came in which set and which way leads to a handset. Nothing here
 * waits for the kernel: what it refuses is told later.
 */
import type { Endpoint } from '../core/endpoint.ts';
import { messageOf } from '../core/errors.ts';
import type { Protected, ProtectedPath, ProtectedPorts, Protection } from '../core/protection.ts';
import type { KernelCapabilities } from '../net/ports.ts';
import { type Offer, securityServer } from './agreement.ts';
import type { AlgorithmPair, SessionKeys } from './algorithm.ts';
import { type AssociationSet, additions, type Side } from './association-set.ts';
import { requestSet } from './association-states.ts';
import { Backlog } from './backlog.ts';
import { GuardedAddresses } from './guarded-addresses.ts';
import { describeSet, type HeldSet, type Holder, type SetRecord, type SetView, viewOf } from './held-set.ts';
import { type HeldCounts, HeldSets, type HeldSetsParts } from './held-sets.ts';
import { type Mechanism, parseMechanism, printMechanism } from './mechanism.ts';
import { restoreSets } from './restoration.ts';
import { espSaLines } from './wireshark.ts';

export type { SetRecord, SetView } from './held-set.ts';
export type AssociationsParts = HeldSetsParts;

export interface Preparation extends SessionKeys {
  /** Names the attempt to register: its next challenge replaces the set of this one. */
  readonly key: string;
  /** Whose associations they become; opaque here. */
  readonly owner: string;
  /** The association the REGISTER came in. */
  readonly association?: number;
  /** Our address and the handset's. */
  readonly local: string;
  readonly remote: string;
  readonly offer: Offer;
}

export interface Prepared {
  readonly set: number;
  readonly association: number;
  readonly securityServer: Mechanism;
}

export type SetListing = SetView & { readonly ours: Side; readonly handset: Side };

export class Associations implements Protection {
  readonly #parts: AssociationsParts;
  readonly #addresses: GuardedAddresses;
  readonly #sets: HeldSets;
  readonly #backlog = new Backlog();
  #capabilities: KernelCapabilities | undefined;

  constructor(parts: AssociationsParts) {
    this.#parts = parts;
    this.#addresses = new GuardedAddresses(parts.kernel, parts.logger);
    this.#sets = new HeldSets(parts);
  }

  /**
   * Looks what the kernel can do, and clears it of what an earlier life left there.
   * @returns why IPsec cannot work here, in words; undefined when it can.
   */
  async start(): Promise<string | undefined> {
    const { kernel } = this.#parts;
    const capabilities = await kernel.capabilities();
    if (capabilities.problem !== undefined) return capabilities.problem;
    try {
      await kernel.flush();
    } catch (error) {
      return messageOf(error);
    }
    this.#capabilities = capabilities;
    this.#addresses.start(capabilities.ipv6);
    return undefined;
  }

  get available(): boolean {
    return this.#capabilities !== undefined;
  }

  /** Whether handsets that reach us at this address can have associations: it has protected ports, and ESP its family. */
  serves(local: string): boolean {
    return this.#addresses.isServed(local);
  }

  /** Whether the kernel can do the pair. */
  supports({ integrity, encryption }: AlgorithmPair): boolean {
    const can = this.#capabilities;
    return can?.integrity.has(integrity) === true && can.encryption.has(encryption);
  }

  opened(ports: ProtectedPorts): void {
    this.#addresses.opened(ports);
    for (const holder of this.#holdersAt(ports.address)) this.#checkPorts(holder);
  }

  gone(address: string): void {
    this.#addresses.gone(address);
    for (const holder of this.#holdersAt(address)) this.#sets.tearDown(holder);
  }

  incoming(local: Endpoint, remote: Endpoint): Protected | undefined {
    const held = this.#sets.between(local, remote);
    if (held?.progress !== 'installed' || !this.#addresses.isGuarded(local.address)) return undefined;
    const { machine } = held.holder;
    // Only the first use of a new set changes anything.
    if (machine.state.name === 'switching' && machine.state.current.set === held.set.set) {
      machine.dispatch({ type: 'used', set: held.set.set });
    }
    return held.protected;
  }

  requestPath(association: number): ProtectedPath | undefined {
    const holder = this.#sets.holder(association);
    const set = holder === undefined ? undefined : requestSet(holder.machine.state);
    return set === undefined ? undefined : this.responsePath(set);
  }

  responsePath(set: number): ProtectedPath | undefined {
    return this.#sets.get(set)?.path;
  }

  /**
   * Makes the temporary set of a challenge: in the association the REGISTER came in, else in that of the attempt, else in
   * a new one.
   * @param done called once, later: with the set when the kernel has it, or with what was in the way, in words.
   */
  prepare(preparation: Preparation, done: (outcome: Prepared | Error) => void): void {
    const { clock, kernel } = this.#parts;
    // By way of the clock: off the message's path, and what `done` throws ends nothing else.
    const conclude = (outcome: () => Prepared | Error): void => {
      clock.schedule(clock.now(), () => done(outcome()));
    };
    const { remote } = preparation;
    if (!this.#backlog.enter(remote)) {
      conclude(() => new Error('the kernel has not taken those asked for before'));
      return;
    }
    const held = this.#newSet(preparation);
    if (typeof held === 'string') {
      this.#backlog.leave(remote);
      conclude(() => new Error(held));
      return;
    }
    kernel
      .apply(additions(held.set, held.reqid, held.lifetimeMs))
      .finally(() => this.#backlog.leave(remote))
      .then(
        () => conclude(() => this.#installed(held)),
        (error: unknown) => conclude(() => this.#refused(held, error)),
      );
  }

  /**
   * The handset has answered its challenge in this set.
   * @param registeredUntil when its registration ends, in the clock's milliseconds.
   */
  authenticated(set: number, registeredUntil: number): void {
    this.#sets.get(set)?.holder.machine.dispatch({ type: 'authenticated', set, registeredUntil });
  }

  /** The attempt to register with this temporary set has failed; the answer still goes in it. */
  refused(set: number): void {
    this.#sets.get(set)?.holder.machine.dispatch({ type: 'refused', set });
  }

  /** The registration was refreshed without a challenge. */
  extend(association: number, registeredUntil: number): void {
    this.#sets.holder(association)?.machine.dispatch({ type: 'extended', registeredUntil });
  }

  /** The registration has ended or was replaced; answers and what tells the handset so still go out. */
  leave(association: number): void {
    this.#sets.holder(association)?.machine.dispatch({ type: 'left' });
  }

  ownerOf(association: number): string | undefined {
    return this.#sets.holder(association)?.owner;
  }

  setOf(set: number): SetView | undefined {
    const held = this.#sets.get(set);
    return held === undefined ? undefined : viewOf(held);
  }

  /** Every set there is. */
  list(): SetListing[] {
    return [...this.#sets.values()].flatMap((held) => {
      const view = viewOf(held);
      return view === undefined ? [] : [{ ...view, ours: held.set.ours, handset: held.set.handset }];
    });
  }

  get counts(): HeldCounts {
    return this.#sets.counts;
  }

  /** Adds the sets to the kernel again that were kept. Once, after start(). */
  restore(records: readonly SetRecord[]): void {
    const supports = (pair: AlgorithmPair): boolean => this.supports(pair);
    for (const holder of restoreSets(records, this.#sets, this.#parts, supports)) this.#checkPorts(holder);
  }

  /** Takes everything of ours out of the kernel; `keep` leaves the records for the next start. */
  async stop({ keep }: { readonly keep: boolean }): Promise<void> {
    const { kernel, logger } = this.#parts;
    if (!this.available) return;
    this.#capabilities = undefined;
    this.#addresses.clear();
    this.#sets.clear(keep);
    try {
      await kernel.flush();
    } catch (error) {
      logger.error(`security associations stay in the kernel: ${messageOf(error)}`);
    }
  }

  #newSet(preparation: Preparation): HeldSet | string {
    const { key, owner, association, local, remote, offer, ck, ik } = preparation;
    const ports = this.#addresses.usablePorts(local);
    if (typeof ports === 'string') return ports;
    const present = association === undefined ? undefined : this.requestPath(association);
    const ours = this.#sets.makeRoom(ports, remote, offer, present?.local.port);
    if (typeof ours === 'string') return ours;
    const { algorithms, ...numbers } = offer;
    const set: AssociationSet = {
      set: this.#sets.freshSetNumber(),
      ours,
      handset: { address: remote, ...numbers },
      algorithms,
      ck: Buffer.from(ck).toString('hex'),
      ik: Buffer.from(ik).toString('hex'),
      securityServer: printMechanism(securityServer(algorithms, ours)),
      restarts: 0,
    };
    const candidates = [
      association === undefined ? undefined : this.#sets.holder(association),
      this.#sets.holderOfAttempt(key),
    ];
    const joined = candidates.find(
      (holder) => holder?.owner === owner && holder.local === local && holder.remote === remote,
    );
    return this.#sets.challenge(set, key, owner, joined);
  }

  #installed(held: HeldSet): Prepared | Error {
    const { set, holder } = held;
    if (!holder.sets.has(held)) return new Error('the new security associations had to go before they were used');
    held.progress = 'installed';
    this.#parts.logger.info(() => `${describeSet(held)} prepared`, { keys: () => espSaLines(set).join('\n') });
    return { set: set.set, association: holder.association, securityServer: parseMechanism(set.securityServer) };
  }

  #refused(held: HeldSet, error: unknown): Error {
    held.progress = 'refused';
    this.#sets.drop(held);
    return new Error(`the kernel refused security associations: ${messageOf(error)}`);
  }

  /** What was kept may be from before the ports were configured otherwise. */
  #checkPorts(holder: Holder): void {
    const ports = this.#addresses.portsOf(holder.local);
    if (ports === undefined) return;
    const isOpen = ({ portS, portC }: Side) => ports.serverPorts.includes(portS) && ports.clientPorts.includes(portC);
    if ([...holder.sets].every(({ set }) => isOpen(set.ours))) return;
    this.#parts.logger.info(`the security associations of ${holder.owner} end: their protected ports are not open`);
    this.#sets.tearDown(holder);
  }

  #holdersAt(address: string): Holder[] {
    return this.#sets.holders().filter(({ local }) => local === address);
  }
}
