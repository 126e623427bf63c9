import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Binding } from '../store/registrations.ts';
import type { Identity } from '../store/subscribers.ts';
import type { CallTimers } from './call-states.ts';
import type { CallFeature } from './feature.ts';
import type { Caller } from './invite.ts';
import type { LegParts } from './leg-messages.ts';

/** A request for a call between users, all parties known. */
export interface CallRequest {
  readonly transaction: ServerTransaction;
  readonly caller: Caller;
  readonly called: Identity;
  /** The called user's handsets, all of which ring. */
  readonly bindings: readonly Binding[];
}

export interface CallParts extends LegParts {
  readonly features: readonly CallFeature[];
  readonly callTimers: CallTimers;
}
