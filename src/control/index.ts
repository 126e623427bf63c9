/** The one table of commands: what the monitor and the API offer, in the order `help` lists them. */
import { type Command, CommandError, DONE, type Output } from './command.ts';
import { dialogCommand, dialogSetCommand } from './dialog-commands.ts';
import { cxCommand, rxCommand } from './diameter-commands.ts';
import { ipsecCommand } from './ipsec-command.ts';
import { logCommand } from './log-command.ts';
import { mmeCommand } from './mme-command.ts';
import { mtCallCommand } from './mt-call-command.ts';
import { reauthenticateCommand, unregisterCommand } from './registration-commands.ts';
import { smsCommand, smsFlushCommand } from './sms-commands.ts';
import { wrap } from './table.ts';
import { usersCommand } from './users-command.ts';

export type CommandName =
  | 'help'
  | 'log'
  | 'users'
  | 'unregister'
  | 'reauthenticate'
  | 'dialog'
  | 'dialog_set'
  | 'mt_call'
  | 'ipsec'
  | 'sms'
  | 'sms_flush'
  | 'mme'
  | 'cx'
  | 'rx'
  | 'quit';

const helpCommand: Command = {
  synopsis: '[command]',
  alias: '?',
  summary: 'List the commands, or explain one',
  details: ['? does the same.'],
  complete: () => Object.keys(COMMANDS),
  run: ({ command }) => (command === undefined ? listed() : explained(command)),
};

const quitCommand: Command = {
  synopsis: '',
  summary: 'Stop the program and exit',
  details: ['Ctrl-C does the same.'],
  run(_args, actions) {
    actions.quit();
    return DONE;
  },
};

export const COMMANDS: { readonly [N in CommandName]: Command } = {
  help: helpCommand,
  log: logCommand,
  users: usersCommand,
  unregister: unregisterCommand,
  reauthenticate: reauthenticateCommand,
  dialog: dialogCommand,
  dialog_set: dialogSetCommand,
  mt_call: mtCallCommand,
  ipsec: ipsecCommand,
  sms: smsCommand,
  sms_flush: smsFlushCommand,
  mme: mmeCommand,
  cx: cxCommand,
  rx: rxCommand,
  quit: quitCommand,
};

function usage(name: string, { synopsis, options = [] }: Command): string {
  return [name, ...options.map((flags) => `[${flags}]`), synopsis].filter((part) => part !== '').join(' ');
}

function listed(): Output {
  const rows = Object.entries(COMMANDS).map(([name, command]) => ({
    usage: usage(name, command),
    summary: command.summary,
  }));
  const widest = Math.max(...rows.map((row) => row.usage.length));
  return {
    data: { commands: rows },
    print: (width) => rows.flatMap((row) => wrap(`${row.usage.padEnd(widest)}  ${row.summary}`, width)),
  };
}

function explained(name: string): Output {
  if (!Object.hasOwn(COMMANDS, name)) throw new CommandError(`unknown command '${name}'; 'help' lists the commands`);
  const command = COMMANDS[name as CommandName];
  const lines = [usage(name, command), `${command.summary}.`, ...command.details];
  return { data: { help: lines }, print: (width) => lines.flatMap((line) => wrap(line, width)) };
}
