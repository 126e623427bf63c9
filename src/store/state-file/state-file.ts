import type { Clock, Scheduled } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Persistence, Table, TableDefinition } from '../persistence.ts';
import type { Connection } from './connection.ts';
import { closeDatabase } from './database.ts';
import { FileTable } from './file-table.ts';
import { unusable } from './place.ts';

export interface StateFileParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onBug: (error: unknown) => void;
  /** Calls when the event loop has dealt with everything that had come in: the end of a turn. */
  readonly defer: (run: () => void) => void;
}

const RETRY_MS = 1000;

/** The state file: one commit for everything a turn of the event loop changes, and what waits for it. */
export class StateFile implements Persistence {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #parts: StateFileParts;
  readonly #tables: Pick<FileTable<unknown>, 'write' | 'forget'>[] = [];
  /** What waits for the next commit. */
  #waiting: (() => void)[] = [];
  /** What waited for the last one, while it is being called. */
  #released: (() => void)[] | undefined;
  /**
   * clean: all is on disk. changed: a commit follows at the end of this turn. failing: the disk refused; changes are
   * collected and tried again, and nobody waits.
   */
  #state: 'clean' | 'changed' | 'failing' | 'closed' = 'clean';
  #retry: Scheduled | undefined;

  constructor(path: string, connection: Connection, parts: StateFileParts) {
    this.#path = path;
    this.#connection = connection;
    this.#parts = parts;
  }

  table<T>(definition: TableDefinition<T>): Table<T> {
    const table = new FileTable(definition, {
      connection: this.#connection,
      onChange: () => this.#changed(),
      onBug: this.#parts.onBug,
      onMalformed: (why) => this.#parts.logger.warn(`state file ${this.#path}: ${why}; dropped`),
    });
    this.#tables.push(table);
    return table;
  }

  afterCommit(run: () => void): void {
    if (this.#state === 'changed') this.#waiting.push(run);
    else if (this.#released !== undefined) this.#released.push(run);
    else run();
  }

  expectChange(): void {
    this.#changed();
  }

  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'clean') this.#commit();
    this.#retry?.cancel();
    this.#state = 'closed';
    try {
      closeDatabase(this.#connection);
    } catch (error) {
      this.#parts.logger.error(unusable(this.#path, error).message);
    }
  }

  #changed(): void {
    if (this.#state !== 'clean') return;
    this.#state = 'changed';
    this.#parts.defer(() => {
      if (this.#state === 'changed') this.#commit();
    });
  }

  #commit(): void {
    const { clock, logger } = this.#parts;
    const before = this.#state;
    try {
      this.#write();
      if (before === 'failing') logger.warn(`state file ${this.#path} is written again`);
      this.#state = 'clean';
    } catch (error) {
      if (before !== 'failing') {
        const { message } = unusable(this.#path, error);
        logger.error(`${message}. The service goes on; what changes from here on is lost if it stops before that ends`);
      }
      this.#state = 'failing';
      this.#retry = clock.schedule(clock.now() + RETRY_MS, () => this.#commit());
    }
    this.#release();
  }

  #release(): void {
    this.#released = this.#waiting;
    this.#waiting = [];
    for (const run of this.#released) {
      try {
        run();
      } catch (error) {
        this.#parts.onBug(error);
      }
    }
    this.#released = undefined;
  }

  #write(): void {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      for (const table of this.#tables) table.write();
      this.#connection.exec('COMMIT');
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
    for (const table of this.#tables) table.forget();
  }
}
