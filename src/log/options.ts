/**
 * The language of `log_options` (manual §5.2) and of the monitor's `log` command: assignments separated by commas, of
 * which later ones win. `all` stands for every layer.
 */
import { MalformedError } from '../core/errors.ts';
import { LAYERS, type Layer, LEVELS, type Level } from '../core/logger.ts';

export interface LayerOptions {
  readonly level: Level;
  /** Octets of a hexdump; 0 dumps nothing, decoded text included, and -1 knows no limit. */
  readonly maxSize: number;
  /** Hexdump of messages that are shown decoded as well. */
  readonly payload: boolean;
  /** Security keys are shown. */
  readonly key: boolean;
  /** Plain and ciphered data are shown. */
  readonly crypto: boolean;
}

/** Seconds since the daemon started, time of day, date and time of day. */
const TIME_STYLES = ['sec', 'short', 'full'] as const;
export type TimeStyle = (typeof TIME_STYLES)[number];

export interface LogOptions {
  readonly layers: { readonly [L in Layer]: LayerOptions };
  readonly time: TimeStyle;
  /** Octets at which the file is renamed; 0 never. */
  readonly rotateSize: number;
  /** Directory rotated files are moved to, relative to the log file's; empty for the log file's own. */
  readonly path: string;
  /** Whether opening keeps what the file holds. */
  readonly append: boolean;
}

/** What is done once instead of set. */
export type FileAction = 'cut' | 'rotate';

export interface ParsedLogOptions {
  readonly options: LogOptions;
  /** In the order they were written. */
  readonly actions: readonly FileAction[];
}

const LAYER_DEFAULTS: LayerOptions = { level: 'error', maxSize: -1, payload: false, key: false, crypto: false };

export const DEFAULT_LOG_OPTIONS: LogOptions = {
  layers: everyLayer(() => LAYER_DEFAULTS),
  time: 'short',
  rotateSize: 0,
  path: '',
  append: false,
};

/**
 * Applies the assignments to `base`.
 * @throws MalformedError with the assignment, what was expected and the assignment's offset in characters.
 */
export function parseLogOptions(text: string, base: LogOptions = DEFAULT_LOG_OPTIONS): ParsedLogOptions {
  let options = base;
  const actions: FileAction[] = [];
  let start = 0;
  for (const part of text.split(',')) {
    const assignment = part.trim();
    const offset = start + part.length - part.trimStart().length;
    start += part.length + 1;
    if (assignment === '') continue;
    try {
      const change = readAssignment(assignment, options);
      if (typeof change === 'string') actions.push(change);
      else options = { ...options, ...change };
    } catch (error) {
      if (error instanceof MalformedError) throw new MalformedError(`${assignment}: ${error.message}`, offset);
      throw error;
    }
  }
  return { options, actions };
}

