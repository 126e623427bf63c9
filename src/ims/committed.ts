import type { Packet, Wire } from '../sip/transaction/wire.ts';
import type { Persistence } from '../store/persistence.ts';

/**
 * Stands between transactions and the transport and holds every message back while a change waits for its commit: a
 * 200 to REGISTER, a challenge with its sequence number and a NOTIFY with its version leave when what they tell is on
 * disk. Messages keep their order.
 */
export function committed(wire: Wire, persistence: Persistence): Wire {
  const held = (packet: Packet): Packet => ({
    reliable: packet.reliable,
    send: (onError) => persistence.afterCommit(() => packet.send(onError)),
  });
  return {
    request: (request, flow, branch) => held(wire.request(request, flow, branch)),
    response: (response, flow) => held(wire.response(response, flow)),
  };
}
