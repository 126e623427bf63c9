import type { Endpoint } from './endpoint.ts';

/** One message that crossed an interface, told by the endpoint that sent or received it. */
export interface TapRecord {
  readonly protocol: 'SIP' | 'Diameter' | 'SGsAP';
  readonly transport: 'UDP' | 'TCP' | 'SCTP';
  readonly dir: 'FROM' | 'TO';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** One line that names the message: a SIP start line, a command name. */
  readonly summary: string;
  /** The message as it was on the wire. */
  readonly octets: Uint8Array;
  /** The decoded message, for a listener that knows the protocol. */
  readonly message?: unknown;
  /** The decoded message in lines for people, where `octets` are no text. */
  readonly text?: () => string;
  /** Of Diameter: its Application-Id. */
  readonly application?: number;
  /** Keys and passwords in the message, which `text` leaves out, in lines; empty when it has none. */
  readonly secrets?: () => string;
}

export interface Tap {
  /** Whether anybody listens; endpoints skip building a record when nobody does. */
  readonly active: boolean;
  message(record: TapRecord): void;
}

export const noTap: Tap = { active: false, message() {} };
