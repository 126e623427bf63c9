// The log's properties (manual §5.2).
import { fileName } from '../schema/file.ts';
import { optional, type Type } from '../schema/property.ts';
import { text } from '../schema/scalar.ts';

/** Its grammar belongs to the log, which gives the check. */
const logOptions: Type<string> = {
  expected: 'string',
  read(value, path, check) {
    const options = text.read(value, path, check);
    const wrong = options === undefined ? undefined : check.texts.log_options?.(options);
    return wrong === undefined ? options : check.error(value, path, wrong);
  },
};

export const logTable = {
  log_filename: optional(fileName, 'no log file', 'The text log.'),
  log_options: optional(
    logOptions,
    'every layer at level error',
    'Comma-separated assignments: levels and sizes per layer, time format, rotation.',
  ),
  log_json_filename: optional(
    fileName,
    'no such log',
    'The same log as lines of JSON: level, time, layer, dir, id, msg, text, octets (hexadecimal); rotated with the text log.',
  ),
} as const;
