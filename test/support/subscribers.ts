import { parseNameAddr } from '../../src/sip/message/header-types.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import type { Binding } from '../../src/store/registrations.ts';
import { makeIdentity, type Subscriber } from '../../src/store/subscribers.ts';

/** A subscriber `name` with these identities; a password unless `options` say otherwise. */
export function subscriber(
  name: string,
  identities: readonly string[] = [`sip:${name}@ims.test`],
  options: Partial<Subscriber> = {},
): Subscriber {
  return {
    impi: name,
    domain: 'ims.test',
    level: 'MD5',
    password: name,
    sqn: 0,
    qop: 'auth',
    authOnRegisterOnly: false,
    ipsecRequired: false,
    multiSim: false,
    forceSmsOverSgs: false,
    identities: identities.map((text) =>
      makeIdentity({
        uri: parseUri(text),
        anonymous: false,
        authentication: true,
        ringOnly: false,
        reliableProvisional: true,
      }),
    ),
    ...options,
  };
}

/** A binding of that subscriber's first identity at a phone of that address and port. */
export function binding(of: Subscriber, address: string, port: number, options: Partial<Binding> = {}): Binding {
  const [identity] = of.identities;
  if (identity === undefined) throw new Error('a binding needs an identity');
  return {
    id: '0001',
    subscriber: of,
    contact: parseNameAddr(`<sip:${of.impi}@${address}:${port}>`),
    instance: undefined,
    q: 1,
    identity,
    callId: 'call',
    cseq: 1,
    expiresAt: 3_600_000,
    registeredAt: 0,
    event: 'registered',
    flow: { transport: 'UDP', local: { address: '192.0.2.1', port: 5060 }, remote: { address, port } },
    path: [],
    userAgent: undefined,
    features: { video: false, sms: false, mmtel: false },
    ...options,
  };
}
