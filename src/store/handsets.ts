import type { Flow } from '../core/flow.ts';
import type { Message, Request } from '../sip/message/message.ts';
import type { Binding } from './registrations.ts';
import type { Identity } from './subscribers.ts';

/**
 * The way to a handset. The P-CSCF implements it; calls and services are given it, so that what a P-CSCF does to a
 * request towards a phone is done in one place.
 */
export interface Handsets {
  /**
   * Dresses a request of ours that opens a dialog or stands alone, and tells the flow it goes on.
   * @param called the identity that was asked for.
   */
  towards(binding: Binding, request: Request, called: Identity): Flow;
  /** Where later requests to the sender of this message go: the port its Contact names at its own address, else back. */
  back(message: Message, flow: Flow): Flow;
  /** Our URI on this flow, for Contact: `sip:USER@ADDRESS:PORT` with the transport where it is not UDP. */
  contactOn(flow: Flow, user: string): string;
  /** Our P-CSCF route on this flow, for Record-Route: `<sip:ADDRESS:PORT;lr>`. */
  routeOn(flow: Flow): string;
}
