import type { B2bua } from '../call/b2bua.ts';
import { checkAccept } from '../call/body.ts';
import { EchoCall } from '../call/echo-call.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri } from '../sip/message/uri.ts';
import type { Binding, Registrations } from '../store/registrations.ts';
import type { IdentityOwner } from '../store/subscribers.ts';
import type { Directory } from './directory.ts';
import { isMeant } from './equipment.ts';
import { refuseByCode } from './refusal-code.ts';
import { isSentBy } from './sender.ts';
import type { Service } from './service.ts';
import { callerOf } from './strangers.ts';

export interface UeCallParts {
  readonly b2bua: B2bua;
  readonly directory: Directory;
  readonly registrations: Registrations;
  /** Offered to who calls without an offer what we answer ourselves. */
  readonly ownOffer: SessionDescription;
}

/** A call to a user, by any form of its identities. */
export function ueCall({ b2bua, directory, registrations, ownOffer }: UeCallParts): Service {
  return {
    name: 'ue-call',
    methods: ['INVITE'],
    matches: () => true,
    handle({ transaction, called, originator }) {
      checkAccept(transaction.request);
      const { owners } = directory.find(called);
      const owner = owners.find(({ subscriber }) => registrations.of(subscriber).length > 0) ?? owners[0];
      if (owner === undefined) throw new SipError(404, `${printUri(called)} is nobody's identity in ue_db`);
      refuseByCode(owner.identity);
      const caller = callerOf(originator, b2bua);
      if (owner.identity.ringOnly) {
        const { identity: asked } = owner;
        const request = { transaction, caller, called: asked, shown: asked.uri, offer: ownOffer };
        b2bua.add((onGone) => new EchoCall(b2bua.parts, { ...request, type: 'server' }, onGone));
        return;
      }
      const bindings = reachable(owner, registrations);
      // Whoever calls its own number rings its other phones, not the one it calls from.
      const others = bindings.filter((binding) => !isSentBy(binding, transaction.request, transaction.flow));
      if (others.length === 0) {
        throw new SipError(486, `${owner.subscriber.impi} calls itself and has no other phone`);
      }
      b2bua.start({ transaction, caller, called: owner.identity, bindings: others });
    },
  };
}

/**
 * The phones a call to an identity rings.
 * @throws SipError 480 when there are none.
 */
export function reachable({ subscriber, identity }: IdentityOwner, registrations: Registrations): readonly Binding[] {
  const bindings = registrations.reachable(subscriber);
  if (bindings.length === 0) throw new SipError(480, `${subscriber.impi} is not registered`);
  const meant = bindings.filter((binding) => isMeant(subscriber, identity, binding));
  if (meant.length === 0) {
    throw new SipError(480, `${subscriber.impi} has no phone with the IMEI ${identity.imeisv} of ${identity.text}`);
  }
  return meant;
}
