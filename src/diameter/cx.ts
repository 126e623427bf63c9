/**
 * Cx as the I-CSCF and S-CSCF speak it (TS 29.228, TS 29.229): what is asked of the HSS and what it answers, and what
 * it asks of us. Users and registrations are not known here.
 */
import { MalformedError } from '../core/errors.ts';
import { type Avp, AvpError } from './avp.ts';
import { applicationOf } from './capabilities.ts';
import { type CommandName, CX, RESULT, RESULT_3GPP } from './command.ts';
import { VENDOR_3GPP } from './dictionary/row.ts';
import { avp, find, findAll, need, type Value } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';
import type { Peer } from './peer.ts';
import { isSuccess, printResult, type Result, resultOf } from './routing.ts';
import { parseUserProfile, type UserProfile } from './user-profile.ts';

export interface CxOptions {
  /** SIP URI by which the HSS knows this S-CSCF. */
  readonly serverName: string;
  /** The home domain: nobody roams here. */
  readonly visitedNetwork: string;
}

/** Why there is nothing to go on with. */
export type CxFailure =
  | { readonly kind: 'unreachable'; readonly why: string; readonly retryAfterS: number }
  | { readonly kind: 'refused'; readonly result: Result; readonly why: string }
  /** It succeeded, in words that mean nothing here. */
  | { readonly kind: 'unusable'; readonly why: string };

export type AuthorizationType = Value<'User-Authorization-Type'>;
export type AssignmentType = Value<'Server-Assignment-Type'>;
export type TerminationReason = Value<'Reason-Code'>;

/** The schemes of TS 29.229 §6.3.9 that are asked for; `Unknown` leaves it to the HSS. */
export type AuthenticationScheme = 'Digest-AKAv1-MD5' | 'Digest-AKAv2-MD5' | 'SIP Digest' | 'Unknown';

/** One SIP-Auth-Data-Item of a MAA. */
export type AuthenticationItem =
  | {
      readonly scheme: 'Digest-AKAv1-MD5' | 'Digest-AKAv2-MD5';
      readonly rand: Uint8Array;
      readonly autn: Uint8Array;
      readonly xres: Uint8Array;
      readonly ck: Uint8Array;
      readonly ik: Uint8Array;
    }
  /** H(A1) of RFC 2617 in 32 hexadecimal digits, for this realm. */
  | { readonly scheme: 'SIP Digest'; readonly ha1: string; readonly realm: string };

export interface Names {
  readonly impi: string;
  readonly impu: string;
}

/** What the HSS asks. Each answers with the result it is given. */
export interface CxUser {
  /** RTR: registrations end. @param impus those concerned; empty for all of the user's. */
  terminate(impis: readonly string[], impus: readonly string[], reason: TerminationReason | number): CxResult;
  /** PPR: the profile is another one now. */
  push(impi: string, profile: UserProfile): CxResult;
  /** PPR: what the user was authenticated with is another one now. */
  keysChanged(impi: string): void;
}

export type CxResult = 'success' | 'unknown user';

type Done<T> = (outcome: T | CxFailure) => void;

export function isFailure<T>(outcome: T | CxFailure): outcome is CxFailure {
  return typeof outcome === 'object' && outcome !== null && 'kind' in outcome;
}

export class Cx {
  readonly #peer: Peer;
  readonly #options: CxOptions;

  constructor(peer: Peer, options: CxOptions, user: CxUser) {
    this.#peer = peer;
    this.#options = options;
    peer.serve(CX, 'Registration-Termination', (request) => terminated(request, user));
    peer.serve(CX, 'Push-Profile', (request) => pushed(request, user));
  }

  get serverName(): string {
    return this.#options.serverName;
  }

