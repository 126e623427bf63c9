/**
 * All TCP connections, found by number and by peer, so that a request goes on one that is there rather than on a new one
 * (RFC 3261 §18, RFC 5923), and bounded in number.
 */
import type { Clock } from '../../core/clock.ts';
import { type Endpoint, printEndpoint, sameEndpoint } from '../../core/endpoint.ts';
import type { Flow } from '../../core/flow.ts';
import type { Logger } from '../../core/logger.ts';
import type { Protected } from '../../core/protection.ts';
import type { Net, StreamConnection, StreamHandler } from '../../net/ports.ts';
import type { Via } from '../message/header-types.ts';
import type { Limits } from '../message/parse.ts';
import { Connection, type ConnectionKeeper, type StreamOptions } from './connection.ts';
import { boundTo, type Place } from './listening.ts';
import { isSentBy, sentByPort } from './via.ts';
import type { Way } from './way.ts';

/** How long an address that spoke TCP counts as one that takes TCP: a registration's usual life and more. */
const SPOKE_TCP_MS = 24 * 60 * 60 * 1000;
/** Addresses remembered for it. */
const MOST_ADDRESSES = 10_000;
const STOPS = new Error('the server stops');

interface Parts {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Connections implements ConnectionKeeper {
  readonly #parts: Parts;
  readonly #options: StreamOptions;
  readonly #limits: Limits;
  readonly #onFrame: ConnectionKeeper['onFrame'];
  readonly #byId = new Map<number, Connection>();
  /** By our place and the peer's address and port: the port of the connection, and the one the peer listens on. */
  readonly #byPeer = new Map<string, Connection>();
  /** Those of our own making, for flows that are UDP: what a stranger says of himself must not draw them to him. */
  readonly #ownByPeer = new Map<string, Connection>();
  /** By the set of security associations they are in, whoever opened them; newest last. */
  readonly #bySet = new Map<number, Connection[]>();
  readonly #accepted = new Set<Connection>();
  /** The accepted ones whose peers may be anybody, oldest first. */
  readonly #strangers = new Set<Connection>();
  readonly #acceptedOf = new Map<string, number>();
  /** Address → when it last showed that it speaks TCP; oldest first. */
  readonly #spokeTcp = new Map<string, number>();
  #opened = 0;
  #full = false;
  #closed = false;

  constructor(parts: Parts, options: StreamOptions, limits: Limits, onFrame: ConnectionKeeper['onFrame']) {
    this.#parts = parts;
    this.#options = options;
    this.#limits = limits;
    this.#onFrame = onFrame;
  }

  get size(): number {
    return this.#byId.size;
  }

