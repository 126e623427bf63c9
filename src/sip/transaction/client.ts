import type { Clock } from '../../core/clock.ts';
import { type Flow, samePeer } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import { Machine, type MachineOwner } from '../../core/machine.ts';
import type { Request } from '../message/message.ts';
import type { ClientContext, ClientEffect, ClientEvent, ReceivedResponse } from './client-event.ts';
import { ackFor } from './derived-request.ts';
import { calling, type InviteClientState, inviteClient } from './invite-client.ts';
import { type RequestClientState, requestClient, trying } from './request-client.ts';
import type { ClientTransaction, ResponseHandlers } from './user.ts';
import type { Packet, Wire } from './wire.ts';

/** What client transactions need of their layer. */
export interface ClientHost {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly logger: Logger;
  context(reliable: boolean): ClientContext;
  /** Sends the CANCEL of this INVITE in a transaction of its own. */
  cancel(client: Client, flow: Flow, reason: string | undefined): void;
  /** A 2xx that no transaction awaits. */
  stray(received: ReceivedResponse): void;
  /** A user's handler threw. */
  bug(where: string, error: unknown): void;
  clientEnded(client: Client): void;
}

/** A client transaction: performs what its machine wants. */
export class Client implements ClientTransaction, MachineOwner<{ readonly name: string }, ClientEvent, ClientEffect> {
  readonly request: Request;
  readonly branch: string;
  readonly #host: ClientHost;
  readonly #flow: Flow;
  readonly #handlers: ResponseHandlers;
  readonly #packet: Packet;
  readonly #machine: { dispatch(event: ClientEvent): void; abandon(): void };
  #ack: Packet | undefined;
  #starting = false;
  #answered = false;

  constructor(host: ClientHost, request: Request, flow: Flow, branch: string, handlers: ResponseHandlers) {
    this.#host = host;
    this.request = request;
    this.branch = branch;
    this.#handlers = handlers;
    this.#packet = host.wire.request(request, flow, branch);
    this.#flow = flow;
    const { clock } = host;
    const context = host.context(this.#packet.reliable);
    this.#machine =
      request.method === 'INVITE'
        ? new Machine<InviteClientState, ClientEvent, ClientEffect, ClientContext>(
            inviteClient,
            calling(clock.now(), context),
            clock,
            context,
            this,
          )
        : new Machine<RequestClientState, ClientEvent, ClientEffect, ClientContext>(
            requestClient,
            trying(clock.now(), context),
            clock,
            context,
            this,
          );
  }

  /** Sends the request for the first time. The handlers are not called before this has returned. */
  start(): void {
    this.#starting = true;
    this.#packet.send(this.#onError);
    this.#starting = false;
  }

  cancel(reason?: string): void {
    if (this.request.method === 'INVITE') this.#machine.dispatch({ type: 'cancel', reason });
  }

  receive(received: ReceivedResponse): void {
    // Who sees a branch or guesses it must not answer in the peer's place.
    if (!samePeer(received.flow, this.#flow)) {
      const { address } = received.flow.remote;
      this.#host.logger.debug(() => `${received.response.status} to ${this.branch} from ${address}: dropped`);
      return;
    }
    this.#machine.dispatch(received);
  }

  abandon(): void {
    this.#machine.abandon();
  }

  perform(effect: ClientEffect): void {
    switch (effect.type) {
      case 'send':
        this.#packet.send(this.#onError);
        break;
      case 'deliver':
        this.#deliver(effect.received);
        break;
      case 'ack':
        this.#ack ??= this.#host.wire.request(ackFor(this.request, effect.response), this.#flow, this.branch);
        this.#ack.send(this.#onError);
        break;
      case 'cancel':
        this.#host.cancel(this, this.#flow, effect.reason);
        break;
      case 'stray':
        this.#host.stray(effect.received);
        break;
      case 'fail':
        this.#fail(effect);
        break;
    }
  }

  onFinal(): void {
    this.#host.clientEnded(this);
  }

  onUnexpected(state: { readonly name: string }, event: ClientEvent): void {
    this.#host.logger.debug(() => `${this.request.method} ${this.branch}: ${event.type} in state ${state.name}`);
  }

  readonly #onError = (error: Error): void => {
    const event: ClientEvent = { type: 'transportError', error };
    const { clock } = this.#host;
    if (this.#starting) clock.schedule(clock.now(), () => this.#machine.dispatch(event));
    else this.#machine.dispatch(event);
  };

  #deliver({ response, flow }: ReceivedResponse): void {
    if (response.status >= 200) this.#answered = true;
    try {
      this.#handlers.onResponse(response, flow);
    } catch (error) {
      this.#host.bug(`${response.status} to ${this.request.method}`, error);
    }
  }

  #fail({ why }: ClientEffect & { type: 'fail' }): void {
    if (this.#answered) {
      // The ACK could not be sent; the user has its final response all the same.
      this.#host.logger.debug(() => `ACK ${this.branch}: ${why.kind === 'transport' ? why.error.message : why.kind}`);
      return;
    }
    try {
      this.#handlers.onFailure(why);
    } catch (error) {
      this.#host.bug(`failure of ${this.request.method}`, error);
    }
  }
}
