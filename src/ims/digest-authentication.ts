import type { AuthenticationVector } from '../aka/vector.ts';
import { MalformedError } from '../core/errors.ts';
import type { LogColumns, Logger } from '../core/logger.ts';
import { SECURITY_CLIENT } from '../ipsec/mechanism.ts';
import { parseAuts } from '../sip/message/aka-digest.ts';
import {
  AUTHORIZATION,
  type Challenge as ChallengeHeader,
  type Credentials,
  PROXY_AUTHENTICATE,
  PROXY_AUTHORIZATION,
  WWW_AUTHENTICATE,
} from '../sip/message/authorization.ts';
import { digestAlgorithm, verifyDigest } from '../sip/message/digest.ts';
import type { Request } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { isSip, parseUri, unescapeUri } from '../sip/message/uri.ts';
import {
  AUTHENTICATION_LEVELS,
  type AuthenticationLevel,
  type IdentityOwner,
  type Subscriber,
} from '../store/subscribers.ts';
import type { Challenge, Challenges } from './challenge.ts';
import type { Hss, Resynchronisation, Scheme } from './hss.ts';

export interface DigestParts {
  readonly logger: Logger;
  readonly challenges: Challenges;
  readonly hss: Hss;
}

/** A card that asks for resynchronisation again and again is not helped by another challenge. */
const MOST_RESYNCHRONISATIONS = 3;

const SCHEME_OF: { readonly [level in Exclude<AuthenticationLevel, 'none'>]: Scheme } = {
  MD5: 'MD5',
  AKAv1: 'AKAv1-MD5',
  AKAv2: 'AKAv2-MD5',
};
const LEVEL_OF: { readonly [scheme in Scheme]: AuthenticationLevel } = {
  MD5: 'MD5',
  'AKAv1-MD5': 'AKAv1',
  'AKAv2-MD5': 'AKAv2',
};

/** Who challenges: the registrar with 401 (RFC 3261 §22.2), the proxy with 407 (§22.3). */
export type Role = 'registrar' | 'proxy';

/** The refusal or nothing, with the challenge that was made or answered. */
export type Proven = (refusal: SipError | undefined, challenge?: Challenge) => void;

/** Challenge and answer: digest with a password (RFC 2617) or with what a SIM card computes (RFC 3310, RFC 4169). */
export class DigestAuthentication {
  readonly #parts: DigestParts;

  constructor(parts: DigestParts) {
    this.#parts = parts;
  }

  /** Challenges a request, or checks its answer to a challenge. @param user who is to prove what it says it is. */
  prove(request: Request, user: IdentityOwner, role: Role, done: Proven): void {
    const { subscriber } = user;
    const credentials = credentialsOf(request);
    const answer = credentials.find(({ nonce }) => this.#challengeOf(nonce, subscriber) !== undefined);
    const challenge = this.#challengeOf(answer?.nonce, subscriber);
    const scheme = challenge?.data.scheme ?? this.#scheme(request, subscriber, credentials[0]);
    if (scheme instanceof SipError) {
      done(scheme);
    } else if (answer === undefined || challenge === undefined) {
      this.#challenge(user, scheme, role, false, done);
    } else if (answer.auts !== undefined && challenge.data.scheme !== 'MD5') {
      this.#resynchronise(answer.auts, challenge, role, done);
    } else {
      this.#check(request, answer, challenge, role, done);
    }
  }

  #challengeOf(nonce: string | undefined, subscriber: Subscriber): Challenge | undefined {
    return nonce === undefined ? undefined : this.#parts.challenges.find(nonce, subscriber);
  }

