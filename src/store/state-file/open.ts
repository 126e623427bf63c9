import type Database from 'libsql';
import { STATE_SCHEMA } from '../state-schema.ts';
import type { Connection } from './connection.ts';
import { DamagedError, openDatabase } from './database.ts';
import { moveAside, preparePlace, unusable } from './place.ts';
import { StateFile, type StateFileParts } from './state-file.ts';

/**
 * Opens the state file, making it where there is none. A file that is damaged or of another program is moved aside,
 * which the log says, and an empty one takes its place.
 *
 * @param schema what lifts a file from each version to the next.
 * @throws Error in words when the file cannot be had or is of a newer version; it is left as it is.
 */
export async function openStateFile(
  path: string,
  parts: StateFileParts,
  schema: readonly string[] = STATE_SCHEMA,
): Promise<StateFile> {
  try {
    const library = await loadLibrary();
    return new StateFile(path, openWhole(library, path, schema, parts), parts);
  } catch (error) {
    throw unusable(path, error);
  }
}

function openWhole(
  library: typeof Database,
  path: string,
  schema: readonly string[],
  { clock, logger }: StateFileParts,
): Connection {
  preparePlace(path);
  try {
    return openDatabase(library, path, schema);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    const aside = moveAside(path, clock.wallNow());
    logger.error(`state file ${path} is damaged: ${error.message}; kept as ${aside}, begun anew`);
  }
  preparePlace(path);
  return openDatabase(library, path, schema);
}

/** Loaded when it is wanted: it is a program of its own that not every machine can run. */
async function loadLibrary() {
  try {
    const { default: library } = await import('libsql');
    return library;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`the npm package libsql does not load on this machine (${why})`);
  }
}
