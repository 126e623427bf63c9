// Short messages, over SIP and over SGs (manual §5.2).
import { endpoint } from '../schema/network.ts';
import { object } from '../schema/object.ts';
import { changeable, optional, preset, type Result } from '../schema/property.ts';
import { choice, integer, pattern } from '../schema/scalar.ts';

/** TS 29.118 §7.1. */
const SGSAP_PORT = 29118;

const treatment = choice(['treat', 'ignore', 'reject']);
const filterTable = {
  cp_data: preset(treatment, 'treat', 'CP-DATA.'),
  cp_ack: preset(treatment, 'treat', 'CP-ACK.'),
  rp_data: preset(treatment, 'treat', 'RP-DATA.'),
  rp_ack: preset(treatment, 'treat', 'RP-ACK.'),
} as const;

/** What is done with each kind of message. */
export type SmsMessageFilterSettings = Result<typeof filterTable>;

const TREAT_ALL: SmsMessageFilterSettings = { cp_data: 'treat', cp_ack: 'treat', rp_data: 'treat', rp_ack: 'treat' };
const cause = integer({ min: 0, max: 255 });

export const smsTable = {
  sctp_addr: optional(
    endpoint(SGSAP_PORT),
    'no SMS over SGs',
    'Address on which an MME may connect for SMS over SGs, port 29118 by default.',
  ),
  sms_centre_address: preset(
    pattern('telephone number', /^\+?[0-9]{1,20}$/),
    '+10000000000',
    'Number of the service centre, which phones are shown.',
  ),
  sms_expires: changeable(
    preset(integer({ min: 1 }), 86400, 'Seconds after which a message that could not be delivered is forgotten.'),
  ),
  sms_retry_delay: changeable(preset(integer({ min: 1 }), 60, 'Seconds between two attempts to deliver a message.')),
  sms_message_filter: changeable(
    preset(
      object('object', filterTable),
      TREAT_ALL,
      'For tests: treat, ignore or reject messages of one kind.',
      'all "treat"',
    ),
  ),
  sms_forced_cp_cause: changeable(preset(cause, 0, 'For tests: CP cause sent instead of the right one; 0 is off.')),
  sms_forced_rp_cause: changeable(preset(cause, 0, 'For tests: RP cause sent instead of the right one; 0 is off.')),
} as const;
