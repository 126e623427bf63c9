import { randomHex } from '../core/random.ts';
import type { Response } from '../sip/message/message.ts';
import type { Binding } from '../store/registrations.ts';
import type { CallParts, CallRequest } from './call-parts.ts';
import type { Side } from './call-states.ts';
import type { DialogRecord } from './dialog-record.ts';
import { type CallPath, emergencyOf } from './feature.ts';
import { PathFeatures } from './features.ts';
import type { IncomingLeg } from './incoming-leg.ts';
import { ANONYMOUS_CALLER, type Caller } from './invite.ts';
import type { EndReason } from './leg-states.ts';
import type { OutgoingLeg } from './outgoing-leg.ts';
import type { Path } from './path.ts';
import { preconditionParty } from './precondition-party.ts';
import { Resources } from './resources.ts';

/** One callee's way through a call. */
export class CallBranch {
  readonly binding: Binding;
  readonly record: DialogRecord;
  readonly features: PathFeatures;
  leg: OutgoingLeg | undefined;
  /** By the dialog its responses made: the latest 18x or 2xx, what the caller is shown of it. */
  readonly responses = new Map<number, Response>();
  /** By the same: the way to the caller, and the number of the dialog there. */
  readonly paths = new Map<number, { readonly fork: number; readonly path: Path }>();

  constructor(binding: Binding, record: DialogRecord, features: PathFeatures) {
    this.binding = binding;
    this.record = record;
    this.features = features;
  }

  /** Frees what it holds: media, bearers. Its leg ends by itself. */
  release(): void {
    this.features.end();
    this.record.enter('stop');
  }
}

/** Whom a branch tells what ends it. */
export interface BranchOwner {
  readonly end: (why: EndReason) => void;
  readonly resourcesLost: (side: Side, what: string) => void;
}

/** The branch towards one handset, with what takes part in it; its leg comes when media are ready. */
export function openBranch(
  { features, logger, random }: CallParts,
  { caller, called }: CallRequest,
  leg: IncomingLeg,
  binding: Binding,
  record: DialogRecord,
  owner: BranchOwner,
): CallBranch {
  const path = {
    id: randomHex(random, 2),
    flows: { caller: leg.flow, callee: binding.flow },
    parties: {
      caller: preconditionParty(caller.subscriber, caller.identity, leg.supports('precondition')),
      callee: preconditionParty(binding.subscriber, called, binding.features.mmtel),
    },
    users: usersOf(caller, binding),
    ...emergencyOf(called),
    end: owner.end,
    resources: new Resources(owner.resourcesLost),
  };
  const own = new PathFeatures(features, path, logger);
  record.medias = own.medias('callee');
  record.qos = own.qos('callee');
  return new CallBranch(binding, record, own);
}

function usersOf({ subscriber }: Caller, binding: Binding): CallPath['users'] {
  const callee = binding.subscriber;
  return subscriber === ANONYMOUS_CALLER.subscriber ? { callee } : { caller: subscriber, callee };
}
