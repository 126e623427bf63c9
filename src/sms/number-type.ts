/** Types of number and numbering plans (TS 23.040 §9.1.2.5, TS 24.008 §10.5.4.7), as they stand in the octet before digits. */
export const NUMBER_TYPES = [
  'unknown',
  'international',
  'national',
  'network-specific',
  'subscriber',
  'alphanumeric',
  'abbreviated',
  'reserved',
] as const;
export type NumberType = (typeof NUMBER_TYPES)[number];

/** ISDN numbering plan, E.164. */
export const ISDN_PLAN = 1;

export function numberTypeOf(octet: number): NumberType {
  return NUMBER_TYPES[(octet >> 4) & 7] as NumberType;
}

/** The highest bit says that no further octet follows. */
export function typeOctet(type: NumberType, plan: number): number {
  return 0x80 | (NUMBER_TYPES.indexOf(type) << 4) | plan;
}
