import { type Endpoint, hostOf, printEndpoint } from '../core/endpoint.ts';
import type { Flow } from '../core/flow.ts';
import { type Random, randomHex } from '../core/random.ts';
import { type HeaderValue, header, makeRequest } from '../sip/message/build.ts';
import {
  CALL_ID,
  CONTACT,
  CSEQ,
  FROM,
  MAX_FORWARDS,
  type NameAddr,
  parseNameAddr,
  ROUTE,
  TO,
  USER_AGENT,
} from '../sip/message/header-types.ts';
import { headerText, type Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { isSip, parseUri, uriScheme } from '../sip/message/uri.ts';
import type { HandsetOptions } from './options.ts';

/** Requests that belong together: one Call-ID and From tag, and a CSeq that grows (RFC 3261 §8.1.1). */
export interface Sequence {
  readonly callId: string;
  readonly tag: string;
  number: number;
}

export interface RequestParts {
  /** Default: the Request-URI. */
  readonly to?: string;
  /** Default: the handset's identity. */
  readonly from?: string;
  readonly headers?: readonly HeaderValue[];
  readonly body?: Uint8Array;
}

/** TS 24.229 §5.1.1.2.1: what a phone that makes voice calls shows in Contact. */
const VOICE_FEATURES = ['+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"', 'audio'];
const METHODS = 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, MESSAGE, NOTIFY';
const USER_AGENT_TEXT = 'lteims-ue';

/** Writes a handset's requests outside dialogs, and what it puts on every message. */
export class Requests {
  /** Service-Route of the registration (RFC 3608), empty before. */
  serviceRoute: readonly NameAddr[] = [];
  readonly #options: HandsetOptions;
  readonly #flow: () => Flow;
  readonly #random: Random;

  /** @param flow the way of requests at that moment. */
  constructor(options: HandsetOptions, flow: () => Flow, random: Random) {
    this.#options = options;
    this.#flow = flow;
    this.#random = random;
  }

  /** A new Call-ID and From tag. */
  sequence(): Sequence {
    return { callId: randomHex(this.#random, 12), tag: this.tag(), number: 0 };
  }

  tag(): string {
    return randomHex(this.#random, 6);
  }

  /** REGISTER goes to the domain itself, everything else along the service route (TS 24.229 §5.1.2A.1.1). */
  next(method: string, uri: string, sequence: Sequence, parts: RequestParts = {}): Request {
    sequence.number++;
    const { to = uri, from = this.#options.impu, headers = [], body } = parts;
    return makeRequest(
      method,
      uri,
      [
        ...(method === 'REGISTER' ? [] : this.#routes()),
        header(MAX_FORWARDS, 70),
        header(FROM, { uri: parseUri(from), params: Params.of({ tag: sequence.tag }) }),
        header(TO, { uri: parseUri(to), params: Params.none }),
        header(CALL_ID, sequence.callId),
        header(CSEQ, { number: sequence.number, method }),
        ...headers,
        this.userAgent,
      ],
      body,
    );
  }

  /** As it stands in REGISTER, INVITE and SUBSCRIBE, and in their answers, on that way. */
  contact({ local } = this.#flow()): NameAddr {
    return parseNameAddr(contactText(this.#options, local));
  }

  get contactHeader(): HeaderValue {
    return header(CONTACT, this.contact());
  }

  get allow(): HeaderValue {
    return header({ name: 'Allow', list: false, parse: (raw) => raw, print: (value) => value }, METHODS);
  }

  get userAgent(): HeaderValue {
    return header(USER_AGENT, headerText(this.#options.userAgent ?? USER_AGENT_TEXT));
  }

  /** What was dialled as a URI: a number or name without a scheme is of the home domain. */
  target(dialled: string): string {
    if (uriScheme(dialled) !== undefined) return dialled;
    if (dialled.includes('@')) return `sip:${dialled}`;
    const number = /^\+?[0-9*#]+$/.test(dialled);
    return `sip:${dialled.replaceAll('#', '%23')}@${this.#options.domain}${number ? ';user=phone' : ''}`;
  }

  #routes(): readonly HeaderValue[] {
    const { remote, transport } = this.#flow();
    const tcp = transport === 'TCP' ? ';transport=tcp' : '';
    const edge = parseNameAddr(`<sip:${printEndpoint(remote)};lr${tcp}>`);
    return [edge, ...this.serviceRoute].map((route) => header(ROUTE, route));
  }
}

function contactText(options: HandsetOptions, { address, port }: Endpoint): string {
  const { impu, imei, features = VOICE_FEATURES, transport } = options;
  const uri = parseUri(impu);
  const user = isSip(uri) && uri.user !== undefined ? `${uri.user}@` : '';
  const tcp = transport === 'TCP' ? ';transport=tcp' : '';
  const instance = imei === undefined ? [] : [`+sip.instance="<${instanceUrn(imei)}>"`];
  return `<sip:${user}${hostOf(address)}:${port}${tcp}>${[...instance, ...features].map((text) => `;${text}`).join('')}`;
}

/** RFC 7254 §4: TAC, serial number and the check digit, which is written as 0. */
function instanceUrn(imei: string): string {
  return `urn:gsma:imei:${imei.slice(0, 8)}-${imei.slice(8, 14)}-0`;
}
