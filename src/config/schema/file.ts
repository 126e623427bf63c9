// Names of files.
import { whyUnreadable } from '../source.ts';
import { quote } from '../value.ts';
import type { Type } from './property.ts';
import { text } from './scalar.ts';

/** A file name, made absolute. */
export const fileName: Type<string> = {
  expected: 'file name',
  read(value, path, check) {
    const name = text.read(value, path, check);
    if (name === undefined) return undefined;
    if (name.includes('\0')) return check.wrong(value, path, 'file name');
    return check.resolve(name);
  },
};

/** A file that was read. */
export interface TextFile {
  /** Absolute path. */
  readonly path: string;
  readonly text: string;
}

/** A file whose text is wanted now, so that a wrong name shows at the start. */
export const textFile: Type<TextFile> = {
  expected: 'file name',
  read(value, path, check) {
    const name = fileName.read(value, path, check);
    if (name === undefined) return undefined;
    try {
      return { path: name, text: check.contents(name) };
    } catch (error) {
      return check.error(value, path, `file ${quote(name)} cannot be read: ${whyUnreadable(error)}`);
    }
  },
};
