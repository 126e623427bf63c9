import { fileURLToPath } from 'node:url';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Child, Owner } from '../../support/child.ts';
import type { Side } from '../../support/namespaces.ts';
import type { Order } from './agent.ts';

const AGENT = fileURLToPath(new URL('agent.js', import.meta.url));

/** A process in a namespace which talks to another's. */
export class FarEnd {
  readonly #child: Child;
  #orders = 0;

  constructor(owner: Owner, side: Side) {
    this.#child = side.start(owner, process.execPath, AGENT);
  }

  /** Answers with what comes in, from now on. */
  listen(transport: 'udp' | 'tcp', at: Endpoint): Promise<unknown> {
    return this.#give({ act: 'listen', transport, at });
  }

  /** @returns the answer. @throws Error when there is none. */
  ask(transport: 'udp' | 'tcp', from: Endpoint, to: Endpoint, text: string): Promise<unknown> {
    return this.#give({ act: 'ask', transport, from, to, text });
  }

  /** Sends a datagram. */
  tell(from: Endpoint, to: Endpoint, text: string): Promise<unknown> {
    return this.#give({ act: 'tell', from, to, text });
  }

  /** What has come in to the listeners since this was asked last. */
  async heard(): Promise<readonly string[]> {
    return (await this.#give({ act: 'heard' })) as string[];
  }

  async #give(order: Order): Promise<unknown> {
    const id = ++this.#orders;
    this.#child.type(`${JSON.stringify({ id, order })}\n`);
    const [line] = await this.#child.until(new RegExp(`^\\{"id":${id}\\b.*$`, 'm'), { ms: 20_000 });
    const { result, error } = JSON.parse(line) as { result?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  }
}
