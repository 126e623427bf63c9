import type { Flow } from '../core/flow.ts';
import type { Protected } from '../core/protection.ts';
import type { Originator } from '../services/service.ts';
import { CONTACT } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Registrations } from '../store/registrations.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';
import { findBinding } from './contacts.ts';
import { credentialsOf, type DigestAuthentication } from './digest-authentication.ts';
import type { Icscf } from './icscf.ts';
import type { SecurityAgreements } from './sec-agree.ts';

/** To whom something that can be called is open besides those who have proven who they are. */
export interface Access {
  /** To phones nobody knows. */
  readonly anonymous: boolean;
  /** false: to users who need not prove that they are. */
  readonly authentication: boolean;
}

export interface AuthenticatorParts {
  readonly agreements: SecurityAgreements;
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

  /**
   * Authenticates a REGISTER; `done` gets the refusal, the challenge among them, or nothing.
   * @throws SipError 420, 421, 494 or 403 when its security agreement is none.
   */
  register(
    transaction: ServerTransaction,
    originator: Originator,
    done: (refusal: SipError | undefined) => void,
  ): void {
    const { agreements, digest } = this.#parts;
    const { subscriber, identity } = originator;
    const { request, flow } = transaction;
    const agreement = agreements.agreed(request, flow, subscriber);
    // Registering makes all identities of the set the phone's, so one that is free of proof frees only itself.
    if (agreement.proven || [identity, ...subscriber.identities].every((one) => isTrusted(subscriber, one))) {
      done(undefined);
      return;
    }
    digest.prove(request, originator, 'registrar', (refusal, challenge) => {
      const excused = refusal?.status === 504 && this.#isRefresh(request, flow, subscriber);
      agreements.conclude(agreement, excused ? undefined : refusal, challenge, done);
    });
  }

  /**
   * Whether a REGISTER keeps what its sender has: that is believed while nobody can be asked, as its other requests are.
   */
  #isRefresh(request: Request, { protected: inside, remote }: Flow, subscriber: Subscriber): boolean {
    const { registrations } = this.#parts;
    const bindings = registrations.of(subscriber);
    const contacts = request.headers.all(CONTACT);
    if (!contacts.every((contact) => contact !== '*' && findBinding(bindings, contact) !== undefined)) return false;
    if (inside !== undefined) return registrations.carriedBy(inside.association) === subscriber;
    return (
      !challengesEach(subscriber) && !this.#isProtected(subscriber) && registrations.isAt(subscriber, remote.address)
    );
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
    if (flow.protected !== undefined) {
      this.originator(transaction, done);
      return;
    }
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
   * users by the security associations it came in, or the address they are registered from in clear.
   */
  originator(transaction: ServerTransaction, done: (outcome: Originator | SipError) => void): void {
    const { request, flow } = transaction;
    if (flow.protected !== undefined) {
      done(this.#protected(request, flow.protected));
      return;
    }
    const originator = this.#claimed(request, flow);
    if (originator === undefined) {
      done(new SipError(403, 'neither From nor P-Preferred-Identity is an identity of a user known here'));
      return;
    }
    const { subscriber } = originator;
    if (this.#isBelieved(originator, flow)) {
      done(originator);
    } else if (challengesEach(subscriber)) {
      this.#parts.digest.prove(request, originator, 'proxy', (refusal) => done(refusal ?? originator));
    } else {
      done(
        new SipError(
          403,
          `${subscriber.impi} is not registered from ${flow.remote.address}: it must register before it may send ${request.method}`,
        ),
      );
    }
  }

  /**
   * The owner of the associations a request came in, by the identity it names, else by its default one
   * (TS 24.229 §5.2.6.3).
   */
  #protected(request: Request, { association }: Protected): Originator | SipError {
    const owner = this.#parts.registrations.carriedBy(association);
    if (owner === undefined) {
      return new SipError(403, `${request.method} in security associations that carry no registration (yet)`);
    }
    const named = this.#parts.icscf.asserted(request, (one) => one === owner);
    if (named !== undefined && named.subscriber !== owner) {
      return new SipError(
        403,
        `${request.method} of ${named.subscriber.impi} in security associations of ${owner.impi}`,
      );
    }
    const identity = named?.identity ?? owner.identities[0];
    return identity === undefined
      ? new SipError(403, `${owner.impi} has no identity`)
      : { subscriber: owner, identity };
  }

  /** Whether nothing more has to be proven by who sends in clear. */
  #isBelieved({ subscriber, identity }: Originator, flow: Flow): boolean {
    if (!challengesEach(subscriber) && this.#isAt(subscriber, flow)) return true;
    return isTrusted(subscriber, identity) && !this.#isProtected(subscriber);
  }

  /** What comes in clear is not of a phone that has security associations, whatever else its user need not prove. */
  #isProtected(subscriber: Subscriber): boolean {
    return this.#parts.registrations.of(subscriber).some(({ flow }) => flow.protected !== undefined);
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

/** What an HSS outside last had its user prove is what counts, once it has said so. */
function challengesEach({ level, outside, authOnRegisterOnly }: Subscriber): boolean {
  return (outside?.level ?? level) === 'MD5' && !authOnRegisterOnly;
}
