import { type HeaderValue, header } from '../sip/message/build.ts';
import { REASON, RETRY_AFTER, WARNING } from '../sip/message/header-types.ts';
import type { Response } from '../sip/message/message.ts';

/** A final response other than 2xx, as it passes from leg to leg. */
export interface Refusal {
  readonly status: number;
  /** Reason phrase, where it is not the usual one. */
  readonly phrase?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Headers passed on as they stood. */
  readonly headers?: readonly HeaderValue[];
}

/** The other side cannot be reached now. */
export const UNREACHABLE: Refusal = { status: 480 };

/** A Reason header value (RFC 3326 §2). @param what in words, which may be a peer's. */
export function reasonOf(cause: number, what: string): string {
  return `SIP;cause=${cause};text="${what.replace(/["\\]/g, '\\$&')}"`;
}

const PASSED = [REASON, RETRY_AFTER, WARNING];
/** Challenges, transport, and extensions the other side never asked for. */
const OF_THE_HOP = [401, 407, 408, 420, 421, 481, 482, 483, 494];

/**
 * What a handset's refusal means to the other one. Statuses that concern only the hop between us and it, and
 * redirections, say that it cannot be reached now.
 */
export function passedOn(response: Response): Refusal {
  const { status, reason } = response;
  if (status < 400 || OF_THE_HOP.includes(status)) return UNREACHABLE;
  // RFC 3261 §16.7 step 6: 503 speaks of the handset, and would make the caller avoid us.
  if (status === 503) return { status: 500 };
  const headers = PASSED.flatMap(({ name }) => {
    return response.headers.rawAll(name).map((raw) => header({ name, list: false, parse: String, print: String }, raw));
  });
  return { status, phrase: reason, headers };
}

/**
 * The better of two refusals of a forked call (RFC 3261 §16.7 step 6): 6xx, then the lowest class; in it what a
 * handset said before what says only that it was not reached; then the earlier one.
 */
export function betterRefusal(a: Refusal | undefined, b: Refusal): Refusal {
  return a === undefined || rank(b) < rank(a) ? b : a;
}

function rank({ status }: Refusal): number {
  if (status >= 600) return 0;
  return Math.floor(status / 100) + (status === UNREACHABLE.status ? 0.5 : 0);
}
