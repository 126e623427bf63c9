/** Short messages in SIP MESSAGE: the IP-SM-GW's part of TS 24.341 §5.3.3. */
import { type Flow, samePeer } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import { type HeaderValue, header, responseTo } from '../sip/message/build.ts';
import {
  ACCEPT_CONTACT,
  CALL_ID,
  CONTENT_TYPE,
  FROM,
  P_ASSERTED_IDENTITY,
  parseNameAddr,
} from '../sip/message/header-types.ts';
import type { HeaderType } from '../sip/message/headers.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri } from '../sip/message/uri.ts';
import type { Binding } from '../store/registrations.ts';
import type { ShortMessage } from '../store/short-message.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';
import { isMeant } from './equipment.ts';
import { isAccepted, type MessageParts, makeMessage, sendMessage } from './message-request.ts';
import { isSentBy } from './sender.ts';
import type { Incoming, Service } from './service.ts';
import type { Delivery, DeliveryOutcome, SmsBearer, SmsUplink } from './sms-bearer.ts';

export interface SmsOverImsParts extends MessageParts {
  readonly logger: Logger;
}

/** TS 24.341 §5.3.1, annex B. */
export const SMS_TYPE = 'application/vnd.3gpp.sms';

const IN_REPLY_TO: HeaderType<string> = { name: 'In-Reply-To', list: false, parse: String, print: String };
const REQUEST_DISPOSITION: HeaderType<string> = { ...IN_REPLY_TO, name: 'Request-Disposition' };

/** Our name as the gateway, a public service identity: handsets send their RP-ACK there. */
const GATEWAY_USER = 'ipsmgw';

export class SmsOverIms implements SmsBearer, Service {
  readonly name = 'ims';
  readonly methods: readonly string[] = ['MESSAGE'];
  readonly #parts: SmsOverImsParts;
  /** The service centre needs its bearers, so it comes after them. */
  uplink: SmsUplink | undefined;

  constructor(parts: SmsOverImsParts) {
    this.#parts = parts;
  }

  /** Whatever the Request-URI: phones take the service centre's from their SIM card, as sip or tel URI. */
  matches({ transaction }: Incoming): boolean {
    return isSms(transaction.request);
  }

  handle({ transaction, originator }: Incoming): void {
    if (originator === undefined) throw new SipError(403, 'a short message from nobody known');
    const { request, flow } = transaction;
    const { subscriber, identity } = originator;
    if (request.body.length < 2) throw new SipError(400, 'the body is no RPDU');
    // It means that the message is stored, or that one is done with.
    this.#parts.expectChange();
    transaction.respond(responseTo(request, 202, { toTag: this.#parts.toTag(request) }));
    // A repetition may have another CSeq, when it is challenged anew; another message may have the same Call-ID and SM-RP-MR.
    const key = `${request.headers.raw(CALL_ID.name)} ${Buffer.from(request.body).toString('base64')}`;
    this.uplink?.receive({ subscriber, identity, key }, request.body, (rpdu) => {
      this.#reply(subscriber, identity, request, flow, rpdu);
    });
  }

  reaches({ subscriber, called }: ShortMessage): boolean {
    return this.#parts.registrations.usual(subscriber).some((binding) => takesSms(binding, called));
  }

  deliver(delivery: Delivery, told: (outcome: DeliveryOutcome) => void): void {
    const { subscriber, called } = delivery.message;
    const bindings = this.#parts.registrations
      .usual(subscriber)
      .filter((binding) => takesSms(binding, called))
      .sort((a, b) => b.q - a.q || b.registeredAt - a.registeredAt);
    this.#deliverTo(bindings, delivery, told);
  }

  /** One after the other: a handset that has it must be the only one. */
  #deliverTo(
    [binding, ...others]: readonly Binding[],
    delivery: Delivery,
    told: (outcome: DeliveryOutcome) => void,
    why = 'no contact with smsip',
  ): void {
    if (binding === undefined || !delivery.isWanted()) {
      told({ type: 'failed', why });
      return;
    }
    // A handset of this user that has the service, and just one of them (RFC 3841 §9.1, §9.2).
    const request = this.#message(binding.subscriber, printUri(binding.contact.uri), delivery.rpdu, [
      header(ACCEPT_CONTACT, '*;+g.3gpp.smsip;require;explicit'),
      header(REQUEST_DISPOSITION, 'no-fork'),
    ]);
    this.#send(request, this.#towards(binding, request), (failure) => {
      if (failure === undefined) told({ type: 'taken' });
      else this.#deliverTo(others, delivery, told, `${printUri(binding.contact.uri)}: ${failure}`);
    });
  }

  /** The answer of the service centre is a MESSAGE of its own. */
  #reply(subscriber: Subscriber, identity: Identity, original: Request, flow: Flow, rpdu: Uint8Array): void {
    const { handsets, registrations, logger } = this.#parts;
    const { headers } = original;
    const binding = senderOf(registrations.of(subscriber), original, flow);
    const uri = binding?.contact.uri ?? headers.get(FROM)?.uri ?? identity.uri;
    const extra = [header(IN_REPLY_TO, headers.get(CALL_ID) ?? '')];
    const request = this.#message(subscriber, printUri(uri), rpdu, extra);
    const back = binding === undefined ? handsets.back(original, flow) : this.#towards(binding, request);
    this.#send(request, back, (failure) => {
      if (failure !== undefined) logger.info(`${subscriber.impi} does not take the answer to its RPDU: ${failure}`);
    });
  }

  #message(subscriber: Subscriber, uri: string, rpdu: Uint8Array, extra: readonly HeaderValue[]): Request {
    const gateway = parseNameAddr(`<sip:${GATEWAY_USER}@${subscriber.domain}>`);
    const to = subscriber.identities[0]?.uri ?? gateway.uri;
    return makeMessage(this.#parts.random, uri, gateway, to, { type: SMS_TYPE, body: rpdu }, [
      header(P_ASSERTED_IDENTITY, gateway),
      ...extra,
    ]);
  }

  /** P-Called-Party-ID is the identity in To (TS 34.229-1 §A.7.1): the default one, whichever was asked for. */
  #towards(binding: Binding, request: Request): Flow {
    return this.#parts.handsets.towards(binding, request, binding.subscriber.identities[0] ?? binding.identity);
  }

  /** @param done told why the handset does not have it, or undefined. */
  #send(request: Request, flow: Flow, done: (failure: string | undefined) => void): void {
    sendMessage(this.#parts.transactions, request, flow, (response) => {
      if (isAccepted(response)) done(undefined);
      else done(response === undefined ? 'no answer' : `${response.status} ${response.reason}`);
    });
  }
}

/** A phone sends from other ports than it listens on, and MESSAGE has no Contact (RFC 3428 §4). */
function senderOf(bindings: readonly Binding[], request: Request, flow: Flow): Binding | undefined {
  const near = bindings.filter((binding) => samePeer(binding.flow, flow));
  return (
    near.find((binding) => isSentBy(binding, request, flow)) ?? near.find(({ features }) => features.sms) ?? near[0]
  );
}

function takesSms(binding: Binding, called: Identity): boolean {
  return binding.features.sms && isMeant(binding.subscriber, called, binding);
}

function isSms({ headers }: Request): boolean {
  return headers.get(CONTENT_TYPE)?.value.toLowerCase() === SMS_TYPE;
}
