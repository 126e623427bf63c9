/**
 * The books: associations of handsets and their sets, from the moment ports and SPIs are taken for one until they are
 * free again, and what the kernel and the state file are told on the way.
 */
import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import type { ProtectedPorts } from '../core/protection.ts';
import type { Random } from '../core/random.ts';
import type { Kernel, KernelChange } from '../net/ports.ts';
import type { Offer } from './agreement.ts';
import { ASSOCIATION_MACHINE, challenged, fadeMs } from './association.ts';
import { type AssociationSet, deletions, pathOf, renewals, type Side } from './association-set.ts';
import { type AssociationEffect, type AssociationState, roleOf } from './association-states.ts';
import { describeSet, type HeldSet, type Holder, recordOf, type SetRecord } from './held-set.ts';
import { findRoom } from './room.ts';
import { SetTable } from './set-table.ts';
import { UnprovenSets } from './unproven-sets.ts';

export interface HeldSetsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly kernel: Kernel;
  /** Layer ipsec. */
  readonly logger: Logger;
  readonly t1Ms: number;
  /** Where sets of authenticated handsets are kept over a restart; a record replaces the one of the same set. */
  readonly keep?: { put(record: SetRecord): void; delete(record: SetRecord): void };
  /** No path leads through the set any more, and its associations are about to go. */
  readonly onRemoved?: (set: number) => void;
  /** An association has ended and its handset knows nothing of it. */
  readonly onLost?: (association: number) => void;
}

/** What is held; all zero once every handset has left. */
export interface HeldCounts {
  readonly associations: number;
  readonly sets: number;
  /** Sets in which no handset has authenticated. */
  readonly unproven: number;
  readonly attempts: number;
  /** Ports, SPIs and reqids. */
  readonly taken: number;
}

/** How much longer than we the kernel keeps a state, in case nobody deletes it. */
const SLACK_MS = 60_000;

export class HeldSets {
  readonly #parts: HeldSetsParts;
  readonly #table: SetTable<HeldSet>;
  readonly #holders = new Map<number, Holder>();
  readonly #unproven = new UnprovenSets();
  /** The newest of them of each attempt to register. */
  readonly #attempts = new Map<string, HeldSet>();

  constructor(parts: HeldSetsParts) {
    this.#parts = parts;
    this.#table = new SetTable(parts.random);
  }

  get(set: number): HeldSet | undefined {
    return this.#table.get(set);
  }

  between(ours: Endpoint, handset: Endpoint): HeldSet | undefined {
    return this.#table.between(ours, handset);
  }

  holder(association: number): Holder | undefined {
    return this.#holders.get(association);
  }

  /** The association of the set the last challenge of this attempt has made. */
  holderOfAttempt(attempt: string): Holder | undefined {
    return this.#attempts.get(attempt)?.holder;
  }

  values(): Iterable<HeldSet> {
    return this.#table.values();
  }

