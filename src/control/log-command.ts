import { LAYERS, LEVELS } from '../core/logger.ts';
import { type Command, CommandError } from './command.ts';
import { wrap } from './table.ts';

const LAYER_PROPERTIES = ['level', 'max_size', 'payload', 'key', 'crypto'];
const LAYER_NAMES = ['all', ...LAYERS];
const FLAG = ['0', '1'];
/** Values offered for a property; others are typed freely. */
const VALUES: { readonly [property: string]: readonly string[] } = {
  level: LEVELS,
  max_size: ['-1', '0', '1'],
  payload: FLAG,
  key: FLAG,
  crypto: FLAG,
  time: ['sec', 'short', 'full'],
  file: ['cut'],
  'file.rotate': ['now'],
  append: FLAG,
};
const GLOBAL_NAMES = ['time', 'file', 'file.rotate', 'file.path', 'append'];

/** `log [log_options]` (manual §7): shows the options, changes some and shows the result. */
export const logCommand: Command = {
  synopsis: '[options...]',
  summary: 'Show or change what is logged',
  details: [
    'Without options, shows those in force. Options are those of the property log_options: assignments separated',
    'by commas, applied at once.',
    `  LAYER.level=LEVEL     layers ${LAYER_NAMES.join(', ')}`,
    `                        levels ${LEVELS.join(', ')}`,
    '  LAYER.max_size=N      bytes of a hexdump; 0 no dump, -1 no limit',
    '  LAYER.payload=0|1     hexdump of decoded messages too',
    '  LAYER.key=0|1         security keys',
    '  LAYER.crypto=0|1      plain and ciphered data',
    '  time=sec|short|full   seconds since start, time, date and time',
    '  file=cut              close the file and open it anew',
    '  file.rotate=now|SIZE  rename the file now, or whenever it has SIZE bytes (K, M or G may follow; 0 never)',
    '  file.path=PATH        directory for renamed files',
    '  append=0|1            whether opening keeps what the file holds',
    'Example: log sip.level=debug,sip.max_size=1',
  ],
  complete(words) {
    const typed = words.at(-1) ?? '';
    const start = typed.lastIndexOf(',') + 1;
    const done = typed.slice(0, start);
    return assignments(typed.slice(start)).map((assignment) => done + assignment);
  },
  run({ options }, { log }) {
    const wrong = options === undefined ? undefined : log.configure(options);
    if (wrong !== undefined) throw new CommandError(wrong);
    const text = log.describe();
    return { data: { log_options: text }, print: (width) => wrap(text.replaceAll(',', ', '), width) };
  },
};

/** What an assignment may begin or go on with. */
function assignments(typed: string): string[] {
  const equals = typed.indexOf('=');
  if (equals >= 0) {
    const name = typed.slice(0, equals);
    const values = VALUES[name] ?? VALUES[name.slice(name.indexOf('.') + 1)] ?? [];
    return values.map((value) => `${name}=${value}`);
  }
  if (!typed.includes('.'))
    return [...LAYER_NAMES.map((layer) => `${layer}.`), ...GLOBAL_NAMES.map((name) => `${name}=`)];
  const layer = typed.slice(0, typed.indexOf('.'));
  const own = LAYER_NAMES.includes(layer) ? LAYER_PROPERTIES.map((property) => `${layer}.${property}=`) : [];
  return [...own, ...GLOBAL_NAMES.map((name) => `${name}=`)];
}
