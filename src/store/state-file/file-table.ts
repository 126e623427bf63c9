import { MalformedError } from '../../core/errors.ts';
import type { Row, Table, TableDefinition, Value } from '../persistence.ts';
import { type Connection, readRows } from './connection.ts';

export interface FileTableParts {
  readonly connection: Connection;
  /** Told that there is something to commit. */
  readonly onChange: () => void;
  /** Told of a row that could not be made or read, which is left out. */
  readonly onBug: (error: unknown) => void;
  readonly onMalformed: (why: string) => void;
}

type Change<T> = { readonly key: readonly Value[]; readonly kept: T | undefined };

/** One table of the file: collects changes, of which the last one of a row counts, and writes them when told. */
export class FileTable<T> implements Table<T> {
  readonly #parts: FileTableParts;
  readonly #definition: TableDefinition<T>;
  readonly #keyColumns: readonly string[];
  readonly #changes = new Map<string, Change<T>>();
  readonly #put;
  readonly #delete;

  constructor(definition: TableDefinition<T>, parts: FileTableParts) {
    this.#parts = parts;
    this.#definition = definition;
    const { name, key } = definition;
    const columns = Object.keys(definition.columns);
    this.#keyColumns = columns.slice(0, key);
    const marks = columns.map(() => '?').join(', ');
    this.#put = parts.connection.prepare(`INSERT OR REPLACE INTO ${name} (${columns.join(', ')}) VALUES (${marks})`);
    // The cast finds texts that are no UTF-8 too, which are known here as octets.
    const named = this.#keyColumns.map((column) => `${column} = CAST(? AS TEXT)`).join(' AND ');
    this.#delete = parts.connection.prepare(`DELETE FROM ${name} WHERE ${named}`);
  }

  put(kept: T): void {
    this.#change(this.#keyOf(kept), kept);
  }

  delete(kept: T): void {
    this.#change(this.#keyOf(kept), undefined);
  }

  restore(take: (row: Row) => boolean): void {
    const columns = Object.keys(this.#definition.columns);
    for (const values of readRows(this.#parts.connection, this.#definition.name, columns)) {
      const row = Object.fromEntries(columns.map((column, at) => [column, values[at] ?? null]));
      if (!this.#taken(row, take)) this.#change(values.slice(0, this.#keyColumns.length), undefined);
    }
  }

  /** Writes what changed, inside the transaction of the caller. @throws SqliteError */
  write(): void {
    for (const { key, kept } of this.#changes.values()) {
      if (kept === undefined) this.#delete.run(key);
      else {
        const values = this.#valuesOf(kept);
        if (values !== undefined) this.#put.run(values);
      }
    }
  }

  /** What was written is on disk. */
  forget(): void {
    this.#changes.clear();
  }

  #taken(row: Row, take: (row: Row) => boolean): boolean {
    try {
      return take(row);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#parts.onMalformed(`a row of ${this.#definition.name}: ${error.message}`);
      return false;
    }
  }

  #valuesOf(kept: T): readonly Value[] | undefined {
    try {
      return Object.values(this.#definition.columns).map((column) => column(kept));
    } catch (error) {
      this.#parts.onBug(error);
      return undefined;
    }
  }

  #keyOf(kept: T): readonly Value[] {
    return this.#keyColumns.map((column) => this.#definition.columns[column]?.(kept) ?? null);
  }

  #change(key: readonly Value[], kept: T | undefined): void {
    this.#changes.set(key.join('\n'), { key, kept });
    this.#parts.onChange();
  }
}