/** What is wrong with the text in words, or undefined. */
export function checkLogOptions(text: string): string | undefined {
  try {
    parseLogOptions(text);
    return undefined;
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

/** The assignments that lead from nothing to these options, shortest where layers agree. */
export function printLogOptions(options: LogOptions): string {
  const parts: string[] = [];
  const own: string[] = [];
  for (const property of Object.keys(LAYER_PROPERTIES) as LayerProperty[]) {
    const values = LAYERS.map((layer) => printLayerProperty(property, options.layers[layer]));
    const usual = mostFrequent(values);
    parts.push(`all.${property}=${usual}`);
    values.forEach((value, index) => {
      if (value !== usual) own.push(`${LAYERS[index]}.${property}=${value}`);
    });
  }
  parts.push(...own.sort(), `time=${options.time}`, `file.rotate=${options.rotateSize}`);
  if (options.path !== '') parts.push(`file.path=${options.path}`);
  parts.push(`append=${options.append ? 1 : 0}`);
  return parts.join(',');
}

/** A value for every layer. */
export function everyLayer<T>(make: (layer: Layer) => T): { [L in Layer]: T } {
  return Object.fromEntries(LAYERS.map((layer) => [layer, make(layer)])) as { [L in Layer]: T };
}

type LayerProperty = 'level' | 'max_size' | 'payload' | 'key' | 'crypto';

const LAYER_PROPERTIES: { readonly [P in LayerProperty]: (value: string) => Partial<LayerOptions> } = {
  level: (value) => ({ level: oneOf(LEVELS, value, 'level') }),
  max_size: (value) => {
    if (/^(?:-1|\d{1,9})$/.test(value)) return { maxSize: Number(value) };
    throw new MalformedError('max_size is a number of bytes, 0 for none or -1 for no limit');
  },
  payload: (value) => ({ payload: readFlag(value, 'payload') }),
  key: (value) => ({ key: readFlag(value, 'key') }),
  crypto: (value) => ({ crypto: readFlag(value, 'crypto') }),
};

type GlobalProperty = 'time' | 'file' | 'file.rotate' | 'file.path' | 'append';

const GLOBAL_PROPERTIES: { readonly [P in GlobalProperty]: (value: string) => Partial<LogOptions> | FileAction } = {
  time: (value) => ({ time: oneOf(TIME_STYLES, value, 'time') }),
  file: (value) => {
    if (value === 'cut') return 'cut';
    throw new MalformedError('file takes only cut');
  },
  'file.rotate': (value) => (value === 'now' ? 'rotate' : { rotateSize: readSize(value) }),
  'file.path': (path) => ({ path }),
  append: (value) => ({ append: readFlag(value, 'append') }),
};

const GLOBAL_NAMES = Object.keys(GLOBAL_PROPERTIES);
const LAYER_NAMES = Object.keys(LAYER_PROPERTIES);

function readAssignment(assignment: string, options: LogOptions): Partial<LogOptions> | FileAction {
  const equals = assignment.indexOf('=');
  if (equals < 0) throw new MalformedError('an assignment has the form name=value');
  const name = assignment.slice(0, equals).trim();
  const value = assignment.slice(equals + 1).trim();
  const [, next] = /\s([\w.]+)\s*=/.exec(value) ?? [];
  if (next !== undefined)
    throw new MalformedError(`assignments are separated by commas: one is missing before ${next}`);
  if (Object.hasOwn(GLOBAL_PROPERTIES, name)) return GLOBAL_PROPERTIES[name as GlobalProperty](value);

  const [layer = '', property = '', ...rest] = name.split('.');
  if (property === '' || rest.length > 0) {
    throw new MalformedError(
      `unknown name '${name}', known are LAYER.${LAYER_NAMES.join(', LAYER.')}, ${GLOBAL_NAMES.join(', ')}`,
    );
  }
  if (layer !== 'all' && !isOneOf(LAYERS, layer)) {
    throw new MalformedError(`unknown layer '${layer}', known are all, ${LAYERS.join(', ')}`);
  }
  if (!Object.hasOwn(LAYER_PROPERTIES, property)) {
    throw new MalformedError(`unknown property '${property}', a layer has ${LAYER_NAMES.join(', ')}`);
  }
  const change = LAYER_PROPERTIES[property as LayerProperty](value);
  return {
    layers: everyLayer((each) =>
      layer === 'all' || layer === each ? { ...options.layers[each], ...change } : options.layers[each],
    ),
  };
}

function isOneOf<T extends string>(known: readonly T[], text: string): text is T {
  return (known as readonly string[]).includes(text);
}

function oneOf<T extends string>(known: readonly T[], value: string, what: string): T {
  if (isOneOf(known, value)) return value;
  throw new MalformedError(`${what} is one of ${known.join(', ')}`);
}

function readFlag(value: string, what: string): boolean {
  if (value === '0' || value === '1') return value === '1';
  throw new MalformedError(`${what} is 0 or 1`);
}

/** Octets: a number that K, M or G multiplies by 1024, 1024² or 1024³. */
function readSize(value: string): number {
  const [, digits, unit = ''] = /^(\d{1,9})([KMG]?)$/i.exec(value) ?? [];
  if (digits === undefined) throw new MalformedError('file.rotate is now or a size such as 4096, 100K, 10M or 1G');
  return Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase());
}

function printLayerProperty(property: LayerProperty, options: LayerOptions): string {
  if (property === 'level') return options.level;
  return String(Number(property === 'max_size' ? options.maxSize : options[property]));
}

function mostFrequent(values: readonly string[]): string {
  const count = (value: string): number => values.filter((other) => other === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best));
}
