import { isIPv6 } from 'node:net';
import type { Net } from '../net/ports.ts';

/**
 * An address of this machine a server is likely to be reached from: the server's own when it is here, else the one that
 * shares the longest beginning with it. Undefined when there is none of its family.
 */
export function localAddressFor(server: string, net: Net): string | undefined {
  const addresses = net.localAddresses();
  if (server.startsWith('127.') || addresses.some(({ address }) => address === server)) return server;
  const candidates = addresses.filter(
    ({ address, loopback }) => !loopback && isIPv6(address) === isIPv6(server) && !/^fe[89ab]/i.test(address),
  );
  const [best] = candidates
    .map(({ address }) => ({ address, shared: sharedStart(address, server) }))
    .sort((a, b) => b.shared - a.shared);
  return best?.address;
}

/** Characters both texts begin with. */
function sharedStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}
