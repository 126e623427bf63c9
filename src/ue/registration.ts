/**
 * A handset's registration: REGISTER with the answers to its challenges, the refresh before it ends, and its end
 * (TS 24.229 §5.1.1, RFC 3261 §10.2).
 */
import type { Scheduled } from '../core/clock.ts';
import type { Flow } from '../core/flow.ts';
import { AUTHORIZATION } from '../sip/message/authorization.ts';
import { type HeaderValue, header } from '../sip/message/build.ts';
import {
  CONTACT,
  EXPIRES,
  expiresOf,
  MIN_EXPIRES,
  P_ASSOCIATED_URI,
  parseNameAddr,
  printNameAddr,
  SERVICE_ROUTE,
  SUPPORTED,
} from '../sip/message/header-types.ts';
import type { Headers } from '../sip/message/headers.ts';
import type { Request } from '../sip/message/message.ts';
import { printUri, sameUri } from '../sip/message/uri.ts';
import type { Agent, Outcome } from './agent.ts';
import type { Sequence } from './requests.ts';

export interface RegisterOptions {
  /** Seconds, in the Expires header. Default: those of the handset. */
  readonly expires?: number;
  /** Contact lines as they are written, `*` for one. Default: the handset's own. */
  readonly contacts?: readonly string[];
  /** Identity in From and To. Default: the handset's own. */
  readonly impu?: string;
  /** The last word on each REGISTER before it goes out. */
  readonly edit?: (request: Request) => void;
  /** Whether a 423 is followed by the time it wants (TS 24.229 §5.1.1.2.1). Default true. */
  readonly obeyMinExpires?: boolean;
  /** Refreshes the registration until `deregister` or `close`. Default false. */
  readonly stay?: boolean;
}

export interface RegisterResult extends Outcome {
  /** A 200 that names our contact. */
  readonly registered: boolean;
  /** Seconds granted to it. */
  readonly granted: number | undefined;
  /** P-Associated-URI: the identities that were registered, the default one first. */
  readonly associated: readonly string[];
}

/** TS 24.229 §5.1.1.2.1. */
const EXPIRES_ASKED = 600_000;
/** RFC 5626 §4.5: waits before trying again, doubled from the first to the longest. */
const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 1_800_000;

export class Registration {
  /** Told how each refresh of a registration that stays went. */
  onRefresh: ((result: RegisterResult) => void) | undefined;
  readonly #agent: Agent;
  #sequence: Sequence;
  #last: RegisterResult | undefined;
  #staying: RegisterOptions | undefined;
  #timer: Scheduled | undefined;
  #failures = 0;

  constructor(agent: Agent) {
    this.#agent = agent;
    this.#sequence = agent.requests.sequence();
  }

  get registered(): boolean {
    return this.#last?.registered === true;
  }

  /** The identities that are registered; empty when none is. */
  get associated(): readonly string[] {
    return this.#last?.associated ?? [];
  }

  /** Instant of the clock at which the next refresh is due. */
  get refreshAt(): number | undefined {
    return this.#timer?.at;
  }

  async register(options: RegisterOptions = {}): Promise<RegisterResult> {
    this.#staying = options.stay === true ? options : undefined;
    return this.#attempt(options);
  }

  /** One REGISTER, whatever its answer. `edit` may put any Authorization on it; there is none by itself. */
  async send(options: RegisterOptions = {}): Promise<RegisterResult> {
    this.#agent.security?.renewOffer();
    const outcome = await this.#agent.exchange(() => this.#request(options), { answering: false, way: this.#way });
    return this.#take(outcome, options);
  }

  /** Ends the registration of our contact, or with `contacts: ['*']` of all. */
  async deregister(options: RegisterOptions = {}): Promise<RegisterResult> {
    return this.register({ ...options, expires: 0, stay: false });
  }

  /** The network ended the registration; `again` when it wants a new one (TS 24.229 §5.1.1.7). */
  ended(again: boolean): void {
    const staying = this.#staying;
    this.#forget();
    if (again && staying !== undefined) this.#refresh(staying);
    else this.#staying = undefined;
  }

