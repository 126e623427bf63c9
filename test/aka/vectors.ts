import { readFileSync } from 'node:fs';
import type { SimKeys } from '../../src/aka/sim-keys.ts';

/** The published figures of test/vectors/aka.json; hexadecimal where not named otherwise. */
interface Keys {
  readonly id: string;
  readonly algorithm: SimKeys['algo'];
  readonly K: string;
  readonly OP?: string;
  readonly OPc?: string;
  readonly TOP?: string;
  readonly TOPc?: string;
  readonly keccak_iterations?: number;
  readonly lengths_bits?: { readonly K: number; readonly MAC: number; readonly RES: number; CK: number; IK: number };
  readonly RAND: string;
}

interface AkaVectors {
  readonly vectors: readonly (Keys & {
    readonly SQN: string;
    readonly AMF: string;
    readonly expect: { readonly [name: string]: string };
    readonly derived?: { readonly AUTN?: string; readonly AUTS_for_SQN?: string };
  })[];
  readonly authentication_vectors: readonly (Keys & {
    readonly SQN: string;
    readonly AMF: string;
    readonly expect: { readonly RES: string; readonly CK: string; readonly IK: string; readonly AUTN: string };
    readonly ims_nonce_b64?: string;
    readonly ims_res_b64?: string;
  })[];
  readonly resync_auts: readonly (Keys & { readonly AUTS: string; readonly expect_SQN_MS: string })[];
  readonly digest: readonly {
    readonly id: string;
    readonly username: string;
    readonly realm: string;
    readonly password: string;
    readonly method: string;
    readonly uri: string;
    readonly nonce: string;
    readonly nc: string;
    readonly cnonce: string;
    readonly qop: string;
    readonly response: string;
  }[];
}

export const akaVectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/aka.json', import.meta.url), 'utf8'),
) as AkaVectors;

/** Not a Buffer, which node:assert holds different from a Uint8Array. */
export function octets(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}

/** The keys of a published vector, with OP or TOP rather than OPc or TOPc if `derive`. */
export function keysOf(vector: Keys, resLength: number, derive = false): SimKeys {
  const k = octets(vector.K);
  switch (vector.algorithm) {
    case 'xor':
      return { algo: 'xor', k, resLength };
    case 'milenage':
      if (derive) return { algo: 'milenage', k, op: octets(vector.OP ?? ''), resLength };
      return { algo: 'milenage', k, opc: octets(vector.OPc ?? ''), resLength };
    case 'tuak': {
      const { MAC = 64, CK = 128, IK = 128 } = vector.lengths_bits ?? {};
      const iterations = vector.keccak_iterations ?? 1;
      const lengths = { resLength, macLength: MAC / 8, ckLength: CK / 8, ikLength: IK / 8, iterations };
      if (derive) return { algo: 'tuak', k, top: octets(vector.TOP ?? ''), ...lengths };
      return { algo: 'tuak', k, topc: octets(vector.TOPc ?? ''), ...lengths };
    }
  }
}
