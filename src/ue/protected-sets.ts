/**
 * A handset's sets of security associations: in the kernel, and as the guard of its protected ports. port_us and port_uc
 * stand here where a P-CSCF has port_ps and port_pc; TS 33.203 §7.1 is the same for both otherwise.
 */
import type { Clock } from '../core/clock.ts';
import { type Endpoint, sameEndpoint } from '../core/endpoint.ts';
import type { Flow, TransportName } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import type { Protected, ProtectedPath, ProtectedPorts, Protection } from '../core/protection.ts';
import { type Random, randomBelow } from '../core/random.ts';
import {
  type AssociationSet,
  additions,
  associationsOf,
  deletions,
  pathOf,
  renewals,
} from '../ipsec/association-set.ts';
import type { Kernel, KernelChange } from '../net/ports.ts';
import {
  IN_CLEAR,
  type Life,
  SECURITY_MACHINE,
  type SecurityContext,
  type SecurityEffect,
  type SecurityEvent,
  type SecurityState,
  TEMPORARY_MS,
} from './security-machine.ts';

export interface ProtectedSetsParts {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly t1Ms: number;
  /** What the handset's requests go over. */
  readonly transport: TransportName;
}

/** One set; `handset` of it is the other side, which is the P-CSCF here. */
export type NewSet = Omit<AssociationSet, 'set' | 'restarts'>;

interface Entry {
  readonly set: AssociationSet;
  /** What its associations and policies share in the kernel. */
  readonly reqid: number;
  readonly addedAt: number;
}

/** A port_us for the handset's life, and port_uc for as many sets as are alive at once and one more. */
export const HANDSET_PORTS = { server: 1, client: 4 };
/** Kernel's entries of one set share a number of 24 bits. */
const REQIDS = 2 ** 24;
/** The kernel removes a state by itself should we not come to it, but never before we would have. */
const KERNEL_SLACK_MS = 60_000;

export class ProtectedSets implements Protection {
  /** Told of a set that no message goes through any more, before the kernel forgets it. */
  onRemoved: (set: number) => void = () => {};
  readonly #parts: ProtectedSetsParts;
  readonly #machine: Machine<SecurityState, SecurityEvent, SecurityEffect, SecurityContext>;
  /** Those the kernel has, the newest last. */
  readonly #entries = new Map<number, Entry>();
  #ports: ProtectedPorts | undefined;
  #made = 0;
  /** The end of all that was asked of the kernel. */
  #work: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: ProtectedSetsParts) {
    this.#parts = parts;
    const { clock, log, t1Ms } = parts;
    this.#machine = new Machine(
      SECURITY_MACHINE,
      IN_CLEAR,
      clock,
      { t1Ms },
      {
        perform: (effect) => this.#perform(effect),
        onUnexpected: ({ name }, { type }) => log.debug(() => `${type} in state ${name}`),
      },
    );
  }

  /** The handset's protected ports; undefined when they could not be bound. */
  get ports(): ProtectedPorts | undefined {
    return this.#ports;
  }

  /** The way of messages through the set in use. */
  get currentFlow(): Flow | undefined {
    const { state } = this.#machine;
    return 'current' in state ? this.#flowOf(state.current) : undefined;
  }

  /** The way of the answer to a challenge, through the set that was made for it. */
  get temporaryFlow(): Flow | undefined {
    const { state } = this.#machine;
    return 'temporary' in state ? this.#flowOf(state.temporary) : undefined;
  }

  find(set: number): AssociationSet | undefined {
    return this.#entries.get(set)?.set;
  }

  /** A port_uc that no set has. When all are taken the oldest set, which only drains any more, gives up its own. */
  freeClientPort(): number {
    const ports = this.#ports?.clientPorts ?? [];
    const first = this.#made % Math.max(1, ports.length);
    const taken = new Set([...this.#entries.values()].map(({ set }) => set.ours.portC));
    const free = [...ports.slice(first), ...ports.slice(0, first)].find((port) => !taken.has(port));
    if (free !== undefined) return free;
    const [oldest] = this.#entries.values();
    if (oldest !== undefined) this.#remove(oldest.set.set);
    return oldest?.set.ours.portC ?? 0;
  }

  /**
   * Makes the set that the answer to a challenge goes through; undefined when all was closed meanwhile. Rejects with an
   * Error in words when the kernel cannot.
   */
  async add(made: NewSet): Promise<AssociationSet | undefined> {
    const { kernel, clock, random } = this.#parts;
    const set: AssociationSet = { ...made, set: ++this.#made, restarts: 0 };
    const reqid = randomBelow(random, REQIDS);
    const added = kernel.apply(additions(set, reqid, TEMPORARY_MS + KERNEL_SLACK_MS));
    // Whoever closes meanwhile waits until it is gone again.
    this.#track(added.then(() => (this.#closed ? kernel.apply(deletions(set)) : undefined)));
    await added;
    if (this.#closed) return undefined;
    this.#entries.set(set.set, { set, reqid, addedAt: clock.now() });
    this.#machine.dispatch({ type: 'challenged', set: set.set });
    return set;
  }

  dispatch(event: SecurityEvent): void {
    this.#machine.dispatch(event);
  }

  /** Ends all sets. Resolves when the kernel has forgotten them. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#machine.abandon();
    for (const set of [...this.#entries.keys()]) this.#remove(set);
    await this.#work;
  }

  opened(ports: ProtectedPorts): void {
    this.#ports = ports;
  }

  gone(): void {
    this.#ports = undefined;
  }

  // The policies of a set let nothing in clear pass between its ports, and nobody else's packets find a set here.
  incoming(local: Endpoint, remote: Endpoint): Protected | undefined {
    for (const { set } of this.#entries.values()) {
      const known = associationsOf(set).some(
        ({ source, destination }) => sameEndpoint(source, remote) && sameEndpoint(destination, local),
      );
      if (known) return named(set);
    }
    return undefined;
  }

  requestPath(association: number): ProtectedPath | undefined {
    return this.responsePath(association);
  }

  responsePath(number: number): ProtectedPath | undefined {
    const set = this.find(number);
    return set && pathOf(set);
  }

  #flowOf(life: Life | undefined): Flow | undefined {
    const set = life && this.find(life.set);
    return set && { transport: this.#parts.transport, ...ends(pathOf(set)), protected: named(set) };
  }

  #perform(effect: SecurityEffect): void {
    if (effect.type === 'remove') {
      this.#remove(effect.set);
      return;
    }
    const entry = this.#entries.get(effect.set);
    if (entry === undefined) return;
    const { set, reqid, addedAt } = entry;
    this.#apply(renewals(set, reqid, effect.endsAt - addedAt + KERNEL_SLACK_MS));
  }

  #remove(number: number): void {
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    this.#entries.delete(number);
    this.onRemoved(number);
    this.#apply(deletions(entry.set));
  }

  #apply(changes: readonly KernelChange[]): void {
    this.#track(this.#parts.kernel.apply(changes));
  }

  #track(work: Promise<unknown>): void {
    const { log } = this.#parts;
    const noted = work.catch((error: unknown) => log.warn(error instanceof Error ? error.message : String(error)));
    this.#work = Promise.all([this.#work, noted]);
  }
}

function ends({ local, remote }: ProtectedPath): Pick<Flow, 'local' | 'remote'> {
  return { local, remote };
}

/** Each set is an association of its own: a handset says itself which set a message goes through. */
function named({ set }: AssociationSet): Protected {
  return { association: set, set };
}