  /** The user's own algorithm when the request names none; a named one when it is at least that good. */
  #scheme(
    request: Request,
    subscriber: Subscriber,
    credentials: Credentials | undefined,
  ): Scheme | SipError | undefined {
    const { outside } = subscriber;
    const own =
      outside === undefined
        ? SCHEME_OF[subscriber.level === 'none' ? 'MD5' : subscriber.level]
        : outsideScheme(request, subscriber, credentials);
    if (credentials?.algorithm === undefined) return own;
    const named = digestAlgorithm(credentials.algorithm);
    const level = named === undefined || named === 'MD5-sess' ? undefined : LEVEL_OF[named];
    if (level === undefined) {
      return new SipError(403, `${subscriber.impi} asks for algorithm ${credentials.algorithm}, which is not served`);
    }
    if (rank(level) < rank(subscriber.level)) {
      return new SipError(
        403,
        `${subscriber.impi} asks for algorithm ${credentials.algorithm}, below its authent_type ${subscriber.level}`,
      );
    }
    if (outside !== undefined) return named as Scheme;
    // What the entry has no keys for is not offered: the user's own algorithm is the answer to it.
    const possible = level === 'MD5' ? subscriber.password !== undefined : subscriber.sim !== undefined;
    return possible ? (named as Scheme) : own;
  }

  #challenge(
    user: IdentityOwner,
    wanted: Scheme | undefined,
    role: Role,
    stale: boolean,
    done: Proven,
    resynchronisation?: Resynchronisation,
    resynchronisations = 0,
  ): void {
    const { subscriber } = user;
    this.#parts.hss.authenticationData(user, wanted, resynchronisation, (data) => {
      if (data instanceof SipError) {
        done(data);
        return;
      }
      const { scheme } = data;
      if (rank(LEVEL_OF[scheme]) < rank(subscriber.level)) {
        done(new SipError(403, `the HSS gives ${subscriber.impi} ${scheme}, its authent_type is ${subscriber.level}`));
        return;
      }
      if (data.scheme !== 'MD5')
        this.#parts.logger.debug(() => `${subscriber.impi}: authentication vector`, shown(data.vector));
      const challenge = this.#parts.challenges.make(user, data, resynchronisations);
      const { nonce, realm } = challenge;
      const header: ChallengeHeader = {
        scheme: 'Digest',
        realm,
        nonce,
        algorithm: scheme,
        opaque: 'ims',
        ...(subscriber.qop === 'auth' && { qop: ['auth'] }),
        ...(stale && { stale }),
      };
      const status = role === 'registrar' ? 401 : 407;
      const type = role === 'registrar' ? WWW_AUTHENTICATE : PROXY_AUTHENTICATE;
      done(new SipError(status, `${subscriber.impi} is challenged with ${scheme}`).with(type, header), challenge);
    });
  }

  #resynchronise(text: string, challenge: Challenge, role: Role, done: Proven): void {
    const { subscriber, data, resynchronisations } = challenge;
    this.#parts.challenges.forget(challenge);
    if (data.scheme === 'MD5') return;
    if (resynchronisations >= MOST_RESYNCHRONISATIONS) {
      done(
        new SipError(
          403,
          `${subscriber.impi}: the card asked for resynchronisation ${resynchronisations + 1} times in a row; another server may use the same card`,
        ),
      );
      return;
    }
    try {
      const resynchronisation = { rand: data.vector.rand, auts: parseAuts(text) };
      this.#challenge(challenge, data.scheme, role, false, done, resynchronisation, resynchronisations + 1);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      done(new SipError(403, `${subscriber.impi}: ${error.message}`));
    }
  }

  #check(request: Request, credentials: Credentials, challenge: Challenge, role: Role, done: Proven): void {
    const { subscriber, data } = challenge;
    const { scheme } = data;
    if (scheme !== 'MD5' && (credentials.response ?? '') === '') {
      this.#parts.challenges.forget(challenge);
      done(new SipError(403, cardRefused(subscriber)));
      return;
    }
    if (
      credentials.realm !== challenge.realm ||
      !verifyDigest({ ...credentials, algorithm: scheme }, request.method, challenge.password)
    ) {
      this.#parts.challenges.forget(challenge);
      done(new SipError(403, wrongResponse(subscriber, scheme, credentials, challenge)));
      return;
    }
    const wrongTarget = request.method !== 'REGISTER' && !isMeantFor(request.uri, credentials.uri);
    if (wrongTarget) {
      done(new SipError(403, `${subscriber.impi} answered for ${credentials.uri}, and asks for ${request.uri}`));
      return;
    }
    // Without qop, nc or cnonce the count is not part of what was hashed, so anybody may have added it: the answer
    // serves once (RFC 2617 §3.2.2).
    const { qop, nc, cnonce } = credentials;
    const count = qop === undefined || nc === undefined || cnonce === undefined ? 0 : Number.parseInt(nc, 16);
    // An AKA challenge serves one authentication; an MD5 nonce serves with a rising count (RFC 2617 §3.2.2).
    const replayed = count <= challenge.nonceCount || (scheme !== 'MD5' && challenge.nonceCount >= 0);
    if (replayed) {
      this.#challenge(challenge, scheme, role, scheme === 'MD5', done);
      return;
    }
    challenge.nonceCount = count;
    this.#parts.logger.info(() => `${subscriber.impi} authenticated`);
    done(undefined, challenge);
  }
}

