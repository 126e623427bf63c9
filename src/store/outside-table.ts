import { MalformedError } from '../core/errors.ts';
import { parseUri } from '../sip/message/uri.ts';
import type { TableDefinition } from './persistence.ts';
import { textOf, textsOf } from './row.ts';
import { type Identity, makeIdentity, type Subscriber } from './subscribers.ts';

/** Users of an HSS outside with the profile it gave last, so that a restart finds those who are registered. */
export const OUTSIDE_USERS: TableDefinition<Subscriber> = {
  name: 'outside_user',
  key: 1,
  columns: {
    impi: ({ impi }) => impi,
    level: ({ outside }) => outside?.level ?? '',
    identities: ({ identities }) => JSON.stringify(identities.map(({ text }) => text)),
    barred: ({ outside }) => JSON.stringify((outside?.barred ?? []).map(({ text }) => text)),
  },
};

export type OutsideRow = Pick<Subscriber, 'impi'> & {
  readonly level: string;
  readonly identities: readonly string[];
  readonly barred: readonly string[];
};

/** @throws MalformedError */
export function readOutsideUser(row: Parameters<typeof textOf>[0]): OutsideRow {
  return {
    impi: textOf(row, 'impi'),
    level: textOf(row, 'level'),
    identities: textsOf(row, 'identities'),
    barred: textsOf(row, 'barred'),
  };
}

/**
 * The identity an HSS names: one the user has already, with what ue_db says of it, or a plain one.
 * @throws MalformedError for what is no URI.
 */
export function outsideIdentity(impu: string, known: readonly Identity[]): Identity {
  const made = makeIdentity({
    uri: parseUri(impu),
    anonymous: false,
    authentication: true,
    ringOnly: false,
    reliableProvisional: true,
  });
  if (made.uri.scheme === 'urn') throw new MalformedError(`${impu} is no identity of a user`);
  const same = known.find(({ text }) => text === made.text);
  if (same !== undefined) return same;
  const alike = known.find(({ key }) => key === made.key);
  return alike === undefined ? made : { ...alike, uri: made.uri, text: made.text };
}
