// One user (manual §5.2.1).
import { textFile } from '../schema/file.ts';
import { list } from '../schema/list.ts';
import { domain } from '../schema/network.ts';
import { object } from '../schema/object.ts';
import { optional, preset, type Result, type Simplify } from '../schema/property.ts';
import { choice, flag, integer, octets, pattern, text } from '../schema/scalar.ts';
import { identityTable, impuType, preconditionPolicy } from './impu.ts';
import { userRules } from './user-rules.ts';

const digits = integer({ min: 0, max: 127 });

export const userTable = {
  impi: optional(
    pattern('IMPI', /^[^\s"<>\p{Cc}]+$/u),
    'imsi@domain',
    'Private identity: the username in the Authorization header of the phone, with its host part.',
  ),
  impu: preset(
    list('IMPUs', impuType, { orOne: true }),
    [],
    'Public identities; those that follow from imsi and msisdn need not be listed.',
  ),
  imsi: optional(pattern('IMSI of 6 to 15 digits', /^[0-9]{6,15}$/), 'none', 'IMSI; required where there is no impi.'),
  msisdn: optional(
    pattern('telephone number', /^\+?[0-9]{1,15}$/),
    'none',
    'Telephone number, also the sender of SMS.',
  ),
  domain: optional(domain, 'the top-level domain', 'SIP domain of this user.'),
  multi_sim: preset(flag, false, 'Several phones share this SIM at the same time, told apart by IMEI.'),
  force_sms_over_sg: preset(flag, false, 'Short messages to this user go over SGs.'),
  authent_type: optional(
    choice(['none', 'MD5', 'AKAv1', 'AKAv2']),
    'MD5 with pwd, else AKAv1',
    'Least authentication that is accepted, from none to AKAv2.',
  ),
  authent_qop: preset(choice(['auth', 'none']), 'auth', 'Quality of protection offered; some phones refuse any.'),
  auth_on_register_only: optional(flag, 'the top-level value', 'Only REGISTER requests of this user are challenged.'),
  pwd: optional(text, 'none', 'Password for MD5.'),
  ipsec_required: optional(flag, 'the top-level value', 'The phone is refused with 421 without a security agreement.'),
  precondition_policy: optional(preconditionPolicy, 'the top-level value', 'As at the top level, for this user.'),
  mt_call_sdp_file: optional(textFile, 'the top-level value', 'SDP offered in calls the server makes to this user.'),
  sim_algo: preset(
    choice(['xor', 'milenage', 'tuak'], { miln: 'milenage' }),
    'xor',
    'Algorithm of the SIM; test SIMs have xor.',
  ),
  K: optional(octets(16, 32), 'none', 'Secret key; 32 bytes are for TUAK only. Required for AKA.'),
  amf: preset(integer({ min: 0, max: 65535 }), 0x9001, 'Authentication management field.', '0x9001'),
  sqn: preset(octets(6), new Uint8Array(6), 'Sequence number to begin with.', '"000000000000"'),
  sqn_mode: preset(
    choice(['counter', 'time']),
    'counter',
    '"time" takes sequence numbers from the clock: for SIMs that another HSS challenges too.',
  ),
  res_len: preset(integer({ min: 4, max: 16 }), 8, 'Bytes of RES: 4 to 8 for Milenage; 4, 8 or 16 for TUAK.'),
  op: optional(octets(16), 'none', 'Milenage: operator key. One of op and opc is required.'),
  opc: optional(octets(16), 'none', 'Milenage: operator key combined with K.'),
  r: optional(
    list('integers', digits, { length: 5 }),
    'TS 35.206',
    'Milenage: rotations r1 to r5, each from 0 to 127.',
  ),
  c: optional(list('strings of 16 bytes', octets(16), { length: 5 }), 'TS 35.206', 'Milenage: constants c1 to c5.'),
  top: optional(octets(32), 'none', 'TUAK: operator key. One of top and topc is required.'),
  topc: optional(octets(32), 'none', 'TUAK: operator key combined with K.'),
  keccak_iter: preset(integer({ min: 1, max: 2147483647 }), 1, 'TUAK: number of Keccak permutations.'),
  ...identityTable,
} as const;

export type ReadUser = Result<typeof userTable>;

/** One user, with what follows from other properties filled in. */
export type UserSettings = Simplify<
  Omit<ReadUser, 'impi' | 'authent_type'> & {
    readonly impi: string;
    readonly authent_type: 'none' | 'MD5' | 'AKAv1' | 'AKAv2';
  }
>;

export const userType = object('object', userTable, userRules);

/** @param topDomain the top-level domain. */
export function completeUser(user: ReadUser, topDomain: string): UserSettings {
  return {
    ...user,
    impi: user.impi ?? `${user.imsi ?? ''}@${user.domain ?? topDomain}`,
    authent_type: user.authent_type ?? (user.pwd === undefined ? 'AKAv1' : 'MD5'),
  };
}
