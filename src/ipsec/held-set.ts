/** A set and the handset's association it belongs to, as they are held, shown and kept. */
import type { Clock } from '../core/clock.ts';
import type { Machine } from '../core/machine.ts';
import type { Protected, ProtectedPath } from '../core/protection.ts';
import type { Offer } from './agreement.ts';
import type { AssociationSet } from './association-set.ts';
import type {
  AssociationContext,
  AssociationEffect,
  AssociationEvent,
  AssociationState,
  SetRole,
} from './association-states.ts';
import { roleOf } from './association-states.ts';
import { type Mechanism, parseMechanism } from './mechanism.ts';
import type { Entry } from './set-table.ts';

/** All sets of one handset, as long as it stays registered with them. */
export interface Holder {
  readonly association: number;
  /** Whose they are; opaque here. */
  readonly owner: string;
  /** Our address and the handset's: the same for all sets. */
  readonly local: string;
  readonly remote: string;
  readonly machine: Machine<AssociationState, AssociationEvent, AssociationEffect, AssociationContext>;
  readonly sets: Set<HeldSet>;
}

export interface HeldSet extends Entry {
  readonly holder: Holder;
  readonly path: ProtectedPath;
  readonly protected: Protected;
  /** When the kernel was told, in the clock's milliseconds. */
  readonly addedAt: number;
  /** How long from then on the kernel keeps it. */
  lifetimeMs: number;
  /** The attempt to register it was made for, until the handset has authenticated in it. */
  attempt: string | undefined;
  progress: 'adding' | 'installed' | 'refused';
}

/** What the outside may know of a set. */
export interface SetView {
  readonly set: number;
  readonly association: number;
  readonly owner: string;
  readonly role: SetRole;
  /** In the clock's milliseconds. */
  readonly endsAt: number;
  /** Our address and the handset's. */
  readonly local: string;
  readonly remote: string;
  /** What was chosen of the handset's offer. */
  readonly offer: Offer;
  readonly securityServer: Mechanism;
}

export function viewOf({ set, holder }: HeldSet): SetView | undefined {
  const part = roleOf(holder.machine.state, set.set);
  if (part === undefined) return undefined;
  const { association, owner, local, remote } = holder;
  const { spiC, spiS, portC, portS } = set.handset;
  const offer = { algorithms: set.algorithms, spiC, spiS, portC, portS };
  return {
    set: set.set,
    association,
    owner,
    ...part,
    local,
    remote,
    offer,
    securityServer: parseMechanism(set.securityServer),
  };
}

/** A set of an authenticated handset as it is kept over a restart: plain data. */
export interface SetRecord extends AssociationSet {
  readonly association: number;
  readonly owner: string;
  readonly role: 'current' | 'old';
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

export function recordOf({ set, holder }: HeldSet, clock: Clock): SetRecord {
  const { association, owner, machine } = holder;
  const part = roleOf(machine.state, set.set);
  const endsAt = clock.wallNow() + (part?.endsAt ?? clock.now()) - clock.now();
  return { ...set, association, owner, role: part?.role === 'old' ? 'old' : 'current', endsAt };
}

/** For the log: whose, between which ports, with what. */
export function describeSet({ set, holder }: HeldSet): string {
  const { ours, handset, algorithms } = set;
  return (
    `security associations of ${holder.owner} at ${handset.address} ports ${handset.portC} and ${handset.portS} ` +
    `with our ports ${ours.portS} and ${ours.portC} (${algorithms.integrity}, ${algorithms.encryption})`
  );
}
