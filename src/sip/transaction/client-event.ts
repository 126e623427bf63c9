import type { Flow } from '../../core/flow.ts';
import type { TimerEvent } from '../../core/machine.ts';
import type { Response } from '../message/message.ts';
import type { TimerValues } from './timers.ts';
import type { TransactionFailure } from './user.ts';

/** What happens to a client transaction, INVITE or not. */
export type ClientEvent =
  | ReceivedResponse
  | CancelOrder
  | { readonly type: 'transportError'; readonly error: Error }
  | TimerEvent<'A' | 'B' | 'D' | 'E' | 'F' | 'K' | 'M' | 'cancelled'>;

export interface ReceivedResponse {
  readonly type: 'response';
  readonly response: Response;
  readonly flow: Flow;
}

/** The user gives the INVITE up; `reason` is the value of CANCEL's Reason header (RFC 3326). */
export interface CancelOrder {
  readonly type: 'cancel';
  readonly reason: string | undefined;
}

/** What a client transaction wants done. */
export type ClientEffect =
  /** Send the request again. */
  | { readonly type: 'send' }
  /** Hand the response to the user. */
  | { readonly type: 'deliver'; readonly received: ReceivedResponse }
  /** Acknowledge a failure response to an INVITE, with the same ACK each time. */
  | { readonly type: 'ack'; readonly response: Response }
  /** Send CANCEL in a transaction of its own. */
  | { readonly type: 'cancel'; readonly reason: string | undefined }
  /** A fork's 2xx after the INVITE was refused. */
  | { readonly type: 'stray'; readonly received: ReceivedResponse }
  | { readonly type: 'fail'; readonly why: TransactionFailure };

export interface ClientContext {
  readonly timers: TimerValues;
  /** Whether the request went over a transport that retransmits by itself. */
  readonly reliable: boolean;
}
