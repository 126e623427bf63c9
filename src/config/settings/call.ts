// Calls (manual §5.2).
import { textFile } from '../schema/file.ts';
import { list } from '../schema/list.ts';
import { object } from '../schema/object.ts';
import { changeable, optional, preset, type Result, type Type } from '../schema/property.ts';
import { choice, flag, integer, pattern } from '../schema/scalar.ts';
import { impuType, onOff, preconditionPolicy } from './impu.ts';

/** RFC 4028 §4: no session timer is shorter. */
const duration = integer({ min: 90, orZero: 'no session timer' });

const sessionExpiresTable = {
  duration: preset(duration, 3600, 'Session-Expires in seconds.'),
  min: optional(integer({ min: 90 }), '90', 'Min-SE in seconds.'),
  refresher: optional(choice(['uac', 'uas']), 'as the phone asks', 'Who refreshes the session.'),
  method: optional(
    choice(['UPDATE', 'INVITE'], { update: 'UPDATE', invite: 'INVITE' }),
    'UPDATE where the phone allows it',
    'Request that refreshes the session.',
  ),
} as const;

/** Session timer. */
export type SessionExpiresSettings = Result<typeof sessionExpiresTable>;

const sessionExpiresObject = object('object', sessionExpiresTable, (read, source, path, check) => {
  const { duration: longest = 3600, min = 90 } = read;
  if (longest !== 0 && min > longest) {
    check.error(source, `${path}.min`, `number not above duration expected, found ${min} > ${longest}`);
  }
});

const sessionExpires: Type<SessionExpiresSettings> = {
  expected: `${duration.expected}, or object`,
  table: sessionExpiresTable,
  read(value, path, check) {
    if (value.kind === 'object') return sessionExpiresObject.read(value, path, check);
    const seconds = duration.read(value, path, check);
    return seconds === undefined ? undefined : { duration: seconds };
  },
};

export const callTable = {
  session_expires: preset(sessionExpires, { duration: 3600 }, 'Session timer in seconds (RFC 4028).', '3600'),
  precondition: changeable(
    preset(
      onOff,
      false,
      'Preconditions (RFC 3312) are used towards VoLTE phones even when the caller uses none, and bearers are asked for over Rx.',
    ),
  ),
  precondition_policy: preset(
    preconditionPolicy,
    'pass',
    'What becomes of the preconditions of one phone towards another: passed on, removed, or reported as met.',
  ),
  p_called_party_id: changeable(
    preset(flag, false, 'INVITE and MESSAGE requests to phones carry P-Called-Party-ID; many phones need it.'),
  ),
  dialog_timeout: changeable(
    preset(integer({ min: 0 }), 15, 'Seconds without any media after which a call is ended; 0 never ends it.'),
  ),
  echo: preset(
    list('IMPUs', impuType, { orOne: true }),
    [],
    'Identities of the echo service, which answers and sends back what it hears.',
  ),
  mt_call_sdp_file: optional(textFile, 'an offer made by the server', 'SDP offered in calls that the server makes.'),
  emergency_numbers: preset(
    list('dialled numbers', pattern('string of digits', /^\+?[0-9*#]+$/)),
    ['112', '911'],
    'Dialled numbers that mean urn:service:sos.',
  ),
} as const;
