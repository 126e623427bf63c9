/** TP-Data-Coding-Scheme (TS 23.038 §4): what kind of text or data a message holds, and what is done with it. */
export interface DataCoding {
  readonly alphabet: 'default' | '8-bit' | 'ucs2';
  readonly compressed: boolean;
  /** 0 is shown at once and not kept, 1 the phone's, 2 the SIM's, 3 the terminal equipment's. */
  readonly messageClass?: 0 | 1 | 2 | 3;
  /** Goes away once it was read. */
  readonly autoDelete: boolean;
  /** Groups 1100 to 1110: a lamp that is switched. */
  readonly waiting?: MessageWaiting;
}

export interface MessageWaiting {
  readonly kind: (typeof KINDS)[number];
  readonly active: boolean;
  /** Whether the message itself is kept. */
  readonly stored: boolean;
}

const KINDS = ['voicemail', 'fax', 'e-mail', 'other'] as const;
const ALPHABETS = ['default', '8-bit', 'ucs2', 'default'] as const;
const PLAIN: DataCoding = { alphabet: 'default', compressed: false, autoDelete: false };

/** Every octet means something: reserved codings are read as the default alphabet (§4). */
export function parseDataCoding(octet: number): DataCoding {
  const group = octet >> 4;
  if (group < 8) {
    return {
      alphabet: ALPHABETS[(octet >> 2) & 3] as DataCoding['alphabet'],
      compressed: (octet & 0x20) !== 0,
      autoDelete: (octet & 0x40) !== 0,
      ...((octet & 0x10) !== 0 && { messageClass: classOf(octet) }),
    };
  }
  if (group === 15) {
    return { ...PLAIN, alphabet: (octet & 4) === 0 ? 'default' : '8-bit', messageClass: classOf(octet) };
  }
  if (group < 12) return PLAIN;
  const kind = KINDS[octet & 3] as MessageWaiting['kind'];
  const waiting = { kind, active: (octet & 8) !== 0, stored: group !== 12 };
  return { ...PLAIN, alphabet: group === 14 ? 'ucs2' : 'default', waiting };
}

/** The octet for text without class. */
export const DEFAULT_CODING = 0x00;
export const UCS2_CODING = 0x08;

function classOf(octet: number): 0 | 1 | 2 | 3 {
  return (octet & 3) as 0 | 1 | 2 | 3;
}
