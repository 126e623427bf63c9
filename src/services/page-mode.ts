/**
 * Page-mode messages (RFC 3428): from user to user as they are where the other one's phone takes them, as short messages
 * where it takes only those, or takes nothing at present; and short messages as text for softphones.
 */

import { hidesIdentity } from '../call/end-to-end.ts';
import { assertedIdentities, fromOf } from '../call/invite.ts';
import { passedOn } from '../call/refusal.ts';
import { MalformedError } from '../core/errors.ts';
import { type HeaderValue, header, responseTo } from '../sip/message/build.ts';
import {
  CONTENT_TYPE,
  MAX_FORWARDS,
  type NameAddr,
  P_ASSERTED_IDENTITY,
  parseNameAddr,
} from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri } from '../sip/message/uri.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import { addressText, printAddress, type TpAddress, tpAddress } from '../sms/address.ts';
import { textParts } from '../sms/text.ts';
import { parseTpdu } from '../sms/tpdu.ts';
import { contentOf } from '../sms/user-data.ts';
import type { Binding } from '../store/registrations.ts';
import type { ShortMessage } from '../store/short-message.ts';
import type { Identity, IdentityOwner, Subscriber, Subscribers } from '../store/subscribers.ts';
import { isMeant } from './equipment.ts';
import { isAccepted, type MessageContent, type MessageParts, makeMessage, sendMessage } from './message-request.ts';
import { isSentBy } from './sender.ts';
import type { Incoming, Originator, Service } from './service.ts';
import type { ServiceCentre } from './service-centre.ts';
import type { Delivery, DeliveryOutcome, SmsBearer } from './sms-bearer.ts';
import { originatorOf } from './sms-parties.ts';

export interface PageModeParts extends MessageParts {
  readonly subscribers: Subscribers;
}

/** What the recipient gets as it stood. */
const PASSED_HEADERS = [
  'Subject',
  'Date',
  'Priority',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Privacy',
];
const TEXT_TYPE = 'text/plain;charset=UTF-8';
const ANONYMOUS = tpAddress('Anonymous');

export class PageMode implements SmsBearer, Service {
  readonly name = 'page';
  readonly methods: readonly string[] = ['MESSAGE'];
  readonly #parts: PageModeParts;
  #references = 0;
  /** The service centre needs its bearers, so it comes after them. */
  centre: ServiceCentre | undefined;

  constructor(parts: PageModeParts) {
    this.#parts = parts;
  }

  matches({ originator }: Incoming): boolean {
    return originator !== undefined;
  }

  handle({ transaction, called, originator }: Incoming): void {
    if (originator === undefined) return;
    const { subscribers, registrations } = this.#parts;
    const { request, flow } = transaction;
    const owners = subscribers.owners(called);
    const owner = owners.find(({ subscriber }) => registrations.usual(subscriber).length > 0) ?? owners[0];
    if (owner === undefined) throw new SipError(404, `${printUri(called)} is nobody's identity in ue_db`);
    const bindings = registrations.usual(owner.subscriber);
    const pages = bindings.filter((one) => takesPages(one, owner.identity) && !isSentBy(one, request, flow));
    if (pages.length > 0) this.#relay(transaction, originator, owner.identity, pages);
    else this.#cross(transaction, originator, owner);
  }

  reaches({ subscriber, called, tpdu }: ShortMessage): boolean {
    return this.#phones(subscriber, called).length > 0 && textOf(tpdu) !== undefined;
  }

