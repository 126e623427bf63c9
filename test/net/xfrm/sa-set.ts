import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { EspEncryption, EspIntegrity, KernelChange, SecurityState } from '../../../src/net/ports.ts';

export interface SaSet {
  /** The protected client port and server port of either side: port_uc, port_us, port_pc, port_ps. */
  readonly uc: Endpoint;
  readonly us: Endpoint;
  readonly pc: Endpoint;
  readonly ps: Endpoint;
  /** The first of four SPIs and of four reqids. */
  readonly first: number;
  readonly integrity: EspIntegrity;
  readonly encryption: EspEncryption;
  readonly lastSequence?: number;
}

export const PAIRS: readonly (readonly [EspIntegrity, EspEncryption])[] = [
  ...(['hmac-md5-96', 'hmac-sha-1-96', 'null'] as const).flatMap((integrity) =>
    (['null', 'aes-cbc', 'des-ede3-cbc', 'des-cbc'] as const).map((encryption) => [integrity, encryption] as const),
  ),
  ['aes-gmac', 'null'] as const,
  ['null', 'aes-gcm'] as const,
].filter(([integrity, encryption]) => integrity !== 'null' || encryption !== 'null');

const KEY_OCTETS = {
  'hmac-md5-96': 16,
  'hmac-sha-1-96': 20,
  'aes-gmac': 20,
  null: 0,
  'aes-cbc': 16,
  'des-ede3-cbc': 24,
  'des-cbc': 8,
  'aes-gcm': 20,
};

/** The four states of a set with their four policies, as one side wants them. */
export function additions(side: 'phone' | 'server', set: SaSet): KernelChange[] {
  const changes = flows(set).map(([source, destination], index) => {
    const direction = destination.address === (side === 'server' ? set.ps : set.us).address ? 'in' : 'out';
    const reqid = set.first + index;
    const state: SecurityState = {
      source,
      destination,
      spi: set.first + index,
      reqid,
      integrity: { algorithm: set.integrity, key: key(set.integrity, 1) },
      encryption: { algorithm: set.encryption, key: key(set.encryption, 2) },
      ...(set.lastSequence !== undefined && { lastSequence: set.lastSequence }),
      lifetimeMs: 600_000,
    };
    return [
      { type: 'addState', state },
      { type: 'protect', direction, source, destination, reqid },
    ] satisfies KernelChange[];
  });
  return changes.flat();
}

/** What removes it. */
export function removals(side: 'phone' | 'server', set: SaSet): KernelChange[] {
  return additions(side, set).flatMap((change): KernelChange[] => {
    if (change.type === 'protect') return [{ ...change, type: 'unprotect' }];
    if (change.type !== 'addState') return [];
    return [{ type: 'deleteState', destination: change.state.destination.address, spi: change.state.spi }];
  });
}

function flows({ uc, us, pc, ps }: SaSet): readonly (readonly [Endpoint, Endpoint])[] {
  return [
    [uc, ps],
    [us, pc],
    [pc, us],
    [ps, uc],
  ];
}

function key(algorithm: EspIntegrity | EspEncryption, seed: number): Uint8Array {
  return Uint8Array.from({ length: KEY_OCTETS[algorithm] }, (_, index) => (index % 16) * 16 + seed);
}
