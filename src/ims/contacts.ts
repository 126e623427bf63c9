import type { Clock } from '../core/clock.ts';
import type { Flow } from '../core/flow.ts';
import type { Originator } from '../services/service.ts';
import { header } from '../sip/message/build.ts';
import { ownText } from '../sip/message/header-text.ts';
import {
  CALL_ID,
  CONTACT,
  CSEQ,
  EXPIRES,
  expiresOf,
  MIN_EXPIRES,
  type NameAddr,
  PATH,
  parseNameAddr,
  printNameAddr,
  USER_AGENT,
} from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { isSip, printUri, type SipUri } from '../sip/message/uri.ts';
import { type Binding, type Features, sameContact } from '../store/registrations.ts';
import { reachedOn } from './pcscf.ts';

/** Shortest registration; a shorter one costs more signalling than it is worth (RFC 3261 §10.3 step 7). */
export const SHORTEST_EXPIRES = 10;
/** Longest registration granted, seconds. */
export const LONGEST_EXPIRES = 864_000;

/** Contacts of one REGISTER: each is found among the others, and all come back in the 200. */
const MOST_CONTACTS = 16;

/** One Contact of a REGISTER with the time asked for, seconds. */
export interface AskedContact {
  readonly contact: NameAddr;
  readonly expires: number;
}

/**
 * The contacts a REGISTER asks to bind or remove; `'all'` for `Contact: *` (RFC 3261 §10.2.2, §10.3 step 6).
 * @param defaultExpires seconds, where the request names no time.
 * @throws SipError 400 for `*` without `Expires: 0` or beside others, 423 for a time too short.
 */
export function askedContacts({ headers }: Request, defaultExpires: number): readonly AskedContact[] | 'all' {
  const values = headers.all(CONTACT);
  const general = headers.get(EXPIRES);
  if (values.includes('*')) {
    if (values.length > 1 || general !== 0) {
      throw new SipError(400, 'Contact: * must stand alone, with Expires: 0', 'Bad Request (Contact *)');
    }
    return 'all';
  }
  if (values.length > MOST_CONTACTS) {
    throw new SipError(400, `${values.length} contacts in one REGISTER, more than ${MOST_CONTACTS}`);
  }
  return (values as readonly NameAddr[]).map((contact) => {
    const asked = expiresOf(contact) ?? general ?? defaultExpires;
    if (asked > 0 && asked < SHORTEST_EXPIRES) {
      throw new SipError(423, `${asked} s asked, at least ${SHORTEST_EXPIRES} s are granted`).with(
        MIN_EXPIRES,
        SHORTEST_EXPIRES,
      );
    }
    if (!isSip(contact.uri)) {
      throw new SipError(400, `${printUri(contact.uri)} cannot be reached: a SIP Contact is needed`);
    }
    // Read anew from text of its own: what is kept must not hold the whole datagram in memory.
    const kept = ownText(printNameAddr({ uri: contact.uri, params: contact.params.without('expires') }));
    return {
      contact: parseNameAddr(kept),
      expires: Math.min(asked, LONGEST_EXPIRES),
    };
  });
}

/** The binding a REGISTER makes of one contact, refreshing `before` where there is one. */
export function makeBinding(
  { contact, expires }: AskedContact,
  request: Request,
  flow: Flow,
  { subscriber, identity }: Originator,
  before: Binding | undefined,
  newId: () => string,
  clock: Clock,
): Binding {
  const { headers } = request;
  const agent = headers.raw(USER_AGENT.name);
  return {
    id: before?.id ?? newId(),
    subscriber,
    contact,
    instance: instanceOf(contact),
    q: preference(contact),
    identity,
    callId: ownText(headers.get(CALL_ID) ?? ''),
    cseq: headers.get(CSEQ)?.number ?? 0,
    expiresAt: clock.now() + expires * 1000,
    registeredAt: before?.registeredAt ?? clock.wallNow(),
    event: before === undefined ? 'registered' : 'refreshed',
    flow: reachedOn(flow, contact.uri as SipUri),
    path: headers.rawAll(PATH.name).map(ownText),
    userAgent: agent === undefined ? undefined : ownText(agent),
    features: featuresOf(contact),
  };
}

/** The present binding of a contact: by device where it says which, else by URI. */
export function findBinding(bindings: readonly Binding[], contact: NameAddr): Binding | undefined {
  return bindings.find((binding) => sameContact(binding, { contact, instance: instanceOf(contact) }));
}

/** `+sip.instance` without its angle brackets (RFC 5626 §4.1). */
function instanceOf({ params }: NameAddr): string | undefined {
  return params.get('+sip.instance')?.replace(/^<|>$/g, '').toLowerCase();
}

function preference({ params }: NameAddr): number {
  const q = params.get('q');
  return q !== undefined && /^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 1;
}

function featuresOf({ params }: NameAddr): Features {
  return {
    video: params.has('video'),
    sms: params.has('+g.3gpp.smsip'),
    mmtel: (params.get('+g.3gpp.icsi-ref') ?? '').toLowerCase().includes('mmtel'),
  };
}

/** A Contact of the 200 to REGISTER: as it was registered, with the seconds left (RFC 3261 §10.3 step 8). */
export function grantedContact({ contact, expiresAt }: Binding, now: number) {
  const left = Math.max(0, Math.round((expiresAt - now) / 1000));
  return header(CONTACT, { ...contact, params: contact.params.with('expires', String(left)) });
}

/** Whether a REGISTER binds nothing and removes something (RFC 3261 §10.2.2). */
export function isDeregistration({ headers }: Request): boolean {
  const contacts = headers.all(CONTACT);
  const general = headers.get(EXPIRES);
  return contacts.length > 0 && contacts.every((one) => (one === '*' ? general : (expiresOf(one) ?? general)) === 0);
}
