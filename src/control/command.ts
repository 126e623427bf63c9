import type { Actions } from './actions.ts';

/** Arguments by the names the synopsis gives them; those left out are absent, `[name...]` holds the rest of the line. */
export type Args = { readonly [name: string]: string | undefined };

/** What a command found out: plain data for the API, lines for people. */
export interface Output {
  readonly data: unknown;
  /** Lines that fit a terminal of `width` columns; Infinity when nothing limits them. */
  print(width: number): readonly string[];
}

/** One row of the table in index.ts, used by the monitor and the API alike. */
export interface Command {
  /** Arguments as commander writes them: `<needed>`, `[optional]`, `[rest...]`; empty for none. */
  readonly synopsis: string;
  /** Options as commander writes them, `-d, --duration <seconds>`: among the arguments by their long name. */
  readonly options?: readonly string[];
  /** A further name in the monitor. */
  readonly alias?: string;
  /** One line of help. */
  readonly summary: string;
  /** The lines `help command` adds, units and defaults included. */
  readonly details: readonly string[];
  /** What the last of `words`, perhaps empty, may become; the words before it are complete. */
  complete?(words: readonly string[], actions: Actions): readonly string[];
  /** @throws CommandError in words for the user. */
  run(args: Args, actions: Actions): Output;
}

/** A command cannot be done as it was given. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

/** Output of a command that only acts. */
export const DONE: Output = { data: {}, print: () => [] };
