import { octetText } from './header-text.ts';
import { CONTENT_LENGTH } from './header-types.ts';
import { type Headers, headerKey } from './headers.ts';

/** A SIP request (RFC 3261 §7.1). Header text is one character per octet; bodies stay octets. */
export interface Request {
  readonly method: string;
  /** Request-URI as it stood. */
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** A SIP response (RFC 3261 §7.2). */
export interface Response {
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type Message = Request | Response;

export const EMPTY_BODY: Uint8Array = new Uint8Array(0);

export function isRequest(message: Message): message is Request {
  return 'method' in message;
}

export function startLine(message: Message): string {
  return isRequest(message)
    ? `${message.method} ${message.uri} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`;
}

/** Octets for the wire; Content-Length is that of the body, whatever the headers say. */
export function printMessage(message: Message): Buffer {
  let text = `${octetText(startLine(message))}\r\n`;
  for (const { name, key, value } of message.headers.lines) {
    if (key !== LENGTH) text += `${name}: ${value}\r\n`;
  }
  text += `${CONTENT_LENGTH.name}: ${message.body.length}\r\n\r\n`;
  if (message.body.length === 0) return Buffer.from(text, 'latin1');
  const octets = Buffer.allocUnsafe(text.length + message.body.length);
  octets.write(text, 0, 'latin1');
  octets.set(message.body, text.length);
  return octets;
}

const LENGTH = headerKey(CONTENT_LENGTH.name);

/** Text for a header or start line: UTF-8 octets, one character each. */
export function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What a person reads in header text that holds UTF-8. */
export function readableText(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
