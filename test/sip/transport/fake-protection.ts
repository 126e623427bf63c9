import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Protected, ProtectedPath, ProtectedPorts, Protection } from '../../../src/core/protection.ts';

/** Associations as a test wants them, of one set each of one handset. */
export interface FakeSet extends Protected {
  readonly path: ProtectedPath;
  /** port_uc. */
  readonly source: Endpoint;
}

/** Guards nothing: says which ports there are, and who may send. */
export class FakeProtection implements Protection {
  readonly addresses = new Map<string, ProtectedPorts>();
  /** Addresses that have gone, in order. */
  readonly lost: string[] = [];
  readonly sets = new Map<number, FakeSet>();
  /** Association → the set requests go in. */
  readonly current = new Map<number, number>();

  opened(ports: ProtectedPorts): void {
    this.addresses.set(ports.address, ports);
  }

  gone(address: string): void {
    this.addresses.delete(address);
    this.lost.push(address);
  }

  incoming(local: Endpoint, remote: Endpoint): Protected | undefined {
    for (const { association, set, path, source } of this.sets.values()) {
      const peer = local.port === path.clientPort ? path.remote : source;
      const ours = local.port === path.clientPort || local.port === path.local.port;
      if (!ours || local.address !== path.local.address) continue;
      if (peer.address === remote.address && peer.port === remote.port) return { association, set };
    }
    return undefined;
  }

  requestPath(association: number): ProtectedPath | undefined {
    return this.sets.get(this.current.get(association) ?? 0)?.path;
  }

  responsePath(set: number): ProtectedPath | undefined {
    return this.sets.get(set)?.path;
  }
}
