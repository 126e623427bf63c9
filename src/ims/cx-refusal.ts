import { RESULT, RESULT_3GPP } from '../diameter/command.ts';
import type { CxFailure } from '../diameter/cx.ts';
import { RETRY_AFTER } from '../sip/message/header-types.ts';
import { SipError } from '../sip/message/sip-error.ts';

const UNKNOWN: readonly number[] = [
  RESULT_3GPP.DIAMETER_ERROR_USER_UNKNOWN,
  RESULT_3GPP.DIAMETER_ERROR_IDENTITIES_DONT_MATCH,
  RESULT_3GPP.DIAMETER_ERROR_IDENTITY_NOT_REGISTERED,
  RESULT_3GPP.DIAMETER_ERROR_ROAMING_NOT_ALLOWED,
  RESULT_3GPP.DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED,
];

/** What a phone is told (TS 24.229 §5.3.1.2, §5.3.1.3): 504 when nobody could be asked, 403 when the user is wrong. */
export function refusalOf(impi: string, failure: CxFailure): SipError {
  if (failure.kind === 'unreachable') {
    return new SipError(504, `${impi}: the HSS is away: ${failure.why}`).with(RETRY_AFTER, String(failure.retryAfterS));
  }
  if (failure.kind === 'unusable') return new SipError(500, `${impi}: ${failure.why}`);
  const { code, experimental } = failure.result;
  const forbidden = experimental ? UNKNOWN.includes(code) : code === RESULT.DIAMETER_AUTHORIZATION_REJECTED;
  return new SipError(forbidden ? 403 : 500, `${impi}: the HSS refuses: ${failure.why}`);
}

/** What a caller is told (TS 24.229 §5.3.2.1). */
export function unlocated(impu: string, failure: CxFailure): SipError {
  if (failure.kind !== 'refused') return refusalOf(impu, failure);
  const { code, experimental } = failure.result;
  if (experimental && code === RESULT_3GPP.DIAMETER_ERROR_USER_UNKNOWN) {
    return new SipError(404, `${impu} is nobody's identity, here and in the HSS`);
  }
  const unregistered = experimental && code === RESULT_3GPP.DIAMETER_ERROR_IDENTITY_NOT_REGISTERED;
  return new SipError(unregistered ? 480 : 500, `${impu}: the HSS says ${failure.why}`);
}
