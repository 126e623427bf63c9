// IPsec between phones and the server (manual §5.2; TS 33.203).
import { list } from '../schema/list.ts';
import { preset } from '../schema/property.ts';
import { choice, flag } from '../schema/scalar.ts';

const integrity = choice(['hmac-md5-96', 'hmac-sha-1-96', 'aes-gmac', 'null']);
const encryption = choice(['null', 'aes-cbc', 'des-ede3-cbc', 'des-cbc', 'aes-gcm']);

export const ipsecTable = {
  ipsec: preset(flag, true, 'Security associations are agreed with phones that can (needs root).'),
  ipsec_required: preset(flag, false, 'Phones that offer no security agreement are refused with 421.'),
  ipsec_aalg_list: preset(
    list('integrity algorithms', integrity, { min: 1 }),
    ['hmac-md5-96', 'hmac-sha-1-96'],
    'Integrity algorithms in order of preference; "null" is none and goes only with encryption.',
  ),
  ipsec_ealg_list: preset(
    list('encryption algorithms', encryption, { min: 1 }),
    ['null', 'aes-cbc', 'des-ede3-cbc'],
    'Encryption algorithms in order of preference; "null" is none.',
  ),
} as const;
