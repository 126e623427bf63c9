import type { MmeRow } from './actions.ts';
import type { Command } from './command.ts';
import { type Column, printTable } from './table.ts';

const COLUMNS: readonly Column<MmeRow>[] = [
  { title: 'Name', cell: ({ name }) => name ?? '-', flexible: true },
  { title: 'Address', cell: ({ remote }) => remote },
  { title: 'State', cell: ({ connected }) => (connected ? 'connected' : 'disconnected') },
  { title: 'UEs', cell: ({ ues }) => ues },
];

/** One line per MME that is connected for SMS over SGs, or has UEs here. */
export const mmeCommand: Command = {
  synopsis: '',
  summary: 'List the MMEs connected for SMS over SGs',
  details: [
    'Shows the name each MME told, its address, whether it is connected, and how many UEs are associated through it.',
  ],
  run(_args, actions) {
    const rows = actions.mmes();
    return { data: { mmes: rows ?? [] }, print: (width) => printMmes(rows, width) };
  },
};

function printMmes(rows: readonly MmeRow[] | undefined, width: number): readonly string[] {
  if (rows === undefined) return ['No SMS over SGs: sctp_addr is not set'];
  if (rows.length === 0) return ['No MME connected'];
  const { header, lines } = printTable(COLUMNS, rows, width);
  return [header, ...lines];
}
