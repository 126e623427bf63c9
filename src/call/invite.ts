import { type Random, randomHex } from '../core/random.ts';
import { printSdp } from '../sdp/session-description.ts';
import { ALLOW_HEADER, supportedHeader } from '../sip/dialog/capabilities.ts';
import { header, makeRequest } from '../sip/message/build.ts';
import {
  CALL_ID,
  CONTACT,
  CONTENT_TYPE,
  CSEQ,
  FROM,
  MAX_FORWARDS,
  type NameAddr,
  P_ASSERTED_IDENTITY,
  parseNameAddr,
  TO,
} from '../sip/message/header-types.ts';
import { EMPTY_BODY, type Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { isSip, printUri, type Uri } from '../sip/message/uri.ts';
import type { Handsets } from '../store/handsets.ts';
import type { Binding } from '../store/registrations.ts';
import { type Identity, identityOf, makeIdentity, type Subscriber } from '../store/subscribers.ts';
import { SDP_TYPE } from './body.ts';
import { featureTags, hidesFrom, hidesIdentity, REQUEST_HEADERS } from './end-to-end.ts';
import { CONTACT_USER } from './leg-messages.ts';
import type { Sdp } from './leg-session.ts';

/** Who calls, as the called handset is told. */
export interface Caller {
  readonly subscriber: Subscriber;
  readonly identity: Identity;
}

/** TS 24.229 §5.1.3.1: the service a handset asks for is asserted to the other (RFC 6050). */
const PREFERRED_SERVICE = 'P-Preferred-Service';
const ASSERTED_SERVICE = 'P-Asserted-Service';

/** RFC 3261 §8.1.1.6. A caller that begins with more must not keep a call that goes in circles alive for longer. */
const MOST_HOPS = 70;

const ANONYMOUS = parseNameAddr('"Anonymous" <sip:anonymous@anonymous.invalid>');

/** Somebody unknown, whose phone is not registered: an emergency caller (TS 24.229 §5.1.6.8.2). */
export const ANONYMOUS_CALLER: Caller = outsideCaller('anonymous', ANONYMOUS.uri);

/** A caller who is no user of ours. @param name what stands for the IMPI. */
export function outsideCaller(name: string, uri: Uri): Caller {
  const identity = makeIdentity({
    uri,
    anonymous: false,
    authentication: true,
    ringOnly: false,
    reliableProvisional: true,
  });
  const subscriber: Subscriber = {
    impi: name,
    domain: '',
    level: 'none',
    sqn: 0,
    qop: 'auth',
    authOnRegisterOnly: false,
    ipsecRequired: false,
    multiSim: false,
    forceSmsOverSgs: false,
    identities: [identity],
  };
  return { subscriber, identity };
}

/**
 * The INVITE towards one binding of the called user (TS 24.229 §5.4.3.3). The P-CSCF dresses it for its flow.
 * @param extensions option tags for Supported.
 */
export function makeInvite(
  random: Random,
  handsets: Handsets,
  original: Request,
  caller: Caller,
  called: Identity,
  binding: Binding,
  sdp: Sdp,
  extensions: readonly string[],
): Request {
  const { uri: contact } = parseNameAddr(`<${handsets.contactOn(binding.flow, CONTACT_USER)}>`);
  const request = makeRequest(
    'INVITE',
    printUri(binding.contact.uri),
    [
      header(MAX_FORWARDS, Math.max(0, Math.min(original.headers.get(MAX_FORWARDS) ?? MOST_HOPS, MOST_HOPS) - 1)),
      header(FROM, fromOf(original, caller, randomHex(random, 8))),
      header(TO, { uri: called.uri, params: Params.none }),
      header(CALL_ID, randomHex(random, 16)),
      header(CSEQ, { number: 1, method: 'INVITE' }),
      header(CONTACT, { uri: contact, params: featureTags(original.headers) }),
      ALLOW_HEADER,
      supportedHeader(extensions),
    ],
    sdp === undefined ? EMPTY_BODY : printSdp(sdp),
  );
  for (const name of REQUEST_HEADERS) request.headers.copy(name, original.headers);
  const service = original.headers.raw(PREFERRED_SERVICE);
  if (service !== undefined) request.headers.addRaw(ASSERTED_SERVICE, service);
  if (!hidesIdentity(original.headers)) {
    for (const identity of assertedIdentities(caller)) request.headers.add(P_ASSERTED_IDENTITY, identity);
  }
  if (sdp !== undefined) request.headers.set(CONTENT_TYPE, SDP_TYPE);
  return request;
}

/** TS 24.229 §5.4.3.2: a SIP URI and, where the user has one, a tel URI. */
export function assertedIdentities({ subscriber, identity }: Caller): readonly NameAddr[] {
  if (isAnonymous(identity.uri)) return [];
  const other = subscriber.identities.find(({ uri }) => isSip(uri) !== isSip(identity.uri));
  return [identity, ...(other === undefined ? [] : [other])].map(({ uri }) => ({ uri, params: Params.none }));
}

/**
 * The proven identity, by the display name the caller gave. One that hides it is shown as it wrote itself if that is
 * anonymous or an identity of its own, so that nobody passes for somebody else; otherwise, and when it asks for that
 * (RFC 3323 §5.3), as anonymous.
 */
export function fromOf({ headers }: Request, { subscriber, identity }: Caller, tag: string): NameAddr {
  const params = Params.of({ tag });
  if (hidesFrom(headers) || isAnonymous(identity.uri)) return { ...ANONYMOUS, params };
  const from = headers.get(FROM);
  if (hidesIdentity(headers)) {
    if (from !== undefined && isAnonymous(from.uri)) return { ...from, params };
    const own = from && identityOf(subscriber, from.uri);
    return own === undefined ? { ...ANONYMOUS, params } : { ...from, uri: own.uri, params };
  }
  return { ...(from?.display !== undefined && { display: from.display }), uri: identity.uri, params };
}

/** RFC 3323 §4.1.1.3. */
function isAnonymous(uri: Uri): boolean {
  return isSip(uri) && uri.host.endsWith('.invalid');
}
