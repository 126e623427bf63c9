/**
 * What guards our protected ports, as the transport sees it (TS 33.203 §7.1). The security associations with one handset
 * come in sets: four associations, between the handset's protected client and server ports (port_uc, port_us) and ours
 * (port_pc, port_ps). While a handset takes up a new set it has two, and all that it has are one association here.
 */
import type { Endpoint } from './endpoint.ts';

/** The set a message came in. */
export interface Protected {
  /** All sets of the handset, for as long as it stays registered with them. */
  readonly association: number;
  readonly set: number;
}

/** The ports of one of our addresses that nothing passes in clear. */
export interface ProtectedPorts {
  readonly address: string;
  /** port_ps: requests come here. More than one, because a handset may take its port_uc anew. */
  readonly serverPorts: readonly number[];
  /** port_pc: requests to handsets leave from here. */
  readonly clientPorts: readonly number[];
}

/** Between which ports messages of ours go. */
export interface ProtectedPath {
  /** Our address and port_ps: what Via, Contact and Record-Route show. */
  readonly local: Endpoint;
  /** port_pc. */
  readonly clientPort: number;
  /** The handset's address and port_us. */
  readonly remote: Endpoint;
}

export interface Protection {
  /** The ports are bound; what comes to them is handed up once this has guarded them and `incoming` knows the sender. */
  opened(ports: ProtectedPorts): void;
  /** The address has left this machine. */
  gone(address: string): void;
  /** What a packet from `remote` to our protected port `local` was protected with; undefined when nobody may send it. */
  incoming(local: Endpoint, remote: Endpoint): Protected | undefined;
  /** The way of a request to the handset now, in whichever set it is reached; undefined when there is none any more. */
  requestPath(association: number): ProtectedPath | undefined;
  /** The way of a response to what came in this set; undefined when the set is gone. */
  responsePath(set: number): ProtectedPath | undefined;
}
