import type { Flow } from '../../core/flow.ts';
import type { TimerEvent } from '../../core/machine.ts';
import type { Request } from '../message/message.ts';
import type { TransactionFailure } from './user.ts';
import type { Packet } from './wire.ts';

/** What happens to a server transaction, INVITE or not. */
export type ServerEvent =
  /** The request came again. */
  | { readonly type: 'request' }
  | UserResponse
  /** The user repeats its 2xx. */
  | { readonly type: 'repeat' }
  | ReceivedAck
  | { readonly type: 'transportError'; readonly error: Error }
  | TimerEvent<'trying' | 'G' | 'H' | 'I' | 'J' | 'L'>;

export interface UserResponse {
  readonly type: 'respond';
  readonly status: number;
  readonly packet: Packet;
  /** A final response that is not repeated by itself and not kept for long. */
  readonly once?: boolean;
}

export interface ReceivedAck {
  readonly type: 'ack';
  readonly request: Request;
  readonly flow: Flow;
}

/** What a server transaction wants done. */
export type ServerEffect =
  | { readonly type: 'send'; readonly packet: Packet }
  /** Answer 100: the user is slow. */
  | { readonly type: 'trying' }
  /** Hand the ACK of a 2xx to the user. */
  | { readonly type: 'acknowledged'; readonly ack: ReceivedAck }
  | { readonly type: 'fail'; readonly why: TransactionFailure };
