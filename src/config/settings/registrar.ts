// Registration, authentication and the domain (manual §5.2).
import { fileName } from '../schema/file.ts';
import { list } from '../schema/list.ts';
import { domain } from '../schema/network.ts';
import { changeable, optional, preset, required, type Type } from '../schema/property.ts';
import { flag, integer } from '../schema/scalar.ts';
import { userType } from './user.ts';

/** The longest time a registration or subscription is granted, in seconds. */
const MAX_EXPIRES = 864000;

/** false, or the IMPI of a user. */
const template: Type<string | false> = {
  expected: 'false or the IMPI of a user',
  read(value, path, check) {
    if (value.kind === 'string' && value.value !== '') return value.value;
    if ((value.kind === 'boolean' || value.kind === 'number') && Number(value.value) === 0) return false;
    return check.wrong(value, path, this.expected);
  },
};

export const registrarTable = {
  domain: required(
    domain,
    'SIP domain of users that have none of their own: realm of challenges and host of identities.',
  ),
  domain_aliases: preset(list('domain names', domain), [], 'Further names of the home domain that phones may use.'),
  binding_expires: changeable(
    preset(
      integer({ min: 1, max: MAX_EXPIRES }),
      3600,
      'Seconds for which a registration lasts when the phone asks for no time.',
    ),
  ),
  subscribe_expires: changeable(
    preset(
      integer({ min: 0, max: MAX_EXPIRES }),
      0,
      'Seconds for which a subscription lasts; 0 takes what the phone asks for.',
    ),
  ),
  auth_on_register_only: changeable(preset(flag, false, 'Only REGISTER requests are challenged.')),
  auto_create: preset(
    template,
    false,
    'For labs: an unknown user whose name is an IMSI is created with the keys of this user.',
  ),
  ue_db: preset(list('users', userType), [], 'The users.'),
  ue_db_filename: optional(
    fileName,
    'nothing survives a restart',
    'State file: registrations, pending short messages, sequence numbers.',
  ),
} as const;
