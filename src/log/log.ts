/**
 * The daemon's log: one Logger per layer, whose records go to the text file and the JSON file, where there are such,
 * and to the ring that log_get reads (manual §5.2, §6.4).
 */
import type { Clock } from '../core/clock.ts';
import { MalformedError } from '../core/errors.ts';
import { type Layer, LEVELS, type Level, type LogColumns, type Logger } from '../core/logger.ts';
import { LogFile, type LogFileParts } from './file.ts';
import { jsonPrinter } from './json-line.ts';
import { cut, hexdump, plainText, printColumns, printHeader, printPayload, utf8 } from './layout.ts';
import {
  DEFAULT_LOG_OPTIONS,
  everyLayer,
  type FileAction,
  type LayerOptions,
  type LogOptions,
  type ParsedLogOptions,
  parseLogOptions,
  printLogOptions,
} from './options.ts';
import { LogRing } from './ring.ts';
import { TimeColumn } from './time-column.ts';

export interface LogParts {
  readonly clock: Clock;
  readonly program: string;
  readonly version: string;
  /** Absolute, or relative to the working directory. Without any there is the ring only. */
  readonly filename?: string;
  /** For the same records as lines of JSON. */
  readonly jsonFilename?: string;
  /** Leaves the files alone until `openFiles`: a start that fails must not cut the log of a server that runs. */
  readonly later?: boolean;
  /** `log_options` as written. */
  readonly options: string;
  /** Takes what a person at the console must know about the log itself. */
  readonly console: (line: string) => void;
}

export interface Log {
  logger(layer: Layer): Logger;
  /** The options in force, which `configure` may change at any moment. */
  readonly options: LogOptions;
  readonly ring: LogRing;
  /** Applies assignments at once; when one is wrong nothing changes and the answer says what is wrong. */
  configure(text: string): string | undefined;
  /** The options in force as a `log_options` text. */
  describe(): string;
  /** The `logs` member of config_get (manual §6.4). */
  config(): LogsConfig;
  /** Opens the files of a log that was made with `later`, with the lines so far. */
  openFiles(): void;
  /** Writes what waits: before the process ends for any reason. */
  flush(): void;
  /** Flushes and closes the files; later records reach the ring only. */
  close(): void;
}

export interface LogsConfig {
  readonly layers: { readonly [L in Layer]: { readonly level: Level; readonly max_size: number } };
  /** Records in the ring. */
  readonly count: number;
}

type RecordLevel = Exclude<Level, 'none'>;

/** @throws MalformedError for wrong options. An unwritable file is a line on the console only. */
export function openLog(parts: LogParts): Log {
  const { clock, program, version, filename, jsonFilename, console } = parts;
  const startedAt = clock.wallNow();
  const times = new TimeColumn(startedAt);
  const ring = new LogRing();
  const loggers = everyLayer(
    (layer) => new LayerLogger((level, message, columns) => record(layer, level, message, columns)),
  );
  let options = DEFAULT_LOG_OPTIONS;
  const first = apply(parseLogOptions(parts.options));

  const open = (name: string, lines: Pick<LogFileParts, 'header' | 'lost'>) => {
    const suffix = () => times.dateAndTime(clock.wallNow()).replaceAll(/[-:]/g, '').replace(' ', '-');
    const fileParts = { clock, filename: name, options: () => options, suffix, console, ...lines };
    return new LogFile(fileParts);
  };
  const file =
    filename === undefined
      ? undefined
      : open(filename, {
          header: (rotated) => {
            const now = times.dateAndTime(clock.wallNow());
            return printHeader(program, version, times.dateAndTime(startedAt), rotated ? now : undefined);
          },
          lost: (words) => `# ${words}\n`,
        });
  const json = jsonFilename === undefined ? undefined : openJson(jsonFilename);
  const files = [file, json?.file].filter((one) => one !== undefined);
  const openFiles = () => {
    for (const each of files) each.open(first.includes('rotate'));
  };
  if (parts.later !== true) openFiles();

  function openJson(name: string) {
    const print = jsonPrinter();
    const lost = (words: string) => print('warn', { at: clock.wallNow(), layer: 'ims', msg: words });
    return { print, file: open(name, { header: () => '', lost }) };
  }

  function apply(parsed: ParsedLogOptions): readonly FileAction[] {
    options = parsed.options;
    for (const layer of Object.keys(loggers) as Layer[]) loggers[layer].setLevel(options.layers[layer].level);
    return parsed.actions;
  }

  function record(layer: Layer, level: RecordLevel, said: string, columns: LogColumns): void {
    const wall = clock.wallNow();
    const shown = payload(options.layers[layer], columns);
    const { dir, id } = columns;
    json?.file.write(json.print(level, { at: wall, layer, dir, id, msg: said, ...shown }), level === 'error');
    const decoded = [shown.text, shown.keys, shown.crypto].map((text) => plainText(text ?? '')).reduce(joined);
    const dumped = shown.octets === undefined ? '' : hexdump(shown.octets);
    // Further lines of a message (a stack) are shown at every level, as text below its first.
    const text = plainText(said);
    const end = text.indexOf('\n');
    const message = end < 0 ? text : text.slice(0, end);
    const below = end < 0 ? decoded : joined(text.slice(end + 1), decoded);
    if (file !== undefined) {
      const time = times.print(wall, options.time);
      const line = `${time} [${CAPITALS[layer]}] ${printColumns(layer, message, columns)}\n`;
      file.write(line + printPayload(below, dumped), level === 'error');
    }
    ring.add({
      timestamp: times.secondOfDay(wall),
      layer,
      level,
      dir: dir === '-' ? undefined : dir,
      id,
      text: joined(message, joined(below, dumped)),
    });
  }

  return {
    ring,
    get options() {
      return options;
    },
    logger: (layer) => loggers[layer],
    configure(assignments) {
      try {
        const parsed = parseLogOptions(assignments, options);
        const { path } = parsed.options;
        for (const each of path === options.path ? [] : files) {
          const wrong = each.makePath(path);
          if (wrong !== undefined) return `file.path=${path}: ${wrong}`;
        }
        for (const action of apply(parsed)) for (const each of files) each[action]();
        return undefined;
      } catch (error) {
        if (error instanceof MalformedError) return error.message;
        throw error;
      }
    },
    describe: () => printLogOptions(options),
    config: () => ({
      layers: everyLayer((layer) => {
        const { level, maxSize } = options.layers[layer];
        return { level, max_size: maxSize };
      }),
      count: ring.size,
    }),
    openFiles,
    flush() {
      for (const each of files) each.flush();
    },
    close() {
      for (const each of files) each.close();
    },
  };
}

