import { MalformedError } from '../core/errors.ts';
import type { Table, TableDefinition } from './persistence.ts';
import { integerOf, textOf } from './row.ts';
import type { Subscriber, Subscribers } from './subscribers.ts';

/** The sequence numbers last used, TS 33.102 Annex C: a card takes each only once. */
export const SEQUENCE_NUMBERS: TableDefinition<Subscriber> = {
  name: 'sequence_number',
  key: 1,
  columns: { impi: ({ impi }) => impi, sqn: ({ sqn }) => sqn },
};

/** Those of users that ue_db does not have at present are kept: they may come back, with the same card. */
export function restoreSequenceNumbers(table: Table<Subscriber>, subscribers: Subscribers): void {
  table.restore((row) => {
    const subscriber = subscribers.byImpi(textOf(row, 'impi'));
    const sqn = integerOf(row, 'sqn');
    if (sqn >= 2 ** 48) throw new MalformedError(`column sqn holds ${sqn}`);
    if (subscriber !== undefined) subscriber.sqn = sqn;
    return true;
  });
}

/** Users that were made on the spot (setting auto_create). */
export const CREATED_USERS: TableDefinition<Subscriber> = {
  name: 'created_user',
  key: 1,
  columns: { impi: ({ impi }) => impi, imsi: ({ imsi }) => imsi ?? '' },
};

/**
 * A user that is in ue_db now is that one. Where none are made any more the rows stay, as their sequence numbers do.
 * @param create makes the user anew, or undefined.
 */
export function restoreCreatedUsers(
  table: Table<Subscriber>,
  subscribers: Subscribers,
  create: (impi: string, imsi: string) => Subscriber | undefined,
): void {
  table.restore((row) => {
    const impi = textOf(row, 'impi');
    if (subscribers.byImpi(impi) !== undefined) return false;
    const subscriber = create(impi, textOf(row, 'imsi'));
    if (subscriber !== undefined) subscribers.add(subscriber);
    return true;
  });
}