  holders(): Holder[] {
    return [...this.#holders.values()];
  }

  get counts(): HeldCounts {
    const { size, taken } = this.#table;
    const { size: unproven } = this.#unproven;
    return { associations: this.#holders.size, sets: size, unproven, attempts: this.#attempts.size, taken };
  }

  /**
   * Ports and SPIs for one more set, or in words why there are none; unproven sets that are in the way go.
   * @param present port_ps of the association the set is for, if there is one.
   */
  makeRoom(ports: ProtectedPorts, remote: string, offer: Offer, present: number | undefined): Side | string {
    const room = findRoom(this.#table, ports, remote, offer, present, (held) => this.#unproven.has(held));
    if (typeof room === 'string') return room;
    for (const held of room.inTheWay) this.drop(held);
    const oldest = this.#unproven.excess(remote);
    if (oldest !== undefined) this.drop(oldest);
    return room.ours;
  }

  hasRoomFor(set: AssociationSet): boolean {
    return this.#table.hasRoomFor(set);
  }

  freshSetNumber(): number {
    return this.#freshNumber((number) => this.#table.get(number) !== undefined);
  }

  /** Takes in the temporary set of a challenge: into this association, or into a new one of `owner`. */
  challenge(set: AssociationSet, attempt: string, owner: string, present: Holder | undefined): HeldSet {
    const association = present?.association ?? this.#freshNumber((number) => this.#holders.has(number));
    const state = challenged(set.set, this.#parts.clock.now());
    const holder = present ?? this.addHolder(association, owner, set, state);
    const held = this.take(holder, set);
    held.attempt = attempt;
    this.#attempts.set(attempt, held);
    this.#unproven.add(held);
    present?.machine.dispatch({ type: 'challenged', set: set.set });
    held.lifetimeMs = this.kernelLifetime(held);
    return held;
  }

  addHolder(association: number, owner: string, { ours, handset }: AssociationSet, state: AssociationState): Holder {
    const { clock, logger, t1Ms } = this.#parts;
    const holder: Holder = {
      association,
      owner,
      local: ours.address,
      remote: handset.address,
      sets: new Set(),
      machine: new Machine(
        ASSOCIATION_MACHINE,
        state,
        clock,
        { t1Ms },
        {
          perform: (effect) => this.#perform(effect),
          onFinal: () => this.#holders.delete(association),
          onUnexpected: ({ name }, { type }) => logger.debug(() => `${owner}: ${type} while ${name}`),
        },
      ),
    };
    this.#holders.set(association, holder);
    return holder;
  }

  take(holder: Holder, set: AssociationSet): HeldSet {
    const held: HeldSet = {
      holder,
      set,
      reqid: this.#table.freshReqid(),
      path: pathOf(set),
      protected: { association: holder.association, set: set.set },
      addedAt: this.#parts.clock.now(),
      lifetimeMs: 0,
      attempt: undefined,
      progress: 'adding',
    };
    holder.sets.add(held);
    this.#table.add(held);
    return held;
  }

  /** How long the kernel is to keep a set: from its addition until well after its end. */
  kernelLifetime({ set, holder, addedAt }: HeldSet): number {
    const endsAt = roleOf(holder.machine.state, set.set)?.endsAt ?? addedAt;
    return Math.ceil(endsAt - addedAt + fadeMs(this.#parts.t1Ms) + SLACK_MS);
  }

  /** Ends a set that no handset has authenticated in, at once. */
  drop({ holder, set }: HeldSet): void {
    holder.machine.dispatch({ type: 'dropped', set: set.set });
  }

  /** Ends an association at once and with all its sets: its address or ports are gone, or the kernel refused it. */
  tearDown(holder: Holder): void {
    const sets = [...holder.sets];
    this.#end(holder, false);
    for (const held of sets) this.#clearAway(held);
    this.#parts.onLost?.(holder.association);
  }

  /** Forgets everything, the kernel being flushed by others. @param keep what the state file holds stays there. */
  clear(keep: boolean): void {
    for (const holder of this.holders()) this.#end(holder, keep);
  }

  #end(holder: Holder, keep: boolean): void {
    holder.machine.abandon();
    this.#holders.delete(holder.association);
    for (const held of [...holder.sets]) {
      if (!keep && !this.#unproven.has(held)) this.#parts.keep?.delete(recordOf(held, this.#parts.clock));
      this.#release(held);
    }
  }

  #perform({ type, set }: AssociationEffect): void {
    const held = this.#table.get(set);
    if (held === undefined) return;
    const { keep, clock } = this.#parts;
    switch (type) {
      case 'keep':
        this.#prove(held);
        keep?.put(recordOf(held, clock));
        break;
      case 'forget':
        keep?.delete(recordOf(held, clock));
        break;
      case 'remove':
        this.#release(held);
        this.#clearAway(held);
        break;
    }
  }

  /** The handset has authenticated in it; the kernel is told when it would end the set before we do. */
  #prove(held: HeldSet): void {
    this.#forgetAttempt(held);
    const lifetimeMs = this.kernelLifetime(held);
    if (lifetimeMs <= held.lifetimeMs) return;
    held.lifetimeMs = lifetimeMs;
    this.#apply(renewals(held.set, held.reqid, lifetimeMs), () => `${describeSet(held)} may end early`);
  }

  #release(held: HeldSet): void {
    this.#table.delete(held);
    this.#forgetAttempt(held);
    held.holder.sets.delete(held);
  }

  #clearAway(held: HeldSet): void {
    this.#parts.logger.debug(() => `${describeSet(held)} removed`);
    this.#parts.onRemoved?.(held.set.set);
    if (held.progress === 'refused') return;
    this.#apply(deletions(held.set), () => `${describeSet(held)} stays in the kernel`);
  }

  #forgetAttempt(held: HeldSet): void {
    this.#unproven.delete(held);
    if (held.attempt !== undefined && this.#attempts.get(held.attempt) === held) this.#attempts.delete(held.attempt);
    held.attempt = undefined;
  }

  #apply(changes: readonly KernelChange[], consequence: () => string): void {
    this.#parts.kernel.apply(changes).catch((error: unknown) => {
      this.#parts.logger.warn(() => `${consequence()}: ${messageOf(error)}`);
    });
  }

  /** Random, so that a number kept with a registration never comes to mean another handset's association. */
  #freshNumber(isTaken: (number: number) => boolean): number {
    for (;;) {
      const { buffer, byteOffset } = this.#parts.random.bytes(6);
      const number = Buffer.from(buffer, byteOffset, 6).readUIntBE(0, 6);
      if (number !== 0 && !isTaken(number)) return number;
    }
  }
}
