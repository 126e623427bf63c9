import { MalformedError } from '../../core/errors.ts';
import { Headers, headerKey } from './headers.ts';
import { EMPTY_BODY, type Message } from './message.ts';

/** Bounds of one message; what is beyond is refused before it costs anything. */
export interface Limits {
  /** Octets of one message, start line to body. */
  readonly messageSize: number;
  /** Header lines of one message. */
  readonly headerCount: number;
}

export const DEFAULT_LIMITS: Limits = { messageSize: 65_535, headerCount: 256 };

const CR = 0x0d;
const LF = 0x0a;
const REQUEST_LINE = /^([A-Za-z0-9\-.!%*_+`'~]+) +(.*?) +SIP\/([0-9]+\.[0-9]+) *$/i;
const STATUS_LINE = /^SIP\/([0-9]+\.[0-9]+) +([0-9]{3})(?: (.*))?$/i;

/** The start line and header lines of a message, before the body is known to be there. */
export interface Head {
  readonly message: Message;
  /** Octets of start line, headers and the empty line. */
  readonly length: number;
  /** Version other than 2.0, to be answered 505. */
  readonly version: string;
}

/**
 * Cuts one datagram into a message (RFC 3261 §7, §18.3). Header values are unfolded and trimmed, not parsed: that
 * happens when they are asked for. Octets after Content-Length are dropped; a body shorter than it is malformed.
 * @throws MalformedError with the offset of the line that is wrong.
 */
export function parseMessage(data: Buffer, limits: Limits = DEFAULT_LIMITS): Head {
  if (data.length > limits.messageSize) {
    throw new MalformedError(`message of ${data.length} octets, more than ${limits.messageSize}`);
  }
  const head = parseHead(data, limits);
  if (head === undefined) throw new MalformedError('no empty line after the headers', data.length);
  return { ...head, message: withBody(head, data.subarray(head.length)) };
}

/** The body within `rest` by Content-Length; all of it when the header is absent or no number (validate answers). */
function withBody(head: Head, rest: Buffer): Message {
  const declared = contentLength(head.message.headers);
  if (declared === undefined) return { ...head.message, body: rest };
  // A length beyond the datagram is answered 400 by validate, which sees it in the header.
  return { ...head.message, body: rest.subarray(0, declared) };
}

/** Content-Length of the first such line, or undefined when there is none or it is not a number. */
export function contentLength(headers: Headers): number | undefined {
  const raw = headers.raw('Content-Length');
  return raw !== undefined && /^[0-9]{1,10}$/.test(raw) ? Number(raw) : undefined;
}

/**
 * Reads start line and headers at the start of `data`.
 * @returns undefined while the empty line has not arrived.
 * @throws MalformedError when what is there cannot become a message.
 */
export function parseHead(data: Buffer, limits: Limits = DEFAULT_LIMITS): Head | undefined {
  const end = headEnd(data);
  if (end === undefined) return undefined;
  const text = data.toString('latin1', 0, end);
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.length - 1 > limits.headerCount) throw new MalformedError(`more than ${limits.headerCount} header lines`);
  const headers = new Headers(cutHeaders(lines));
  return { ...readStartLine(lines[0] ?? '', headers), length: bodyStart(data, end) };
}

/** Offset of the line end before the empty line. */
function headEnd(data: Buffer): number | undefined {
  const strict = data.indexOf('\r\n\r\n');
  const bare = data.indexOf('\n\n');
  if (strict < 0) return bare < 0 ? undefined : bare;
  return bare >= 0 && bare < strict ? bare : strict;
}

function bodyStart(data: Buffer, end: number): number {
  return end + (data[end] === CR ? 4 : data[end] === LF ? 2 : 0);
}

function cutHeaders(lines: readonly string[]): { name: string; key: string; value: string }[] {
  const cut: { name: string; key: string; value: string }[] = [];
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] as string;
    const first = line.charCodeAt(0);
    const last = cut[cut.length - 1];
    if (first === 0x20 || first === 0x09) {
      if (last === undefined) throw new MalformedError('first header line begins with a space', offsetOf(lines, index));
      // RFC 3261 §7.3.1: a folded line continues the one before, as one space.
      const more = line.trim();
      last.value = last.value === '' ? more : more === '' ? last.value : `${last.value} ${more}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : line.slice(0, colon).trimEnd();
    if (name === '' || !/^[A-Za-z0-9\-.!%*_+`'~]+$/.test(name)) {
      throw new MalformedError('header line without a name', offsetOf(lines, index));
    }
    cut.push({ name, key: headerKey(name), value: line.slice(colon + 1).trim() });
  }
  return cut;
}

function readStartLine(line: string, headers: Headers): { message: Message; version: string } {
  const status = STATUS_LINE.exec(line);
  if (status !== null) {
    const [, version = '', code = '', reason = ''] = status;
    const value = Number(code);
    if (value < 100 || value > 699) throw new MalformedError(`status ${code}`, 0);
    return { version, message: { status: value, reason, headers, body: EMPTY_BODY } };
  }
  const request = REQUEST_LINE.exec(line);
  if (request === null) throw new MalformedError(`not a SIP start line: ${JSON.stringify(line.slice(0, 60))}`, 0);
  const [, method = '', uri = '', version = ''] = request;
  return { version, message: { method, uri, headers, body: EMPTY_BODY } };
}

function offsetOf(lines: readonly string[], index: number): number {
  let offset = 0;
  for (let at = 0; at < index; at++) offset += (lines[at] as string).length + 2;
  return offset;
}
