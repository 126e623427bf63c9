/**
 * The users of a file: a whole configuration, or one with nothing but `ue_db`, which the configuration includes. Only what
 * handsets need is read and checked.
 */
import { dirname } from 'node:path';
import { type Diagnostic, printDiagnostic } from '../config/diagnostic.ts';
import { parseConfiguration } from '../config/parser.ts';
import { Reading } from '../config/reading.ts';
import { Check } from '../config/schema/check.ts';
import { readTable } from '../config/schema/object.ts';
import { optional } from '../config/schema/property.ts';
import { registrarTable } from '../config/settings/registrar.ts';
import { sipTable } from '../config/settings/sip.ts';
import { completeUser, type UserSettings } from '../config/settings/user.ts';
import { type ReadFile, readFromDisk } from '../config/source.ts';
import { type Endpoint, isWildcard } from '../core/endpoint.ts';

export interface UserFile {
  readonly users: readonly UserSettings[];
  /** Top-level `domain`, for users that have none of their own; empty when the file has none. */
  readonly domain: string;
  /** The first `sip_addr` as it is reached from this machine. */
  readonly server: Endpoint | undefined;
}

const TABLE = {
  ue_db: registrarTable.ue_db,
  domain: optional(registrarTable.domain.type, 'none', registrarTable.domain.meaning),
  sip_addr: optional(sipTable.sip_addr.type, 'none', sipTable.sip_addr.meaning),
} as const;

/** @throws Error whose message has a line for each thing that is wrong, with its place. */
export function readUserFile(path: string, read: ReadFile = readFromDisk): UserFile {
  const reading = new Reading(read);
  const file = reading.openMain(path);
  if (file === undefined) throw new Error(lines(reading.errors));
  const document = parseConfiguration(file, reading);
  const partial = reading.errors.length > 0;
  const check = new Check({ folder: dirname(file.path), read, partial });
  const result = readTable(document, '', TABLE, check);
  const errors = [...reading.errors, ...check.errors];
  if (errors.length > 0 || result === undefined) throw new Error(lines(errors));
  const { domain = '' } = result;
  const users = result.ue_db.map((user) => completeUser(user, domain));
  if (users.length === 0) throw new Error(`${path}: no users: a configuration or a file with ue_db is expected`);
  const homeless = users.find((user) => user.domain === undefined);
  if (domain === '' && homeless !== undefined) {
    throw new Error(
      `${path}: ${homeless.impi} has no domain, and the file has none for all: name the whole configuration`,
    );
  }
  return { users, domain, server: reached(result.sip_addr?.[0]?.addr) };
}

/** A server that listens everywhere is reached on loopback. */
function reached(address: Endpoint | undefined): Endpoint | undefined {
  if (address === undefined || !isWildcard(address.address)) return address;
  return { ...address, address: address.address === '::' ? '::1' : '127.0.0.1' };
}

function lines(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(printDiagnostic).join('\n');
}
