/**
 * SCTP over raw sockets where the kernel has none: the `sctp` package behind a guard, IPv4 only. The package is
 * unmaintained and trusts its peers, so no packet reaches it that was not checked here (chunk.ts), what it leaves out
 * is done here (restart, silent peers, limits in time), and what it adds is taken away (port 9, ICMP).
 */
import type { Clock, Scheduled } from '../../core/clock.ts';
import { type Endpoint, isWildcard, printEndpoint } from '../../core/endpoint.ts';
import type { SctpAssociation, SctpConnectOptions, SctpHandler, SctpListener, SctpListenOptions } from '../ports.ts';
import { systemError } from '../system-error.ts';
import { CHUNK, checkedChunks, withoutAddresses } from './chunk.ts';
import { isExpected, isTagRight } from './expected.ts';
import { checkAddress } from './own-address.ts';
import type { PackageAssociation, PackageEndpoint, PackagePacket, PackageTransport, SctpPackage } from './package.ts';
import { RawAssociation } from './raw-association.ts';
import type { OnAssociation, OnBug, SctpStack } from './stack.ts';

/** As the kernel's are set (kernel.ts), where the package has them. */
const DEFAULTS = {
  hb_interval: 10_000,
  rto_initial: 1000,
  rto_min: 500,
  rto_max: 10_000,
  // No path of a lab is narrower, and what is sent with a header of our own is not fragmented.
  PMTU: 1300,
};
const STREAMS = 16;
const IP_HEADER = 20;
const COMMON_HEADER = 12;
const LARGEST_DATAGRAM = 65_535;
const TICK_MS = 1000;
const FIRST_EPHEMERAL = 0xc000;
const LAST_EPHEMERAL = 0xfffe;

/** What belongs to one port. */
interface Port {
  readonly endpoint: PackageEndpoint;
  readonly ppid: number;
  onBug: OnBug;
  /** Address and identifier of the listener; it may listen again while associations of its port are left. */
  readonly listened: string | undefined;
  /** Undefined for a port of an association opened from here, and once the listener is closed. */
  onAssociation: OnAssociation | undefined;
  readonly associations: Map<PackageAssociation, RawAssociation>;
}

/** One for the process: the package has one raw socket. */
export class RawStack implements SctpStack {
  readonly #package: SctpPackage;
  readonly #clock: Clock;
  readonly #onBug: OnBug;
  readonly #ports = new Map<number, Port>();
  /** Our address towards a peer, where the port is bound to all of them: the one it sent to. */
  readonly #sources = new Map<string, string>();
  #transport: PackageTransport | undefined;
  #tick: Scheduled | undefined;

  /** @param clock a real one: the package has timers of its own. @param onBug told of faults that are no handler's. */
  constructor(sctp: SctpPackage, clock: Clock, onBug: OnBug) {
    this.#package = sctp;
    this.#clock = clock;
    this.#onBug = onBug;
    sctp.defaults(DEFAULTS);
  }

  async listen(
    { address, port, ppid }: SctpListenOptions,
    onAssociation: OnAssociation,
    onBug: OnBug,
  ): Promise<SctpListener> {
    const what = `cannot listen on SCTP ${printEndpoint({ address, port })}`;
    let opened: Port;
    try {
      await checkAddress(address);
      opened = this.#open({ address, port }, ppid, onBug, onAssociation);
    } catch (error) {
      throw systemError(what, error);
    }
    return {
      local: { address, port: opened.endpoint.localPort },
      stack: 'raw sockets',
      close: () => {
        if (opened.onAssociation !== onAssociation) return;
        opened.onAssociation = undefined;
        this.#closeUnused(opened);
      },
    };
  }

