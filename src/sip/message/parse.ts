import { MalformedError } from '../../core/errors.ts';
import { decimal, runEnd, TOKEN, trimmed } from './characters.ts';
import { Headers, headerKey } from './headers.ts';
import { EMPTY_BODY, type Message } from './message.ts';

/** Bounds of one message; what is beyond is refused before it costs much. */
export interface Limits {
  /** Octets of one message, start line to body. */
  readonly messageSize: number;
  /** Header lines of one message, folded ones counted each. */
  readonly headerCount: number;
  /** Levels of multipart bodies inside each other. */
  readonly nesting: number;
}

export const DEFAULT_LIMITS: Limits = { messageSize: 65_535, headerCount: 256, nesting: 8 };

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const EMPTY_LINE = Buffer.from('\r\n\r\n');

/** The start line and header lines of a message, before the body is known to be there. */
export interface Head {
  readonly message: Message;
  /** Octets of start line, headers and the empty line, and of line ends before the start line. */
  readonly length: number;
  /** Version other than 2.0, to be answered 505. */
  readonly version: string;
  /** How it exceeds the limits, to be answered 513 (RFC 3261 §21.5.7); the message is what was read until then. */
  readonly excess?: string;
}

/**
 * Cuts one datagram into a message (RFC 3261 §7, §18.3). Header values are unfolded and trimmed, not parsed: that
 * happens when they are asked for. Octets after Content-Length are dropped; a body shorter than it is left to
 * checkRequest and checkResponse, which see both.
 * @throws MalformedError with the offset of the line that is wrong.
 */
export function parseMessage(data: Buffer, limits: Limits = DEFAULT_LIMITS): Head {
  const head = parseHead(data, limits) ?? cutDatagram(data, limits);
  if (head.excess !== undefined) return head;
  if (data.length > limits.messageSize) {
    return { ...head, excess: `message of ${data.length} octets, more than ${limits.messageSize}` };
  }
  const { message, length, version } = head;
  const declared = contentLength(message.headers) ?? data.length;
  if (length === data.length || declared === 0) return head;
  return { message: withBody(message, data.subarray(length, length + declared)), length, version };
}

/** A datagram without the empty line ends its headers by ending; one that ends within a line was cut off. */
function cutDatagram(data: Buffer, limits: Limits): Head {
  if (data[data.length - 1] !== LF) throw new MalformedError('no empty line after the headers', data.length);
  const start = headStart(data);
  return cutHead(data.toString('latin1', start), start, limits);
}

/** The message with another body. */
export function withBody(message: Message, body: Uint8Array): Message {
  const { headers } = message;
  return 'method' in message
    ? { method: message.method, uri: message.uri, headers, body }
    : { status: message.status, reason: message.reason, headers, body };
}

/** Content-Length, or undefined when there is none, it is no number, or two of them differ. */
export function contentLength(headers: Headers): number | undefined {
  const raw = headers.raw('Content-Length');
  if (raw === undefined) return undefined;
  const length = decimal(raw);
  if (headers.rawAll('Content-Length').some((other) => decimal(other) !== length)) return undefined;
  return length;
}

/**
 * Reads start line and headers at the start of `data`, after line ends there may be.
 * @param from octets that an earlier call has already seen without finding the end, so that a head that arrives
 * bit by bit is searched once.
 * @returns undefined while the empty line has not arrived.
 * @throws MalformedError when what is there cannot become a message.
 */
export function parseHead(data: Buffer, limits: Limits = DEFAULT_LIMITS, from = 0): Head | undefined {
  const start = headStart(data);
  const end = headEnd(data, Math.max(start, from - EMPTY_LINE.length));
  if (end === undefined) {
    if (data.length - start > limits.messageSize)
      throw new MalformedError(`headers without end, ${data.length} octets`);
    return undefined;
  }
  return cutHead(data.toString('latin1', start, end), start, limits);
}

/** Line ends before the start line are passed over (RFC 3261 §7.5). */
function headStart(data: Buffer): number {
  let start = 0;
  while (data[start] === CR || data[start] === LF) start++;
  return start;
}

