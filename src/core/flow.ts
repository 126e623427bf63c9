import type { Endpoint } from './endpoint.ts';

export type TransportName = 'UDP' | 'TCP';

/**
 * How a SIP peer is reached: what a received message came on, and what a message towards it is sent on. Records keep
 * it whole and nobody but the transport looks inside to decide anything.
 */
export interface Flow {
  readonly transport: TransportName;
  /** Our address and listening port: what Via, Contact and Record-Route towards this peer show. */
  readonly local: Endpoint;
  /** The peer's address and port. */
  readonly remote: Endpoint;
  /** The TCP connection the message came on, while it lives. */
  readonly connection?: number;
}
