import type { Endpoint } from './endpoint.ts';
import type { Protected } from './protection.ts';

export type TransportName = 'UDP' | 'TCP';

/**
 * How a SIP peer is reached: what a received message came on, and what a message towards it is sent on. Records keep
 * it whole and nobody but the transport looks inside to decide anything.
 */
export interface Flow {
  readonly transport: TransportName;
  /** Our address and listening port: what Via, Contact and Record-Route towards this peer show. */
  readonly local: Endpoint;
  /** Where the socket is bound when that is not what peers are shown (`bind_addr`). */
  readonly bound?: Endpoint;
  /** The peer's address and port. */
  readonly remote: Endpoint;
  /** The TCP connection the message came on, while it lives. */
  readonly connection?: number;
  /**
   * Port the peer said it listens on (sent-by of its Via), when that is not `remote.port`: where a new connection goes
   * when this one is gone.
   */
  readonly listeningPort?: number;
  /**
   * What protects it (see protection.ts). Records of handsets keep it: whatever ports the handset has by then are used.
   */
  readonly protected?: Protected;
}

/** Whether two flows are with one peer: the same address, and the same security associations or none. */
export function samePeer(a: Flow, b: Flow): boolean {
  return a.remote.address === b.remote.address && a.protected?.association === b.protected?.association;
}
