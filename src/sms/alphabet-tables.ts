/**
 * The tables of TS 23.038: 128 characters by septet, 0x1B standing for the escape to the extension; and the characters
 * behind an escape, by septet.
 */

export const ESCAPE = 0x1b;

/** Languages with tables of their own here, and their National Language Identifier (§6.2.1.2.4). */
export const LANGUAGES = { turkish: 1, spanish: 2, portuguese: 3 } as const;
export type Language = keyof typeof LANGUAGES;

type Table = readonly string[];

/** What the tables share: 0x20 to 0x3F and the Latin letters. */
const SIGNS = ' !"#¤%&\'()*+,-./0123456789:;<=>?';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';

/** §6.2.1, the default alphabet. */
export const DEFAULT: Table = table(`@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ${SIGNS}¡${UPPER}ÄÖÑÜ§¿${LOWER}äöñüà`);

/** §A.3: in place of the default alphabet. Spanish has none. */
export const LOCKING: { readonly [L in Language]?: Table } = {
  turkish: table(`@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bŞşßÉ${SIGNS}İ${UPPER}ÄÖÑÜ§ç${LOWER}äöñüà`),
  portuguese: table(`@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\u001bÂâÊÉ${SIGNS.replace('¤', 'º')}Í${UPPER}ÃÕÚÜ§~${LOWER}ãõ\`üà`),
};

type Extension = ReadonlyMap<number, string>;

const BRACKETS = [
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
] as const;

/** §6.2.1.1, the extension of the default alphabet. */
export const EXTENSION: Extension = new Map(BRACKETS);

/** §A.2: in place of that extension. */
export const SINGLE: { readonly [L in Language]: Extension } = {
  turkish: new Map([
    ...BRACKETS,
    [0x47, 'Ğ'],
    [0x49, 'İ'],
    [0x53, 'Ş'],
    [0x63, 'ç'],
    [0x67, 'ğ'],
    [0x69, 'ı'],
    [0x73, 'ş'],
  ]),
  spanish: new Map([
    ...BRACKETS,
    [0x09, 'ç'],
    [0x41, 'Á'],
    [0x49, 'Í'],
    [0x4f, 'Ó'],
    [0x55, 'Ú'],
    [0x61, 'á'],
    [0x69, 'í'],
    [0x6f, 'ó'],
    [0x75, 'ú'],
  ]),
  portuguese: new Map([
    ...BRACKETS,
    [0x05, 'ê'],
    [0x09, 'ç'],
    [0x0b, 'Ô'],
    [0x0c, 'ô'],
    [0x0e, 'Á'],
    [0x0f, 'á'],
    [0x12, 'Φ'],
    [0x13, 'Γ'],
    [0x15, 'Ω'],
    [0x16, 'Π'],
    [0x17, 'Ψ'],
    [0x18, 'Σ'],
    [0x19, 'Θ'],
    [0x1f, 'Ê'],
    [0x41, 'À'],
    [0x49, 'Í'],
    [0x4f, 'Ó'],
    [0x55, 'Ú'],
    [0x5b, 'Ã'],
    [0x5c, 'Õ'],
    [0x61, 'Â'],
    [0x69, 'í'],
    [0x6f, 'ó'],
    [0x75, 'ú'],
    [0x7b, 'ã'],
    [0x7c, 'õ'],
    [0x7f, 'â'],
  ]),
};

function table(characters: string): Table {
  return Array.from(characters);
}
