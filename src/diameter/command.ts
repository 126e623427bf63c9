// Applications, commands and result codes by name.
import type { Header } from './message.ts';

/** Application-Ids: the base protocol's own, and those IANA gave 3GPP. */
export const BASE = 0;
export const CX = 16_777_216;
export const RX = 16_777_236;

const APPLICATION_NAMES: ReadonlyMap<number, string> = new Map([
  [CX, 'Cx'],
  [RX, 'Rx'],
]);

export function applicationName(application: number): string {
  return APPLICATION_NAMES.get(application) ?? `application ${application}`;
}

/** Command codes (RFC 6733 §3.1, TS 29.229 §6.1, TS 29.214 §5.6). */
export const COMMANDS = {
  'Capabilities-Exchange': 257,
  'Re-Auth': 258,
  AA: 265,
  'Abort-Session': 274,
  'Session-Termination': 275,
  'Device-Watchdog': 280,
  'Disconnect-Peer': 282,
  'User-Authorization': 300,
  'Server-Assignment': 301,
  'Location-Info': 302,
  'Multimedia-Auth': 303,
  'Registration-Termination': 304,
  'Push-Profile': 305,
} as const;
export type CommandName = keyof typeof COMMANDS;

const COMMAND_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(COMMANDS).map(([name, code]) => [code, name]),
);

/** `User-Authorization-Request`; `Command-999-Answer` for one that is not known. */
export function messageName({ command, request }: Pick<Header, 'command' | 'request'>): string {
  return `${COMMAND_NAMES.get(command) ?? `Command-${command}`}-${request ? 'Request' : 'Answer'}`;
}

/** Result-Code (RFC 6733 §7.1). */
export const RESULT = {
  DIAMETER_SUCCESS: 2001,
  DIAMETER_LIMITED_SUCCESS: 2002,
  DIAMETER_COMMAND_UNSUPPORTED: 3001,
  DIAMETER_UNABLE_TO_DELIVER: 3002,
  DIAMETER_REALM_NOT_SERVED: 3003,
  DIAMETER_TOO_BUSY: 3004,
  DIAMETER_LOOP_DETECTED: 3005,
  DIAMETER_REDIRECT_INDICATION: 3006,
  DIAMETER_APPLICATION_UNSUPPORTED: 3007,
  DIAMETER_INVALID_HDR_BITS: 3008,
  DIAMETER_INVALID_AVP_BITS: 3009,
  DIAMETER_UNKNOWN_PEER: 3010,
  DIAMETER_AUTHENTICATION_REJECTED: 4001,
  DIAMETER_OUT_OF_SPACE: 4002,
  DIAMETER_AVP_UNSUPPORTED: 5001,
  DIAMETER_UNKNOWN_SESSION_ID: 5002,
  DIAMETER_AUTHORIZATION_REJECTED: 5003,
  DIAMETER_INVALID_AVP_VALUE: 5004,
  DIAMETER_MISSING_AVP: 5005,
  DIAMETER_RESOURCES_EXCEEDED: 5006,
  DIAMETER_CONTRADICTING_AVPS: 5007,
  DIAMETER_AVP_NOT_ALLOWED: 5008,
  DIAMETER_AVP_OCCURS_TOO_MANY_TIMES: 5009,
  DIAMETER_NO_COMMON_APPLICATION: 5010,
  DIAMETER_UNSUPPORTED_VERSION: 5011,
  DIAMETER_UNABLE_TO_COMPLY: 5012,
  DIAMETER_INVALID_AVP_LENGTH: 5014,
  DIAMETER_INVALID_MESSAGE_LENGTH: 5015,
  DIAMETER_NO_COMMON_SECURITY: 5017,
} as const;

/** Experimental-Result-Code of 3GPP: Cx (TS 29.229 §6.2) and Rx (TS 29.214 §5.5). */
export const RESULT_3GPP = {
  DIAMETER_FIRST_REGISTRATION: 2001,
  DIAMETER_SUBSEQUENT_REGISTRATION: 2002,
  DIAMETER_UNREGISTERED_SERVICE: 2003,
  DIAMETER_SUCCESS_SERVER_NAME_NOT_STORED: 2004,
  DIAMETER_ERROR_USER_UNKNOWN: 5001,
  DIAMETER_ERROR_IDENTITIES_DONT_MATCH: 5002,
  DIAMETER_ERROR_IDENTITY_NOT_REGISTERED: 5003,
  DIAMETER_ERROR_ROAMING_NOT_ALLOWED: 5004,
  DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED: 5005,
  DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED: 5006,
  DIAMETER_ERROR_IN_ASSIGNMENT_TYPE: 5007,
  DIAMETER_ERROR_TOO_MUCH_DATA: 5008,
  DIAMETER_ERROR_NOT_SUPPORTED_USER_DATA: 5009,
  DIAMETER_ERROR_FEATURE_UNSUPPORTED: 5011,
  DIAMETER_ERROR_SERVING_NODE_FEATURE_UNSUPPORTED: 5012,
  INVALID_SERVICE_INFORMATION: 5061,
  FILTER_RESTRICTIONS: 5062,
  REQUESTED_SERVICE_NOT_AUTHORIZED: 5063,
  DUPLICATED_AF_SESSION: 5064,
  'IP-CAN_SESSION_NOT_AVAILABLE': 5065,
  UNAUTHORIZED_NON_EMERGENCY_SESSION: 5066,
  UNAUTHORIZED_SPONSORED_DATA_CONNECTIVITY: 5067,
  TEMPORARY_NETWORK_FAILURE: 5068,
} as const;

/** `DIAMETER_TOO_BUSY (3004)`, or the bare number. */
export function resultName(code: number, experimental: boolean): string {
  const table: Readonly<Record<string, number>> = experimental ? RESULT_3GPP : RESULT;
  const name = Object.keys(table).find((one) => table[one] === code);
  return name === undefined ? String(code) : `${name} (${code})`;
}
