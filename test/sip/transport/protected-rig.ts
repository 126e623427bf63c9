import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { ProtectedPorts } from '../../../src/core/protection.ts';
import type { Request } from '../../../src/sip/message/message.ts';
import type { TransportOptions } from '../../../src/sip/transport/transport.ts';
import { FakeProtection } from './fake-protection.ts';
import { type Heard, openRig, type Rig, request, response, TcpListener, TcpPeer, UdpPeer, type Wanted } from './rig.ts';

const HANDSET = '127.0.0.2';
export const ASSOCIATION = 7;

/** A handset's end of one set, on real sockets. */
export interface HandsetSet {
  readonly set: number;
  /** UDP at port_uc and port_us. */
  readonly uc: UdpPeer;
  readonly us: UdpPeer;
  /** Ours: port_ps and port_pc. */
  readonly ps: Endpoint;
  readonly pc: Endpoint;
}

/** A transport with protected ports on 127.0.0.1, and a handset at 127.0.0.2 that gets sets one after the other. */
export class ProtectedRig {
  readonly protection: FakeProtection;
  readonly rig: Rig;
  readonly #t: TestContext;
  #sets = 0;

  private constructor(t: TestContext, rig: Rig, protection: FakeProtection) {
    this.#t = t;
    this.rig = rig;
    this.protection = protection;
  }

  static async open(t: TestContext, options: Partial<TransportOptions> = {}): Promise<ProtectedRig> {
    const protection = new FakeProtection();
    return new ProtectedRig(t, await openRig(t, options, undefined, protection), protection);
  }

  get ports(): ProtectedPorts {
    const ports = this.protection.addresses.get('127.0.0.1');
    if (ports === undefined) throw new Error('no protected ports');
    return ports;
  }

  /** A new set, in which requests go from now on; the others stay. Its port_ps and port_pc are the next ones. */
  async agree(): Promise<HandsetSet> {
    const { address, serverPorts, clientPorts } = this.ports;
    const set = ++this.#sets;
    const ps = { address, port: serverPorts[(set - 1) % serverPorts.length] ?? 0 };
    const pc = { address, port: clientPorts[(set - 1) % clientPorts.length] ?? 0 };
    const uc = await UdpPeer.open(this.#t, HANDSET);
    const us = await UdpPeer.open(this.#t, HANDSET);
    const path = { local: ps, clientPort: pc.port, remote: us.local };
    this.protection.sets.set(set, { association: ASSOCIATION, set, path, source: uc.local });
    this.protection.current.set(ASSOCIATION, set);
    return { set, uc, us, ps, pc };
  }

  /** The set is deleted. */
  remove({ set }: HandsetSet): void {
    this.protection.sets.delete(set);
    if (this.protection.current.get(ASSOCIATION) === set) this.protection.current.delete(ASSOCIATION);
  }

  /** The handset's request over UDP, as it was handed up. */
  async asks({ uc, us, ps }: HandsetSet, rport = false, wanted: Wanted = {}): Promise<Heard> {
    const via = `SIP/2.0/UDP ${HANDSET}:${us.local.port}${rport ? ';rport' : ''}`;
    uc.send(request({ via, ...wanted }), ps);
    return this.rig.heard.next();
  }

  /** The handset's request on a connection of its own, port_uc to port_ps. */
  async dials({ uc, us, ps }: HandsetSet): Promise<{ peer: TcpPeer; heard: Heard }> {
    const peer = await TcpPeer.dial(this.#t, ps, uc.local);
    peer.send(request({ via: `SIP/2.0/TCP ${HANDSET}:${us.local.port}` }));
    return { peer, heard: await this.rig.heard.next() };
  }

  /** The handset takes TCP at port_us. */
  listens({ us }: HandsetSet): Promise<TcpListener> {
    return TcpListener.open(this.#t, us.local);
  }

  /** A request of ours on the flow of what was heard. */
  sends({ message, flow }: Heard, branch = 'z9hG4bKours', octets = 0) {
    const errors: Error[] = [];
    const headers = message.headers.clone().remove('Via');
    const asked: Request = { ...(message as Request), headers, body: Buffer.alloc(octets, 'x') };
    const packet = this.rig.transport.request(asked, flow, branch);
    packet.send((error) => errors.push(error));
    return { packet, errors };
  }

  /** The handset answers a request on a connection: nothing of it is lost when that ends. */
  async answers(peer: TcpPeer, branch: string): Promise<string> {
    const whole = new RegExp(`${branch}[^]*\\r\\n\\r\\nx*$`);
    const text = await peer.until((so) => whole.test(so));
    const asked = text.slice(text.lastIndexOf('OPTIONS sip:'));
    peer.send(response(asked));
    await this.rig.heard.next();
    return asked;
  }

  async connections(count: number): Promise<void> {
    while (this.rig.transport.connections !== count) await setImmediate();
  }
}
