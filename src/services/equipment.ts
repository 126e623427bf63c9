import type { Binding } from '../store/registrations.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';

/** Type allocation code and serial number; an IMEI goes on with a check digit, an IMEISV with two of the software. */
const IMEI_DIGITS = 14;

/** Whether two of IMEI and IMEISV, with or without hyphens, are the same equipment's (TS 23.003 §6.2). */
export function sameEquipment(a: string, b: string): boolean {
  return serial(a) === serial(b);
}

/** Whether an identity stands for the phone of this binding: with multi_sim it may be for one IMEI only. */
export function isMeant(
  { multiSim }: Pick<Subscriber, 'multiSim'>,
  { imeisv }: Pick<Identity, 'imeisv'>,
  { instance = '' }: Pick<Binding, 'instance'>,
): boolean {
  if (!multiSim || imeisv === undefined) return true;
  // RFC 7254 §4.
  const [, imei] = /^urn:gsma:imei(?:sv)?:([0-9-]+)/.exec(instance) ?? [];
  return imei !== undefined && sameEquipment(imei, imeisv);
}

function serial(imei: string): string {
  return imei.replaceAll('-', '').slice(0, IMEI_DIGITS);
}
