import type { B2bua } from '../call/b2bua.ts';
import { checkAccept } from '../call/body.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri } from '../sip/message/uri.ts';
import type { Registrations } from '../store/registrations.ts';
import type { Subscribers } from '../store/subscribers.ts';
import { isSentBy } from './sender.ts';
import type { Service } from './service.ts';

export interface UeCallParts {
  readonly b2bua: B2bua;
  readonly subscribers: Subscribers;
  readonly registrations: Registrations;
}

/** A call from one user to another, by any form of the called one's identities. */
export function ueCall({ b2bua, subscribers, registrations }: UeCallParts): Service {
  return {
    name: 'ue-call',
    methods: ['INVITE'],
    matches: ({ originator }) => originator !== undefined,
    handle({ transaction, called, originator }) {
      if (originator === undefined) return;
      checkAccept(transaction.request);
      const owners = subscribers.owners(called);
      const owner = owners.find(({ subscriber }) => registrations.of(subscriber).length > 0) ?? owners[0];
      if (owner === undefined) throw new SipError(404, `${printUri(called)} is nobody's identity in ue_db`);
      const bindings = registrations.of(owner.subscriber);
      if (bindings.length === 0) throw new SipError(480, `${owner.subscriber.impi} is not registered`);
      // Whoever calls its own number rings its other phones, not the one it calls from.
      const others = bindings.filter((binding) => !isSentBy(binding, transaction.request, transaction.flow));
      if (others.length === 0) throw new SipError(486, `${owner.subscriber.impi} calls itself and has no other phone`);
      b2bua.start({ transaction, caller: originator, called: owner.identity, bindings: others });
    },
  };
}
