import { MalformedError } from '../../core/errors.ts';
import { CONTENT_TYPE } from './header-types.ts';
import { headerKey } from './headers.ts';
import type { Message } from './message.ts';

/** Bodies of several parts, which may be such bodies again (RFC 2046 §5.1, RFC 5621 §3). */

interface Part {
  /** Content-Type as it stood, if there was one. */
  readonly type: string | undefined;
  /** One character per octet. */
  readonly text: string;
}

/**
 * Whether multipart bodies lie inside each other at more than `most` levels. Only so many are looked at, each octet
 * once in each: whoever reads such a body behind us may call itself for every level.
 */
export function isNestedDeeper({ headers, body }: Message, most: number): boolean {
  const type = body.length === 0 ? undefined : headers.raw(CONTENT_TYPE.name);
  if (boundaryOf(type) === undefined) return false;
  let level: readonly Part[] = [{ type, text: Buffer.from(body).toString('latin1') }];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === most) return true;
    level = level.flatMap(partsOf).filter(isMultipart);
  }
  return false;
}

/** Levels looked at: an own bound, whatever the configuration lets through. */
const DEEPEST = 8;

/**
 * The content of the first part of this type, however deep it lies: an offer beside a location (RFC 6442), for one.
 * @param wanted type in lower case.
 * @returns undefined when there is none, and for a body that is not multipart.
 */
export function partOfType({ headers, body }: Message, wanted: string): Uint8Array | undefined {
  let level: readonly Part[] = [
    { type: headers.raw(CONTENT_TYPE.name), text: Buffer.from(body).toString('latin1') },
  ].filter(isMultipart);
  for (let depth = 0; level.length > 0 && depth < DEEPEST; depth++) {
    const parts = level.flatMap(partsOf);
    const found = parts.find(({ type = '' }) => type.split(';', 1)[0]?.trim().toLowerCase() === wanted);
    // RFC 2046 §5.1.1: the line break before a delimiter belongs to it.
    if (found !== undefined) return Buffer.from(found.text.replace(/\r$/, ''), 'latin1');
    level = parts.filter(isMultipart);
  }
  return undefined;
}

function isMultipart({ type }: Part): boolean {
  return boundaryOf(type) !== undefined;
}

const OPENING = /^[ \t]*\r?(?:\n|$)/;
const CLOSING = /^--[ \t]*\r?(?:\n|$)/;

/** RFC 2046 §5.1.1: a delimiter is a line of its own; what is before the first and behind the closing one is no part. */
function partsOf({ type, text }: Part): readonly Part[] {
  const delimiter = `\n--${boundaryOf(type)}`;
  const [, ...pieces] = `\n${text}`.split(delimiter);
  const parts: string[] = [];
  for (const piece of pieces) {
    if (CLOSING.test(piece)) break;
    if (OPENING.test(piece)) parts.push(piece);
    // A line that only begins like it, such as that of an inner body.
    else if (parts.length > 0) parts.push(`${parts.pop()}${delimiter}${piece}`);
  }
  return parts.map(readPart);
}

/** @param piece what comes after the boundary. */
function readPart(piece: string): Part {
  const lines = piece.slice(Math.max(0, piece.search(/\r?\n/)));
  const end = /\r?\n\r?\n/.exec(lines);
  if (end === null) return { type: contentType(lines), text: '' };
  return { type: contentType(lines.slice(0, end.index)), text: lines.slice(end.index + end[0].length) };
}

/** Content-Type among a part's header lines. */
function contentType(head: string): string | undefined {
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && headerKey(line.slice(0, colon).trim()) === headerKey(CONTENT_TYPE.name))
      return line.slice(colon + 1);
  }
  return undefined;
}

/** What separates the parts of a multipart body; undefined for every other type. */
function boundaryOf(type: string | undefined): string | undefined {
  if (type === undefined || !/^[ \t]*multipart\//i.test(type)) return undefined;
  try {
    return CONTENT_TYPE.parse(type.trim()).params.get('boundary') || undefined;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