  close(): void {
    this.#staying = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #attempt(options: RegisterOptions): Promise<RegisterResult> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { security } = this.#agent;
    security?.renewOffer();
    const outcome = await this.#agent.exchange(() => this.#request(options), {
      first: this.#credentials(),
      way: this.#way,
      beforeAnswer: security && ((response, answer) => security.challenged(response, answer)),
    });
    this.#settle(outcome);
    // TS 24.229 §5.1.1.5.1: after a challenge without Security-Server it begins anew.
    if (outcome.withheld !== undefined) this.#sequence = this.#agent.requests.sequence();
    const least = outcome.status === 423 ? outcome.response?.headers.tryGet(MIN_EXPIRES) : undefined;
    if (least !== undefined && least > (options.expires ?? 0) && options.obeyMinExpires !== false) {
      return this.#attempt({ ...options, expires: least, obeyMinExpires: false });
    }
    return this.#take(outcome, options);
  }

  #request({ expires, contacts, impu = this.#agent.options.impu, edit }: RegisterOptions): Request {
    const { options, requests, security } = this.#agent;
    const flow = this.#way();
    const request = requests.next('REGISTER', `sip:${options.domain}`, this.#sequence, {
      from: impu,
      to: impu,
      headers: [
        ...(contacts === undefined ? [header(CONTACT, requests.contact(flow))] : []),
        header(EXPIRES, expires ?? options.expires ?? EXPIRES_ASKED),
        header(SUPPORTED, 'path'),
        requests.allow,
      ],
    });
    for (const contact of contacts ?? []) request.headers.addRaw(CONTACT.name, contact);
    security?.dress(request, flow);
    edit?.(request);
    return request;
  }

  readonly #way = (): Flow => this.#agent.security?.registerFlow ?? this.#agent.clear;

  /** Those of the last challenge, else what TS 24.229 §5.1.1.2 puts on a first REGISTER. */
  #credentials(): HeaderValue | undefined {
    const { security, answers } = this.#agent;
    const { impi, domain, secrets, firstAuthorization } = this.#agent.options;
    const uri = `sip:${domain}`;
    // What was proven inside security associations is of no use in clear.
    const again = security !== undefined && security.flow === undefined ? undefined : answers.again('REGISTER', uri);
    if (again !== undefined) return header(AUTHORIZATION, again);
    const form = firstAuthorization ?? (secrets.sim === undefined ? 'none' : 'unnamed');
    if (form === 'none') return undefined;
    return header(AUTHORIZATION, {
      scheme: 'Digest',
      username: impi,
      realm: domain,
      nonce: '',
      uri,
      response: '',
      ...(form !== 'unnamed' && { algorithm: form.named }),
    });
  }

  #take(outcome: Outcome, options: RegisterOptions): RegisterResult {
    const { requests } = this.#agent;
    const { status, response, flow } = outcome;
    const accepted = status === 200 ? response?.headers : undefined;
    const granted = accepted && grantedTo(options.contacts?.[0] ?? printNameAddr(requests.contact(flow)), accepted);
    const result: RegisterResult = {
      ...outcome,
      registered: granted !== undefined && granted > 0,
      granted,
      associated: accepted?.all(P_ASSOCIATED_URI).map(({ uri }) => printUri(uri)) ?? [],
    };
    if (accepted !== undefined && result.registered) {
      this.#last = result;
      this.#failures = 0;
      requests.serviceRoute = accepted.all(SERVICE_ROUTE);
      this.#secure(flow, granted ?? 0);
      this.#schedule(refreshDelayMs(granted ?? 0));
    } else if (accepted !== undefined) this.#forget();
    return result;
  }

  /** The set that was made for an answer goes when the answer is refused. */
  #settle({ status, flow }: Outcome): void {
    if (status === 200 || flow.protected === undefined) return;
    this.#agent.security?.sets.dispatch({ type: 'refused', set: flow.protected.set });
  }

  #secure({ protected: through }: Flow, granted: number): void {
    const { security, clock } = this.#agent;
    if (through === undefined) return;
    security?.sets.dispatch({ type: 'registered', set: through.set, until: clock.now() + 1000 * granted });
  }

  #forget(): void {
    this.#last = undefined;
    this.#agent.security?.sets.dispatch({ type: 'left' });
    this.#agent.requests.serviceRoute = [];
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#agent;
    const staying = this.#staying;
    if (staying === undefined) return;
    this.#timer?.cancel();
    this.#timer = clock.schedule(clock.now() + delayMs, () => this.#refresh(staying));
  }

  #refresh(options: RegisterOptions): void {
    this.#attempt(options).then(
      (result) => {
        if (!result.registered && this.#staying === options) this.#failed(result.status);
        this.onRefresh?.(result);
      },
      // Nobody answered and nobody advanced the clock.
      () => this.#failed(408),
    );
  }

  /** A server that is away may come back; one that refuses has decided. */
  #failed(status: number): void {
    if (status !== 408 && status < 500) {
      this.#forget();
      this.#staying = undefined;
      return;
    }
    this.#failures++;
    this.#schedule(Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS));
  }
}

/** TS 24.229 §5.1.1.4.1: 600 s before the end, or after half of the time when that is 1200 s or less. */
function refreshDelayMs(granted: number): number {
  return 1000 * (granted > 1200 ? granted - 600 : granted / 2);
}

/** The seconds a 200 gives to a contact: RFC 3261 §10.2.4. */
function grantedTo(contact: string, headers: Headers): number | undefined {
  if (contact === '*') return undefined;
  const { uri } = parseNameAddr(contact);
  for (const one of headers.all(CONTACT)) {
    if (one !== '*' && sameUri(one.uri, uri)) return expiresOf(one) ?? headers.tryGet(EXPIRES);
  }
  return undefined;
}
