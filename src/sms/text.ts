/** Text of any length as user data: the smallest alphabet that has it, in as many parts as it takes. */
import { type Shifts, septetsOf } from './alphabet.ts';
import { DEFAULT_CODING, UCS2_CODING } from './data-coding.ts';
import {
  concatenation,
  encodeUcs2,
  type InformationElement,
  octetData,
  room,
  septetData,
  shiftElements,
  type UserData,
} from './user-data.ts';

export interface TextOptions {
  /** Names the parts of one message to a phone; of its lowest 8 or 16 bits. */
  readonly reference: number;
  /** Bits of that reference, 8 unless said. */
  readonly bits?: 8 | 16;
  /** National tables to use; handsets that do not know them show something else. */
  readonly shifts?: Shifts;
}

/** §9.2.3.24.1: parts of one message. */
const MOST_PARTS = 255;

/** @throws RangeError for text of more than 255 parts. */
export function textParts(text: string, options: TextOptions): readonly UserData[] {
  const shifts = options.shifts ?? {};
  const septets = septetsOf(text, shifts);
  if (septets === undefined) {
    const characters = Array.from(text).map((character) => [...encodeUcs2(character)]);
    return split(characters, 'octets', [], options).map(({ elements, codes }) =>
      octetData(UCS2_CODING, elements, Uint8Array.from(codes)),
    );
  }
  return split(septets, 'septets', shiftElements(shifts), options).map(({ elements, codes }) =>
    septetData(DEFAULT_CODING, elements, codes),
  );
}

interface Part {
  readonly elements: readonly InformationElement[];
  readonly codes: readonly number[];
}

/** Cuts between characters, each of which is a few codes. */
function split(
  characters: readonly (readonly number[])[],
  unit: 'septets' | 'octets',
  elements: readonly InformationElement[],
  { reference, bits = 8 }: TextOptions,
): readonly Part[] {
  const whole = characters.flat();
  if (whole.length <= room(unit, elements)) return [{ elements, codes: whole }];
  const number = (parts: number, part: number) => concatenation({ reference, bits, parts, part });
  const most = room(unit, [number(1, 1), ...elements]);
  const pieces: number[][] = [[]];
  for (const codes of characters) {
    if ((pieces.at(-1)?.length ?? 0) + codes.length > most) pieces.push([]);
    pieces.at(-1)?.push(...codes);
  }
  if (pieces.length > MOST_PARTS) throw new RangeError(`text of ${pieces.length} parts, more than ${MOST_PARTS}`);
  return pieces.map((codes, at) => ({ elements: [number(pieces.length, at + 1), ...elements], codes }));
}
