import { networkInterfaces } from 'node:os';
import { shortestAddress } from '../core/endpoint.ts';
import type { LocalAddress } from './ports.ts';

/** The addresses of the interfaces that are up, in the system's order. A link-local one carries its interface, `%eth0`. */
export function localAddresses(): readonly LocalAddress[] {
  const found: LocalAddress[] = [];
  for (const [device, addresses] of Object.entries(networkInterfaces())) {
    for (const { address, internal, scopeid } of addresses ?? []) {
      const zoned = scopeid !== undefined && scopeid !== 0 ? `${address}%${device}` : address;
      found.push({ address: shortestAddress(zoned), device, loopback: internal });
    }
  }
  return found;
}
