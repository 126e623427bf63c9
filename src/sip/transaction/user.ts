import type { Flow } from '../../core/flow.ts';
import type { Request, Response } from '../message/message.ts';

/** What the transaction user (router, call) is told by the layer. */
export interface TransactionUser {
  /** A new request other than ACK. CANCEL of a known INVITE is answered by the layer and told by `onCancel` instead. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK for a 2xx, which is no transaction's (RFC 3261 §13.3.1.4). */
  onAck(request: Request, flow: Flow): void;
  /** A 2xx to an INVITE whose client transaction is gone: retransmitted by the peer after 64·T1. */
  onStrayResponse(response: Response, flow: Flow): void;
}

/** A request that awaits our response (RFC 3261 §17.2). */
export interface ServerTransaction {
  readonly request: Request;
  readonly flow: Flow;
  /** Whether a final response was sent; further responses are dropped. (An INVITE may repeat its 2xx: see `repeat`.) */
  readonly answered: boolean;
  respond(response: Response): void;
  /**
   * Answers finally, without repeating an INVITE's response, as is owed to those who have not proven who they are (RFC
   * 3261 §26.3.2.4): a forged source address would get each repetition. A repeated request is answered again for a while.
   */
  respondOnce(response: Response): void;
  /** Sends an INVITE's 2xx again while its ACK is missing (RFC 6026 §7.1, state Accepted). */
  repeat(): void;
  /** Set by the user: the peer cancelled this INVITE before its final response. The layer has answered the CANCEL. */
  onCancel: ((cancel: Request) => void) | undefined;
  /**
   * Set by the user before it responds: no ACK for a failure response (timer H), or the response could not be sent. Called once
   * at most.
   */
  onFailure: ((why: TransactionFailure) => void) | undefined;
}

export type TransactionFailure = { readonly kind: 'timeout' } | { readonly kind: 'transport'; readonly error: Error };

/** A request of ours that awaits its responses (RFC 3261 §17.1). */
export interface ClientTransaction {
  readonly request: Request;
  readonly branch: string;
  /**
   * Cancels a pending INVITE (RFC 3261 §9.1): CANCEL goes out once a provisional response has come. The final
   * response still arrives at the handlers. Nothing happens after a final response.
   * @param reason value of a Reason header to carry, RFC 3326.
   */
  cancel(reason?: string): void;
}

export interface ResponseHandlers {
  /** Every response but retransmissions; for an INVITE each 2xx of every fork (RFC 6026 §7.2). */
  onResponse(response: Response, flow: Flow): void;
  /** No final response will come. RFC 3261 §8.1.3.1 treats it as 408 (timeout) or 503 (transport). */
  onFailure(why: TransactionFailure): void;
}

/** The layer as transaction users see it. */
export interface Transactions {
  /**
   * Sends a request other than ACK and CANCEL in a new client transaction. Via is put on by the wire. The handlers are called
   * after this has returned, also when the request could not be sent.
   */
  request(request: Request, flow: Flow, handlers: ResponseHandlers): ClientTransaction;
  /** Sends the ACK for a 2xx: no transaction, one packet with a branch of its own (RFC 3261 §13.2.2.4). */
  ack(request: Request, flow: Flow): void;
}
