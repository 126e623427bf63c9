/** TS 24.011 §8.1.4.2, table 8.2: why a CP connection failed. */
export const CP_CAUSE = {
  networkFailure: 17,
  congestion: 22,
  invalidTransaction: 81,
  semanticallyIncorrect: 95,
  invalidMandatoryInformation: 96,
  unknownMessageType: 97,
  wrongState: 98,
  unknownInformationElement: 99,
  protocolError: 111,
} as const;

const NAMES: { readonly [cause: number]: string } = {
  17: 'network failure',
  22: 'congestion',
  81: 'invalid transaction identifier value',
  95: 'semantically incorrect message',
  96: 'invalid mandatory information',
  97: 'message type non-existent or not implemented',
  98: 'message not compatible with the short message protocol state',
  99: 'information element non-existent or not implemented',
  111: 'protocol error, unspecified',
};

/** `17 (network failure)`, for people. */
export function describeCpCause(cause: number): string {
  return `${cause} (${NAMES[cause] ?? 'not in the table'})`;
}
