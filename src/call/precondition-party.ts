import type { Identity, PreconditionPolicy, Subscriber } from '../store/subscribers.ts';

/** What is known of a user and its handset before they say anything of preconditions (RFC 3312). */
export interface PreconditionParty {
  /** Setting `precondition`: undefined leaves it to what the handset shows. */
  readonly setting: boolean | undefined;
  /** Setting `precondition_policy`. */
  readonly policy: PreconditionPolicy;
  /** Whether the handset registered as one of VoLTE. */
  readonly capable: boolean;
}

/** Who uses no preconditions: ourselves, where a call ends here. */
export const NO_PARTY: PreconditionParty = { setting: undefined, policy: 'pass', capable: false };

/** @param capable whether the handset registered as one of VoLTE. */
export function preconditionParty(subscriber: Subscriber, identity: Identity, capable: boolean): PreconditionParty {
  // RFC 3312 §11: without reliable responses there is nothing to wait by.
  const setting = identity.reliableProvisional ? identity.precondition : false;
  return { setting, policy: subscriber.preconditionPolicy ?? 'pass', capable };
}

/** Whether preconditions may be used with a party at all. */
export function mayUse({ setting, policy }: PreconditionParty): boolean {
  return setting !== false && policy !== 'strip';
}
