/**
 * Session descriptions (RFC 8866), kept as they stood: every line in its place with its own line ending, so that what
 * nobody changes is printed octet for octet. Lines are read as one character per octet; nothing here shows their free
 * text. Typed reading of attributes is in attributes.ts.
 */
import { MalformedError } from '../core/errors.ts';

export interface SdpLine {
  /** The letter before `=`; empty for a line that has another form, which is kept whole in `value`. */
  readonly type: string;
  readonly value: string;
  /** The line ending it came with: CRLF, a bare LF, or nothing at the end of the description. */
  readonly end: string;
}

/** The lines of one level: those before the first m= line, or an m= line and what belongs to it. */
export interface Section {
  readonly lines: readonly SdpLine[];
}

/** One m= line (RFC 8866 §5.14), which is `lines[0]`, and the lines that follow it. */
export interface MediaDescription extends Section {
  /** `audio`, `video`, `text`, … */
  readonly media: string;
  /** 0 when the media is refused (RFC 3264 §6). */
  readonly port: number;
  /** Number of consecutive port pairs, 1 when not given. */
  readonly portCount: number;
  /** `RTP/AVP`, `RTP/SAVPF`, … */
  readonly protocol: string;
  /** Payload types, or what the protocol names its formats by. */
  readonly formats: readonly string[];
}

export interface SessionDescription {
  readonly session: Section;
  readonly media: readonly MediaDescription[];
}

/** c= (RFC 8866 §5.7). */
export interface Connection {
  readonly networkType: string;
  readonly addressType: string;
  /** Address or name without the TTL and count of a multicast group. */
  readonly address: string;
}

/** o= (RFC 8866 §5.2). */
export interface Origin {
  readonly username: string;
  readonly id: string;
  readonly version: string;
  readonly networkType: string;
  readonly addressType: string;
  readonly address: string;
}

/** More media than this in one description is refused: each would cost ports. */
const MOST_MEDIA = 64;

const LINE = /([^\n]*?)(\r?\n|$)/y;
const TYPED = /^([A-Za-z])=(.*)$/s;
const MEDIA = /^(\S+) +(\d{1,5})(?:\/(\d{1,5}))? +(\S+)((?: +\S+)*)\s*$/;
const CONNECTION = /^(\S+) +(\S+) +([^\s/]+)(?:\/[\d/]+)?\s*$/;

/**
 * Reads a description. Bare LF, a missing last line ending, empty and unknown lines and absent s= and t= are let pass.
 * @throws MalformedError, with the octet offset of the line, when it does not start with v=0, has no readable o=, or
 * an m= or c= line cannot be read.
 */
export function parseSdp(input: Uint8Array | string): SessionDescription {
  const octets =
    typeof input === 'string' ? Buffer.from(input) : Buffer.from(input.buffer, input.byteOffset, input.length);
  const text = octets.toString('latin1');
  const session: SdpLine[] = [];
  const media: MediaDescription[] = [];
  let lines = session;
  let hasOrigin = false;
  for (let offset = 0; offset < text.length; offset = LINE.lastIndex) {
    LINE.lastIndex = offset;
    const [, content = '', end = ''] = LINE.exec(text) ?? [];
    const [, type = '', value = content] = TYPED.exec(content) ?? [];
    const line: SdpLine = { type, value, end };
    if (offset === 0 && (type !== 'v' || value.trim() !== '0'))
      throw new MalformedError('SDP does not start with v=0', 0);
    if (type === 'm') {
      if (media.length === MOST_MEDIA) throw new MalformedError(`SDP has more than ${MOST_MEDIA} m= lines`, offset);
      lines = [line];
      media.push(readMedia(lines, offset));
      continue;
    }
    if (type === 'c') readConnection(line, offset);
    if (type === 'o' && lines === session) {
      if (readOrigin(line) === undefined) throw new MalformedError('SDP o= line cannot be read', offset);
      hasOrigin = true;
    }
    lines.push(line);
  }
  if (session.length === 0) throw new MalformedError('SDP is empty', 0);
  if (!hasOrigin) throw new MalformedError('SDP has no o= line', text.length);
  return { session: { lines: session }, media };
}

/** The description as octets: those it was read from, where it was not changed. */
export function printSdp(description: SessionDescription): Buffer {
  let text = '';
  for (const section of [description.session, ...description.media]) {
    for (const { type, value, end } of section.lines) text += type === '' ? value + end : `${type}=${value}${end}`;
  }
  return Buffer.from(text, 'latin1');
}

/** `lines` is kept, not copied: the reader goes on adding to it. */
function readMedia(lines: readonly SdpLine[], offset: number): MediaDescription {
  const [, media = '', port = '', count, protocol = '', formats = ''] = MEDIA.exec(lines[0]?.value ?? '') ?? [];
  if (media === '') throw new MalformedError('SDP m= line cannot be read', offset);
  if (Number(port) > 65_535) throw new MalformedError('SDP m= line has no such port', offset);
  // Some refuse a media without repeating its formats; only an offered one needs them.
  if (formats === '' && Number(port) !== 0) throw new MalformedError('SDP m= line names no format', offset);
  return {
    lines,
    media,
    port: Number(port),
    portCount: count === undefined ? 1 : Number(count),
    protocol,
    formats: formats === '' ? [] : formats.trim().split(/ +/),
  };
}

function readConnection(line: SdpLine, offset: number): Connection {
  const [, networkType = '', addressType = '', address = ''] = CONNECTION.exec(line.value) ?? [];
  if (networkType === '') throw new MalformedError('SDP c= line cannot be read', offset);
  return { networkType, addressType, address };
}

/** The connection that holds for media `index`: its own c= line, else the session's. */
export function connectionOf(description: SessionDescription, index: number): Connection | undefined {
  const isConnection = (line: SdpLine) => line.type === 'c';
  const line = description.media[index]?.lines.find(isConnection) ?? description.session.lines.find(isConnection);
  return line && readConnection(line, 0);
}

/** undefined only for a description that was not read by parseSdp. */
export function originOf(description: SessionDescription): Origin | undefined {
  const line = description.session.lines.find((candidate) => candidate.type === 'o');
  return line && readOrigin(line);
}

/** Some write blanks into the user name, so the fields are counted from the end. */
function readOrigin(line: SdpLine): Origin | undefined {
  const fields = line.value.trim().split(/ +/);
  const [id, version, networkType, addressType, address] = fields.slice(-5);
  if (fields.length < 6 || !id || !version || !networkType || !addressType || !address) return undefined;
  return { username: fields.slice(0, -5).join(' '), id, version, networkType, addressType, address };
}

/** The m= line with another port, 0 to refuse it; whatever else it says stays. A port count goes: there is one pair. */
export function withPort(media: MediaDescription, port: number): MediaDescription {
  const lines = media.lines.map((line, index) =>
    index === 0 ? { ...line, value: line.value.replace(/^(\S+ +)\d+(?:\/\d+)?/, `$1${port}`) } : line,
  );
  return { ...media, lines, port, portCount: 1 };
}
