import type { Flow } from '../core/flow.ts';
import type { Originator } from '../services/service.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Registrations } from '../store/registrations.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';
import { credentialsOf, type DigestAuthentication } from './digest-authentication.ts';
import type { Icscf } from './icscf.ts';

/** To whom something that can be called is open besides those who have proven who they are. */
export interface Access {
  /** To phones nobody knows. */
  readonly anonymous: boolean;
  /** false: to users who need not prove that they are. */
  readonly authentication: boolean;
}

export interface AuthenticatorParts {
  readonly digest: DigestAuthentication;
  readonly icscf: Icscf;
  readonly registrations: Registrations;
}

/** Proves that a request comes from the user it names (TS 33.203 §6.1, RFC 3261 §22, RFC 3310). */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** The username of the credentials a request carries, if any. @throws SipError 400 for malformed credentials. */
  usernameOf(request: Request): string | undefined {
    return credentialsOf(request)[0]?.username;
  }

  /** Authenticates a REGISTER; `done` gets the refusal, the challenge among them, or nothing. */
  register(
    transaction: ServerTransaction,
    { subscriber }: Originator,
    done: (refusal: SipError | undefined) => void,
  ): void {
    // Registering makes all identities of the set the phone's, so one that is free of proof frees only itself.
    if (subscriber.identities.every((one) => isTrusted(subscriber, one))) done(undefined);
    else this.#parts.digest.prove(transaction.request, subscriber, 'registrar', done);
  }

  /**
   * Who sent a request to somebody who is open to more than those who prove who they are; undefined stands for
   * somebody unknown. Nobody who could be challenged and need not prove anything is: what it claims is not believed.
   */
  caller(
    transaction: ServerTransaction,
    access: Access,
    done: (outcome: Originator | undefined | SipError) => void,
  ): void {
    const { request, flow } = transaction;
    const originator = this.#claimed(request, flow);
    if (originator !== undefined && this.#isBelieved(originator, flow)) {
      done(originator);
      return;
    }
    const named = this.#parts.icscf.asserted(request, () => true);
    const isProvable = named !== undefined && challengesEach(named.subscriber);
    const isUnproven = isProvable ? !access.authentication : access.anonymous || (named && !access.authentication);
    if (isUnproven) done(undefined);
    else this.originator(transaction, done);
  }

  /**
   * Who sent a request outside any dialog. Users of passwords prove it each time (unless auth_on_register_only), SIM
   * users by the address they are registered from.
   */
  originator(transaction: ServerTransaction, done: (outcome: Originator | SipError) => void): void {
    const { request, flow } = transaction;
    const originator = this.#claimed(request, flow);
    if (originator === undefined) {
      done(new SipError(403, 'neither From nor P-Preferred-Identity is an identity of a user known here'));
      return;
    }
    const { subscriber } = originator;
    if (this.#isBelieved(originator, flow)) {
      done(originator);
    } else if (challengesEach(subscriber)) {
      this.#parts.digest.prove(request, subscriber, 'proxy', (refusal) => done(refusal ?? originator));
    } else {
      done(
        new SipError(
          403,
          `${subscriber.impi} is not registered from ${flow.remote.address}: it must register before it may send ${request.method}`,
        ),
      );
    }
  }

  /** Whether nothing more has to be proven. */
  #isBelieved({ subscriber, identity }: Originator, flow: Flow): boolean {
    return isTrusted(subscriber, identity) || (!challengesEach(subscriber) && this.#isAt(subscriber, flow));
  }

  /** Whom the request names, else whoever alone is registered from where it came. */
  #claimed(request: Request, flow: Flow): Originator | undefined {
    const named = this.#parts.icscf.asserted(request, (subscriber) => this.#isAt(subscriber, flow));
    if (named !== undefined) return named;
    const only = this.#parts.registrations.onlyOneAt(flow.remote.address);
    const identity = only?.identities[0];
    return only === undefined || identity === undefined ? undefined : { subscriber: only, identity };
  }

  /** A live registration from this address proves its user where nothing better does. */
  #isAt(subscriber: Subscriber, flow: Flow): boolean {
    return this.#parts.registrations.isAt(subscriber, flow.remote.address);
  }
}

function isTrusted({ level }: Subscriber, { authentication }: Identity): boolean {
  return level === 'none' || !authentication;
}

function challengesEach({ level, authOnRegisterOnly }: Subscriber): boolean {
  return level === 'MD5' && !authOnRegisterOnly;
}
