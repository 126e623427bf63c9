/** What refusing a request without state takes (RFC 3261 §8.2.7). */
import { createHash } from 'node:crypto';
import type { Request } from '../message/message.ts';
import { SipError } from '../message/sip-error.ts';

/** What a response repeats (RFC 3261 §8.2.6) and a transaction therefore keeps. */
const COPIED = ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Timestamp'];
const MOST_COPIED_OCTETS = 16 * 1024;
const MOST_VIAS = 64;

/** The refusal owed to a request whose answer would be too much to keep (RFC 3261 §21.5.7). */
export function checkCopied({ headers }: Request): SipError | undefined {
  let octets = 0;
  for (const name of COPIED) for (const value of headers.rawAll(name)) octets += value.length;
  if (octets > MOST_COPIED_OCTETS) return new SipError(513, `${octets} octets of headers that a response repeats`);
  const vias = headers.rawAll('Via').length;
  return vias > MOST_VIAS ? new SipError(513, `${vias} Via lines, more than ${MOST_VIAS}`) : undefined;
}

/** RFC 3261 §8.2.7: a server without state gives a repeated request the same To tag. */
export function statelessTag({ headers }: Request): string {
  return createHash('sha256')
    .update(`${headers.raw('Via')} ${headers.raw('Call-ID')}`)
    .digest('hex')
    .slice(0, 16);
}