  /**
   * Takes in a connection a peer has opened, or drops it when there are too many: of its address, or of phones. Otherwise
   * the oldest stranger's makes room, so that strangers cannot keep phones out.
   */
  accept(stream: StreamConnection, place: Place, set?: Protected): StreamHandler {
    const { address } = stream.remote;
    const ofPeer = this.#acceptedOf.get(address) ?? 0;
    const { maxConnections, maxPerAddress } = this.#options;
    if (this.#accepted.size >= maxConnections && ofPeer < maxPerAddress) this.#evictStranger();
    if (this.#accepted.size >= maxConnections || ofPeer >= maxPerAddress) {
      if (!this.#full)
        this.#parts.log.warn(`too many TCP connections (${this.#accepted.size}, ${ofPeer} from ${address})`);
      this.#full = true;
      stream.destroy();
      return { onData() {}, onClose() {} };
    }
    const connection = this.#add({ place, remote: stream.remote, protected: set }, stream);
    this.#accepted.add(connection);
    this.#acceptedOf.set(address, (this.#acceptedOf.get(address) ?? 0) + 1);
    this.#strangers.add(connection);
    return connection;
  }

  /**
   * Opens a connection: from a way's address and an ephemeral port, or from its port_pc. What is written before it is up
   * waits.
   */
  connect(way: Way): Connection {
    const connection = this.#add(way);
    if (this.#closed) {
      connection.close(STOPS);
      return connection;
    }
    const { place, remote } = way;
    this.#ownByPeer.set(peerKey(place, remote), connection);
    const { address, port } = boundTo(place);
    const local = { address, port: way.protected === undefined ? 0 : port };
    connection.attach(this.#parts.net.connectStream({ remote, local }, connection));
    return connection;
  }

  /** It carries what is for a user of ours, or what one was granted. */
  keep(connection: Connection): void {
    connection.keep();
    this.#strangers.delete(connection);
  }

  /**
   * The connection a request of this flow goes on: the flow's own, else one with the same peer. For a UDP flow only one we
   * opened to where the peer registered from, since anybody behind its address can claim its port; who has security
   * associations has proved who it is, and all connections in the set of the way are as good.
   */
  find(flow: Flow, { protected: set }: Way): Connection | undefined {
    if (set !== undefined) {
      const own = this.#own(flow);
      return own?.protected?.set === set.set ? own : this.#bySet.get(set.set)?.at(-1);
    }
    return flow.transport === 'UDP' ? this.#ownByPeer.get(peerKey(flow, flow.remote)) : this.#ofPeer(flow);
  }

  /** The connection a response goes on: its request's, else one to where the response goes without (`way`). */
  answering(flow: Flow, way: Way | undefined): Connection | undefined {
    if (flow.protected === undefined) return this.#ofPeer(flow);
    return this.#own(flow) ?? (way && this.#byPeer.get(peerKey(way.place, way.remote)));
  }

  /**
   * Learns from a request on a connection where its sender listens, so that requests to there find this connection. Only
   * an address that speaks for itself is believed.
   */
  learn(connection: Connection, via: Via): void {
    // Where handsets with security associations listen was agreed with them.
    if (connection.protected !== undefined) return;
    const port = sentByPort(via);
    if (port === connection.listeningPort || port === connection.remote.port) return;
    if (!isSentBy(via, connection.remote.address)) return;
    this.#forgetListening(connection);
    connection.listeningPort = port;
    this.#byPeer.set(peerKey(connection.place, { address: connection.remote.address, port }), connection);
  }

  /** Whether a peer address has lately spoken TCP, in either direction. */
  spokeTcp(address: string): boolean {
    const at = this.#spokeTcp.get(address);
    return at !== undefined && this.#parts.clock.now() - at < SPOKE_TCP_MS;
  }

  /** A connection could not be opened: do not try again before the peer opens one. */
  refusesTcp(address: string): void {
    this.#spokeTcp.delete(address);
  }

  /** Drops the connections of a place that is no more. */
  closePlace(place: Place): void {
    for (const connection of this.#byId.values()) {
      if (sameEndpoint(boundTo(connection.place), boundTo(place))) connection.close(new Error('our address is gone'));
    }
  }

  /**
   * Drops the connections of a set of security associations that is about to go. They are reset, so that the system has
   * nothing left to send for them, which would leave in clear.
   */
  closeSet(set: number): void {
    for (const connection of [...(this.#bySet.get(set) ?? [])]) connection.reset(new Error('its associations end'));
  }

  /** Ends all, and opens none any more. Peers get what is pending. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#byId.values()) {
      if (connection.pending > 0) connection.finish(STOPS);
      else connection.close(STOPS);
    }
  }

  onFrame(...[frame, connection]: Parameters<ConnectionKeeper['onFrame']>): void {
    this.#onFrame(frame, connection);
  }

  onAlive({ remote: { address } }: Connection): void {
    this.#spokeTcp.delete(address);
    this.#spokeTcp.set(address, this.#parts.clock.now());
    if (this.#spokeTcp.size <= MOST_ADDRESSES) return;
    for (const oldest of this.#spokeTcp.keys()) {
      this.#spokeTcp.delete(oldest);
      return;
    }
  }

  onClosed(connection: Connection, why: Error): void {
    this.#byId.delete(connection.id);
    this.#forgetPeer(connection, connection.remote);
    this.#forgetListening(connection);
    const own = peerKey(connection.place, connection.remote);
    if (this.#ownByPeer.get(own) === connection) this.#ownByPeer.delete(own);
    this.#forgetSet(connection);
    this.#strangers.delete(connection);
    if (this.#accepted.delete(connection)) {
      const { address } = connection.remote;
      const left = (this.#acceptedOf.get(address) ?? 1) - 1;
      if (left === 0) this.#acceptedOf.delete(address);
      else this.#acceptedOf.set(address, left);
      this.#full = false;
    }
    this.#parts.log.debug(() => `TCP connection with ${printEndpoint(connection.remote)} closed: ${why.message}`);
  }

  #evictStranger(): void {
    for (const oldest of this.#strangers) {
      oldest.close(new Error('its place is needed'));
      return;
    }
  }

  #add(way: Way, stream?: StreamConnection): Connection {
    const { clock } = this.#parts;
    const parts = { clock, options: this.#options, limits: this.#limits, keeper: this };
    const connection = new Connection(++this.#opened, way, parts, stream);
    this.#byId.set(connection.id, connection);
    this.#byPeer.set(peerKey(way.place, way.remote), connection);
    if (way.protected !== undefined) {
      const { set } = way.protected;
      const others = this.#bySet.get(set);
      if (others === undefined) this.#bySet.set(set, [connection]);
      else others.push(connection);
    }
    return connection;
  }

  /** The connection of the flow itself. */
  #own({ connection, remote }: Flow): Connection | undefined {
    const own = connection === undefined ? undefined : this.#byId.get(connection);
    // Flows outlive the process on disk, and numbers begin again: the number alone proves nothing.
    return own !== undefined && sameEndpoint(own.remote, remote) ? own : undefined;
  }

  #ofPeer(flow: Flow): Connection | undefined {
    const { remote, listeningPort } = flow;
    const found = this.#own(flow) ?? this.#byPeer.get(peerKey(flow, remote));
    if (found !== undefined || listeningPort === undefined) return found;
    return this.#byPeer.get(peerKey(flow, { address: remote.address, port: listeningPort }));
  }

  #forgetSet(connection: Connection): void {
    if (connection.protected === undefined) return;
    const { set } = connection.protected;
    const others = this.#bySet.get(set)?.filter((other) => other !== connection) ?? [];
    if (others.length === 0) this.#bySet.delete(set);
    else this.#bySet.set(set, others);
  }

  #forgetListening(connection: Connection): void {
    const { listeningPort: port, remote } = connection;
    if (port !== undefined) this.#forgetPeer(connection, { address: remote.address, port });
  }

  /** The place may have passed to a newer connection. */
  #forgetPeer(connection: Connection, peer: Endpoint): void {
    const key = peerKey(connection.place, peer);
    if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
  }
}

function peerKey(place: Place, peer: Endpoint): string {
  return `${printEndpoint(boundTo(place))} ${printEndpoint(peer)}`;
}
