/** TS 24.011 §8.2.5.4, table 8.4: why a short message was not taken, by the network or by a handset. */
export const RP_CAUSE = {
  unassignedNumber: 1,
  operatorBarring: 8,
  callBarred: 10,
  reserved: 11,
  transferRejected: 21,
  memoryExceeded: 22,
  destinationOutOfOrder: 27,
  unidentifiedSubscriber: 28,
  facilityRejected: 29,
  unknownSubscriber: 30,
  networkOutOfOrder: 38,
  temporaryFailure: 41,
  congestion: 42,
  resourcesUnavailable: 47,
  facilityNotSubscribed: 50,
  facilityNotImplemented: 69,
  invalidReference: 81,
  semanticallyIncorrect: 95,
  invalidMandatoryInformation: 96,
  unknownMessageType: 97,
  wrongState: 98,
  unknownInformationElement: 99,
  protocolError: 111,
  interworking: 127,
} as const;

const NAMES: { readonly [cause: number]: string } = {
  1: 'unassigned (unallocated) number',
  8: 'operator determined barring',
  10: 'call barred',
  11: 'reserved',
  21: 'short message transfer rejected',
  22: 'memory capacity exceeded',
  27: 'destination out of order',
  28: 'unidentified subscriber',
  29: 'facility rejected',
  30: 'unknown subscriber',
  38: 'network out of order',
  41: 'temporary failure',
  42: 'congestion',
  47: 'resources unavailable, unspecified',
  50: 'requested facility not subscribed',
  69: 'requested facility not implemented',
  81: 'invalid short message transfer reference value',
  95: 'semantically incorrect message',
  96: 'invalid mandatory information',
  97: 'message type non-existent or not implemented',
  98: 'message not compatible with short message protocol state',
  99: 'information element non-existent or not implemented',
  111: 'protocol error, unspecified',
  127: 'interworking, unspecified',
};

/** `22 (memory capacity exceeded)`, for people. */
export function describeRpCause(cause: number): string {
  return `${cause} (${NAMES[cause] ?? 'not in the table'})`;
}
