/**
 * Which way messages go: in clear as their flow says, and towards a handset with security associations as these say at
 * that moment (TS 33.203 §7.1). Requests leave from port_pc to port_us. So do responses over UDP, unless the handset
 * wanted them where its request came from (RFC 3581). Nothing leaves a protected port without its associations.
 */
import { type Endpoint, printEndpoint } from '../../core/endpoint.ts';
import type { Flow } from '../../core/flow.ts';
import type { Protected, ProtectedPath, Protection } from '../../core/protection.ts';
import { boundTo, type Place } from './listening.ts';

export interface Way {
  /** What we show, and where our socket is bound: port_ps and port_pc on the way to a handset with associations. */
  readonly place: Place;
  readonly remote: Endpoint;
  /** The associations it runs in. */
  readonly protected: Protected | undefined;
}

/** What the topmost Via of a response says of its way (RFC 3261 §18.2.2, RFC 3581 §4). */
export interface Asked {
  readonly rport: boolean;
  /** The port of sent-by. */
  readonly port: number;
}

export class Ways {
  readonly #protection: Protection | undefined;

  constructor(protection: Protection | undefined) {
    this.#protection = protection;
  }

  /** The way of a datagram or a new connection with a request. Undefined when the peer's associations are gone. */
  request(flow: Flow): Way | undefined {
    if (flow.protected !== undefined) return this.#current(flow.protected.association);
    const { transport, remote, listeningPort } = flow;
    const elsewhere = transport === 'TCP' && listeningPort !== undefined;
    const listener = elsewhere ? { address: remote.address, port: listeningPort } : remote;
    return { place: placeOf(flow), remote: listener, protected: undefined };
  }

  /** The way of a response that does not go on its request's connection; undefined as above. */
  response(flow: Flow, { rport, port }: Asked): Way | undefined {
    const { transport, local, remote, protected: set } = flow;
    const toSource = transport === 'UDP' && rport;
    if (set === undefined) {
      // Always to the address the request came from: `received` says the same, and a name would have to be looked up.
      const asked = toSource ? remote : { address: remote.address, port };
      return { place: placeOf(flow), remote: asked, protected: undefined };
    }
    const path = this.#protection?.responsePath(set.set);
    if (path === undefined) return this.#current(set.association);
    return toSource ? { place: { local }, remote, protected: set } : along(path, set);
  }

  #current(association: number): Way | undefined {
    const path = this.#protection?.requestPath(association);
    if (path === undefined) return undefined;
    const { address } = path.local;
    // The set of the path is the one in which the handset would answer on it.
    const set = this.#protection?.incoming({ address, port: path.clientPort }, path.remote);
    return set && along(path, set);
  }
}

/** Our end of what goes that way, as its peer sees it. */
export function ourEnd(way: Pick<Way, 'place' | 'protected'>): Endpoint {
  return way.protected === undefined ? way.place.local : boundTo(way.place);
}

export function noWay({ remote }: Flow): Error {
  return new Error(`the security associations with ${printEndpoint(remote)} are gone`);
}

function along({ local, clientPort, remote }: ProtectedPath, set: Protected): Way {
  return { place: { local, bound: { address: local.address, port: clientPort } }, remote, protected: set };
}

function placeOf({ local, bound }: Flow): Place {
  return bound === undefined ? { local } : { local, bound };
}
