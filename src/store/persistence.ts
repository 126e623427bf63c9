/**
 * What survives a restart, seen by the parts whose state it is. Each keeps its rows in a table and says what changed;
 * everything that one turn of the event loop changes is one commit. What peers are told waits for it, so that what
 * they were told is on disk before they were told.
 */
export interface Persistence {
  table<T>(definition: TableDefinition<T>): Table<T>;
  /**
   * Calls `run` once all changes made so far are on disk: at once when none wait, else after the commit at the end of
   * this turn, in the order asked. A disk that fails holds nothing up: that is said once and `run` is called all the same.
   */
  afterCommit(run: () => void): void;
  /** Changes follow in this turn: what waits for the commit from here on waits for them too. */
  expectChange(): void;
  /** Commits what waits and lets the file go. Later changes are not kept. */
  close(): void;
}

export type Value = string | number | Uint8Array | null;
export type Row = { readonly [column: string]: Value };

/** One table of the state file, which state-schema.ts creates, as its owner uses it. */
export interface TableDefinition<T> {
  readonly name: string;
  /** How many of the columns, from the first, name a row; these hold text or numbers. */
  readonly key: number;
  /** How each column is got from what is kept; read at the commit, so that a value may change until then. */
  readonly columns: { readonly [column: string]: (kept: T) => Value };
}

export interface Table<T> {
  /** Keeps a value in place of the one with the same key. */
  put(kept: T): void;
  delete(kept: T): void;
  /**
   * Reads every row at the start. A row for which `take` returns false, or throws MalformedError, is deleted; the
   * latter is logged.
   */
  restore(take: (row: Row) => boolean): void;
}

/** A server without a state file. */
export const noPersistence: Persistence = {
  table: () => noTable,
  afterCommit: (run) => run(),
  expectChange() {},
  close() {},
};

export const noTable: Table<unknown> = {
  put() {},
  delete() {},
  restore() {},
};
