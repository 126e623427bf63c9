/** What of one handset's message the other one is shown, besides the session description. */
import { CONTACT, PRIVACY } from '../sip/message/header-types.ts';
import type { Headers } from '../sip/message/headers.ts';
import { Params } from '../sip/message/params.ts';

/** Headers of the caller's INVITE that the called handset gets as they stood. */
export const REQUEST_HEADERS: readonly string[] = [
  'Subject',
  'Alert-Info',
  'Call-Info',
  'Priority',
  'Accept-Contact',
  'Reject-Contact',
  'Accept-Language',
  'P-Early-Media',
  PRIVACY.name,
  'User-to-User',
];

/** Headers of the callee's 18x and 2xx that the caller gets as they stood. */
export const RESPONSE_HEADERS: readonly string[] = ['Alert-Info', 'P-Early-Media', PRIVACY.name, 'User-to-User'];

/** Tags of RFC 3840 §9 that say what media and what kind of thing a handset is. */
const BASE_TAGS = ['audio', 'video', 'text', 'application', 'data', 'control', 'automata', 'duplex', 'mobility'];
/** What is true of the handset only: its device, and ICE, which ends at our media ports. */
const OWN_TAGS = ['+sip.instance', '+sip.ice'];

/** The feature tags of a Contact (RFC 3840): handsets look there whether the other one can do video. */
export function featureTags(headers: Headers): Params {
  const contact = headers.tryGet(CONTACT);
  if (contact === undefined || contact === '*') return Params.none;
  const { params } = contact;
  const shown = (name: string) => BASE_TAGS.includes(name) || (name.startsWith('+') && !OWN_TAGS.includes(name));
  return params.without(...params.names().filter((name) => !shown(name)));
}

/** Whether the sender does not want to be named to the other side (RFC 3323 §4.2, RFC 3325 §9.3). */
export function hidesIdentity(headers: Headers): boolean {
  return ['id', 'user', 'header'].some((value) => privacy(headers).includes(value));
}

/** Whether the sender wants its From replaced (RFC 3323 §5.3). */
export function hidesFrom(headers: Headers): boolean {
  return privacy(headers).includes('user');
}

function privacy(headers: Headers): readonly string[] {
  return (headers.raw(PRIVACY.name) ?? '').toLowerCase().split(/[;,\s]+/);
}
