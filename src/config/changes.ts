// Settings in requests of the remote API: config_get, config_set and users (manual §6.4).
import type { Diagnostic } from './diagnostic.ts';
import { Check } from './schema/check.ts';
import { readTable } from './schema/object.ts';
import type { Table } from './schema/property.ts';
import { completeUser, type UserSettings, userType } from './settings/user.ts';
import { type ChangeableName, type ReadSettings, type Settings, settingsTable } from './settings.ts';
import { type Place, readFromDisk, unnamedSource } from './source.ts';
import { arrayAt, booleanAt, numberAt, objectAt, stringAt, unknownAt, type Value } from './value.ts';

/** The part of the table that a request may change. */
const changeableTable: Table = Object.fromEntries(
  Object.entries<Table[string]>(settingsTable).filter(([, property]) => property.changeable),
);

export type ChangeableSettings = Pick<Settings, ChangeableName>;

/** What `config_get` shows of the settings. Each value is plain JSON. */
export function changeableSettings(settings: Settings): ChangeableSettings {
  const entries = Object.keys(changeableTable).map((name) => [name, settings[name as ChangeableName]]);
  return Object.fromEntries(entries) as ChangeableSettings;
}

export type Changed<T> = { readonly value: T } | { readonly errors: readonly string[] };

/**
 * Settings after a `config_set`; nothing is changed when anything is wrong.
 * @param request an object of properties. Other than changeable ones are errors.
 */
export function changeSettings(settings: Settings, request: Readonly<Record<string, unknown>>): Changed<Settings> {
  const check = new Check({ folder: '/', read: readFromDisk, partial: true });
  const source = fromJson(request, check);
  const read = source.kind === 'object' ? readTable(source, '', changeableTable, check) : undefined;
  const errors = [...check.errors, ...check.warnings].map(printForRequest);
  if (errors.length > 0 || read === undefined) return { errors };
  const changes = read as Partial<ReadSettings>;
  const filter = { ...settings.sms_message_filter, ...changes.sms_message_filter };
  return { value: { ...settings, ...changes, sms_message_filter: filter, ue_db: settings.ue_db } };
}

/**
 * A user given in a request, checked and completed as one of ue_db.
 * @param folder absolute, for the files it names.
 */
export function readUser(request: unknown, topDomain: string, folder: string): Changed<UserSettings> {
  const check = new Check({ folder, read: readFromDisk });
  const read = userType.read(fromJson(request, check), '', check);
  if (read === undefined) return { errors: check.errors.map(printForRequest) };
  return { value: completeUser(read, topDomain) };
}

function printForRequest({ path, message }: Diagnostic): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** Deeper than any property; requests come from strangers. */
const MAX_DEPTH = 16;

function fromJson(json: unknown, check: Check): Value {
  const place: Place = { file: unnamedSource('request'), offset: 0 };
  return convert(json, '', 0);

  function convert(value: unknown, path: string, depth: number): Value {
    if (typeof value === 'string') return stringAt(place, value);
    if (typeof value === 'number') return numberAt(place, value);
    if (typeof value === 'boolean') return booleanAt(place, value);
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) {
      check.error(place, path, depth > MAX_DEPTH ? 'nested too deeply' : 'a value expected, found null');
      return unknownAt(place);
    }
    if (Array.isArray(value)) {
      return arrayAt(
        place,
        value.map((item, index) => convert(item, `${path}[${index}]`, depth + 1)),
      );
    }
    const object = objectAt(place);
    for (const [name, member] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`;
      object.members.set(name, { ...place, value: convert(member, at, depth + 1) });
    }
    return object;
  }
}
