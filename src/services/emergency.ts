import { ACCEPT, P_ASSERTED_IDENTITY, parseNameAddr } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { Handsets } from '../store/handsets.ts';
import { isEmergency, type Registrations } from '../store/registrations.ts';
import type { Directory } from './directory.ts';
import type { Incoming, Service } from './service.ts';

export interface EmergencyParts {
  readonly directory: Directory;
  readonly registrations: Registrations;
  readonly handsets: Handsets;
}

/** The body that tells a phone how else to make its emergency call (TS 24.229 §7.6). */
const IMS_XML = 'application/3gpp-ims+xml';

/**
 * Emergency calls that the phone has to make in another way (TS 24.229 §5.2.10.4): it dialled an emergency number
 * without knowing it for one, over its usual registration, or nobody here takes emergency calls. A phone that reads
 * the 380 registers for emergency and calls again, or goes to another network. Every other emergency call is one to
 * whoever has the URN: the echo service, or a user.
 */
export function emergencyElsewhere({ directory, registrations, handsets }: EmergencyParts): Service {
  /** What the phone shall do: an action of §7.6, empty where that is its own choice; undefined to serve it here. */
  function action({ called, originator, transaction }: Incoming): 'emergency-registration' | '' | undefined {
    const { emergency, echo, owners } = directory.find(called);
    if (emergency === undefined || !understands(transaction.request)) return undefined;
    if (echo === undefined && owners.length === 0) return '';
    if (emergency.dialled === undefined || originator === undefined) return undefined;
    const { address } = transaction.flow.remote;
    const here = registrations.of(originator.subscriber).filter(({ flow }) => flow.remote.address === address);
    return here.length > 0 && !here.some(isEmergency) ? 'emergency-registration' : undefined;
  }

  return {
    name: 'emergency-elsewhere',
    methods: ['INVITE'],
    matches: (incoming) => action(incoming) !== undefined,
    handle(incoming) {
      const wanted = action(incoming) ?? '';
      const text = `<?xml version="1.0" encoding="UTF-8"?>
<ims-3gpp version="1">
  <alternative-service>
    <type>emergency</type>
    <reason/>${wanted === '' ? '' : `\n    <action>${wanted}</action>`}
  </alternative-service>
</ims-3gpp>
`;
      const why = wanted === '' ? 'nobody here takes emergency calls' : 'the phone shall register for emergency first';
      // §5.1.3.1: the phone acts on it only when it comes from the P-CSCF it knows from Path.
      throw new SipError(380, `emergency call of ${incoming.originator?.subscriber.impi ?? 'a stranger'}: ${why}`)
        .with(P_ASSERTED_IDENTITY, parseNameAddr(handsets.routeOn(incoming.transaction.flow)))
        .withBody(IMS_XML, Buffer.from(text));
    },
  };
}

function understands({ headers }: Request): boolean {
  return headers.all(ACCEPT).some(({ value }) => value.toLowerCase() === IMS_XML);
}
