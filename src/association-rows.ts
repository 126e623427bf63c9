import type { AssociationRow } from './control/actions.ts';
import type { Clock } from './core/clock.ts';
import { printEndpoint } from './core/endpoint.ts';
import { associationsOf } from './ipsec/association-set.ts';
import type { Associations } from './ipsec/associations.ts';

/** The security associations as commands show them. */
export function associationRows(associations: Associations, clock: Clock): readonly AssociationRow[] {
  const now = clock.now();
  return associations.list().flatMap(({ owner, role, endsAt, offer, ours, handset }) =>
    associationsOf({ ours, handset }).map(({ direction, source, destination, spi }) => ({
      impi: owner,
      role,
      endsInS: Math.max(0, Math.round((endsAt - now) / 1000)),
      ...offer.algorithms,
      direction,
      source: printEndpoint(source),
      destination: printEndpoint(destination),
      spi,
    })),
  );
}
