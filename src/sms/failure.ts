/** Why a TPDU was not taken (TP-FCS, TS 23.040 §9.2.3.22) and what became of a message (TP-ST, §9.2.3.15). */
import { RP_CAUSE } from './rp-causes.ts';

export const FAILURE = {
  busy: 0xc0,
  invalidDestination: 0xc3,
  duplicate: 0xc5,
  validityNotSupported: 0xc6,
  commandCannotBeActioned: 0xa0,
  commandUnsupported: 0xa1,
  simStorageFull: 0xd0,
  noSimStorage: 0xd1,
  errorInHandset: 0xd2,
  memoryExceeded: 0xd3,
  simBusy: 0xd5,
  unspecified: 0xff,
} as const;

export const STATUS = {
  delivered: 0x00,
  /** The centre still tries. */
  noResponse: 0x22,
  rejected: 0x42,
  notObtainable: 0x43,
  expired: 0x46,
  deletedBySender: 0x47,
  deletedByCentre: 0x48,
  unknown: 0x49,
} as const;

/** Causes of a handset that may take the message another time. */
const TEMPORARY_CAUSES: readonly number[] = [
  RP_CAUSE.memoryExceeded,
  RP_CAUSE.networkOutOfOrder,
  RP_CAUSE.temporaryFailure,
  RP_CAUSE.congestion,
  RP_CAUSE.resourcesUnavailable,
  RP_CAUSE.invalidReference,
  RP_CAUSE.wrongState,
  RP_CAUSE.protocolError,
];
const TEMPORARY_FAILURES: readonly number[] = [
  FAILURE.simStorageFull,
  FAILURE.errorInHandset,
  FAILURE.memoryExceeded,
  FAILURE.simBusy,
  FAILURE.unspecified,
];

/**
 * Whether a handset that refused a message may take it later. A failure cause of its SMS-DELIVER-REPORT says more than
 * the cause of the RP-ERROR, which phones leave at "protocol error" or "memory exceeded" alike.
 */
export function isTemporary(cause: number, failure: number | undefined): boolean {
  return failure === undefined ? TEMPORARY_CAUSES.includes(cause) : TEMPORARY_FAILURES.includes(failure);
}
