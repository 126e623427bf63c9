import type { B2bua } from '../call/b2bua.ts';
import { checkAccept } from '../call/body.ts';
import { EchoCall } from '../call/echo-call.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { parseUri } from '../sip/message/uri.ts';
import type { Directory } from './directory.ts';
import { refuseByCode } from './refusal-code.ts';
import type { Service } from './service.ts';
import { callerOf } from './strangers.ts';

export interface EchoParts {
  readonly b2bua: B2bua;
  readonly directory: Directory;
  /** Offered to who calls without an offer. */
  readonly ownOffer: SessionDescription;
}

/** The echo service: answers calls to its identities, or refuses them with the code they have. */
export function echo({ b2bua, directory, ownOffer }: EchoParts): Service {
  return {
    name: 'echo',
    methods: ['INVITE'],
    matches: ({ called }) => directory.find(called).echo !== undefined,
    handle({ transaction, called, originator }) {
      const { echo: identity, emergency } = directory.find(called);
      if (identity === undefined) return;
      checkAccept(transaction.request);
      refuseByCode(identity);
      const caller = callerOf(originator, b2bua);
      // TS 34.229-1 §19.3: the phone learns that what it dialled was an emergency number.
      const shown = emergency?.dialled === undefined ? identity.uri : parseUri(`tel:${emergency.dialled}`);
      const request = { type: 'echo', transaction, caller, called: identity, shown, offer: ownOffer } as const;
      b2bua.add((onGone) => new EchoCall(b2bua.parts, request, onGone));
    },
  };
}
