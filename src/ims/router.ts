import type { Endpoint } from '../core/endpoint.ts';
import { MalformedError } from '../core/errors.ts';
import { type Flow, samePeer } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import type { Incoming, Originator, Service } from '../services/service.ts';
import { ALLOW_HEADER, checkRequired, KNOWN_METHODS, SUPPORTED_HEADER } from '../sip/dialog/capabilities.ts';
import type { Dialogs, DialogUsage } from '../sip/dialog/dialogs.ts';
import { responseTo } from '../sip/message/build.ts';
import { ALLOW_EVENTS, CONTACT, MAX_FORWARDS, RETRY_AFTER, TO, tagOf } from '../sip/message/header-types.ts';
import { type Request, type Response, startLine } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { isSip, isTel, parseUri, type Uri } from '../sip/message/uri.ts';
import type { ServerTransaction, TransactionUser } from '../sip/transaction/user.ts';
import type { Access, Authenticator } from './authenticator.ts';
import { isDeregistration } from './contacts.ts';
import type { CxHss } from './cx-hss.ts';
import type { Icscf } from './icscf.ts';
import { isOutside } from './outside-users.ts';
import type { RegEvent } from './reg-event.ts';
import { checkPackage } from './reg-subscription.ts';
import type { Registrar } from './scscf.ts';
import type { ToTags } from './to-tags.ts';

export interface RouterParts {
  readonly toTags: ToTags;
  readonly logger: Logger;
  readonly dialogs: Dialogs;
  /** Whether something is a socket we listen on. */
  readonly isOurs: (endpoint: Endpoint) => boolean;
  readonly icscf: Icscf;
  readonly authenticator: Authenticator;
  readonly registrar: Registrar;
  readonly regEvent: RegEvent;
  /** To whom what is called is open; undefined: to who has proven who it is, as usual. */
  readonly accessTo: (called: Uri) => Access | undefined;
  /** Whether what registered users need can be had (setting rx_required). */
  readonly mayRegister: () => boolean;
  /** Where users without keys in ue_db have them. */
  readonly outside?: OutsideHss;
  /** Asked in order. */
  readonly services: readonly Service[];
}

/** What the HSS outside is asked and told around registrations and calls. */
export type OutsideHss = Pick<CxHss, 'authorize' | 'proven' | 'unproven' | 'unbound' | 'locate'>;

/** Seconds: a connection that is lost is tried again as often. */
const RX_RETRY_S = '30';

type MethodHandler = (transaction: ServerTransaction) => void;

