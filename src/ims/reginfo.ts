import { readableText } from '../sip/message/message.ts';
import { printUri } from '../sip/message/uri.ts';
import type { Binding, Removal } from '../store/registrations.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';

/** What a NOTIFY tells of one subscriber (RFC 3680 §5, TS 24.229 §5.4.2.1.2). */
export interface RegInfo {
  readonly subscriber: Subscriber;
  readonly version: number;
  /** `full` lists every contact; `partial` those that changed since the version before (RFC 3680 §4.7.2). */
  readonly state: 'full' | 'partial';
  /** Contacts to list. */
  readonly bindings: readonly Binding[];
  /** Whether any contact is bound, listed or not. */
  readonly active: boolean;
  /** Contacts that ended with this notification. */
  readonly removed: readonly Removal[];
  /** Instant of the clock, for the seconds left. */
  readonly now: number;
}

/** The application/reginfo+xml document: one registration per identity of the implicit set. */
export function printRegInfo(info: RegInfo): Uint8Array {
  const { subscriber, version, state } = info;
  const registrations = subscriber.identities.map((identity, index) => printRegistration(info, identity, index));
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="${version}" state="${state}">
${registrations.join('\n')}
</reginfo>
`;
  return Buffer.from(text, 'utf8');
}

function printRegistration(info: RegInfo, identity: Identity, index: number): string {
  const state = info.active ? 'active' : 'terminated';
  const contacts = [
    ...info.bindings.map((binding) => printContact(info, identity, index, binding)),
    ...info.removed.map(({ binding, event }) => printEnded(index, binding, event)),
  ];
  return `  <registration aor="${escapeXml(identity.text)}" id="a${100 + index}" state="${state}">
${contacts.join('\n')}
  </registration>`;
}

function printContact(info: RegInfo, identity: Identity, index: number, binding: Binding): string {
  const left = Math.max(0, Math.round((binding.expiresAt - info.now) / 1000));
  // RFC 3680 §5.1: what was registered through another identity of the set was "created".
  const event = identity !== binding.identity && binding.event === 'registered' ? 'created' : binding.event;
  return `    <contact id="${contactId(index, binding)}" state="active" event="${event}" expires="${left}"${printQ(binding)}>
      <uri>${escapeXml(printUri(binding.contact.uri))}</uri>
    </contact>`;
}

function printEnded(index: number, binding: Binding, event: string): string {
  return `    <contact id="${contactId(index, binding)}" state="terminated" event="${event}">
      <uri>${escapeXml(printUri(binding.contact.uri))}</uri>
    </contact>`;
}

/** RFC 3680 §5.1: constant for one contact within one registration. */
function contactId(index: number, binding: Binding): string {
  return `c${100 + index}-${binding.id}`;
}

function printQ({ q }: Binding): string {
  return q === 1 ? '' : ` q="${q}"`;
}

function escapeXml(text: string): string {
  return readableText(text).replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
