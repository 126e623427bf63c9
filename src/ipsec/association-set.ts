/**
 * One set of security associations: four of them, between the protected ports of a handset and ours (TS 33.203 §7.1),
 * as plain data and as what the kernel is told.
 *
 *     handset                                 server
 *     port_uc  --- our spi-s ------------>  port_ps     requests of the handset
 *     port_uc  <-- handset's spi-c -------  port_ps     their responses
 *     port_us  <-- handset's spi-s -------  port_pc     requests to the handset
 *     port_us  --- our spi-c ------------>  port_pc     their responses
 */
import type { Endpoint } from '../core/endpoint.ts';
import type { ProtectedPath } from '../core/protection.ts';
import type { KernelChange, SecurityState, Selector } from '../net/ports.ts';
import { type AlgorithmPair, encryptionKey, integrityKey, type SessionKeys } from './algorithm.ts';
import type { SideParameters } from './mechanism.ts';

/** One side of a set. */
export interface Side extends SideParameters {
  readonly address: string;
}

export interface AssociationSet {
  readonly set: number;
  readonly ours: Side;
  readonly handset: Side;
  readonly algorithms: AlgorithmPair;
  /** CK and IK in hexadecimal. */
  readonly ck: string;
  readonly ik: string;
  /** The Security-Server value the handset was sent. */
  readonly securityServer: string;
  /** How often the set was added to the kernel again. */
  readonly restarts: number;
}

export function pathOf({ ours, handset }: AssociationSet): ProtectedPath {
  return {
    local: { address: ours.address, port: ours.portS },
    clientPort: ours.portC,
    remote: { address: handset.address, port: handset.portS },
  };
}

/** One association of a set. */
export interface Association extends Selector {
  readonly direction: 'in' | 'out';
  readonly spi: number;
}

export function associationsOf({ ours, handset }: Pick<AssociationSet, 'ours' | 'handset'>): readonly Association[] {
  const uc = { address: handset.address, port: handset.portC };
  const us = { address: handset.address, port: handset.portS };
  const pc = { address: ours.address, port: ours.portC };
  const ps = { address: ours.address, port: ours.portS };
  return [
    { direction: 'in', source: uc, destination: ps, spi: ours.spiS },
    { direction: 'out', source: ps, destination: uc, spi: handset.spiC },
    { direction: 'out', source: pc, destination: us, spi: handset.spiS },
    { direction: 'in', source: us, destination: pc, spi: ours.spiC },
  ];
}

/** More packets than go to a handset between two restarts: it takes none with a sequence number it has seen. */
const SEQUENCE_STEP = 2 ** 20;
/** Sequence numbers have 32 bits (RFC 4303 §2.2): a set that was added again more often is used up. */
export const MOST_RESTARTS = 2 ** 12 - 1;

/** States before policies: a packet between would have the kernel ask for a state that nobody makes. */
export function additions(set: AssociationSet, reqid: number, lifetimeMs: number): KernelChange[] {
  const associations = associationsOf(set);
  const states = statesOf(set, reqid, lifetimeMs);
  return [
    ...states.map((state): KernelChange => ({ type: 'addState', state })),
    ...associations.map(
      ({ direction, source, destination }): KernelChange => ({
        type: 'protect',
        direction,
        source,
        destination,
        reqid,
      }),
    ),
  ];
}

/** @param lifetimeMs from their addition on. */
export function renewals(set: AssociationSet, reqid: number, lifetimeMs: number): KernelChange[] {
  return statesOf(set, reqid, lifetimeMs).map((state) => ({ type: 'renewState', state }));
}

export function deletions(set: AssociationSet): KernelChange[] {
  const associations = associationsOf(set);
  return [
    ...associations.map(
      ({ direction, source, destination }): KernelChange => ({ type: 'unprotect', direction, source, destination }),
    ),
    ...associations.map(
      ({ destination, spi }): KernelChange => ({ type: 'deleteState', destination: destination.address, spi }),
    ),
  ];
}

function statesOf(set: AssociationSet, reqid: number, lifetimeMs: number): SecurityState[] {
  const { integrity, encryption } = set.algorithms;
  const keys = keysOf(set);
  const common = {
    reqid,
    lifetimeMs,
    integrity: { algorithm: integrity, key: integrityKey(integrity, keys) },
    encryption: { algorithm: encryption, key: encryptionKey(encryption, keys) },
  };
  return associationsOf(set).map(({ direction, source, destination, spi }) => {
    const state = { ...common, source, destination, spi };
    return direction === 'out' ? { ...state, lastSequence: set.restarts * SEQUENCE_STEP } : state;
  });
}

export function keysOf({ ck, ik }: AssociationSet): SessionKeys {
  return { ck: Buffer.from(ck, 'hex'), ik: Buffer.from(ik, 'hex') };
}

/** The ends of what comes to us in the set: the handset's, and ours. */
export function inboundWays(
  set: Pick<AssociationSet, 'ours' | 'handset'>,
): (readonly [from: Endpoint, to: Endpoint])[] {
  const inbound = associationsOf(set).filter(({ direction }) => direction === 'in');
  return inbound.map(({ source, destination }) => [source, destination]);
}
