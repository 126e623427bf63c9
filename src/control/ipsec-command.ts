import type { AssociationRow } from './actions.ts';
import type { Command } from './command.ts';
import { type Column, printTable } from './table.ts';

const COLUMNS: readonly Column<AssociationRow>[] = [
  { title: 'User', cell: ({ impi }) => impi, flexible: true },
  { title: 'Set', cell: ({ role }) => role },
  { title: 'Ends', cell: ({ endsInS }) => `${endsInS}s` },
  { title: 'Integrity', cell: ({ integrity }) => integrity },
  { title: 'Encryption', cell: ({ encryption }) => encryption },
  { title: 'Direction', cell: ({ direction }) => direction },
  { title: 'Source', cell: ({ source }) => source },
  { title: 'Destination', cell: ({ destination }) => destination },
  { title: 'SPI', cell: ({ spi }) => `0x${spi.toString(16).padStart(8, '0')}` },
];

/** One line per security association; four make a set. */
export const ipsecCommand: Command = {
  synopsis: '[user]',
  summary: 'List the IPsec security associations with phones',
  details: [
    'Each phone has sets of four: from and to its client port, from and to its server port. A set is temporary until',
    'the phone has answered the challenge in it, then current; old while the phone takes up the next one; fading while',
    'last answers go out. With a user, shows those of whom the IMPI contains it.',
  ],
  run({ user }, actions) {
    const all = actions.associations();
    if (typeof all === 'string') return { data: { associations: [], problem: all }, print: () => [`No IPsec: ${all}`] };
    const rows = user === undefined ? all : all.filter(({ impi }) => impi.includes(user));
    return {
      data: { associations: rows },
      print(width) {
        if (rows.length === 0) return ['No security associations'];
        const { header, lines } = printTable(COLUMNS, rows, width);
        return [header, ...lines];
      },
    };
  },
};