  /** UAR (TS 29.228 §6.1.1): may this identity be registered with this private one? */
  authorize({ impi, impu }: Names, type: AuthorizationType, done: Done<'allowed'>): void {
    const avps = [
      avp('User-Name', impi),
      avp('Public-Identity', impu),
      avp('Visited-Network-Identifier', Buffer.from(this.#options.visitedNetwork)),
      avp('User-Authorization-Type', type),
    ];
    this.#ask('User-Authorization', avps, done, (): 'allowed' => 'allowed');
  }

  /** MAR (TS 29.228 §6.3). @param authorization RAND and AUTS, to resynchronise. */
  authenticate(
    { impi, impu }: Names,
    scheme: AuthenticationScheme,
    authorization: Uint8Array | undefined,
    done: Done<AuthenticationItem>,
  ): void {
    const item = [avp('SIP-Authentication-Scheme', scheme)];
    if (authorization !== undefined) item.push(avp('SIP-Authorization', authorization));
    const avps = [
      avp('User-Name', impi),
      avp('Public-Identity', impu),
      avp('SIP-Number-Auth-Items', 1),
      avp('SIP-Auth-Data-Item', item),
      avp('Server-Name', this.#options.serverName),
    ];
    this.#ask('Multimedia-Auth', avps, done, ({ avps: answer }) => readItem(need(answer, 'SIP-Auth-Data-Item')));
  }

  /**
   * SAR (TS 29.228 §6.1.2): what became of a registration. The answer holds the profile, where the HSS sends one.
   * @param impi undefined when only the public identity is known.
   */
  assign(
    { impi, impu }: { readonly impi: string | undefined; readonly impu: string },
    type: AssignmentType,
    hasProfile: boolean,
    done: Done<{ readonly impi: string | undefined; readonly profile: UserProfile | undefined }>,
  ): void {
    const avps = [
      ...(impi === undefined ? [] : [avp('User-Name', impi)]),
      avp('Public-Identity', impu),
      avp('Server-Name', this.#options.serverName),
      avp('Server-Assignment-Type', type),
      avp('User-Data-Already-Available', hasProfile ? 'USER_DATA_ALREADY_AVAILABLE' : 'USER_DATA_NOT_AVAILABLE'),
    ];
    this.#ask('Server-Assignment', avps, done, ({ avps: answer }) => {
      const data = find(answer, 'User-Data');
      const profile = data && parseUserProfile(data);
      return { impi: find(answer, 'User-Name') ?? profile?.impi, profile };
    });
  }

  /**
   * LIR (TS 29.228 §6.1.4): who serves this identity? The name of its S-CSCF; undefined for a user of whom none is
   * chosen, who has services when unregistered.
   */
  locate(impu: string, done: Done<{ readonly serverName: string | undefined }>): void {
    this.#ask('Location-Info', [avp('Public-Identity', impu)], done, ({ avps }) => ({
      serverName: find(avps, 'Server-Name'),
    }));
  }

  #ask<T>(command: CommandName, avps: readonly Avp[], done: Done<T>, read: (answer: DiameterMessage) => T): void {
    // TS 29.229 §6.1: the HSS keeps no session.
    const session = [
      avp('Session-Id', this.#peer.newSessionId()),
      applicationOf(CX),
      avp('Auth-Session-State', 'NO_STATE_MAINTAINED'),
    ];
    this.#peer.request(CX, command, [...session, ...avps], (outcome) => {
      if ('unreachable' in outcome) {
        done({ kind: 'unreachable', why: outcome.unreachable, retryAfterS: outcome.retryAfterS });
        return;
      }
      done(readAnswer(outcome.answer, read));
    });
  }
}

/** Protocol errors say that the HSS cannot be asked now, as if nothing had come (RFC 6733 §7.1.3). */
const RETRY_S = 30;

function readAnswer<T>(answer: DiameterMessage, read: (answer: DiameterMessage) => T): T | CxFailure {
  try {
    const result = resultOf(answer);
    if (isSuccess(result)) return read(answer);
    const why = printResult(answer);
    const away = !result.experimental && result.code >= 3000 && result.code < 5000;
    return away ? { kind: 'unreachable', why, retryAfterS: RETRY_S } : { kind: 'refused', result, why };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { kind: 'unusable', why: `the HSS's answer cannot be used: ${error.message}` };
  }
}

