/** The layout of the log file: columns of a line, payload below it, header of the file. */
import type { Layer, LogColumns } from '../core/logger.ts';

const INDENT = '        ';

/**
 * The columns after the time and `[LAYER]`. Layers of a Diameter or SGs link name the peer and leave the column out
 * without one; the others show `-`. Media has the id before the direction.
 */
export function printColumns(layer: Layer, message: string, { dir = '-', id }: LogColumns): string {
  const direction = dir === '-' ? '- ' : dir;
  if (layer === 'media') return `${id ?? '-'} ${direction} ${message}`;
  if (id === undefined && (layer === 'cx' || layer === 'rx' || layer === 'sgsap')) return `${direction} ${message}`;
  return `${direction} ${id ?? '-'} ${message}`;
}

/** What stands below a line of the log: indented, with an empty line after decoded text. Either may be empty. */
export function printPayload(decoded: string, dumped: string): string {
  if (decoded === '') return dumped === '' ? '' : indented(dumped);
  return `${indented(decoded)}${dumped === '' ? '' : indented(dumped)}\n`;
}

function indented(lines: string): string {
  return `${INDENT}${lines.replaceAll('\n', `\n${INDENT}`)}\n`;
}

/**
 * Text as lines that end in `\n`, the last one in nothing, without empty ones at the end. Control characters are
 * shown as dots: what a peer sent can neither forge a line nor steer the terminal that shows the file.
 */
export function plainText(text: string): string {
  const lines = text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
  const plain = CONTROL.test(lines) ? lines.replaceAll(EVERY_CONTROL, '.') : lines;
  let end = plain.length;
  while (plain[end - 1] === '\n') end--;
  return plain.slice(0, end);
}

/** Whether octets are text that plainText shows whole: UTF-8 without control characters. */
export function isText(octets: Uint8Array): boolean {
  const text = utf8(octets).replaceAll('\r\n', '\n');
  return !text.includes('\ufffd') && !CONTROL.test(text);
}

/** The first `limit` octets, all of them with -1: what max_size means. */
export function cut(octets: Uint8Array, limit: number): Uint8Array {
  return limit < 0 ? octets : octets.subarray(0, limit);
}

export function utf8(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString();
}

/** Control characters other than tab and line feed. */
const CONTROL = /[^\P{Cc}\t\n]/u;
const EVERY_CONTROL = /[^\P{Cc}\t\n]/gu;

/** Octets as offset, two groups of eight and their ASCII; unindented. */
export function hexdump(octets: Uint8Array): string {
  const end = octets.length;
  const lines: string[] = [];
  for (let at = 0; at < end; at += 16) {
    let left = '';
    let right = '';
    let ascii = '';
    for (let index = at; index < Math.min(at + 16, end); index++) {
      const octet = octets[index] as number;
      const hex = octet.toString(16).padStart(2, '0');
      if (index < at + 8) left += left === '' ? hex : ` ${hex}`;
      else right += right === '' ? hex : ` ${hex}`;
      ascii += octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.';
    }
    lines.push(`${at.toString(16).padStart(4, '0')}:  ${left.padEnd(23)}  ${right.padEnd(23)}  ${ascii}`);
  }
  return lines.join('\n');
}

/** The lines a file begins with; `rotated` when it follows one that was renamed. Dates as text. */
export function printHeader(program: string, version: string, started: string, rotated?: string): string {
  const last = rotated === undefined ? '' : `# Rotated on ${rotated}\n`;
  return `# ${program} version ${version}\n# Log file format:\n# time layer dir id message\n# Started on ${started}\n${last}`;
}
