import { isIP } from 'node:net';
import { readSqn } from './aka/sequence.ts';
import type { ImpuSettings } from './config/settings/impu.ts';
import type { UserSettings } from './config/settings/user.ts';
import type { Settings } from './config/settings.ts';
import { simKeysOf } from './config/sim-keys.ts';
import type { PortRange } from './rtp/port-pool.ts';
import type { SmsFaultOptions } from './services/sms-faults.ts';
import type { Limits } from './sip/message/parse.ts';
import { isSip, isTel, parseUri } from './sip/message/uri.ts';
import { DEFAULT_STREAM_OPTIONS, type StreamOptions } from './sip/transport/connection.ts';
import type { SocketOptions } from './sip/transport/listening.ts';
import { identityUri, isNumberKey } from './store/identity.ts';
import { type Identity, makeIdentity, type Sim, type Subscriber } from './store/subscribers.ts';

/** Where settings, named as in the configuration file, become the options of parts and the subscribers. */

export function socketOptions({ sip_addr }: Settings): readonly SocketOptions[] {
  return sip_addr.map(({ addr, bind_addr }) => {
    if (bind_addr === undefined) return addr;
    return { ...addr, bind: 'interface' in bind_addr ? bind_addr.interface : bind_addr.address };
  });
}

export function messageLimits({ limits }: Settings): Limits {
  return { messageSize: limits.message_size, headerCount: limits.header_count, nesting: limits.nesting };
}

export function streamOptions({ limits }: Settings): StreamOptions {
  return {
    ...DEFAULT_STREAM_OPTIONS,
    maxConnections: limits.connections,
    maxPerAddress: limits.connections_per_address,
    messageMs: limits.message_time * 1000,
    idleMs: limits.idle_time * 1000,
  };
}

export function portRanges({ sip_addr }: Settings): readonly PortRange[] {
  return sip_addr.map(({ addr, port_min, port_max }) => ({
    address: addr.address,
    portMin: port_min,
    portMax: port_max,
  }));
}

/** The VLR's name towards MMEs: a host of the home domain, where that has a name. */
export function vlrName(domain: string): string {
  const isName = isIP(domain) === 0 && domain.length < 200 && domain.split('.').every(({ length }) => length < 64);
  return isName ? `vlr.${domain}` : 'vlr.lteims';
}

export function smsFaultOptions(settings: Settings): SmsFaultOptions {
  return {
    filter: settings.sms_message_filter,
    cpCause: settings.sms_forced_cp_cause,
    rpCause: settings.sms_forced_rp_cause,
  };
}

/** @param settings for what a user inherits. */
export function subscriberOf(user: UserSettings, settings: Settings): Subscriber {
  const domain = user.domain ?? settings.domain;
  const sim = simOf(user);
  return {
    impi: user.impi,
    ...(user.imsi !== undefined && { imsi: user.imsi }),
    ...(user.msisdn !== undefined && { msisdn: user.msisdn }),
    domain,
    level: user.authent_type,
    ...(user.pwd !== undefined && { password: user.pwd }),
    ...(sim !== undefined && { sim }),
    sqn: readSqn(user.sqn),
    qop: user.authent_qop,
    authOnRegisterOnly: user.auth_on_register_only ?? settings.auth_on_register_only,
    ipsecRequired: user.ipsec_required ?? settings.ipsec_required,
    multiSim: user.multi_sim,
    forceSmsOverSgs: user.force_sms_over_sg,
    preconditionPolicy: user.precondition_policy ?? settings.precondition_policy,
    identities: identitiesOf(user, domain),
    // Who has keys here never leaves this machine.
    ...(settings.cx_server_addr !== undefined &&
      sim === undefined &&
      user.pwd === undefined &&
      user.authent_type !== 'none' && { outside: { level: undefined, barred: [] } }),
  };
}

