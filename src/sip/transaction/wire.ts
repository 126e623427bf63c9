import type { Flow } from '../../core/flow.ts';
import type { Request, Response } from '../message/message.ts';

/** What transactions need of the transport below; sip/transport implements it and server.ts connects them. */
export interface Wire {
  /**
   * Readies a request for a flow: puts our Via on top (sent-by the flow's local address, `branch`, `rport`) and chooses UDP or TCP
   * by its size (RFC 3261 §18.1.1). The request is not changed; it is printed once, here. CANCEL and the ACK of a failure come with
   * the branch of their INVITE and go where it went (§9.1, §17.1.1.2).
   */
  request(request: Request, flow: Flow, branch: string): Packet;
  /** Readies a response to a request that came on `flow` (RFC 3261 §18.2.2, RFC 3581 §4). */
  response(response: Response, flow: Flow): Packet;
}

/** One message ready to be sent, as often as retransmission needs. */
export interface Packet {
  /** Whether the transport retransmits by itself (TCP). */
  readonly reliable: boolean;
  /** `onError` is called at most once per call, later or at once, when the peer cannot be reached. */
  send(onError: (error: Error) => void): void;
}
