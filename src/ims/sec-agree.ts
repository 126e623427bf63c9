import type { Flow } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import type { Protected } from '../core/protection.ts';
import { choose, type Offer, type Preferences, verifyMismatch } from '../ipsec/agreement.ts';
import type { Associations, SetView } from '../ipsec/associations.ts';
import { SECURITY_CLIENT, SECURITY_SERVER, SECURITY_VERIFY } from '../ipsec/mechanism.ts';
import { akaV2SessionKeys } from '../sip/message/aka-digest.ts';
import { CALL_ID, PROXY_REQUIRE, REQUIRE, RETRY_AFTER, UNSUPPORTED } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { Subscriber } from '../store/subscribers.ts';
import type { Challenge } from './challenge.ts';
import { isDeregistration } from './contacts.ts';
import { credentialsOf } from './digest-authentication.ts';
import { translatedAddress } from './nat.ts';

export interface SecAgreeParts {
  /** Layer ipsec. */
  readonly logger: Logger;
  /** Undefined where the configuration wants no IPsec. */
  readonly associations?: Associations;
}

/** What one REGISTER agrees on. */
export interface Agreement {
  readonly request: Request;
  readonly flow: Flow;
  readonly subscriber: Subscriber;
  /** The handset requires an agreement. */
  readonly required: boolean;
  /** What a new set of security associations is made of, once the REGISTER is challenged. */
  readonly offer?: Offer;
  /** It came through its user's associations and asks for no new ones: there is nothing to prove. */
  readonly proven: boolean;
}

/** A kernel that could not take the associations may the next time; seconds. */
const RETRY_S = 5;

/**
 * The P-CSCF's part of a registration: the security agreement (RFC 3329; TS 33.203 §7, Annex H; TS 24.229 §5.2.2) of
 * users with a SIM. Associations are made with the challenge and prove every later request.
 */
export class SecurityAgreements {
  readonly #parts: SecAgreeParts;
  readonly #preferences: Preferences;

  constructor(parts: SecAgreeParts, preferences: Preferences) {
    this.#parts = parts;
    this.#preferences = preferences;
  }

  /**
   * Reads what a REGISTER offers and claims.
   * @throws SipError 420 when the handset requires what cannot be had, 421 when we do and it offers nothing, 494 when it
   * was told something else than we said, 403 in another user's associations.
   */
  agreed(request: Request, flow: Flow, subscriber: Subscriber): Agreement {
    const names = [...request.headers.all(REQUIRE), ...request.headers.all(PROXY_REQUIRE)];
    const required = names.some((name) => name.toLowerCase() === 'sec-agree');
    const agreement: Agreement = { request, flow, subscriber, required, proven: false };
    return flow.protected === undefined ? this.#inClear(agreement) : this.#inside(agreement, flow.protected);
  }

