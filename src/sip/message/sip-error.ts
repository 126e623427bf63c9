import type { HeaderType } from './headers.ts';
import type { Response } from './message.ts';
import { reasonPhrase } from './reason-phrases.ts';

/**
 * A refusal: whoever handles a request throws it, the router catches it once and answers. `explanation` is for the
 * log and says in plain words what was wrong and what to check; the peer sees `reason`.
 */
export class SipError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly #dress: ((response: Response) => void)[] = [];
  #body: Uint8Array | undefined;

  constructor(status: number, explanation: string, reason: string = reasonPhrase(status)) {
    // Every challenge is one: a stack that nobody reads would cost more than the challenge.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(explanation);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'SipError';
    this.status = status;
    this.reason = reason;
  }

  /** Adds a header to the response. */
  with<T>(type: HeaderType<T>, ...values: readonly T[]): this {
    return this.dress((response) => {
      for (const value of values) response.headers.add(type, value);
    });
  }

  /** Gives the response a body of this Content-Type. */
  withBody(type: string, body: Uint8Array): this {
    this.#body = body;
    return this.dress(({ headers }) => headers.setRaw('Content-Type', type));
  }

  dress(change: (response: Response) => void): this {
    this.#dress.push(change);
    return this;
  }

  applyTo(response: Response): Response {
    for (const change of this.#dress) change(response);
    return this.#body === undefined ? response : { ...response, body: this.#body };
  }
}
