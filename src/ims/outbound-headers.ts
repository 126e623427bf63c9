import type { Flow } from '../core/flow.ts';
import { SERVER, USER_AGENT } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { Packet, Wire } from '../sip/transaction/wire.ts';

/**
 * Stands between transactions and the transport and dresses every message of ours on its way out: our name in
 * User-Agent of requests and Server of responses (RFC 3261 §20.35, §20.41).
 */
export function dressed(wire: Wire, userAgent: string): Wire {
  return {
    request(request: Request, flow: Flow, branch: string): Packet {
      if (!request.headers.has(USER_AGENT.name)) request.headers.set(USER_AGENT, userAgent);
      return wire.request(request, flow, branch);
    },
    response(response: Response, flow: Flow): Packet {
      if (!response.headers.has(SERVER.name)) response.headers.set(SERVER, userAgent);
      return wire.response(response, flow);
    },
  };
}
