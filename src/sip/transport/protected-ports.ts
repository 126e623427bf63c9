/**
 * The ports that nothing passes in clear (TS 33.203 §7.1): on each address that handsets see as it is, server ports
 * (port_ps, UDP and TCP) where their requests come, and client ports (port_pc) from which ours leave. Nobody listens on a
 * port_pc: its UDP socket takes responses alone, and TCP connections are bound to it before they are made.
 */
import { type Endpoint, printEndpoint } from '../../core/endpoint.ts';
import { messageOf } from '../../core/errors.ts';
import type { Flow } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import type { Protected, Protection } from '../../core/protection.ts';
import type { DatagramSocket, Net, StreamConnection, StreamHandler } from '../../net/ports.ts';
import { describe, type Place } from './listening.ts';
import { bindPair, type SocketPair } from './socket-pair.ts';

/** What arrives at protected ports from handsets that may send there. */
export interface ProtectedArrivals {
  onDatagram(data: Buffer, flow: Flow, port: PortKind): void;
  onConnection(connection: StreamConnection, place: Place, set: Protected): StreamHandler;
  /** The port's address has left this machine. */
  onGone(place: Place): void;
}

export type PortKind = 'server' | 'client';

/** How many ports of each kind an address has. */
export interface ProtectedPortCounts {
  readonly server: number;
  readonly client: number;
}

/**
 * A handset that takes its port_uc anew needs a port_ps where that is free. A set takes another port_pc than the sets it
 * lives beside, and than those the handset had lately.
 */
export const DEFAULT_PROTECTED_PORTS: ProtectedPortCounts = { server: 2, client: 8 };
/** From the port of SIP in clear, to which TLS is next. */
const FIRST_PORT = 2;
/** TS 33.203 §7.1: the ports of SIP and of SIP over TLS are never protected ones. */
const STANDARD_PORTS: readonly number[] = [5060, 5061];

const NOBODY: StreamHandler = { onData() {}, onClose() {} };

/** The ports of one address. */
interface Group {
  /** The ordinary places there. */
  readonly places: Set<Place>;
  readonly sockets: DatagramSocket[];
  readonly close: (() => void)[];
  /** Protection knows them. */
  opened: boolean;
  closed: boolean;
}

export class ProtectedPorts {
  readonly #net: Net;
  readonly #log: Logger;
  readonly #protection: Protection;
  readonly #arrivals: ProtectedArrivals;
  readonly #counts: ProtectedPortCounts;
  /** By address. */
  readonly #groups = new Map<string, Group>();
  /** By where they are bound. */
  readonly #sockets = new Map<string, DatagramSocket>();
  readonly #complained = new Set<string>();

  constructor(
    parts: { net: Net; log: Logger },
    protection: Protection,
    arrivals: ProtectedArrivals,
    counts: ProtectedPortCounts = DEFAULT_PROTECTED_PORTS,
  ) {
    this.#net = parts.net;
    this.#log = parts.log;
    this.#protection = protection;
    this.#arrivals = arrivals;
    this.#counts = counts;
  }

  /** Opens those of a place's address, unless they are. Never rejects: what fails is said, and SIP in clear goes on. */
  async open(place: Place): Promise<void> {
    const { address, port } = place.local;
    if (place.bound !== undefined) {
      this.#complain(place, 'the address handsets see is not the one they reach, and ESP covers addresses');
      return;
    }
    const known = this.#groups.get(address);
    known?.places.add(place);
    if (known !== undefined) return;
    const group: Group = { places: new Set([place]), sockets: [], close: [], opened: false, closed: false };
    this.#groups.set(address, group);
    try {
      const first = port + FIRST_PORT;
      const serverPorts = await this.#openPorts(group, { address, port: first }, 'server');
      const clientPorts = await this.#openPorts(group, { address, port: first + this.#counts.server }, 'client');
      if (group.closed) return;
      group.opened = true;
      this.#log.info(() => `IPsec on ${address}: port_ps ${serverPorts.join(', ')}; port_pc ${clientPorts.join(', ')}`);
      this.#protection.opened({ address, serverPorts, clientPorts });
    } catch (error) {
      if (group.closed) return;
      this.#closeGroup(address, group);
      this.#complain(place, messageOf(error));
    }
  }

