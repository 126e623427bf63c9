import type { Clock, Scheduled } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import {
  type AssignmentType,
  type AuthenticationItem,
  type AuthenticationScheme,
  type AuthorizationType,
  Cx,
  type CxFailure,
  type CxOptions,
  type CxResult,
  isFailure,
  type TerminationReason,
} from '../diameter/cx.ts';
import type { Peer } from '../diameter/peer.ts';
import type { UserProfile } from '../diameter/user-profile.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri, type Uri } from '../sip/message/uri.ts';
import type { Binding, RegistrationChange, Registrations } from '../store/registrations.ts';
import type { IdentityOwner, Subscriber, Subscribers } from '../store/subscribers.ts';
import { CHALLENGE_LIFETIME_MS } from './challenge.ts';
import { refusalOf, unlocated } from './cx-refusal.ts';
import type { AuthenticationData, Hss, Resynchronisation, Scheme } from './hss.ts';
import { isOutside, type OutsideUsers } from './outside-users.ts';

export interface CxHssParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly peer: Peer;
  readonly users: OutsideUsers;
  readonly subscribers: Subscribers;
  readonly registrations: Registrations;
  /** Ends bindings from the network's side. */
  readonly deregister: (bindings: readonly Binding[], event: 'deactivated' | 'rejected') => void;
}

type Refused = (refusal: SipError | undefined) => void;

const SCHEMES: { readonly [scheme in Scheme]: AuthenticationScheme } = {
  MD5: 'SIP Digest',
  'AKAv1-MD5': 'Digest-AKAv1-MD5',
  'AKAv2-MD5': 'Digest-AKAv2-MD5',
};
const LEVELS = { 'SIP Digest': 'MD5', 'Digest-AKAv1-MD5': 'AKAv1', 'Digest-AKAv2-MD5': 'AKAv2' } as const;

/** Assignment type of a registration's end (TS 29.228 §6.1.2.1). */
const ENDINGS: { readonly [event in RegistrationChange['removed'][number]['event']]: AssignmentType } = {
  unregistered: 'USER_DEREGISTRATION',
  expired: 'TIMEOUT_DEREGISTRATION',
  deactivated: 'ADMINISTRATIVE_DEREGISTRATION',
  rejected: 'ADMINISTRATIVE_DEREGISTRATION',
};

/**
 * The HSS of another machine (TS 29.228): asked for every user that has no keys in ue_db, told what becomes of their
 * registrations, and obeyed when it ends them. While it cannot be reached nobody new is registered, and whoever is
 * registered stays so.
 */
export class CxHss implements Hss {
  readonly #parts: CxHssParts;
  readonly #cx: Cx;
  /** Users the HSS holds for being authenticated, until it hears how that went. */
  readonly #awaited = new Map<Subscriber, Scheduled>();
  /** H(A1) of users that are registered: they are challenged with each request, which is no business of the HSS. */
  readonly #digests = new WeakMap<Subscriber, Extract<AuthenticationData, { scheme: 'MD5' }>>();
  /** Ends of registrations the HSS could not be told of. */
  readonly #owed = new Map<Subscriber, { readonly impu: string; readonly type: AssignmentType }>();
  /** The user whose registration the HSS is ending. */
  #terminated: Subscriber | undefined;

