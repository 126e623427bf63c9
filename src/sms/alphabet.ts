/** Text in septets: the GSM 7 bit alphabets (TS 23.038 §6.2) and their packing into octets (§6.1.2.1). */
import { DEFAULT, ESCAPE, EXTENSION, type Language, LOCKING, SINGLE } from './alphabet-tables.ts';

/** National tables in force (§6.2.1.2); without one, that of the default alphabet. */
export interface Shifts {
  readonly locking?: Language | undefined;
  readonly single?: Language | undefined;
}

const NO_SHIFTS: Shifts = {};

/** Text of septets. Every value means something: what no extension has is the character without the escape. */
export function decodeSeptets(septets: Uint8Array, shifts: Shifts = NO_SHIFTS): string {
  const table = tableOf(shifts);
  const extension = extensionOf(shifts);
  let text = '';
  for (let at = 0; at < septets.length; at++) {
    const septet = septets[at] as number;
    if (septet !== ESCAPE) text += table[septet];
    else if (at + 1 < septets.length) {
      const next = septets[++at] as number;
      // §6.2.1.1: an escape behind an escape, of a table yet to come, is a space.
      text += next === ESCAPE ? ' ' : (extension.get(next) ?? table[next]);
    }
  }
  return text;
}

/** The septets of a text, one array per character so that it is not cut inside one; undefined when one is in no table. */
export function septetsOf(text: string, shifts: Shifts = NO_SHIFTS): readonly (readonly number[])[] | undefined {
  const codes = codesOf(shifts);
  const found: (readonly number[])[] = [];
  for (const character of text) {
    const code = codes.get(character);
    if (code === undefined) return undefined;
    found.push(code);
  }
  return found;
}

/**
 * Septets out of octets, each from the lowest free bit on.
 * @param count septets to read; there must be octets enough.
 * @param from bit at which the first begins: text after a header begins at a septet boundary.
 */
export function unpackSeptets(octets: Uint8Array, count: number, from = 0): Uint8Array {
  const septets = new Uint8Array(count);
  for (let index = 0, bit = from; index < count; index++, bit += 7) {
    const low = octets[bit >> 3] ?? 0;
    const high = octets[(bit >> 3) + 1] ?? 0;
    septets[index] = ((low | (high << 8)) >> (bit & 7)) & 0x7f;
  }
  return septets;
}

/** Writes septets into octets that are zero there, from a bit on. */
export function packSeptets(septets: readonly number[], octets: Uint8Array, from = 0): void {
  let bit = from;
  for (const septet of septets) {
    const shifted = septet << (bit & 7);
    octets[bit >> 3] = (octets[bit >> 3] as number) | (shifted & 0xff);
    if (shifted > 0xff) octets[(bit >> 3) + 1] = (octets[(bit >> 3) + 1] as number) | (shifted >> 8);
    bit += 7;
  }
}

function tableOf({ locking }: Shifts): readonly string[] {
  return (locking !== undefined && LOCKING[locking]) || DEFAULT;
}

function extensionOf({ single }: Shifts): ReadonlyMap<number, string> {
  return single === undefined ? EXTENSION : SINGLE[single];
}

/** Septets by character, per combination of tables; there are few. */
const CODES = new Map<string, ReadonlyMap<string, readonly number[]>>();

function codesOf(shifts: Shifts): ReadonlyMap<string, readonly number[]> {
  const key = `${shifts.locking} ${shifts.single}`;
  const known = CODES.get(key);
  if (known !== undefined) return known;
  const codes = new Map<string, readonly number[]>();
  for (const [septet, character] of extensionOf(shifts)) codes.set(character, [ESCAPE, septet]);
  // The shorter code wins, where a character has two.
  tableOf(shifts).forEach((character, septet) => {
    if (septet !== ESCAPE) codes.set(character, [septet]);
  });
  CODES.set(key, codes);
  return codes;
}
