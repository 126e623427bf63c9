/**
 * What the kernel says of an association comes between its messages (RFC 6458 §6.1). Node's read does not show the
 * flag that tells them apart, but no message looks so: Diameter begins with its version and a length of three octets
 * that would be 8 MiB, SGsAP with a message type that only a VLR sends.
 */

/** struct sctp_event_subscribe: changes of the association, nothing else. */
export const NOTIFIED = Buffer.from([0, 1]);

const SCTP_ASSOC_CHANGE = 0x8001;
/** enum sctp_sac_state. */
const STATES: { readonly [state: number]: 'restarted' | 'ended' } = { 2: 'restarted', 3: 'ended' };
/** struct sctp_assoc_change without the peer's ABORT behind it. */
const SHORTEST = 20;

/**
 * `restarted`: the peer made the association anew. `ended`: both sides have closed it in order, which reading alone
 * does not tell the one that began. @returns undefined for a message.
 */
export function readNotification(data: Buffer): 'restarted' | 'ended' | 'other' | undefined {
  if (data.length < SHORTEST || data.readUInt16LE(0) !== SCTP_ASSOC_CHANGE) return undefined;
  if (data.readUInt32LE(4) !== data.length) return undefined;
  return STATES[data.readUInt16LE(8)] ?? 'other';
}