  /** Closes those of an address once its last place is gone. */
  gone(place: Place): void {
    const { address } = place.local;
    const group = this.#groups.get(address);
    if (group?.places.delete(place) !== true || group.places.size > 0) return;
    this.#closeGroup(address, group);
    if (group.opened) this.#protection.gone(address);
    for (const { local } of group.sockets) this.#arrivals.onGone({ local });
  }

  close(): void {
    for (const [address, group] of this.#groups) this.#closeGroup(address, group);
  }

  /** The UDP socket bound there. */
  datagramSocket(bound: Endpoint): DatagramSocket | undefined {
    return this.#sockets.get(printEndpoint(bound));
  }

  #closeGroup(address: string, group: Group): void {
    group.closed = true;
    this.#groups.delete(address);
    for (const { local } of group.sockets) this.#sockets.delete(printEndpoint(local));
    for (const close of group.close) close();
  }

  /** @returns the numbers, in order; fewer when the group was closed meanwhile. */
  async #openPorts(group: Group, from: Endpoint, kind: PortKind): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (let at = 0; at < this.#counts[kind] && !group.closed; at++) {
      const pair = await this.#bind({ address: from.address, port: from.port + at }, kind);
      // The listener of a port_pc has shown that no other program keeps connections of ours from being bound to it.
      if (kind === 'client') pair.tcp.close();
      const close = () => (kind === 'client' ? pair.udp.close() : pair.close());
      if (group.closed) {
        close();
        break;
      }
      group.close.push(close);
      group.sockets.push(pair.udp);
      this.#sockets.set(printEndpoint(pair.local), pair.udp);
      numbers.push(pair.local.port);
    }
    return numbers;
  }

  /** The number wanted where it can be had, else one that the system draws. */
  async #bind(wanted: Endpoint, kind: PortKind): Promise<SocketPair> {
    const serve = (local: Endpoint) => ({
      onDatagram: (data: Buffer, from: Endpoint) => this.#onDatagram(data, local, from, kind),
      onConnection: (connection: StreamConnection) => this.#onConnection(connection, local, kind),
    });
    let why = 'protected ports have no such number';
    if (isFit(wanted.port)) {
      try {
        return await bindPair(this.#net, wanted, serve);
      } catch (error) {
        why = messageOf(error);
      }
    }
    for (;;) {
      const drawn = await bindPair(this.#net, { address: wanted.address, port: 0 }, serve);
      const { port } = drawn.local;
      if (isFit(port)) {
        this.#log.info(() => `protected port ${port} of ${wanted.address} in place of ${wanted.port}: ${why}`);
        return drawn;
      }
      drawn.close();
    }
  }

  #onDatagram(data: Buffer, local: Endpoint, remote: Endpoint, kind: PortKind): void {
    const set = this.#protection.incoming(local, remote);
    if (set === undefined) this.#refused('UDP', local, remote);
    else this.#arrivals.onDatagram(data, { transport: 'UDP', local, remote, protected: set }, kind);
  }

  #onConnection(connection: StreamConnection, local: Endpoint, kind: PortKind): StreamHandler {
    const set = kind === 'server' ? this.#protection.incoming(local, connection.remote) : undefined;
    if (set !== undefined) return this.#arrivals.onConnection(connection, { local }, set);
    this.#refused('TCP', local, connection.remote);
    connection.destroy();
    return NOBODY;
  }

  #refused(transport: string, local: Endpoint, remote: Endpoint): void {
    this.#log.debug(
      () => `${transport} from ${printEndpoint(remote)} to protected ${printEndpoint(local)}: no security association`,
    );
  }

  /** Once a place. */
  #complain(place: Place, why: string): void {
    const where = describe(place);
    if (!this.#complained.has(where)) this.#log.warn(`no IPsec on ${where}: ${why}`);
    this.#complained.add(where);
  }
}

function isFit(port: number): boolean {
  return port <= 65535 && !STANDARD_PORTS.includes(port);
}
