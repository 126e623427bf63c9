/**
 * What stands in every message about who sends it and for whom (RFC 6733 §6), and the identifiers that tie an answer
 * to its request.
 */
import { type Random, randomBelow } from '../core/random.ts';
import { type Avp, AvpError } from './avp.ts';
import { RESULT, resultName } from './command.ts';
import { avp, find, isNamed } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';

/** Our name in Diameter, or the peer's. */
export interface Identity {
  readonly host: string;
  readonly realm: string;
}

/** End-to-end identifiers (RFC 6733 §3): unique within four minutes, restarts included. */
export function endToEndIdentifiers(random: Random, wallNow: number): () => number {
  const seconds = Math.floor(wallNow / 1000) & 0xfff;
  let low = randomBelow(random, 1 << 20);
  return () => {
    low = (low + 1) & 0xf_ffff;
    return ((seconds << 20) | low) >>> 0;
  };
}

/** Session identifiers (RFC 6733 §8.8): never the same twice. */
export function sessionIdentifiers(host: string, wallNow: number): () => string {
  const high = Math.floor(wallNow / 1000) >>> 0;
  let low = 0;
  return () => {
    low = (low + 1) >>> 0;
    return `${host};${high};${low}`;
  };
}

/** The answer to a request (RFC 6733 §6.2): its identifiers, its Session-Id first, its Proxy-Infos. */
export function answerTo(
  request: DiameterMessage,
  own: Identity,
  avps: readonly Avp[],
  error = false,
): DiameterMessage {
  const session = request.avps.filter((one) => isNamed(one, 'Session-Id')).slice(0, 1);
  const proxies = request.avps.filter((one) => isNamed(one, 'Proxy-Info'));
  return {
    ...request,
    request: false,
    error,
    retransmitted: false,
    avps: [...session, ...avps, avp('Origin-Host', own.host), avp('Origin-Realm', own.realm), ...proxies],
  };
}

/** The answer that refuses a request. Protocol errors, 3xxx, have the E flag (RFC 6733 §7.1.3). */
export function refusalOf(request: DiameterMessage, own: Identity, error: AvpError): DiameterMessage {
  const { resultCode, message, failed } = error;
  const avps = [avp('Result-Code', resultCode), avp('Error-Message', message)];
  if (failed !== undefined) avps.push(avp('Failed-AVP', [failed]));
  return answerTo(request, own, avps, resultCode >= 3000 && resultCode < 4000);
}

/** How a request went: Result-Code, or the vendor's Experimental-Result-Code (RFC 6733 §7.1, §7.6). */
export interface Result {
  readonly code: number;
  readonly experimental: boolean;
}

/** @throws AvpError when the answer says neither. */
export function resultOf({ avps }: DiameterMessage): Result {
  const code = find(avps, 'Result-Code');
  if (code !== undefined) return { code, experimental: false };
  const experimental = find(avps, 'Experimental-Result');
  const inner = experimental && find(experimental, 'Experimental-Result-Code');
  if (inner !== undefined) return { code: inner, experimental: true };
  throw new AvpError(RESULT.DIAMETER_MISSING_AVP, 'the answer has no Result-Code');
}

export function isSuccess({ code }: Result): boolean {
  return code >= 2000 && code < 3000;
}

/** The result in words, with what the peer adds to it. */
export function printResult(answer: DiameterMessage): string {
  const { code, experimental } = resultOf(answer);
  const words = find(answer.avps, 'Error-Message');
  return `${resultName(code, experimental)}${words === undefined ? '' : `: ${words}`}`;
}