/** Makes users of the HSS outside that ue_db does not have; undefined where there is no such HSS. */
export function outsiderOf(settings: Settings): ((impi: string) => Subscriber) | undefined {
  if (settings.cx_server_addr === undefined) return undefined;
  return (impi) => {
    const [, imsi] = /^([0-9]{6,15})(?:@|$)/.exec(impi) ?? [];
    return {
      impi,
      ...(imsi !== undefined && { imsi }),
      domain: settings.domain,
      // The least the HSS may ask for.
      level: 'MD5',
      sqn: 0,
      qop: 'auth',
      authOnRegisterOnly: settings.auth_on_register_only,
      ipsecRequired: settings.ipsec_required,
      multiSim: false,
      forceSmsOverSgs: false,
      identities: [],
      outside: { level: undefined, barred: [] },
    };
  };
}

/**
 * Makes users that ue_db does not have, with the keys of the user that `auto_create` names; undefined where labs do
 * not want that.
 */
export function creatorOf(settings: Settings): ((impi: string, imsi: string) => Subscriber | undefined) | undefined {
  const template = settings.ue_db.find(({ impi }) => impi === settings.auto_create);
  if (template === undefined) return undefined;
  return (impi, imsi) => {
    const { msisdn: _number, ...keys } = template;
    return subscriberOf({ ...keys, impi, imsi, impu: [] }, settings);
  };
}

function simOf(user: UserSettings): Sim | undefined {
  const keys = simKeysOf(user);
  return keys && { keys, amf: user.amf, sqnMode: user.sqn_mode };
}

/**
 * The implicit registration set: what is configured, and what follows from IMSI (TS 23.003 §13.4B) and MSISDN. The
 * default identity is a SIP URI: handsets take the first of P-Associated-URI for theirs.
 */
function identitiesOf(user: UserSettings, domain: string): readonly Identity[] {
  const written = user.impu.map((impu) => identity(impu, user, domain));
  const derived = derivedFrom(user, domain).map((impu) => identity({ impu }, user, domain));
  const all: Identity[] = [];
  for (const one of [...written, ...derived]) if (all.every(({ text }) => text !== one.text)) all.push(one);
  const first = all.find(({ uri }) => isSip(uri)) ?? sipForm(all[0], domain);
  return first === undefined ? all : [first, ...all.filter((one) => one !== first)];
}

function derivedFrom({ imsi, msisdn, impu }: UserSettings, domain: string): string[] {
  const derived: string[] = [];
  if (msisdn !== undefined) {
    const number = msisdn.startsWith('+') ? msisdn : `+${msisdn}`;
    derived.push(`sip:${number}@${domain};user=phone`, `tel:${number}`);
  }
  if (imsi !== undefined) derived.push(`sip:${imsi}@${domain}`);
  if (derived.length === 0 && impu.length === 0) return [];
  return derived;
}

/** A user with telephone numbers only is `sip:NUMBER@domain;user=phone` first (RFC 3261 §19.1.6). */
function sipForm(tel: Identity | undefined, domain: string): Identity | undefined {
  if (tel === undefined || !isTel(tel.uri) || !isNumberKey(tel.key)) return undefined;
  const uri = identityUri(`sip:${tel.uri.number}@${domain};user=phone`, domain);
  return { ...makeIdentity({ ...tel, uri }), key: tel.key };
}

/** The identities of the echo service. */
export function echoIdentities({ echo, domain }: Settings): readonly Identity[] {
  return echo.map((impu) => identity(impu, {}, domain));
}

function identity(impu: ImpuSettings, user: Partial<UserSettings>, domain: string): Identity {
  const precondition = impu.precondition ?? user.precondition;
  const imeisv = impu.imeisv ?? impu.imei ?? user.imeisv ?? user.imei;
  const code = impu.code ?? user.code;
  return makeIdentity({
    uri: impu.impu.startsWith('urn:') ? parseUri(impu.impu) : identityUri(impu.impu, domain),
    ...(imeisv !== undefined && { imeisv }),
    ...(code !== undefined && { code }),
    anonymous: impu.anonymous ?? user.anonymous ?? false,
    authentication: impu.authentication ?? user.authentication ?? true,
    ringOnly: impu.ring_only ?? user.ring_only ?? false,
    ...(precondition !== undefined && { precondition }),
    reliableProvisional: impu['100rel'] ?? user['100rel'] ?? true,
  });
}
