import type { Clock } from '../../core/clock.ts';
import type { Flow } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import { Machine, type MachineOwner } from '../../core/machine.ts';
import { responseTo } from '../message/build.ts';
import { TO, tagOf } from '../message/header-types.ts';
import type { Request, Response } from '../message/message.ts';
import { type InviteServerState, inviteServer, proceeding } from './invite-server.ts';
import { hopKey, legacyAckKey } from './matching.ts';
import { type RequestServerState, requestServer, TRYING } from './request-server.ts';
import { octetsOf } from './retention.ts';
import type { ReceivedAck, ServerEffect, ServerEvent } from './server-event.ts';
import type { TimerValues } from './timers.ts';
import type { ServerTransaction, TransactionFailure } from './user.ts';
import type { Packet, Wire } from './wire.ts';

/** What server transactions need of their layer. */
export interface ServerHost {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timers: TimerValues;
  /** A tag for To in responses the layer makes. */
  tag(): string;
  /** The ACK of a 2xx. */
  acknowledged(ack: ReceivedAck): void;
  /** An ACK with this key belongs to `server`. */
  expectAck(key: string, server: Server): void;
  /** The user has taken `server` on. */
  taken(server: Server): void;
  /** `server` lives on only to repeat its answer, which is this long. */
  disposable(server: Server, octets: number): void;
  /** A user's handler threw. */
  bug(where: string, error: unknown): void;
  serverEnded(server: Server): void;
}

/**
 * A server transaction as the layer keeps it: performs what its machine wants. What the user was given is let go
 * with the final response, since an answered request waits for its repetitions for 64·T1 and there may be many.
 */
export class Server implements MachineOwner<{ readonly name: string }, ServerEvent, ServerEffect> {
  readonly key: string;
  readonly mergeKey: string | undefined;
  /** An INVITE's, for its CANCEL; see matching.ts. */
  readonly hopKey: string | undefined;
  /** Second key of an INVITE without a branch; see matching.ts. */
  ackKey: string | undefined;
  /** The To tag its responses carry. */
  toTag: string | undefined;
  readonly #host: ServerHost;
  readonly #machine: { readonly state: { readonly name: string }; dispatch(event: ServerEvent): void; abandon(): void };
  #open: OpenRequest | undefined;

  constructor(host: ServerHost, request: Request, flow: Flow, key: string, mergeKey: string | undefined) {
    this.#host = host;
    this.key = key;
    this.mergeKey = mergeKey;
    this.hopKey = request.method === 'INVITE' ? hopKey(request, flow) : undefined;
    this.#open = new OpenRequest(this, request, flow);
    const { clock, timers } = host;
    this.#machine =
      request.method === 'INVITE'
        ? new Machine<InviteServerState, ServerEvent, ServerEffect, TimerValues>(
            inviteServer,
            proceeding(clock.now(), timers),
            clock,
            timers,
            this,
          )
        : new Machine<RequestServerState, ServerEvent, ServerEffect, TimerValues>(
            requestServer,
            TRYING,
            clock,
            timers,
            this,
          );
  }

  /** Gives the request to the user, who may answer at once or later. */
  present(onRequest: (transaction: ServerTransaction) => void): void {
    const open = this.#open;
    if (open === undefined) return;
    try {
      onRequest(open);
    } catch (error) {
      this.#refuse(open, open.request.method, error);
    }
  }

  /** The peer cancelled the INVITE (RFC 3261 §9.2): nothing happens after the final response. */
  cancel(cancel: Request): void {
    const open = this.#open;
    if (open === undefined || open.answered) return;
    try {
      open.onCancel?.(cancel);
    } catch (error) {
      this.#refuse(open, 'CANCEL', error);
    }
  }

  dispatch(event: ServerEvent): void {
    this.#machine.dispatch(event);
  }

  abandon(): void {
    this.#machine.abandon();
  }

  respond(open: OpenRequest, response: Response, once = false): void {
    const { request } = open;
    if (open.answered) {
      this.#host.logger.debug(() => `${response.status} to ${request.method}, which is answered: dropped`);
      return;
    }
    const packet = this.#host.wire.response(response, open.flow);
    if (request.method === 'INVITE') this.#remember(request, response);
    if (response.status >= 200) {
      open.answered = true;
      if (open.onFailure === undefined) this.#open = undefined;
    }
    if (once) this.#host.disposable(this, octetsOf(response));
    else if (response.status > 100) this.#host.taken(this);
    this.dispatch({ type: 'respond', status: response.status, packet, once });
  }

  perform(effect: ServerEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.packet);
        break;
      case 'trying':
        if (this.#open !== undefined) this.respond(this.#open, responseTo(this.#open.request, 100));
        break;
      case 'acknowledged':
        this.#host.acknowledged(effect.ack);
        break;
      case 'fail':
        this.#fail(effect.why);
        break;
    }
  }

  onFinal(): void {
    this.#host.serverEnded(this);
  }

  onUnexpected(state: { readonly name: string }, event: ServerEvent): void {
    this.#host.logger.debug(() => `${this.key.replaceAll('\n', ' ')}: ${event.type} in state ${state.name}`);
  }

  #send(packet: Packet): void {
    packet.send((error) => {
      // A reliable transport ends the transaction with the final response, before its error is known.
      if (this.#machine.state.name === 'Terminated') this.#fail({ kind: 'transport', error });
      else this.dispatch({ type: 'transportError', error });
    });
  }

  #remember(invite: Request, response: Response): void {
    this.toTag ??= tagOf(response.headers.tryGet(TO));
    if (response.status < 300) return;
    this.ackKey = legacyAckKey(invite, this.toTag);
    if (this.ackKey !== undefined) this.#host.expectAck(this.ackKey, this);
  }

  #fail(why: TransactionFailure): void {
    const tell = this.#open?.onFailure;
    if (this.#open === undefined || tell === undefined) return;
    // One failure is told once, however many repetitions could not be sent.
    this.#open.onFailure = undefined;
    try {
      tell(why);
    } catch (error) {
      this.#host.bug(`failure of the response to ${this.#open.request.method}`, error);
    }
  }

  #refuse(open: OpenRequest, where: string, error: unknown): void {
    this.#host.bug(where, error);
    if (open.answered) return;
    this.respond(open, responseTo(open.request, 500, { toTag: this.toTag ?? this.#host.tag() }), true);
  }
}

/** A server transaction as its user has it. */
class OpenRequest implements ServerTransaction {
  readonly request: Request;
  readonly flow: Flow;
  answered = false;
  onCancel: ((cancel: Request) => void) | undefined = undefined;
  onFailure: ((why: TransactionFailure) => void) | undefined = undefined;
  readonly #server: Server;

  constructor(server: Server, request: Request, flow: Flow) {
    this.#server = server;
    this.request = request;
    this.flow = flow;
  }

  respond(response: Response): void {
    this.#server.respond(this, response);
  }

  respondOnce(response: Response): void {
    this.#server.respond(this, response, true);
  }

  repeat(): void {
    this.#server.dispatch({ type: 'repeat' });
  }
}
