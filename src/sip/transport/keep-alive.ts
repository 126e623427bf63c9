/** What peers send to keep a path open (RFC 5626 §3.5, RFC 6223), told from messages. */

/** The answer to CRLFCRLF on a stream (RFC 5626 §3.5.1). */
export const PONG = Buffer.from('\r\n');

/**
 * Seconds between keep-alives, recommended to a peer that asks with Via `keep`: the longest of RFC 5626 §4.4.1, which it
 * gives devices short of power. There is seldom a NAT in a lab, and each keep-alive wakes a phone's radio.
 */
export const KEEP_INTERVAL_S = 840;

/** No message is as short; some peers keep a path open with a few octets of their own. */
const SHORTEST_MESSAGE = 16;

/** Whether a datagram is no message but a keep-alive: nothing but line ends, a few octets, or a STUN
 * binding (RFC 5389 §6). */
export function isKeepAlive(data: Buffer): boolean {
  if (data.length < SHORTEST_MESSAGE) return true;
  const first = data[0] as number;
  // STUN's binding messages begin with 0 or 1 and count the octets after their header of 20.
  if (first <= 1 && data.length >= 20 && data.readUInt16BE(2) === data.length - 20) return true;
  return data.every((octet) => octet === 0x0d || octet === 0x0a);
}