/** @throws AvpError */
function readItem(item: readonly Avp[]): AuthenticationItem {
  const scheme = need(item, 'SIP-Authentication-Scheme');
  if (scheme === 'Digest-AKAv1-MD5' || scheme === 'Digest-AKAv2-MD5') {
    // TS 29.229 §6.3.10: RAND and AUTN, 16 octets each.
    const challenge = sized(need(item, 'SIP-Authenticate'), 'SIP-Authenticate', 32, 32);
    return {
      scheme,
      rand: challenge.subarray(0, 16),
      autn: challenge.subarray(16),
      xres: sized(need(item, 'SIP-Authorization'), 'SIP-Authorization', 4, 16),
      ck: sized(need(item, 'Confidentiality-Key'), 'Confidentiality-Key', 16, 16),
      ik: sized(need(item, 'Integrity-Key'), 'Integrity-Key', 16, 16),
    };
  }
  if (scheme === 'SIP Digest') {
    const digest = need(item, 'SIP-Digest-Authenticate');
    const ha1 = need(digest, 'Digest-HA1').toLowerCase();
    const algorithm = find(digest, 'Digest-Algorithm') ?? 'MD5';
    if (!/^[0-9a-f]{32}$/.test(ha1)) throw unusable('Digest-HA1 has not 32 hexadecimal digits');
    if (algorithm.replaceAll('"', '').toUpperCase() !== 'MD5') throw unusable(`Digest-Algorithm is ${algorithm}`);
    return { scheme, ha1, realm: need(digest, 'Digest-Realm') };
  }
  throw unusable(`SIP-Authentication-Scheme is ${scheme}`);
}

function sized(octets: Uint8Array, name: string, least: number, most: number): Uint8Array {
  if (octets.length < least || octets.length > most) throw unusable(`${name} has ${octets.length} octets`);
  return octets;
}

function unusable(what: string): AvpError {
  return new AvpError(RESULT.DIAMETER_INVALID_AVP_VALUE, what);
}

/** @throws AvpError */
function terminated({ avps }: DiameterMessage, user: CxUser): readonly Avp[] {
  const others = findAll(avps, 'Associated-Identities').flatMap((group) => findAll(group, 'User-Name'));
  const reason = need(need(avps, 'Deregistration-Reason'), 'Reason-Code');
  return answered(user.terminate([need(avps, 'User-Name'), ...others], findAll(avps, 'Public-Identity'), reason));
}

/** @throws AvpError */
function pushed({ avps }: DiameterMessage, user: CxUser): readonly Avp[] {
  const impi = need(avps, 'User-Name');
  const data = find(avps, 'User-Data');
  if (find(avps, 'SIP-Auth-Data-Item') !== undefined) user.keysChanged(impi);
  // Charging addresses may be pushed alone.
  if (data === undefined) return answered('success');
  try {
    return answered(user.push(impi, parseUserProfile(data)));
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return [...experimental(RESULT_3GPP.DIAMETER_ERROR_NOT_SUPPORTED_USER_DATA), NO_STATE];
  }
}

const NO_STATE = avp('Auth-Session-State', 'NO_STATE_MAINTAINED');

function answered(result: CxResult): readonly Avp[] {
  const first =
    result === 'success'
      ? [avp('Result-Code', RESULT.DIAMETER_SUCCESS)]
      : experimental(RESULT_3GPP.DIAMETER_ERROR_USER_UNKNOWN);
  return [...first, NO_STATE];
}

function experimental(code: number): readonly Avp[] {
  return [avp('Experimental-Result', [avp('Vendor-Id', VENDOR_3GPP), avp('Experimental-Result-Code', code)])];
}
