/** Typed reading of the a= and b= lines of a session description (RFC 8866 §5.8, §5.13, §6). */
import type { MediaDescription, SdpLine, Section, SessionDescription } from './session-description.ts';

/** RFC 8866 §6.6 */
export type RtpMap = { readonly encoding: string; readonly clockRate: number; readonly channels: number };

/** RFC 8866 §6.7: what the sender of the description does with the media. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Name of an a= line, or undefined for any other line. */
export function attributeName(line: SdpLine): string | undefined {
  if (line.type !== 'a') return undefined;
  const colon = line.value.indexOf(':');
  return (colon < 0 ? line.value : line.value.slice(0, colon)).trim();
}

/** Value of the first attribute of this name; empty for one that has no value, undefined when there is none. */
export function attribute(section: Section, name: string): string | undefined {
  const line = section.lines.find((candidate) => attributeName(candidate) === name);
  return line && attributeValue(line);
}

/** Values of all attributes of this name, in order. */
export function attributes(section: Section, name: string): string[] {
  return section.lines.filter((line) => attributeName(line) === name).map(attributeValue);
}

function attributeValue({ value }: SdpLine): string {
  const colon = value.indexOf(':');
  return colon < 0 ? '' : value.slice(colon + 1).trim();
}

/** b= of this type (`AS`, `TIAS`, `RS`, `RR`): kilobits, or for TIAS, RS and RR bits, per second (RFC 3890, RFC 3556). */
export function bandwidth(section: Section, type: string): number | undefined {
  for (const line of section.lines) {
    const [, name, figure] = (line.type === 'b' && /^([^:\s]+):(\d+)\s*$/.exec(line.value)) || [];
    if (name === type) return Number(figure);
  }
  return undefined;
}

/** Direction of media `index`: its own, else the session's, else sendrecv (RFC 8866 §6.7). */
export function directionOf(description: SessionDescription, index: number): Direction {
  for (const section of [description.media[index], description.session]) {
    for (const line of section?.lines ?? []) {
      const name = attributeName(line);
      if (isDirection(name)) return name;
    }
  }
  return 'sendrecv';
}

export function isDirection(name: string | undefined): name is Direction {
  return name === 'sendrecv' || name === 'sendonly' || name === 'recvonly' || name === 'inactive';
}

/** a=rtpmap of a payload type; undefined when absent (the static types of RFC 3551) or unreadable. */
export function rtpMap(media: MediaDescription, format: string): RtpMap | undefined {
  for (const value of attributes(media, 'rtpmap')) {
    const [, payload, encoding = '', clockRate, channels = '1'] =
      /^(\S+) +([^\s/]+)\/(\d+)(?:\/(\d+))?$/.exec(value) ?? [];
    if (payload === format) return { encoding, clockRate: Number(clockRate), channels: Number(channels) };
  }
  return undefined;
}

/** a=fmtp of a payload type, without the payload type. */
export function formatParameters(media: MediaDescription, format: string): string | undefined {
  for (const value of attributes(media, 'fmtp')) {
    const [, payload, parameters] = /^(\S+) +(.*)$/s.exec(value) ?? [];
    if (payload === format) return parameters;
  }
  return undefined;
}

/** a=ptime: milliseconds of media in one packet (RFC 8866 §6.4). */
export function packetTime(media: MediaDescription): number | undefined {
  const value = attribute(media, 'ptime');
  return value !== undefined && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}