  connect({ remote, local, ppid }: SctpConnectOptions, handler: SctpHandler, onBug: OnBug): SctpAssociation {
    const association = new RawAssociation(this.#clock, ppid, remote, handler, onBug);
    const what = `cannot connect to SCTP ${printEndpoint(remote)}`;
    checkAddress(local?.address ?? '0.0.0.0')
      .then(() => {
        if (association.over) return;
        const port = this.#open(local ?? { address: '0.0.0.0', port: 0 }, ppid, onBug);
        const opened = port.endpoint.ASSOCIATE({ remoteAddress: remote.address, remotePort: remote.port });
        this.#adopt(port, opened, association, { ...(local ?? { address: '0.0.0.0' }), port: port.endpoint.localPort });
      })
      .catch((error: unknown) => association.lose(systemError(what, error)));
    return association;
  }

  /** @throws Error with the `code` EADDRINUSE. */
  #open({ address, port }: Endpoint, ppid: number, onBug: OnBug, onAssociation?: OnAssociation): Port {
    const left = this.#ports.get(port);
    if (left?.listened === `${address} ${ppid}` && left.onAssociation === undefined && onAssociation !== undefined) {
      left.onAssociation = onAssociation;
      left.onBug = onBug;
      return left;
    }
    const bound = isWildcard(address) ? {} : { localAddress: [address] };
    let endpoint: PackageEndpoint | undefined;
    this.#package.Endpoint.INITIALIZE({ ...bound, localPort: port, MIS: STREAMS, OS: STREAMS }, {}, (_error, made) => {
      endpoint = made;
    });
    if (endpoint === undefined) throw Object.assign(new Error('the port is in use'), { code: 'EADDRINUSE' });
    this.#prepare(endpoint);
    const listened = onAssociation && `${address} ${ppid}`;
    const opened: Port = { endpoint, ppid, onBug, listened, onAssociation, associations: new Map() };
    this.#ports.set(endpoint.localPort, opened);
    this.#transport?.rawsocket.resumeRecv();
    this.#tick ??= this.#clock.schedule(this.#clock.now() + TICK_MS, () => this.#supervise());
    return opened;
  }

  #prepare(endpoint: PackageEndpoint): void {
    const transport = endpoint.transport;
    const { Packet } = this.#package;
    endpoint._sendPacket = (host, port, tag, chunks, sent) => {
      const source = endpoint.localActiveAddress ?? this.#sources.get(`${endpoint.localPort} ${host}:${port}`);
      const packet = new Packet({ src_port: endpoint.localPort, dst_port: port, v_tag: tag }, chunks);
      transport.sendPacket(source, host, packet, sent);
    };
    if (this.#transport === transport) return;
    this.#transport = transport;
    tame(transport);
    transport.rawsocket.on('error', this.#onBug);
    transport.rawsocket.on('message', (datagram: Buffer, source: string) => {
      try {
        this.#receive(datagram, source);
      } catch (error) {
        this.#onBug(error);
      }
    });
  }

  /** A datagram with its IP header; every one of SCTP that comes to this machine. */
  #receive(datagram: Buffer, source: string): void {
    const header = ((datagram[0] ?? 0) & 15) * 4;
    if (header < IP_HEADER || datagram.length < header + COMMON_HEADER) return;
    const destination = datagram.subarray(16, 20).join('.');
    const port = this.#ports.get(datagram.readUInt16BE(header + 2));
    if (port === undefined || (port.endpoint.localActiveAddress ?? destination) !== destination) return;
    // A copy: the next datagram is read into the same memory.
    const octets = Buffer.from(datagram.subarray(header));
    const packet = new this.#package.Packet(octets);
    if (packet.checksum_error === true) return;
    const chunks = checkedChunks(octets.subarray(COMMON_HEADER));
    const first = chunks[0];
    if (first === undefined) return;

    if (first[0] === CHUNK.INIT) this.#onInit(port, first, packet, source, destination);
    else if (first[0] === CHUNK.COOKIE_ECHO) this.#onCookieEcho(port, chunks, packet, source, destination);
    else {
      const association = port.endpoint._getAssociation(source, packet.src_port);
      if (association === undefined) this.#outOfTheBlue(port, first, packet, source, destination);
      else this.#handOver(port, association, chunks, packet, source);
    }
  }

  /**
   * Answered without memory of it, also for a peer that has an association: it may have restarted (RFC 9260 §5.2.2).
   * Addresses that belong to somebody else's association are not believed.
   */
  #onInit(port: Port, init: Buffer, packet: PackagePacket, source: string, destination: string): void {
    if (port.onAssociation === undefined || packet.v_tag !== 0) return;
    const { endpoint } = port;
    const mine = endpoint._getAssociation(source, packet.src_port);
    const checked = withoutAddresses(init, (address) => {
      const owner = endpoint._getAssociation(address, packet.src_port);
      return address === source || owner === undefined || owner === mine;
    });
    this.#from(port, source, packet.src_port, destination, () => {
      endpoint.onInit(this.#package.Chunk.fromBuffer(checked), source, destination, packet);
    });
  }

  #onCookieEcho(
    port: Port,
    chunks: readonly Buffer[],
    packet: PackagePacket,
    source: string,
    destination: string,
  ): void {
    const { endpoint, onAssociation } = port;
    const [first, ...rest] = chunks;
    if (first === undefined || onAssociation === undefined) return;
    const echo = this.#package.Chunk.fromBuffer(first);
    const state = echo.cookie && endpoint.validateCookie(echo.cookie, packet);
    if (state === undefined) return;
    const before = endpoint._getAssociation(source, packet.src_port);
    if (before?.my_tag === state.my_tag) {
      // Our COOKIE ACK was lost (RFC 9260 §5.2.4, action D).
      before._sendChunk('cookie_ack');
      this.#handOver(port, before, rest, packet, source);
      return;
    }
    // Action C: an older answer to the same INIT, come late.
    if (before?.peer_tag === state.initChunk.readUInt32BE(4)) return;
    if (before !== undefined) {
      // Action A: the peer restarted. Nothing is sent for what was before.
      before.mute = true;
      before._destroy();
      port.associations
        .get(before)
        ?.lose(new Error(`${printEndpoint(remoteOf(before))} restarted its SCTP association`));
      port.associations.delete(before);
    }
    this.#sources.set(sourceKey(port, source, packet.src_port), destination);
    const local = { address: destination, port: endpoint.localPort };
    endpoint.removeAllListeners('association').once('association', (made: PackageAssociation) => {
      const association = new RawAssociation(this.#clock, port.ppid, remoteOf(made), undefined, port.onBug);
      this.#adopt(port, made, association, local);
      association.handler = onAssociation(association);
    });
    const made = endpoint.onCookieEcho(echo, source, destination, packet);
    if (made !== undefined) this.#handOver(port, made, rest, packet, source);
  }

  /** RFC 9260 §8.4: who sends to an association that is gone is told so. */
  #outOfTheBlue(port: Port, first: Buffer, packet: PackagePacket, source: string, destination: string): void {
    if (port.onAssociation === undefined) return;
    const type = first[0];
    if (type === CHUNK.ABORT || type === CHUNK.SHUTDOWN_COMPLETE || type === CHUNK.COOKIE_ACK) return;
    const answer = type === CHUNK.SHUTDOWN_ACK ? 'shutdown_complete' : 'abort';
    const chunk = new this.#package.Chunk(answer, { flags: { T: 1 } });
    this.#from(port, source, packet.src_port, destination, () => {
      port.endpoint._sendPacket(source, packet.src_port, packet.v_tag, [chunk.toBuffer()]);
    });
  }

  #handOver(
    port: Port,
    association: PackageAssociation,
    chunks: readonly Buffer[],
    packet: PackagePacket,
    source: string,
  ): void {
    const guarded = port.associations.get(association);
    if (guarded === undefined) return;
    const read = chunks.map((chunk) => this.#package.Chunk.fromBuffer(chunk));
    if (!read.every((chunk) => isTagRight(chunk, association, packet))) return;
    guarded.heard();
    const data = read.filter(({ chunkType }) => chunkType === 'data');
    try {
      for (const chunk of read) {
        chunk.last_in_packet = chunk === data.at(-1);
        if (chunk.chunkType === 'abort') association.mute = true;
        if (isExpected(chunk, association)) association.emit(chunk.chunkType, chunk, source, packet);
        if (guarded.over) break;
      }
    } catch (error) {
      // A packet the package does not bear costs its sender the association.
      this.#onBug(error);
      guarded.abort();
    }
    guarded.handed();
  }

  #adopt(port: Port, association: PackageAssociation, guarded: RawAssociation, local: Endpoint): void {
    port.associations.set(association, guarded);
    guarded.attach(association, local, () => {
      port.associations.delete(association);
      this.#sources.delete(sourceKey(port, association.remoteAddress, association.remotePort));
      this.#closeUnused(port);
    });
  }

  /** Runs what answers a packet; the answer leaves from the address the packet came to. */
  #from(port: Port, peer: string, peerPort: number, destination: string, answer: () => void): void {
    const key = sourceKey(port, peer, peerPort);
    const before = this.#sources.get(key);
    this.#sources.set(key, destination);
    answer();
    if (before === undefined) this.#sources.delete(key);
    else this.#sources.set(key, before);
  }

  #closeUnused(port: Port): void {
    if (port.onAssociation !== undefined || port.associations.size > 0) return;
    if (!this.#ports.delete(port.endpoint.localPort)) return;
    port.endpoint.DESTROY();
    if (this.#ports.size > 0) return;
    this.#tick?.cancel();
    this.#tick = undefined;
    // Nothing is read, and the process may end.
    this.#transport?.rawsocket.pauseRecv();
  }

  #supervise(): void {
    this.#tick = this.#clock.schedule(this.#clock.now() + TICK_MS, () => this.#supervise());
    for (const port of [...this.#ports.values()]) {
      for (const association of [...port.associations.values()]) association.supervise();
    }
  }
}

/** The package would serve "discard", and believe whoever sends an ICMP error. */
function tame(transport: PackageTransport): void {
  transport.pool[9]?.DESTROY();
  transport.icmpsocket.removeAllListeners('message');
  transport.icmpsocket.on('error', () => {});
  transport.icmpsocket.close();
  // Ports like those of the last run would look like the same peer, restarted.
  transport.pointer = FIRST_EPHEMERAL + (process.pid % (LAST_EPHEMERAL - FIRST_EPHEMERAL));
  transport.rawsocket.buffer = Buffer.alloc(LARGEST_DATAGRAM);
  transport.rawsocket.removeAllListeners('message');
}

function sourceKey({ endpoint }: Port, address: string, port: number): string {
  return `${endpoint.localPort} ${address}:${port}`;
}

function remoteOf({ remoteAddress, remotePort }: PackageAssociation): Endpoint {
  return { address: remoteAddress, port: remotePort };
}
