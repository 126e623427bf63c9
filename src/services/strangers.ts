import type { B2bua } from '../call/b2bua.ts';
import { ANONYMOUS_CALLER, type Caller } from '../call/invite.ts';
import { SipError } from '../sip/message/sip-error.ts';
import type { Originator } from './service.ts';

/**
 * Calls of strangers at a time, those included that are remembered after their end: each takes ports, and nobody has to
 * prove anything for one.
 */
const MOST_OF_STRANGERS = 100;

/** Who calls: somebody unknown has a place too. @throws SipError 503 when all such places are taken. */
export function callerOf(originator: Originator | undefined, b2bua: B2bua): Caller {
  if (originator !== undefined) return originator;
  if (b2bua.sizeOf(ANONYMOUS_CALLER.subscriber) >= MOST_OF_STRANGERS) {
    throw new SipError(503, `${MOST_OF_STRANGERS} calls of phones nobody knows are up or have just ended`);
  }
  return ANONYMOUS_CALLER;
}
