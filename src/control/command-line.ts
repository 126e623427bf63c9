import { CommanderError, Command as Grammar } from 'commander';
import type { Args, Command } from './command.ts';
import { CommandError } from './command.ts';
import { splitWords } from './command-words.ts';
import { COMMANDS } from './index.ts';

export interface CommandLine {
  readonly command: Command;
  readonly args: Args;
}

/** Reads lines like `help log`; undefined for an empty one. @throws CommandError in words, with the nearest name for a wrong one. */
export function commandLineReader(): (line: string) => CommandLine | undefined {
  let read: CommandLine | undefined;
  const grammar = new Grammar().exitOverride().helpOption(false).helpCommand(false);
  grammar.configureOutput({ writeOut() {}, writeErr() {} });
  for (const [name, command] of Object.entries(COMMANDS)) {
    const own = grammar.command(`${name} ${command.synopsis}`);
    if (command.alias !== undefined) own.alias(command.alias);
    for (const flags of command.options ?? []) own.option(flags);
    own.action(() => {
      const args: Record<string, string | undefined> = { ...own.opts() };
      own.registeredArguments.forEach((argument, index) => {
        const value: string | readonly string[] | undefined = own.processedArgs[index];
        const text = typeof value === 'object' ? value.join(' ') : value;
        if (text !== undefined && text !== '') args[argument.name()] = text;
      });
      read = { command, args };
    });
  }
  return (line) => {
    const words = splitWords(line);
    if (words.length === 0) return undefined;
    try {
      grammar.parse(words, { from: 'user' });
    } catch (error) {
      if (error instanceof CommanderError) {
        // Its own help is what it has for a line that names no command: `--`.
        if (error.code === 'commander.help') return undefined;
        throw new CommandError(error.message.replace(/^error: /, '').replace(/\n/g, ' '));
      }
      throw error;
    }
    return read;
  };
}
