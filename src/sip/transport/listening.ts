/**
 * The sockets peers reach us on: UDP and TCP on one port for each configured address. A wildcard becomes one pair for each
 * local address, because a datagram that comes to a wildcard socket does not tell which address it was sent to, and the
 * answer would leave from another one. Local addresses are looked at again every few seconds: a base station's tunnel
 * devices appear after the server has started.
 */
import { isIPv6 } from 'node:net';
import type { Clock, Scheduled } from '../../core/clock.ts';
import { type Endpoint, isWildcard, printEndpoint } from '../../core/endpoint.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { DatagramSocket, LocalAddress, Net, StreamConnection, StreamHandler } from '../../net/ports.ts';
import { bindPair, codeOf, type SocketPair } from './socket-pair.ts';

/** One `sip_addr` of the configuration. */
export interface SocketOptions extends Endpoint {
  /** `bind_addr`: the address or the interface to listen on, when that is not `address`, which peers are still shown. */
  readonly bind?: string;
}

/** Where a pair of sockets listens. */
export interface Place {
  /** What peers are shown. */
  readonly local: Endpoint;
  /** Where the sockets are bound, when that differs. */
  readonly bound?: Endpoint;
}

export function boundTo({ local, bound = local }: Place): Endpoint {
  return bound;
}

/** What arrives at the sockets, and at which ones. */
export interface Arrivals {
  onDatagram(data: Buffer, from: Endpoint, place: Place): void;
  onConnection(connection: StreamConnection, place: Place): StreamHandler;
  /** It is listened on; waited for, so that what belongs to the place is there when `open` is done. Never rejects. */
  onOpened(place: Place): Promise<void>;
  /** The address has left this machine; its sockets are closed. */
  onGone(place: Place): void;
}

interface Open {
  readonly place: Place;
  readonly pair: SocketPair;
}

interface Wanted {
  /** Where to bind; port 0 draws one for both sockets. */
  readonly at: Endpoint;
  /** The address peers are shown. */
  readonly shown: string;
  /** Found on this machine rather than configured: may be gone by the time it is bound. */
  readonly found: boolean;
}

const RESCAN_MS = 3000;

export class Listening {
  readonly #parts: { readonly net: Net; readonly clock: Clock; readonly log: Logger };
  readonly #sockets: readonly SocketOptions[];
  readonly #arrivals: Arrivals;
  /** By what was wanted: address and port as configured. */
  readonly #pairs = new Map<string, Open>();
  /** By where they are bound. */
  readonly #bound = new Map<string, Open>();
  readonly #opening = new Set<string>();
  readonly #complained = new Set<string>();
  #rescan: Scheduled | undefined;
  #closed = false;

  constructor(parts: { net: Net; clock: Clock; log: Logger }, sockets: readonly SocketOptions[], arrivals: Arrivals) {
    this.#parts = parts;
    this.#sockets = sockets;
    this.#arrivals = arrivals;
  }

