// All properties of a configuration, and what is done with those that depend on each other (manual §5.2).
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../core/endpoint.ts';
import { printPlace } from './diagnostic.ts';
import type { Check } from './schema/check.ts';
import type { ChangeableKeys, Result, Simplify } from './schema/property.ts';
import { callTable } from './settings/call.ts';
import { controlTable } from './settings/control.ts';
import { diameterTable } from './settings/diameter.ts';
import { ipsecTable } from './settings/ipsec.ts';
import { logTable } from './settings/log.ts';
import { registrarTable } from './settings/registrar.ts';
import { sipTable } from './settings/sip.ts';
import { smsTable } from './settings/sms.ts';
import { completeUser, type UserSettings } from './settings/user.ts';
import { checkHasKeys } from './settings/user-rules.ts';
import type { ObjectValue, Value } from './value.ts';

/** The parts of a configuration in the order of the reference page. */
export const SECTIONS = [
  { title: 'Log', table: logTable },
  { title: 'SIP', table: sipTable },
  { title: 'Registration and users', table: registrarTable },
  { title: 'IPsec', table: ipsecTable },
  { title: 'Calls', table: callTable },
  { title: 'Short messages', table: smsTable },
  { title: 'Cx and Rx', table: diameterTable },
  { title: 'Remote API', table: controlTable },
] as const;

export const settingsTable = {
  ...logTable,
  ...sipTable,
  ...registrarTable,
  ...ipsecTable,
  ...callTable,
  ...smsTable,
  ...diameterTable,
  ...controlTable,
} as const;

export type ReadSettings = Result<typeof settingsTable>;

/** A checked configuration: names as in the file, values in their one normal form, defaults filled in. */
export type Settings = Simplify<Omit<ReadSettings, 'ue_db'> & { readonly ue_db: readonly UserSettings[] }>;

/** Properties that `config_get` shows and `config_set` changes. */
export type ChangeableName = ChangeableKeys<typeof settingsTable>;

export function settingsRules(read: Partial<ReadSettings>, source: ObjectValue, _path: string, check: Check): void {
  if (check.partial) return;
  const certificate = source.members.get('com_ssl_certificate');
  if (certificate !== undefined && !source.members.has('com_ssl_key')) {
    const why = 'com_ssl_certificate needs its key';
    check.error(certificate, 'com_ssl_key', `file name expected, found nothing: ${why}`);
  }
  const json = source.members.get('log_json_filename');
  if (json !== undefined && read.log_json_filename === read.log_filename) {
    check.wrong(json.value, 'log_json_filename', 'file of its own, other than log_filename');
  }
  if (!source.members.has('cx_server_addr')) checkKeys(read.ue_db, source.members.get('ue_db')?.value, check);
  const impis = checkUnique(source.members.get('ue_db')?.value, read.domain ?? '', check);
  const template = source.members.get('auto_create')?.value;
  if (typeof read.auto_create === 'string' && template !== undefined && !impis.has(read.auto_create)) {
    check.wrong(template, 'auto_create', 'impi of a user in ue_db');
  }
}

function checkKeys(users: ReadSettings['ue_db'] | undefined, source: Value | undefined, check: Check): void {
  if (source?.kind !== 'array') return;
  for (const [index, value] of source.items.entries()) {
    const user = users?.[index];
    if (user !== undefined && value.kind === 'object') checkHasKeys(user, value, `ue_db[${index}]`, check);
  }
}

/** Reports users that have an earlier one's IMPI. @returns the IMPIs there are. */
function checkUnique(users: Value | undefined, domain: string, check: Check): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  if (users?.kind !== 'array') return found;
  for (const [index, user] of users.items.entries()) {
    if (user.kind !== 'object') continue;
    const [impi, imsi, own] = ['impi', 'imsi', 'domain'].map((name) => user.members.get(name)?.value);
    const place = impi ?? imsi;
    if (place?.kind !== 'string') continue;
    const name = impi === undefined ? `${place.value}@${own?.kind === 'string' ? own.value : domain}` : place.value;
    const first = found.get(name);
    if (first === undefined) found.set(name, place);
    else
      check.error(place, `ue_db[${index}].impi`, `IMPI of its own expected, "${name}" is also at ${printPlace(first)}`);
  }
  return found;
}

/** Fills in what the manual says is taken from other properties. */
export function completeSettings(read: ReadSettings): Settings {
  const cxBind = read.cx_bind_addr ?? sameAddress(read.sctp_addr, read.cx_server_addr);
  const rxServer = read.rx_server_addr ?? read.cx_server_addr;
  const rxBind = read.rx_bind_addr ?? sameAddress(cxBind, rxServer);
  return {
    ...read,
    ue_db: read.ue_db.map((user) => completeUser(user, read.domain)),
    ...(cxBind === undefined ? {} : { cx_bind_addr: cxBind }),
    ...(rxServer === undefined ? {} : { rx_server_addr: rxServer }),
    ...(rxBind === undefined ? {} : { rx_bind_addr: rxBind }),
  };
}

/** An inherited address, with any free port, where the server can be reached from it. */
function sameAddress(inherited: Endpoint | undefined, server: Endpoint | undefined): Endpoint | undefined {
  if (inherited === undefined || server === undefined) return undefined;
  return isIPv6(inherited.address) === isIPv6(server.address) ? { address: inherited.address, port: 0 } : undefined;
}
