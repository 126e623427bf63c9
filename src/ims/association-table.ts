import { MalformedError } from '../core/errors.ts';
import { algorithmPair } from '../ipsec/algorithm.ts';
import type { Side } from '../ipsec/association-set.ts';
import type { SetRecord } from '../ipsec/associations.ts';
import type { Row, Table, TableDefinition } from '../store/persistence.ts';
import { integerOf, textOf, wordOf } from '../store/row.ts';

/** Security associations in the state file, with their keys: a restart strands no phone. */
export const ASSOCIATION_SETS: TableDefinition<SetRecord> = {
  name: 'association_set',
  key: 1,
  columns: {
    number: ({ set }) => set,
    association: ({ association }) => association,
    owner: ({ owner }) => owner,
    role: ({ role }) => role,
    ends_at: ({ endsAt }) => Math.round(endsAt),
    ...sideColumns('our', ({ ours }) => ours),
    ...sideColumns('handset', ({ handset }) => handset),
    integrity: ({ algorithms }) => algorithms.integrity,
    encryption: ({ algorithms }) => algorithms.encryption,
    ck: ({ ck }) => ck,
    ik: ({ ik }) => ik,
    security_server: ({ securityServer }) => securityServer,
    restarts: ({ restarts }) => restarts,
  },
};

/**
 * The sets that were kept.
 * @param isCarrying whether registrations go on through an association; sets of others are deleted.
 */
export function keptSets(table: Table<SetRecord>, isCarrying: (association: number) => boolean): readonly SetRecord[] {
  const records: SetRecord[] = [];
  table.restore((row) => {
    const record = setOf(row);
    if (!isCarrying(record.association)) return false;
    records.push(record);
    return true;
  });
  return records;
}

/** @throws MalformedError */
function setOf(row: Row): SetRecord {
  const algorithms = algorithmPair(textOf(row, 'integrity'), textOf(row, 'encryption'));
  if (algorithms === undefined) throw new MalformedError('columns integrity and encryption hold no pair');
  return {
    set: integerOf(row, 'number'),
    association: integerOf(row, 'association'),
    owner: textOf(row, 'owner'),
    role: wordOf(row, 'role', ['current', 'old']),
    endsAt: integerOf(row, 'ends_at'),
    ours: sideOf(row, 'our'),
    handset: sideOf(row, 'handset'),
    algorithms,
    ck: keyOf(row, 'ck'),
    ik: keyOf(row, 'ik'),
    securityServer: textOf(row, 'security_server'),
    restarts: integerOf(row, 'restarts'),
  };
}

function sideColumns(prefix: string, side: (record: SetRecord) => Side): TableDefinition<SetRecord>['columns'] {
  return {
    [`${prefix}_address`]: (record) => side(record).address,
    [`${prefix}_spi_c`]: (record) => side(record).spiC,
    [`${prefix}_spi_s`]: (record) => side(record).spiS,
    [`${prefix}_port_c`]: (record) => side(record).portC,
    [`${prefix}_port_s`]: (record) => side(record).portS,
  };
}

function sideOf(row: Row, prefix: string): Side {
  return {
    address: textOf(row, `${prefix}_address`),
    spiC: integerOf(row, `${prefix}_spi_c`),
    spiS: integerOf(row, `${prefix}_spi_s`),
    portC: integerOf(row, `${prefix}_port_c`),
    portS: integerOf(row, `${prefix}_port_s`),
  };
}

/** 128 bits in hexadecimal. */
function keyOf(row: Row, column: string): string {
  const key = textOf(row, column);
  if (!/^[0-9a-f]{32}$/.test(key)) throw new MalformedError(`column ${column} holds no key`);
  return key;
}
