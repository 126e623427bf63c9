import { type Endpoint, sameEndpoint } from '../core/endpoint.ts';

/** A socket of ours by the names it has. */
export interface OwnSocket {
  /** What peers are shown. */
  readonly local: Endpoint;
  /** Where it is bound, when that differs. */
  readonly bound?: Endpoint;
}

/**
 * The sockets that are ours. A description may name one of them, and media sent there would come back to us: two streams
 * that name each other pass one packet round for ever.
 */
export class OwnEndpoints {
  /** Ports of media by address, nested so that no packet costs a key made of both. */
  readonly #media = new Map<string, Set<number>>();
  readonly #others: () => readonly OwnSocket[];

  /** @param others the sockets that do not come and go with calls. */
  constructor(others: () => readonly OwnSocket[]) {
    this.#others = others;
  }

  add({ address, port }: Endpoint): void {
    let ports = this.#media.get(address);
    if (ports === undefined) {
      ports = new Set();
      this.#media.set(address, ports);
    }
    ports.add(port);
  }

  delete({ address, port }: Endpoint): void {
    this.#media.get(address)?.delete(port);
  }

  /** Bound, so that it can be handed to where packets come in. */
  readonly has = (endpoint: Endpoint): boolean => {
    if (this.#media.get(endpoint.address)?.has(endpoint.port) === true) return true;
    return this.#others().some(
      ({ local, bound = local }) => sameEndpoint(local, endpoint) || sameEndpoint(bound, endpoint),
    );
  };
}
