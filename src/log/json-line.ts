/**
 * The JSON log (`log_json_filename`): a line for each record, printed by pino. Pino's own file writer is not used: its
 * flushing never returns on a full disk, while LogFile goes on without the file.
 */
import { createRequire } from 'node:module';
import type { pino } from 'pino';
import type { Layer, Level, LogColumns } from '../core/logger.ts';

/** What a line holds besides its level; absent members are left out. */
export interface JsonRecord {
  /** Milliseconds since 1970; ISO 8601 in the line. */
  readonly at: number;
  readonly layer: Layer;
  readonly dir?: LogColumns['dir'];
  readonly id?: string | undefined;
  readonly msg: string;
  readonly text?: string | undefined;
  readonly keys?: string | undefined;
  readonly crypto?: string | undefined;
  /** Written as hexadecimal digits. */
  readonly octets?: Uint8Array | undefined;
}

/** @returns what prints a record as one line, line end included. */
export function jsonPrinter(): (level: Exclude<Level, 'none'>, record: JsonRecord) => string {
  // Loaded when somebody wants such a log: it takes 35 ms.
  const load = createRequire(import.meta.url)('pino') as typeof pino;
  let line = '';
  const options = {
    level: 'debug',
    base: null,
    timestamp: false,
    formatters: { level: (level: string) => ({ level }) },
  };
  const logger = load(options, {
    write(printed: string) {
      line = printed;
    },
  });
  return (level, { at, layer, dir, id, msg, octets, ...payload }) => {
    const hex = octets === undefined ? undefined : Buffer.from(octets).toString('hex');
    const direction = dir === '-' ? undefined : dir;
    logger[level]({ time: new Date(at).toISOString(), layer, dir: direction, id, msg, ...payload, octets: hex });
    return line;
  };
}
