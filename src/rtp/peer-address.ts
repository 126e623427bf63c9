/**
 * Addresses no single machine has, so that sending there would reach many, or ourselves: "this host" (RFC 1122
 * §3.2.1.3), of which 0.0.0.0 leads back to the sender, multicast (RFC 1112 §4) and what is reserved, the limited
 * broadcast among it (RFC 919 §7); of IPv6 unspecified, multicast (RFC 4291 §2.5.2, §2.7) and IPv4 in disguise
 * (§2.5.5.2), which would pass for another address than it is.
 */
const NOBODY = /^(?:0|22[4-9]|23\d|24\d|25[0-5])\.|^::$|^ff[0-9a-f]{2}:|^::ffff:/;

/** RFC 1122 §3.2.1.3, RFC 4291 §2.5.3 */
const LOOPBACK = /^127\.|^::1$/;

/**
 * Whether media may be sent to an address that a peer's description names: that of one machine, and of ours only when
 * the peer is on it.
 * @param address in its shortest form.
 * @param peer address it signals from.
 */
export function isDestination(address: string, peer: string): boolean {
  return !NOBODY.test(address) && (!LOOPBACK.test(address) || LOOPBACK.test(peer));
}

/**
 * Whether a packet can be of a peer that signals from `peer`: it has that address. A program on this machine whose media
 * socket has no address of its own sends from 127.0.0.1, whichever loopback address it signals from.
 */
export function isOfPeer(source: string, peer: string): boolean {
  return source === peer || (source === '127.0.0.1' && LOOPBACK.test(peer));
}
