/**
 * Our addresses with their protected ports. Policies of the kernel drop what comes to these or leaves them in clear, so
 * that the ends of a packet prove how it was protected; until the kernel has them nothing that comes there is believed.
 */
import type { Endpoint } from '../core/endpoint.ts';
import { printEndpoint } from '../core/endpoint.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { ProtectedPorts } from '../core/protection.ts';
import type { Kernel } from '../net/ports.ts';

interface Place {
  readonly ports: ProtectedPorts;
  state: 'asked' | 'guarded' | 'refused';
}

export class GuardedAddresses {
  readonly #kernel: Kernel;
  readonly #logger: Logger;
  readonly #places = new Map<string, Place>();
  /** Undefined until the kernel is known to do IPsec. */
  #families: { readonly ipv6: boolean } | undefined;

  constructor(kernel: Kernel, logger: Logger) {
    this.#kernel = kernel;
    this.#logger = logger;
  }

  /** From now on addresses are guarded, those that were opened before too. */
  start(ipv6: boolean): void {
    this.#families = { ipv6 };
    for (const place of this.#places.values()) this.#guard(place);
  }

  opened(ports: ProtectedPorts): void {
    this.gone(ports.address);
    const place: Place = { ports, state: 'refused' };
    this.#places.set(ports.address, place);
    this.#guard(place);
  }

  gone(address: string): void {
    const place = this.#places.get(address);
    if (place === undefined) return;
    this.#places.delete(address);
    if (!this.#canGuard(address)) return;
    const changes = portsOf(place.ports).map((port) => ({ type: 'unblock' as const, ...port }));
    this.#kernel.apply(changes).catch((error: unknown) => {
      this.#logger.warn(`the kernel keeps policies of ours for ${address}: ${messageOf(error)}`);
    });
  }

  portsOf(address: string): ProtectedPorts | undefined {
    return this.#places.get(address)?.ports;
  }

  isGuarded(address: string): boolean {
    return this.#places.get(address)?.state === 'guarded';
  }

  /** Whether associations can end at this address, if not at this moment. */
  isServed(address: string): boolean {
    return this.#canGuard(address) && this.#places.has(address);
  }

  /** The ports associations may end at; in words why there are none now. What the kernel has refused it is asked again. */
  usablePorts(address: string): ProtectedPorts | string {
    if (this.#families === undefined) return 'IPsec does not work here';
    if (!this.#canGuard(address)) return 'this kernel has no ESP for IPv6';
    const place = this.#places.get(address);
    if (place === undefined) return `${address} has no protected ports`;
    if (place.state === 'guarded') return place.ports;
    if (place.state === 'refused') this.#guard(place);
    return `the kernel does not guard the protected ports of ${address} (yet)`;
  }

  /** Forgets all, the kernel being cleared by others. */
  clear(): void {
    this.#places.clear();
    this.#families = undefined;
  }

  #canGuard(address: string): boolean {
    return this.#families !== undefined && (this.#families.ipv6 || !address.includes(':'));
  }

  #guard(place: Place): void {
    const { address } = place.ports;
    if (!this.#canGuard(address)) return;
    const changes = portsOf(place.ports).map((port) => ({ type: 'block' as const, ...port }));
    place.state = 'asked';
    this.#kernel.apply(changes).then(
      () => {
        place.state = 'guarded';
      },
      (error: unknown) => {
        place.state = 'refused';
        const [first] = changes;
        const where = first === undefined ? address : printEndpoint(first.port);
        this.#logger.error(`no IPsec at ${address}, the kernel does not guard ${where}: ${messageOf(error)}`);
      },
    );
  }
}

function portsOf({ address, serverPorts, clientPorts }: ProtectedPorts): { direction: 'in' | 'out'; port: Endpoint }[] {
  return [...serverPorts, ...clientPorts].flatMap((number) => {
    const port = { address, port: number };
    return [
      { direction: 'in', port },
      { direction: 'out', port },
    ];
  });
}
