import type { Actions, BindingRow, UserRow } from './actions.ts';
import type { Command } from './command.ts';
import { type Column, printTable, wrap } from './table.ts';

const COLUMNS: readonly Column<UserRow>[] = [
  { title: 'IMPI', cell: ({ impi }) => impi, flexible: true },
  { title: 'State', cell: ({ state }) => state },
  { title: 'Dialogs', cell: ({ dialogs }) => dialogs },
  { title: 'SMS', cell: ({ sms }) => sms },
  { title: 'IMPU', cell: ({ impus }) => impus.join(' '), flexible: true },
];

/** One line per user and, under a registered one, one per binding. */
export const usersCommand: Command = {
  synopsis: '[identity]',
  summary: 'List users and where they are registered',
  details: [
    'Shows every user: private identity, registration state, calls, short messages that wait, public identities;',
    'under a registered user one line per binding. With an identity, shows the users of which the IMPI or an IMPU',
    'contains it.',
  ],
  complete: (words, actions) => identities(words.at(-1) ?? '', actions),
  run({ identity }, actions) {
    const rows =
      identity === undefined
        ? actions.users()
        : actions.users().filter((row) => names(row).some((name) => name.includes(identity)));
    return { data: { users: rows }, print: (width) => printUsers(rows, width) };
  },
};

function names({ impi, impus }: UserRow): readonly string[] {
  return [impi, ...impus];
}

/** Enough to see what to type on. */
const MOST_CANDIDATES = 100;

/** Identities that begin with what is typed, for commands whose argument is a user. */
export function identities(typed: string, actions: Actions): string[] {
  const found = new Set<string>();
  for (const row of actions.users()) {
    for (const name of names(row)) if (name.startsWith(typed)) found.add(name);
    if (found.size >= MOST_CANDIDATES) break;
  }
  return [...found];
}

function printUsers(rows: readonly UserRow[], width: number): string[] {
  if (rows.length === 0) return ['No users'];
  const { header, lines } = printTable(COLUMNS, rows, width);
  const printed = [header];
  rows.forEach((row, index) => {
    printed.push(lines[index] as string);
    for (const binding of row.bindings) printed.push(...wrap(printBinding(binding), width));
  });
  return printed;
}

function printBinding({
  id,
  contact,
  q,
  expiresInS,
  transport,
  remote,
  device,
  ipsec,
  registeredVia,
}: BindingRow): string {
  const parts = [`Binding ${id} ${contact}`, `q=${q}`, `expires=${expiresInS}s`, `${transport} ${remote}`];
  if (ipsec) parts.push('IPsec');
  if (device !== undefined) parts.push(device);
  if (registeredVia !== undefined) parts.push(`via ${registeredVia}`);
  return parts.join('  ');
}
