import type { UserSettings } from './settings/user.ts';

/** The keys of a user's SIM in the form of aka/sim-keys, or undefined for a user without K. */
export function simKeysOf({ K: k, res_len: resLength, ...user }: UserSettings) {
  if (k === undefined) return undefined;
  const { op, opc, r, c, top, topc } = user;
  switch (user.sim_algo) {
    case 'xor':
      return { algo: 'xor', k, resLength } as const;
    case 'milenage':
      return {
        algo: 'milenage',
        k,
        resLength,
        ...(op !== undefined && { op }),
        ...(opc !== undefined && { opc }),
        ...(r !== undefined && { r }),
        ...(c !== undefined && { c }),
      } as const;
    case 'tuak':
      return {
        algo: 'tuak',
        k,
        resLength,
        iterations: user.keccak_iter,
        ...(top !== undefined && { top }),
        ...(topc !== undefined && { topc }),
      } as const;
  }
}