  /**
   * Opens all sockets. Rejects, with none left open, when one that is configured cannot be: the message names each that
   * failed and why.
   */
  async open(): Promise<void> {
    const failures = this.#sockets.flatMap((socket) => this.#missing(socket) ?? []);
    for (const [key, wanted] of this.#wanted()) {
      await this.#openPair(key, wanted).catch((error: unknown) => failures.push(messageOf(error)));
    }
    if (failures.length > 0) {
      this.close();
      throw new Error(failures.join('; '));
    }
    if (this.#pairs.size === 0) this.#parts.log.warn('no SIP address on this machine yet');
    await this.#announce(this.places);
    if (!this.#closed && this.#sockets.some(follows)) this.#scheduleRescan();
  }

  /** Places listened on now: the configured addresses in their order, then those found. */
  get places(): readonly Place[] {
    return [...this.#pairs.values()].map(({ place }) => place);
  }

  /** The UDP socket bound there, or undefined when the address is not ours (any more). */
  datagramSocket(bound: Endpoint): DatagramSocket | undefined {
    return this.#bound.get(printEndpoint(bound))?.pair.udp;
  }

  close(): void {
    this.#closed = true;
    this.#rescan?.cancel();
    for (const { pair } of this.#pairs.values()) pair.close();
    this.#pairs.clear();
    this.#bound.clear();
  }

  /** What should be listened on, given the addresses of this moment. A configured address comes before the same one found. */
  #wanted(): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    const local = this.#parts.net.localAddresses();
    for (const found of [false, true]) {
      for (const socket of this.#sockets) {
        if (follows(socket) !== found) continue;
        for (const address of bindAddresses(socket, local)) {
          const at = { address, port: socket.port };
          const key = printEndpoint(at);
          const shown = isWildcard(socket.address) ? address : socket.address;
          if (!wanted.has(key)) wanted.set(key, { at, shown, found });
        }
      }
    }
    return wanted;
  }

  /** Why a configured address that needs an interface cannot be served, if so. */
  #missing(socket: SocketOptions): string | undefined {
    const local = this.#parts.net.localAddresses();
    if (!follows(socket) || isWildcard(socket.address) || bindAddresses(socket, local).length > 0) return undefined;
    const devices = [...new Set(local.map(({ device }) => device))].join(', ');
    const family = isIPv6(socket.address) ? 'IPv6' : 'IPv4';
    return `cannot listen on ${printEndpoint(socket)}: no ${family} address on ${socket.bind} (interfaces: ${devices})`;
  }

  /** Undefined when there is nothing to open any more. */
  async #openPair(key: string, wanted: Wanted): Promise<Place | undefined> {
    this.#opening.add(key);
    try {
      const opened = await this.#bindPair(wanted);
      if (this.#closed) {
        opened.pair.close();
        return undefined;
      }
      this.#pairs.set(key, opened);
      this.#bound.set(printEndpoint(opened.pair.local), opened);
      this.#complained.delete(key);
      this.#parts.log.info(() => `listening on UDP and TCP ${describe(opened.place)}`);
      return opened.place;
    } catch (error) {
      // An address found a moment ago may be gone, or an IPv6 one not ready: the next scan sees.
      if (!(wanted.found && codeOf(error) === 'EADDRNOTAVAIL')) throw error;
      return undefined;
    } finally {
      this.#opening.delete(key);
    }
  }

  async #bindPair({ at, shown }: Wanted): Promise<Open> {
    const placeAt = (bound: Endpoint): Place => {
      const local = { address: shown, port: bound.port };
      return shown === at.address ? { local } : { local, bound };
    };
    const pair = await bindPair(this.#parts.net, at, (bound) => {
      const place = placeAt(bound);
      return {
        onDatagram: (data, from) => this.#arrivals.onDatagram(data, from, place),
        onConnection: (connection) => this.#arrivals.onConnection(connection, place),
      };
    });
    return { place: placeAt(pair.local), pair };
  }

  /** Those that still are when their turn comes: all that is configured is bound before what belongs to a place. */
  async #announce(places: readonly (Place | undefined)[]): Promise<void> {
    for (const place of places) {
      if (place === undefined || this.#bound.get(printEndpoint(boundTo(place)))?.place !== place) continue;
      await this.#arrivals.onOpened(place);
    }
  }

  #scheduleRescan(): void {
    const { clock } = this.#parts;
    this.#rescan = clock.schedule(clock.now() + RESCAN_MS, () => {
      this.#scheduleRescan();
      this.#follow();
    });
  }

  /** Opens what has appeared and closes what is gone. */
  #follow(): void {
    const { log } = this.#parts;
    const wanted = this.#wanted();
    for (const [key, { place, pair }] of this.#pairs) {
      if (wanted.has(key)) continue;
      pair.close();
      this.#pairs.delete(key);
      this.#bound.delete(printEndpoint(pair.local));
      log.info(() => `no longer listening on ${describe(place)}: the address is gone`);
      this.#arrivals.onGone(place);
    }
    const opening = [...wanted]
      .filter(([key]) => !this.#pairs.has(key) && !this.#opening.has(key))
      .map(([key, want]) =>
        this.#openPair(key, want).catch((error: unknown) => {
          if (!this.#complained.has(key)) log.warn(messageOf(error));
          this.#complained.add(key);
          return undefined;
        }),
      );
    void Promise.all(opening).then((places) => this.#announce(places));
  }
}

/** Whether the addresses of a socket are those the machine has, and change with them. */
function follows({ address, bind = address }: SocketOptions): boolean {
  return isWildcard(bind) || !isAddress(bind);
}

/** The addresses to bind for one configured socket. */
function bindAddresses(socket: SocketOptions, local: readonly LocalAddress[]): readonly string[] {
  const { address, bind = address } = socket;
  if (!follows(socket)) return [bind];
  const family = isIPv6(isAddress(bind) ? bind : address);
  const found = local.filter(
    (one) =>
      (isWildcard(bind) || one.device === bind) && isIPv6(bare(one.address)) === family && !isLinkLocal(one.address),
  );
  const addresses = found.map((one) => one.address);
  if (isWildcard(bind) || isWildcard(address)) return addresses;
  // An interface and one address to show: that address where the interface has it, else the interface's first.
  return addresses.includes(address) ? [address] : addresses.slice(0, 1);
}

function isAddress(text: string): boolean {
  return text.includes(':') || /^[0-9.]+$/.test(text);
}

function bare(address: string): string {
  return address.split('%', 1)[0] ?? '';
}

/** RFC 4291 §2.5.6: fe80::/10. No phone's SIP comes to one, and it means nothing without its interface. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

export function describe({ local, bound }: Place): string {
  return bound === undefined ? printEndpoint(local) : `${printEndpoint(bound)}, shown as ${printEndpoint(local)}`;
}
