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

const PASSED = [REASON, RETRY_AFTER, WARNING];

/**
 * What a handset's refusal means to the other one. Statuses that concern only the hop between us and it (challenges,
 * redirection, transport, extensions the other side never asked for) say that it cannot be reached now.
 */
export function passedOn(response: Response): Refusal {
  const { status, reason } = response;
  if (status < 400 || [401, 407, 408, 420, 421, 481, 482, 483, 494].includes(status)) return { status: 480 };
  if (status === 503) return { status: 500 };
  const headers = PASSED.flatMap((type) => {
    const raw = response.headers.raw(type.name);
    return raw === undefined ? [] : [header({ name: type.name, list: false, parse: String, print: String }, raw)];
  });
  return { status, phrase: reason, headers };
}

/** The better of two refusals of a forked call (RFC 3261 §16.7 step 6): 6xx, then the lowest class. */
export function betterRefusal(a: Refusal | undefined, b: Refusal): Refusal {
  if (a === undefined) return b;
  const rank = ({ status }: Refusal) => (status >= 600 ? 0 : Math.floor(status / 100));
  return rank(b) < rank(a) ? b : a;
}