  /**
   * Completes what authentication decided: a challenge gets its security associations, and `Security-Server` with them.
   * `done` gets the refusal the handset is sent, or nothing.
   * @param challenge the one that was made, or answered.
   */
  conclude(
    agreement: Agreement,
    refusal: SipError | undefined,
    challenge: Challenge | undefined,
    done: (refusal: SipError | undefined) => void,
  ): void {
    const { flow, subscriber } = agreement;
    if (refusal?.status === 401 && challenge !== undefined) {
      this.#protect(agreement, refusal, challenge, done);
      return;
    }
    if (refusal !== undefined) {
      if (this.#set(flow)?.role === 'temporary') this.#parts.associations?.refused(flow.protected?.set as number);
      done(refusal);
      return;
    }
    // What was agreed must be used: else whoever stands between could strip the protection.
    if (flow.protected !== undefined || challenge?.set === undefined) {
      done(undefined);
      return;
    }
    const inClear = new SipError(494, `${subscriber.impi} answered in clear, although IPsec was agreed on`);
    const set = this.#parts.associations?.setOf(challenge.set);
    done(set === undefined ? inClear : inClear.with(SECURITY_SERVER, set.securityServer));
  }

  #inClear(agreement: Agreement): Agreement {
    const { request, flow, subscriber, required } = agreement;
    const { impi } = subscriber;
    const { associations, logger } = this.#parts;
    const offers = request.headers.all(SECURITY_CLIENT);
    const isServed = associations?.serves(flow.local.address) === true;
    if (!isServed || offers.length === 0) {
      const off = associations === undefined ? 'IPsec is off here' : `there is no IPsec on ${flow.local.address}`;
      const why = offers.length === 0 ? 'it names no mechanism in Security-Client' : off;
      if (required || (offers.length > 0 && subscriber.ipsecRequired)) {
        throw unsupported(`${impi} needs a security agreement: ${why}`);
      }
      if (subscriber.ipsecRequired) {
        throw new SipError(421, `${impi} must offer a security agreement (ipsec_required)`).with(REQUIRE, 'sec-agree');
      }
      if (offers.length > 0) logger.info(() => `${impi} is served in clear: ${why}`);
      return agreement;
    }
    const choice = choose(offers, this.#preferences, (pair) => associations.supports(pair));
    if ('unagreed' in choice) {
      if (required || subscriber.ipsecRequired) throw unsupported(`${impi}: ${choice.unagreed.reason}`);
      logger.info(() => `${impi} is served in clear: ${choice.unagreed.reason}`);
      return agreement;
    }
    const inside = translatedAddress(request, flow);
    if (inside !== undefined) {
      const { address } = flow.remote;
      logger.warn(
        `${impi} says it is at ${inside} and its packets come from ${address}: there is a NAT in between, which ESP does ` +
          `not pass. Turn it off, and route the phones here: ip route add ${inside} via ${address}`,
      );
    }
    return { ...agreement, offer: choice.offer };
  }

  #inside(agreement: Agreement, came: Protected): Agreement {
    const { request, flow, subscriber } = agreement;
    const { associations, logger } = this.#parts;
    const set = this.#set(flow);
    if (associations === undefined || set === undefined || set.owner !== subscriber.impi) {
      throw new SipError(
        403,
        `${subscriber.impi} in security associations of ${associations?.ownerOf(came.association)}`,
      );
    }
    const offers = request.headers.all(SECURITY_CLIENT);
    const choice = choose(offers, this.#preferences, (pair) => associations.supports(pair));
    const offer = 'offer' in choice ? choice.offer : undefined;
    const renewed = offer !== undefined && !sameNumbers(offer, set.offer);
    this.#checkVerify(request, set, offers.length > 0 && !isSame(offer, set.offer));
    if (set.role === 'temporary') return agreement;
    // A handset may not answer a challenge of its farewell (quirk of several), and has nothing to gain from one.
    if (isDeregistration(request)) return { ...agreement, proven: true };
    if (renewed) return { ...agreement, offer };
    if (offers.length > 0 && 'unagreed' in choice)
      logger.info(() => `${subscriber.impi} keeps its associations: ${choice.unagreed.reason}`);
    return { ...agreement, proven: set.role !== 'fading' && !isCardsRefusal(request) };
  }

  /**
   * The handset must have been told what we said, and we what it said (RFC 3329 §2.4; TS 24.229 §5.2.2): somebody in
   * between may have changed either.
   */
  #checkVerify({ headers }: Request, set: SetView, otherOffer: boolean): void {
    const verify = headers.all(SECURITY_VERIFY);
    const first = set.role === 'temporary';
    // Once it has been verified, a handset that leaves it out takes nothing back.
    const mismatch = verify.length === 0 && !first ? undefined : verifyMismatch(verify, set.securityServer);
    const why = mismatch ?? (first && otherOffer ? 'its Security-Client is not the one it sent first' : undefined);
    if (why !== undefined) {
      throw new SipError(494, `${set.owner}: ${why}: somebody may be bidding down`).with(
        SECURITY_SERVER,
        set.securityServer,
      );
    }
  }

  #protect(
    { request, flow, subscriber, offer, required }: Agreement,
    refusal: SipError,
    challenge: Challenge,
    done: (refusal: SipError) => void,
  ): void {
    const { associations, logger } = this.#parts;
    const { impi, ipsecRequired } = subscriber;
    if (associations === undefined || offer === undefined) {
      done(refusal);
      return;
    }
    if (challenge.data.scheme === 'MD5') {
      const why = `${impi} has no security associations: MD5 gives no keys, they need authent_type AKAv1 or AKAv2`;
      if (!required && !ipsecRequired) logger.warn(why);
      done(required || ipsecRequired ? unsupported(why) : refusal);
      return;
    }
    const { vector, scheme } = challenge.data;
    const { ck, ik } = scheme === 'AKAv2-MD5' ? akaV2SessionKeys(vector) : vector;
    const asked = {
      key: `${impi} ${request.headers.get(CALL_ID)}`,
      owner: impi,
      ...(flow.protected !== undefined && { association: flow.protected.association }),
      local: flow.local.address,
      remote: flow.remote.address,
      offer,
      ck,
      ik,
    };
    associations.prepare(asked, (outcome) => {
      if (outcome instanceof Error) {
        const failed = `${impi}: no security associations: ${outcome.message}`;
        done(new SipError(503, failed).with(RETRY_AFTER, String(RETRY_S)));
        return;
      }
      challenge.set = outcome.set;
      done(refusal.with(SECURITY_SERVER, outcome.securityServer));
    });
  }

  #set(flow: Flow): SetView | undefined {
    return flow.protected && this.#parts.associations?.setOf(flow.protected.set);
  }
}

/** A card that finds the network's sequence number or MAC wrong says so in its associations too (TS 24.229 §5.1.1.5.3). */
function isCardsRefusal(request: Request): boolean {
  return credentialsOf(request).some(
    ({ auts, nonce, response }) => auts !== undefined || (nonce !== '' && response === ''),
  );
}

function unsupported(why: string): SipError {
  return new SipError(420, why).with(UNSUPPORTED, 'sec-agree');
}

/** Whether an offer leads to the set that was made of the first one. */
function isSame(offer: Offer | undefined, first: Offer): boolean {
  if (offer === undefined || !sameNumbers(offer, first)) return false;
  const { integrity, encryption } = offer.algorithms;
  return integrity === first.algorithms.integrity && encryption === first.algorithms.encryption;
}

/** An offer with SPIs and ports that are in use already asks for nothing new. */
function sameNumbers(a: Offer, b: Offer): boolean {
  return a.spiC === b.spiC && a.spiS === b.spiS && a.portC === b.portC && a.portS === b.portS;
}
