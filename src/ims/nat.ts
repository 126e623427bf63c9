import { isIP } from 'node:net';
import { shortestAddress } from '../core/endpoint.ts';
import type { Flow } from '../core/flow.ts';
import { VIA } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';

/**
 * The address a sender gives as its own in its Via (RFC 3261 §18.1.1), when its packets come from another: somebody in
 * between translates addresses. Undefined when it is the same, or a name.
 */
export function translatedAddress({ headers }: Request, { remote }: Flow): string | undefined {
  const host = headers.get(VIA)?.host.replace(/^\[|\]$/g, '') ?? '';
  if (isIP(host) === 0) return undefined;
  const address = shortestAddress(host);
  return address === remote.address ? undefined : address;
}
