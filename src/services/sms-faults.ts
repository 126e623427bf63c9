/** Faults on demand (settings sms_message_filter, sms_forced_cp_cause, sms_forced_rp_cause), the same on every bearer. */
export interface SmsFaultOptions {
  /** What is done with each kind of message a handset sends. */
  readonly filter: { readonly [K in FilteredMessage]: Treatment };
  /** Sent in every CP-ERROR instead of the right cause; 0 is off. */
  readonly cpCause: number;
  /** Sent in every RP-ERROR instead of the right cause; 0 is off. */
  readonly rpCause: number;
}

export type FilteredMessage = 'cp_data' | 'cp_ack' | 'rp_data' | 'rp_ack';

/**
 * `treat`: as it should be. `ignore`: as if it had not come, in its layer; the layers below acknowledge it. `reject`:
 * answered with the error of its layer, and without effect.
 */
export type Treatment = 'treat' | 'ignore' | 'reject';

/** Asked for each message, so that a change takes effect at once. */
export class SmsFaults {
  options: SmsFaultOptions;

  constructor(options: SmsFaultOptions) {
    this.options = options;
  }

  /** What to do with a message of this kind from a handset. */
  treatment(message: FilteredMessage): Treatment {
    return this.options.filter[message];
  }

  /** The cause to send in a CP-ERROR. @param own the right one, see sms/cp-causes.ts. */
  cpCause(own: number): number {
    return this.options.cpCause || own;
  }

  /** The cause to send in an RP-ERROR. @param own the right one, see sms/rp-causes.ts. */
  rpCause(own: number): number {
    return this.options.rpCause || own;
  }
}