  deliver({ message }: Delivery, told: (outcome: DeliveryOutcome) => void): void {
    const { random } = this.#parts;
    const { subscriber, called, tpdu } = message;
    const from = this.#senderOf(message);
    const content = { type: TEXT_TYPE, body: Buffer.from(textOf(tpdu) ?? '', 'utf8') };
    this.#fork(
      this.#phones(subscriber, called),
      called,
      (uri) => makeMessage(random, uri, from, called.uri, content, [header(P_ASSERTED_IDENTITY, from)]),
      (response) => {
        if (isAccepted(response)) told({ type: 'delivered' });
        else told({ type: 'failed', why: response === undefined ? 'no answer' : `${response.status}` });
      },
    );
  }

  #phones(subscriber: Subscriber, called: Identity): readonly Binding[] {
    return this.#parts.registrations.usual(subscriber).filter((binding) => takesPages(binding, called));
  }

  #relay(transaction: ServerTransaction, sender: Originator, called: Identity, bindings: readonly Binding[]): void {
    const { random, toTag } = this.#parts;
    const { request } = transaction;
    const from = fromOf(request, sender, '');
    const content: MessageContent = { type: request.headers.raw(CONTENT_TYPE.name) ?? TEXT_TYPE, body: request.body };
    const asserted: HeaderValue[] = hidesIdentity(request.headers)
      ? []
      : assertedIdentities(sender).map((identity) => header(P_ASSERTED_IDENTITY, identity));
    this.#fork(
      bindings,
      called,
      (uri) => {
        const message = makeMessage(random, uri, from, called.uri, content, asserted);
        for (const name of PASSED_HEADERS) message.headers.copy(name, request.headers);
        // What goes in circles must come to an end.
        message.headers.set(MAX_FORWARDS, Math.min(request.headers.get(MAX_FORWARDS) ?? 70, 70) - 1);
        return message;
      },
      (response) => {
        const {
          status,
          phrase,
          headers = [],
        } = response === undefined || isAccepted(response)
          ? { status: response?.status ?? 480, phrase: response?.reason }
          : passedOn(response);
        const reason = phrase === undefined ? {} : { reason: phrase };
        transaction.respond(responseTo(request, status, { toTag: toTag(request), headers, ...reason }));
      },
    );
  }

  /** Text for somebody who takes only short messages, or is away. @throws SipError 480, 415, 413 where it cannot be one. */
  #cross(transaction: ServerTransaction, { subscriber, identity }: Originator, to: IdentityOwner): void {
    const { request } = transaction;
    const type = request.headers.get(CONTENT_TYPE);
    if (type !== undefined && type.value.toLowerCase() !== 'text/plain') {
      throw new SipError(480, `${to.subscriber.impi} has no phone here that takes ${type.value}`);
    }
    const isHidden = hidesIdentity(request.headers);
    const sender = isHidden ? ANONYMOUS : originatorOf(subscriber, identity);
    const submission = {
      impi: subscriber.impi,
      identity: identity.text,
      reference: 0,
      destination: printAddress(originatorOf(to.subscriber, to.identity)),
      report: false,
      key: undefined,
    };
    const parts = partsOf(textIn(request), this.#references++);
    if (this.centre?.full === true) throw new SipError(480, 'too many short messages wait');
    this.#parts.expectChange();
    transaction.respond(responseTo(request, 202, { toTag: this.#parts.toTag(request) }));
    this.centre?.send({ to, sender, parts, ...(!isHidden && { submission }) });
  }

  /** To all of these phones at once; `done` gets the first acceptance, else the last refusal. */
  #fork(
    bindings: readonly Binding[],
    called: Identity,
    make: (uri: string) => Request,
    done: (response: Response | undefined) => void,
  ): void {
    const { transactions, handsets } = this.#parts;
    let open = bindings.length;
    // They may have gone while another bearer tried.
    if (open === 0) done(undefined);
    let refusal: Response | undefined;
    let isDone = false;
    for (const binding of bindings) {
      const request = make(printUri(binding.contact.uri));
      sendMessage(transactions, request, handsets.towards(binding, request, called), (response) => {
        open--;
        if (!isAccepted(response)) refusal = response ?? refusal;
        if (isDone || (open > 0 && !isAccepted(response))) return;
        isDone = true;
        done(isAccepted(response) ? response : refusal);
      });
    }
  }

  /** Who wrote a short message, so that an answer finds the way back. */
  #senderOf({ subscriber, submission, tpdu }: ShortMessage): NameAddr {
    const sender = this.#parts.subscribers.byImpi(submission?.impi ?? '');
    const identity = sender?.identities.find(({ text }) => text === submission?.identity);
    if (identity !== undefined) return { uri: identity.uri, params: Params.none };
    return nameAddrOf(deliverOf(tpdu)?.originator ?? tpAddress('IMS'), subscriber.domain);
  }
}

/**
 * Whether a contact is a softphone's. A VoLTE phone that takes no short messages over IP takes them over SGs; text that
 * it accepts it may show nowhere.
 */
function takesPages(binding: Binding, called: Identity): boolean {
  const { sms, mmtel } = binding.features;
  return !sms && !mmtel && isMeant(binding.subscriber, called, binding);
}

function deliverOf(tpdu: Uint8Array) {
  const parsed = parseTpdu(tpdu, 'network', 'data');
  return parsed.type === 'deliver' ? parsed : undefined;
}

/** What people can read of a short message; nothing of data, of what is meant for a program, or of a status report. */
function textOf(tpdu: Uint8Array): string | undefined {
  const deliver = deliverOf(tpdu);
  const content = deliver && contentOf(deliver.userData);
  return content?.ports === undefined ? content?.text : undefined;
}

function nameAddrOf(address: TpAddress, domain: string): NameAddr {
  const text = addressText(address);
  // A plus stands for itself; a number sign does not (RFC 3261 §25.1).
  const user = encodeURIComponent(text).replace('%2B', '+') || 'unknown';
  if (address.type !== 'alphanumeric') return parseNameAddr(`<sip:${user}@${domain};user=phone>`);
  return parseNameAddr(`"${text.replace(/["\\]/g, '\\$&')}" <sip:${user}@${domain}>`);
}

/** @throws SipError 415 for a character set that is not known here, 400 for octets that are not of it. */
function textIn({ headers, body }: Request): string {
  const charset = headers.get(CONTENT_TYPE)?.params.get('charset') ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch (error) {
    if (error instanceof RangeError) throw new SipError(415, `character set ${charset} is not known here`);
    throw new MalformedError(`the text is not of character set ${charset}`);
  }
}

function partsOf(text: string, reference: number) {
  try {
    return textParts(text, { reference });
  } catch (error) {
    if (error instanceof RangeError) throw new SipError(413, error.message);
    throw error;
  }
}
