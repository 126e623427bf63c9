/**
 * The command line monitor (manual §7): a prompt over the table of commands. On a terminal it has history and
 * completion; lines that come through a pipe are run as they come, without a prompt, and their end ends nothing.
 */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Actions } from './actions.ts';
import { CommandError } from './command.ts';
import { commandLineReader } from './command-line.ts';
import { COMMANDS } from './index.ts';

const PROMPT = '(ims) ';
const HISTORY_LINES = 1000;

export interface MonitorParts {
  readonly actions: Actions;
  readonly input: Readable;
  /** `columns` is a terminal's width. */
  readonly output: Writable & { readonly columns?: number };
  /** Whether a person sits there; by default whether both ends are terminals. */
  readonly terminal?: boolean;
}

export interface Monitor {
  /** Writes a line of the daemon's above the prompt and what is being typed. */
  print(line: string): void;
  /** Gives the terminal back; `print` goes on writing. */
  close(): void;
}

export function startMonitor({ actions, input, output, terminal = isTerminal(input, output) }: MonitorParts): Monitor {
  const readCommandLine = commandLineReader();
  let closed = false;
  /** Whether the last line of the screen is the prompt and what is being typed. */
  let prompting = false;
  let history: string[] = [];
  let readline = open();

  // A terminal or pipe that goes away costs its user the monitor, nobody a call.
  input.on('error', close);
  output.on('error', close);

  function open(): Interface {
    const opened = createInterface({
      input,
      output,
      terminal,
      prompt: PROMPT,
      history,
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, actions),
    });
    opened.on('line', run);
    opened.on('history', (lines) => {
      history = lines;
    });
    opened.on('SIGINT', () => {
      prompting = false;
      write('');
      actions.quit();
    });
    opened.on('error', close);
    opened.on('close', () => {
      if (closed || opened !== readline) return;
      prompting = false;
      // Ctrl-D on a terminal closes readline although the input goes on.
      if (terminal && !input.readableEnded && !input.destroyed) {
        write('');
        write('Type quit or press Ctrl-C to stop the program');
        readline = open();
        prompt();
      } else close();
    });
    return opened;
  }

  function prompt(): void {
    if (closed || !terminal) return;
    prompting = true;
    readline.prompt();
  }

  function run(line: string): void {
    if (closed) return;
    prompting = false;
    try {
      const read = readCommandLine(line);
      if (read !== undefined) for (const text of read.command.run(read.args, actions).print(width())) write(text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      write(error instanceof CommandError ? `Error: ${message}` : `Error: the command failed: ${message}`);
    }
    prompt();
  }

  function width(): number {
    // Some serial consoles say they have no columns at all.
    return (terminal && output.columns) || Number.POSITIVE_INFINITY;
  }

  function write(line: string): void {
    if (!output.writable) return;
    // What peers chose, a contact or a name, must not steer the terminal.
    output.write(`${line.replace(/[^\P{Cc}\t\n]/gu, '.')}\n`);
  }

  function print(line: string): void {
    if (closed || !prompting) {
      write(line);
      return;
    }
    const { rows } = readline.getCursorPos();
    moveCursor(output, 0, -rows);
    cursorTo(output, 0);
    clearScreenDown(output);
    write(line);
    // readline would go up by the rows it remembers before it draws prompt and text again.
    Object.assign(readline, { prevRows: 0 });
    readline.prompt(true);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    readline.close();
  }

  prompt();
  return { print, close };
}

function isTerminal(...ends: readonly object[]): boolean {
  return ends.every((end) => 'isTTY' in end && end.isTTY === true);
}

/** Candidates for the word at the end of the line, and that word: what readline asks of a completer. */
function complete(line: string, actions: Actions): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const typed = words.at(-1) ?? '';
  const name = words[0] as string;
  let candidates: readonly string[] = [];
  if (words.length === 1) candidates = Object.keys(COMMANDS).map((command) => `${command} `);
  else if (isCommand(name)) candidates = COMMANDS[name].complete?.(words.slice(1), actions) ?? [];
  return [candidates.filter((candidate) => candidate.startsWith(typed)), typed];
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}
