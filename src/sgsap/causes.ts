/** Causes in SGsAP, and what people call them. */

/** SGs cause (TS 29.118 §9.4.18). */
export const SGS_CAUSE = {
  imsiDetachedForEps: 1,
  imsiDetached: 2,
  imsiUnknown: 3,
  imsiDetachedForNonEps: 4,
  imsiImplicitlyDetachedForNonEps: 5,
  ueUnreachable: 6,
  wrongState: 7,
  missingMandatory: 8,
  invalidMandatory: 9,
  conditionalError: 10,
  semanticallyIncorrect: 11,
  messageUnknown: 12,
  callRejectedByUser: 13,
  ueTemporarilyUnreachable: 14,
} as const;

export const SGS_CAUSES: { readonly [cause: number]: string } = {
  1: 'IMSI detached for EPS services',
  2: 'IMSI detached for EPS and non-EPS services',
  3: 'IMSI unknown',
  4: 'IMSI detached for non-EPS services',
  5: 'IMSI implicitly detached for non-EPS services',
  6: 'UE unreachable',
  7: 'message not compatible with the protocol state',
  8: 'missing mandatory information element',
  9: 'invalid mandatory information',
  10: 'conditional information element error',
  11: 'semantically incorrect message',
  12: 'message unknown',
  13: 'mobile terminating CS fallback call rejected by the user',
  14: 'UE temporarily unreachable',
};

/** Reject cause (TS 24.008 §10.5.3.6). */
export const REJECT_CAUSE = {
  imsiUnknownInHlr: 2,
  illegalMs: 3,
  illegalMe: 6,
  plmnNotAllowed: 11,
  locationAreaNotAllowed: 12,
  roamingNotAllowed: 13,
  noSuitableCells: 15,
  networkFailure: 17,
  congestion: 22,
} as const;

export const REJECT_CAUSES: { readonly [cause: number]: string } = {
  2: 'IMSI unknown in HLR',
  3: 'illegal MS',
  4: 'IMSI unknown in VLR',
  5: 'IMEI not accepted',
  6: 'illegal ME',
  11: 'PLMN not allowed',
  12: 'location area not allowed',
  13: 'roaming not allowed in this location area',
  15: 'no suitable cells in location area',
  17: 'network failure',
  22: 'congestion',
};