/** A vector for the log: what must stay secret, and what the challenge shows. */
function shown({ rand, autn, xres, ck, ik }: AuthenticationVector): LogColumns {
  const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
  return {
    keys: () => `CK ${hex(ck)}\nIK ${hex(ik)}\nXRES ${hex(xres)}`,
    crypto: () => `RAND ${hex(rand)}\nAUTN ${hex(autn)}`,
  };
}

/** All Digest credentials, of either header: clients mix them up. @throws SipError 400 when they are malformed. */
export function credentialsOf({ headers }: Request): readonly Credentials[] {
  try {
    return [...headers.all(AUTHORIZATION), ...headers.all(PROXY_AUTHORIZATION)].filter(
      ({ scheme }) => scheme === 'Digest',
    );
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new SipError(400, error.message, 'Bad Request (Authorization)');
  }
}

/** A handset with a SIM names its IMSI when it names itself (TS 23.003 §13.3). */
const IMSI_SHAPED = /^[0-9]{6,15}@/;

/**
 * What the HSS is asked for when the request names no algorithm. Never MD5 because a handset was silent: unless it is
 * known to have no SIM, that is for the HSS to say.
 */
function outsideScheme(
  request: Request,
  { level, outside }: Subscriber,
  credentials: Credentials | undefined,
): Scheme | undefined {
  if (outside?.level !== undefined) return SCHEME_OF[outside.level];
  if (level !== 'none' && level !== 'MD5') return SCHEME_OF[level];
  const hasSim = IMSI_SHAPED.test(credentials?.username ?? '') || request.headers.has(SECURITY_CLIENT.name);
  return hasSim ? 'AKAv1-MD5' : undefined;
}

function rank(level: AuthenticationLevel): number {
  return AUTHENTICATION_LEVELS.indexOf(level);
}

/** TS 24.229 §5.1.1.5.3: a UE that finds MAC wrong answers with an empty response and no AUTS. */
function cardRefused({ impi, sim, outside }: Subscriber): string {
  if (outside !== undefined) return `${impi}: the card refused the HSS's AUTN: wrong K, OP/OPc or AMF there`;
  return (
    `${impi}: the card refused our AUTN: wrong K, OP/OPc or AMF in ue_db, ` +
    `or the card does not use ${sim?.keys.algo ?? 'this algorithm'} (sim_algo: xor, milenage or tuak)`
  );
}

function wrongResponse(
  { impi, outside }: Subscriber,
  scheme: Scheme,
  credentials: Credentials,
  challenge: Challenge,
): string {
  if (credentials.realm !== challenge.realm) {
    return `${impi} answered for realm ${credentials.realm}, it was challenged for ${challenge.realm}`;
  }
  const where = outside === undefined ? 'of its ue_db entry' : 'in the HSS';
  return scheme === 'MD5'
    ? `${impi}: wrong password (pwd ${where})`
    : `${impi}: RES differs: check K and res_len ${where}`;
}

/**
 * RFC 2617 §3.2.2.5: the digest URI is that of the request. Clients that write the domain alone are let pass; one that
 * names a user must name the one it asks for, so that a captured answer calls nobody else.
 */
function isMeantFor(target: string, digestUri: string | undefined): boolean {
  try {
    const [wanted, answered] = [parseUri(target), parseUri(digestUri ?? '')];
    if (!isSip(answered) || answered.user === undefined) return true;
    return isSip(wanted) && unescapeUri(wanted.user ?? '') === unescapeUri(answered.user);
  } catch (error) {
    if (error instanceof MalformedError) return true;
    throw error;
  }
}