/** Every request that is new, to whoever answers it; the one place where refusals become responses. */
export class Router implements TransactionUser {
  readonly #parts: RouterParts;
  readonly #methods: { readonly [method: string]: MethodHandler | undefined };

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.#methods = {
      REGISTER: (transaction) => this.#register(transaction),
      SUBSCRIBE: (transaction) => this.#subscribe(transaction),
      OPTIONS: (transaction) => this.#options(transaction),
      INVITE: (transaction) => this.#serve(transaction),
      MESSAGE: (transaction) => this.#serve(transaction),
    };
  }

  onRequest(transaction: ServerTransaction): void {
    this.#guarded(transaction, () => {
      const { request } = transaction;
      if (this.#parts.isOurs(transaction.flow.remote))
        throw new SipError(482, 'the request came from this server itself');
      const usage = this.#parts.dialogs.find(request);
      if (usage !== undefined) {
        this.#inDialog(transaction, usage);
        return;
      }
      if (request.method !== 'REGISTER' && tagOf(request.headers.get(TO)) !== undefined) {
        throw new SipError(481, `${request.method} inside a dialog that is not known here (any more)`);
      }
      // Handlers are looked up by what a stranger wrote, so only the table's own entries count.
      const handler = Object.hasOwn(this.#methods, request.method) ? this.#methods[request.method] : undefined;
      if (handler === undefined) throw this.#unserved(request.method);
      checkRequired(request, grantedTo(transaction));
      handler(transaction);
    });
  }

  onAck(request: Request, flow: Flow): void {
    const usage = this.#parts.dialogs.find(request);
    if (usage?.onAck === undefined || !samePeer(usage.flow, flow))
      this.#parts.logger.debug('ACK for no call of ours; dropped');
    else usage.onAck(request, flow);
  }

  onStrayResponse(response: Response): void {
    this.#parts.logger.debug(() => `${startLine(response)} for no request of ours; dropped`);
  }

  /** A peer whose address or protection changed proves anew who it is; nobody else may act in its dialog. */
  #inDialog(transaction: ServerTransaction, usage: DialogUsage): void {
    if (samePeer(usage.flow, transaction.flow)) {
      usage.onRequest(transaction);
      return;
    }
    this.#proven(transaction, ({ subscriber }) => {
      if (subscriber.impi !== usage.impi) throw new SipError(403, `${subscriber.impi} is not in this dialog`);
      usage.onRequest(transaction);
    });
  }

  #register(transaction: ServerTransaction): void {
    const { authenticator, icscf, registrar } = this.#parts;
    const { request } = transaction;
    if (!this.#parts.mayRegister() && !isDeregistration(request)) {
      const why = 'the PCRF cannot be asked, and rx_required is true';
      throw new SipError(503, why).with(RETRY_AFTER, RX_RETRY_S);
    }
    const originator = icscf.registering(request, authenticator.usernameOf(request));
    this.#compareDomain(request, originator);
    const outside = isOutside(originator.subscriber) ? this.#parts.outside : undefined;
    const accept = () => {
      icscf.authenticated(originator.subscriber);
      registrar.register(transaction, originator);
    };
    const prove = (whenProven: () => void) =>
      authenticator.register(transaction, originator, (refusal) => {
        if (refusal?.status === 403) outside?.unproven(originator);
        this.#then(transaction, whenProven)(refusal);
      });
    if (outside === undefined) prove(accept);
    else this.#registerOutside(transaction, originator, outside, prove, accept);
  }

  /** The HSS that has the user's keys is asked before it proves who it is, and told before it is registered. */
  #registerOutside(
    transaction: ServerTransaction,
    originator: Originator,
    outside: OutsideHss,
    prove: (whenProven: () => void) => void,
    accept: () => void,
  ): void {
    const { request } = transaction;
    const deregisters = isDeregistration(request);
    const binds = !deregisters && request.headers.has(CONTACT.name);
    const assigned = this.#then(transaction, () => {
      try {
        accept();
      } catch (error) {
        if (binds) outside.unbound(originator);
        throw error;
      }
    });
    const authorized = () => prove(() => outside.proven(originator, binds, assigned));
    outside.authorize(originator, deregisters, this.#then(transaction, authorized));
  }

  /** A phone that derives another domain from its IMSI (2 or 3 digits of MNC) is served, but its user should know. */
  #compareDomain(request: Request, { subscriber }: Originator): void {
    const target = requestUri(request);
    if (!isSip(target) || this.#parts.icscf.isHome(target.host, subscriber)) return;
    this.#parts.logger.info(
      `${subscriber.impi} registers with ${target.host}, its domain is ${subscriber.domain}: see domain and domain_aliases`,
    );
  }

  #subscribe(transaction: ServerTransaction): void {
    const target = requestUri(transaction.request);
    checkPackage(transaction.request);
    this.#proven(transaction, (originator) => this.#parts.regEvent.subscribe(transaction, target, originator));
  }

  /** RFC 3261 §11.2: answered as for ourselves; a named user must be one of ours. */
  #options(transaction: ServerTransaction): void {
    const target = requestUri(transaction.request);
    if (!isSip(target) || target.user !== undefined) {
      checkForwards(transaction.request);
      if (this.#parts.icscf.called(target) === undefined) {
        throw new SipError(404, `OPTIONS for ${transaction.request.uri}, who is no user here`);
      }
    }
    const response = this.#response(transaction.request, 200);
    for (const [type, value] of [ALLOW_HEADER, SUPPORTED_HEADER]) response.headers.add(type, value);
    response.headers
      .add(ALLOW_EVENTS, 'reg')
      .addRaw('Accept', 'application/sdp, application/reginfo+xml, application/vnd.3gpp.sms, text/plain');
    transaction.respondOnce(response);
  }

  /** Requests that one of the services takes. */
  #serve(transaction: ServerTransaction): void {
    const { request } = transaction;
    const called = requestUri(request);
    checkForwards(request);
    const serve = (originator: Originator | undefined) => {
      const incoming: Incoming = { transaction, called, originator };
      const service = this.#parts.services.find((one) => one.methods.includes(request.method) && one.matches(incoming));
      if (service === undefined) throw this.#unserved(request.method);
      this.#handle(service, incoming);
    };
    const access = request.method === 'INVITE' ? this.#parts.accessTo(called) : undefined;
    if (access === undefined) this.#proven(transaction, serve);
    else this.#parts.authenticator.caller(transaction, access, this.#given(transaction, serve));
  }

  /** A user nobody here knows may be one of the HSS outside: who is called then is known the second time. */
  #handle(service: Service, incoming: Incoming): void {
    const { outside } = this.#parts;
    const { transaction, called } = incoming;
    try {
      service.handle(incoming);
    } catch (error) {
      const unknown =
        error instanceof SipError &&
        error.status === 404 &&
        (isSip(called) || isTel(called)) &&
        this.#parts.icscf.called(called) === undefined;
      if (!unknown || outside === undefined) throw error;
      outside.locate(
        called,
        this.#then(transaction, () => service.handle(incoming)),
      );
    }
  }

  #proven(transaction: ServerTransaction, next: (originator: Originator) => void): void {
    this.#parts.authenticator.originator(transaction, this.#given(transaction, next));
  }

  /** Goes on with what was found out, unless that is a refusal. */
  #given<T>(transaction: ServerTransaction, next: (outcome: T) => void): (outcome: T | SipError) => void {
    return (outcome) =>
      this.#guarded(transaction, () => {
        if (outcome instanceof SipError) throw outcome;
        next(outcome);
      });
  }

  #then(transaction: ServerTransaction, next: () => void): (refusal: SipError | undefined) => void {
    return (refusal) =>
      this.#guarded(transaction, () => {
        if (refusal !== undefined) throw refusal;
        next();
      });
  }

  #guarded(transaction: ServerTransaction, run: () => void): void {
    try {
      run();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const { request } = transaction;
      const { logger } = this.#parts;
      const line = () => `${request.method} ${request.uri} answered ${refusal.status}: ${refusal.message}`;
      // A challenge is how it goes; whoever is refused will ask why.
      if (refusal.status === 401 || refusal.status === 407) logger.info(line);
      else logger.warn(line);
      transaction.respondOnce(refusal.applyTo(this.#response(request, refusal.status, refusal.reason)));
    }
  }

  #response(request: Request, status: number, reason?: string): Response {
    return responseTo(request, status, {
      toTag: this.#parts.toTags.of(request),
      ...(reason !== undefined && { reason }),
    });
  }

  #unserved(method: string): SipError {
    if (!KNOWN_METHODS.includes(method)) return new SipError(501, `method ${method} is not known here`);
    return new SipError(405, `${method} is not served here`).with(...ALLOW_HEADER);
  }
}

/** Headers are read when they are needed, so that a malformed one may only be found now. */
function refusalOf(error: unknown): SipError | undefined {
  if (error instanceof MalformedError) return new SipError(400, error.message);
  return error instanceof SipError ? error : undefined;
}

/** An agreement is REGISTER's to judge; inside one, handsets require it again and again (RFC 3329 §2.3.1). */
function grantedTo({ request, flow }: ServerTransaction): readonly string[] {
  return request.method === 'REGISTER' || flow.protected !== undefined ? ['sec-agree'] : [];
}

/** RFC 3261 §16.3 step 3, for what is meant for somebody behind us. @throws SipError 483. */
function checkForwards({ headers }: Request): void {
  if (headers.get(MAX_FORWARDS) === 0) throw new SipError(483, 'Max-Forwards is used up');
}

function requestUri(request: Request): Uri {
  return parseUri(request.uri);
}
