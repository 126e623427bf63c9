import { SipError } from '../sip/message/sip-error.ts';
import type { Identity } from '../store/subscribers.ts';

/** @throws SipError with the status that the identity's `code` wants calls to it answered with. */
export function refuseByCode({ code, text }: Identity): void {
  if (code !== undefined && code >= 300) throw new SipError(code, `code of ${text} is ${code}`);
}
