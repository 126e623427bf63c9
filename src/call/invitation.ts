import type { Request } from '../sip/message/message.ts';
import type { Binding } from '../store/registrations.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';
import type { DialogRecord } from './dialog-record.ts';
import { featureTags } from './end-to-end.ts';
import { type Caller, makeInvite } from './invite.ts';
import { extensionsOf, type LegParts, type LegPeer } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';
import type { LegReport } from './leg-states.ts';
import { OutgoingLeg } from './outgoing-leg.ts';
import { mayUse, preconditionParty } from './precondition-party.ts';

/** Whom a handset is invited by, and to what. */
export interface Invitation {
  /** The INVITE ours is made from. */
  readonly original: Request;
  readonly caller: Caller;
  readonly called: Identity;
  readonly binding: Binding;
  readonly record: DialogRecord;
  readonly sdp: Sdp;
}

/** The leg towards one handset of the called user; its INVITE leaves with `start`. */
export function legTowards(
  parts: LegParts,
  { original, caller, called, binding, record, sdp }: Invitation,
  report: (report: LegReport) => void,
): OutgoingLeg {
  const { random, handsets } = parts;
  const peer = peerOf(binding.subscriber, called, record);
  const extensions = extensionsOf(parts, peer);
  const request = makeInvite(random, handsets, original, caller, called, binding, sdp, extensions);
  const flow = handsets.towards(binding, request, called);
  return new OutgoingLeg(parts, peer, request, flow, featureTags(original.headers), report);
}

/** What a leg is told of the handset at its end. */
export function peerOf(subscriber: Subscriber, identity: Identity, record: DialogRecord): LegPeer {
  return {
    impi: subscriber.impi,
    record,
    reliable: identity.reliableProvisional,
    preconditions: mayUse(preconditionParty(subscriber, identity, false)),
  };
}