  constructor(parts: CxHssParts, options: CxOptions) {
    this.#parts = parts;
    this.#cx = new Cx(parts.peer, options, {
      terminate: (impis, impus, reason) => this.#terminate(impis, impus, reason),
      push: (impi, profile) => this.#push(impi, profile),
      keysChanged: (impi) => {
        const subscriber = parts.subscribers.byImpi(impi);
        if (subscriber !== undefined) this.#digests.delete(subscriber);
      },
    });
  }

  /** The HSS can be reached (again): it hears what it missed. */
  connected(): void {
    const owed = [...this.#owed];
    this.#owed.clear();
    for (const [subscriber, { impu, type }] of owed) {
      if (!this.#isRegistered(subscriber)) this.#tell(subscriber, impu, type);
    }
  }

  /** Whether this user may register, or end its registration (UAR). */
  authorize({ subscriber, identity }: IdentityOwner, deregisters: boolean, done: Refused): void {
    const type: AuthorizationType = deregisters ? 'DE_REGISTRATION' : 'REGISTRATION';
    this.#cx.authorize({ impi: subscriber.impi, impu: identity.text }, type, (outcome) => {
      if (!isFailure(outcome)) done(undefined);
      else if (outcome.kind === 'unreachable' && this.#isRegistered(subscriber)) done(this.#carriesOn(outcome));
      else done(refusalOf(subscriber.impi, outcome));
    });
  }

  authenticationData(
    { subscriber, identity }: IdentityOwner,
    scheme: Scheme | undefined,
    resynchronisation: Resynchronisation | undefined,
    done: (answer: AuthenticationData | SipError) => void,
  ): void {
    const kept = this.#isRegistered(subscriber) ? this.#digests.get(subscriber) : undefined;
    if (kept !== undefined && (scheme === undefined || scheme === 'MD5')) {
      done(kept);
      return;
    }
    const authorization = resynchronisation && Buffer.concat([resynchronisation.rand, resynchronisation.auts]);
    const names = { impi: subscriber.impi, impu: identity.text };
    this.#cx.authenticate(names, scheme === undefined ? 'Unknown' : SCHEMES[scheme], authorization, (outcome) => {
      if (isFailure(outcome)) done(refusalOf(subscriber.impi, outcome));
      else done(this.#challengedWith(subscriber, identity.text, outcome));
    });
  }

  /**
   * A REGISTER was proven. When it binds a contact, the HSS is told before the phone is, and says who the user is (SAR).
   */
  proven({ subscriber, identity }: IdentityOwner, binds: boolean, done: Refused): void {
    this.#hears(subscriber);
    if (!isOutside(subscriber) || !binds) {
      done(undefined);
      return;
    }
    const registered = this.#isRegistered(subscriber);
    const type: AssignmentType = registered ? 'RE_REGISTRATION' : 'REGISTRATION';
    const names = { impi: subscriber.impi, impu: identity.text };
    this.#cx.assign(names, type, registered, (outcome) => {
      if (isFailure(outcome)) {
        if (outcome.kind === 'unreachable' && registered) done(this.#carriesOn(outcome));
        else done(this.#unassigned(subscriber, identity.text, outcome));
        return;
      }
      try {
        if (outcome.profile !== undefined) this.#parts.users.take(subscriber, outcome.profile);
        const barred = subscriber.identities.length === 0;
        done(barred ? new SipError(403, `${subscriber.impi}: all its identities are barred`) : undefined);
        if (barred) this.unbound({ subscriber, identity });
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        done(this.#unassigned(subscriber, identity.text, { kind: 'unusable', why: error.message }));
      }
    });
  }

  /** A user could not prove who it is. */
  unproven({ subscriber, identity }: IdentityOwner): void {
    if (!this.#hears(subscriber) || this.#isRegistered(subscriber)) return;
    this.#tell(subscriber, identity.text, 'AUTHENTICATION_FAILURE');
  }

  /** A proven REGISTER came to nothing: the HSS takes the user for registered and is put right. */
  unbound({ subscriber, identity }: IdentityOwner): void {
    if (!this.#isRegistered(subscriber)) this.#tell(subscriber, identity.text, 'ADMINISTRATIVE_DEREGISTRATION');
  }

  /**
   * Makes a user known that nobody here knew, because it is called (LIR, and SAR for its profile).
   * `done` gets the refusal of the call: 404 for nobody, 480 for one without services when unregistered.
   */
  locate(called: Uri, done: Refused): void {
    const impu = printUri(called);
    this.#cx.locate(impu, (outcome) => {
      if (isFailure(outcome)) {
        done(unlocated(impu, outcome));
        return;
      }
      const { serverName } = outcome;
      if (serverName !== undefined && serverName.toLowerCase() !== this.#cx.serverName.toLowerCase()) {
        done(new SipError(480, `${impu} is served by ${serverName}`));
        return;
      }
      this.#cx.assign({ impi: undefined, impu }, 'UNREGISTERED_USER', false, (assigned) => {
        if (isFailure(assigned)) done(unlocated(impu, assigned));
        else done(this.#met(impu, assigned));
      });
    });
  }

  /** Whoever's last binding is gone is no user of this S-CSCF any more; the HSS hears why. */
  changed({ subscriber, removed }: RegistrationChange): void {
    const [last] = removed;
    if (!isOutside(subscriber) || last === undefined || this.#isRegistered(subscriber)) return;
    this.#digests.delete(subscriber);
    if (subscriber !== this.#terminated) this.#tell(subscriber, last.binding.identity.text, ENDINGS[last.event]);
  }

  get #logger(): Logger {
    return this.#parts.logger;
  }

  #isRegistered(subscriber: Subscriber): boolean {
    return this.#parts.registrations.of(subscriber).length > 0;
  }

  /** Nobody who is registered is disturbed because the HSS is away. */
  #carriesOn({ why }: Extract<CxFailure, { kind: 'unreachable' }>): undefined {
    this.#logger.warn(`the HSS is away (${why}): a registration goes on without it`);
    return undefined;
  }

  #challengedWith(subscriber: Subscriber, impu: string, item: AuthenticationItem): AuthenticationData {
    if (!isOutside(subscriber)) throw new Error(`${subscriber.impi} is no user of the HSS`);
    subscriber.outside.level = LEVELS[item.scheme];
    this.#awaits(subscriber, impu);
    if (item.scheme === 'SIP Digest') {
      const data = { scheme: 'MD5', ha1: item.ha1, realm: item.realm } as const;
      this.#digests.set(subscriber, data);
      return data;
    }
    const { rand, autn, xres, ck, ik } = item;
    return {
      scheme: item.scheme === 'Digest-AKAv1-MD5' ? 'AKAv1-MD5' : 'AKAv2-MD5',
      vector: { rand, autn, xres, ck, ik },
    };
  }

  #awaits(subscriber: Subscriber, impu: string): void {
    this.#hears(subscriber);
    const { clock } = this.#parts;
    const limit = clock.schedule(clock.now() + CHALLENGE_LIFETIME_MS, () => {
      this.#awaited.delete(subscriber);
      if (!this.#isRegistered(subscriber)) this.#tell(subscriber, impu, 'AUTHENTICATION_TIMEOUT');
    });
    this.#awaited.set(subscriber, limit);
  }

  /** @returns whether the HSS was waiting. */
  #hears(subscriber: Subscriber): boolean {
    this.#awaited.get(subscriber)?.cancel();
    return this.#awaited.delete(subscriber);
  }

  /** Tells of something that has happened, whatever the HSS thinks of it. */
  #tell(subscriber: Subscriber, impu: string, type: AssignmentType): void {
    this.#cx.assign({ impi: subscriber.impi, impu }, type, true, (outcome) => {
      if (!isFailure(outcome) || outcome.kind === 'unusable') return;
      this.#logger.warn(`${subscriber.impi}: the HSS did not take ${type}: ${outcome.why}`);
      if (outcome.kind === 'unreachable') this.#owed.set(subscriber, { impu, type });
    });
  }

  #unassigned(subscriber: Subscriber, impu: string, failure: CxFailure): SipError {
    // It takes the user for ours.
    if (failure.kind === 'unusable') this.#tell(subscriber, impu, 'ADMINISTRATIVE_DEREGISTRATION');
    return refusalOf(subscriber.impi, failure);
  }

  #met(
    impu: string,
    { impi, profile }: { readonly impi: string | undefined; readonly profile: UserProfile | undefined },
  ): SipError | undefined {
    if (impi === undefined || profile === undefined) return new SipError(480, `the HSS has no profile of ${impu}`);
    try {
      const subscriber = this.#parts.users.known(impi, profile);
      return subscriber === undefined ? new SipError(404, `${impi} is a user of ue_db`) : undefined;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return new SipError(500, `the profile of ${impu} cannot be used: ${error.message}`);
    }
  }

  #terminate(impis: readonly string[], impus: readonly string[], reason: TerminationReason | number): CxResult {
    const users = impis.map((impi) => this.#parts.subscribers.byImpi(impi)).filter((one) => one !== undefined);
    if (users.length === 0) return 'unknown user';
    for (const subscriber of users.filter(isOutside)) {
      const names = [...subscriber.identities, ...subscriber.outside.barred].map(({ text }) => text);
      // The identities of one implicit set end together (TS 23.228 §5.2.1a).
      if (impus.length > 0 && !impus.some((impu) => names.includes(impu))) continue;
      this.#terminated = subscriber;
      this.#logger.info(`${subscriber.impi}: the HSS ends its registration (${reason})`);
      // TS 24.229 §5.4.1.5.
      const event = reason === 'PERMANENT_TERMINATION' ? 'rejected' : 'deactivated';
      this.#parts.deregister(this.#parts.registrations.of(subscriber), event);
      this.#terminated = undefined;
    }
    return 'success';
  }

  /** @throws MalformedError */
  #push(impi: string, profile: UserProfile): CxResult {
    const { users, subscribers, registrations } = this.#parts;
    const subscriber = subscribers.byImpi(impi);
    if (subscriber === undefined || !isOutside(subscriber)) return 'unknown user';
    users.take(subscriber, profile);
    this.#logger.info(`${impi}: the HSS gives it another profile`);
    const bound = registrations.of(subscriber);
    if (bound.length === 0) return 'success';
    // Whoever watches the registration hears which identities it has now.
    registrations.changed.call({ subscriber, bound, removed: [] });
    return 'success';
  }
}