/** An offset at or after the first empty line's end. Lines should end in CR LF; a bare LF does as well. */
function headEnd(data: Buffer, from: number): number | undefined {
  const strict = data.indexOf(EMPTY_LINE, from);
  if (strict >= 0) return strict + EMPTY_LINE.length;
  for (let at = data.indexOf(LF, from); at >= 0; at = data.indexOf(LF, at + 1)) {
    const next = data[at + 1] === CR ? at + 2 : at + 1;
    if (data[next] === LF) return next + 1;
  }
  return undefined;
}

/** Cuts the text of a head, which ends with an empty line, into its lines. `offset` is where it was in the data. */
function cutHead(text: string, offset: number, limits: Limits): Head {
  const lines: Line[] = [];
  let startLine: string | undefined;
  let count = 0;
  let next = 0;
  for (let at = 0; ; at = next) {
    const feed = text.indexOf('\n', at);
    next = feed < 0 ? text.length : feed + 1;
    let end = feed < 0 ? text.length : feed;
    if (end > at && text.charCodeAt(end - 1) === CR) end--;
    if (end === at) return withStartLine(startLine ?? '', new Headers(lines), offset + next);
    const first = text.charCodeAt(at);
    if (startLine === undefined) startLine = lineText(text, at, end);
    else if (++count > limits.headerCount) {
      const head = withStartLine(startLine, new Headers(lines), offset + text.length);
      return { ...head, excess: `more than ${limits.headerCount} header lines` };
    } else if (first === SPACE || first === TAB) unfold(lines, lineText(text, at, end), offset + at);
    else lines.push(cutLine(text, at, end, offset));
  }
}

type Line = { name: string; key: string; value: string };

function cutLine(text: string, start: number, end: number, offset: number): Line {
  const nameEnd = runEnd(text, start, TOKEN);
  let colon = nameEnd;
  while (text.charCodeAt(colon) === SPACE || text.charCodeAt(colon) === TAB) colon++;
  if (nameEnd === start || text.charCodeAt(colon) !== COLON) {
    throw new MalformedError('header line without a name', offset + start);
  }
  const name = text.slice(start, nameEnd);
  return { name, key: headerKey(name), value: lineText(text, colon + 1, end) };
}

/** RFC 3261 §7.3.1: a folded line continues the one before, as one space. */
function unfold(lines: Line[], more: string, offset: number): void {
  const last = lines.at(-1);
  if (last === undefined) throw new MalformedError('first header line begins with a space', offset);
  last.value = last.value === '' || more === '' ? last.value + more : `${last.value} ${more}`;
}

/** The text between two places of a line. A bare CR, which has no place there, is a space. */
function lineText(text: string, start: number, end: number): string {
  const value = trimmed(text, start, end);
  return value.indexOf('\r') < 0 ? value : value.replaceAll('\r', ' ');
}

const VERSION = /^SIP\/[0-9]+\.[0-9]+$/i;

function withStartLine(text: string, headers: Headers, length: number): Head {
  const space = text.indexOf(' ');
  if (space > 0 && text.charCodeAt(3) === 0x2f && VERSION.test(text.slice(0, space))) {
    return { message: readStatusLine(trimmed(text, space), headers), length, version: text.slice(4, space) };
  }
  const last = text.lastIndexOf(' ');
  const version = text.slice(last + 1);
  const uri = trimmed(text, space, last);
  if (runEnd(text, 0, TOKEN) !== space || space < 1 || uri === '' || !VERSION.test(version)) {
    throw new MalformedError(`not a SIP start line: ${JSON.stringify(text.slice(0, 60))}`, 0);
  }
  const message = { method: text.slice(0, space), uri, headers, body: EMPTY_BODY };
  return { message, length, version: version.slice(4) };
}

/** What comes after the version: three digits and, after a space, the phrase, which may be missing. */
function readStatusLine(text: string, headers: Headers): Message {
  const code = text.slice(0, 3);
  const status = decimal(code);
  if (code.length < 3 || status === undefined || status < 100 || status > 699 || !/^(?: |$)/.test(text.slice(3, 4))) {
    throw new MalformedError(`status ${JSON.stringify(text.slice(0, 40))}`, 0);
  }
  return { status, reason: text.slice(4), headers, body: EMPTY_BODY };
}