/** What is shown below a line. */
interface Payload {
  readonly text?: string;
  readonly keys?: string;
  readonly crypto?: string;
  readonly octets?: Uint8Array;
}

/**
 * At debug level, unless max_size is 0: decoded text whole, keys and crypto where the layer asks for them, and of
 * octets that have no decoded text, or whose layer asks for `payload`, the first max_size.
 */
function payload(options: LayerOptions, { text, octets, keys, crypto }: LogColumns): Payload {
  const { level, maxSize } = options;
  if (level !== 'debug' || maxSize === 0) return NO_PAYLOAD;
  const dumped = octets !== undefined && (text === undefined || options.payload);
  return {
    ...(text !== undefined && { text: typeof text === 'string' ? text : utf8(text) }),
    ...(keys !== undefined && options.key && { keys: keys() }),
    ...(crypto !== undefined && options.crypto && { crypto: crypto() }),
    ...(dumped && { octets: cut(octets, maxSize) }),
  };
}

const NO_PAYLOAD: Payload = {};

function joined(above: string, below: string): string {
  return below === '' ? above : above === '' ? below : `${above}\n${below}`;
}

const CAPITALS = everyLayer((layer) => layer.toUpperCase());
const RANK = Object.fromEntries(LEVELS.map((level, rank) => [level, rank])) as { readonly [L in Level]: number };
const NO_COLUMNS: LogColumns = {};

class LayerLogger implements Logger {
  readonly #record: (level: RecordLevel, message: string, columns: LogColumns) => void;
  #rank = 0;

  constructor(record: (level: RecordLevel, message: string, columns: LogColumns) => void) {
    this.#record = record;
  }

  setLevel(level: Level): void {
    this.#rank = RANK[level];
  }

  enabled(level: RecordLevel): boolean {
    return RANK[level] <= this.#rank;
  }

  error(message: string | (() => string), columns?: LogColumns): void {
    this.#say('error', message, columns);
  }

  warn(message: string | (() => string), columns?: LogColumns): void {
    this.#say('warn', message, columns);
  }

  info(message: string | (() => string), columns?: LogColumns): void {
    this.#say('info', message, columns);
  }

  debug(message: string | (() => string), columns?: LogColumns): void {
    this.#say('debug', message, columns);
  }

  #say(level: RecordLevel, message: string | (() => string), columns: LogColumns = NO_COLUMNS): void {
    if (RANK[level] > this.#rank) return;
    this.#record(level, typeof message === 'string' ? message : message(), columns);
  }
}
