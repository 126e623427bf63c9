/** Finds the ports and SPIs of ours for a new set (TS 33.203 §7.1), without touching sets that handsets rely on. */
import type { ProtectedPorts } from '../core/protection.ts';
import type { Offer } from './agreement.ts';
import type { Side } from './association-set.ts';
import type { Entry, SetTable } from './set-table.ts';

export interface Room<E> {
  readonly ours: Side;
  /** Sets that have to go first. */
  readonly inTheWay: readonly E[];
}

/**
 * @param present port_ps of the handset's association, which the routes of its dialogs name: kept when it can be had.
 * @param yields whether a set may be taken away for a new one.
 * @returns what stands in the way, in words, when there is no room.
 */
export function findRoom<E extends Entry>(
  table: SetTable<E>,
  { address, serverPorts, clientPorts }: ProtectedPorts,
  remote: string,
  offer: Offer,
  present: number | undefined,
  yields: (entry: E) => boolean,
): Room<E> | string {
  const inTheWay = new Set<E>();
  for (const spi of [offer.spiC, offer.spiS]) {
    const user = table.withHandsetSpi(remote, spi);
    if (user === undefined) continue;
    if (!yields(user)) return `${remote} offers SPI ${spi}, which is in use by associations it has authenticated`;
    inTheWay.add(user);
  }
  // A set that goes gives its ports up too.
  const isFree = (entry: E): boolean => inTheWay.has(entry) || yields(entry);
  const preferred = serverPorts.filter((port) => port === present);
  const end = { address: remote, port: offer.portC };
  const server = table.port(address, preferred, end, isFree) ?? table.port(address, serverPorts, end, isFree);
  if (server === undefined) return `no protected server port is left for ${remote} port ${offer.portC}`;
  const client = table.port(address, table.inTurns(clientPorts), { address: remote, port: offer.portS }, isFree);
  if (client === undefined) return `no protected client port is left for ${remote} port ${offer.portS}`;
  for (const { occupant } of [server, client]) if (occupant !== undefined) inTheWay.add(occupant);
  return {
    ours: { address, ...table.freshSpis(offer), portC: client.port, portS: server.port },
    inTheWay: [...inTheWay],
  };
}
