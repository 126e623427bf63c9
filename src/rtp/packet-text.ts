/** One line about a packet for the log (RFC 3550 §5.1, §6.1). */

/** RTCP packet types by number (RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §2). */
const RTCP_TYPES: { readonly [type: number]: string } = {
  200: 'SR',
  201: 'RR',
  202: 'SDES',
  203: 'BYE',
  204: 'APP',
  205: 'RTPFB',
  206: 'PSFB',
  207: 'XR',
};

/** @param isRtcp what the packet was taken for. */
export function packetText(data: Uint8Array, isRtcp: boolean): string {
  const length = `len=${data.length}`;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  // STUN, DTLS and ZRTP share the port with RTP (RFC 7983 §7).
  if (data.length < 8 || (data[0] as number) >> 6 !== 2) return `no RTP ${length}`;
  const second = data[1] as number;
  if (isRtcp) return `${RTCP_TYPES[second] ?? `type=${second}`} ssrc=${hex(view.getUint32(4))} ${length}`;
  if (data.length < 12) return `no RTP ${length}`;
  const marker = second >= 128 ? ' marker' : '';
  const stamp = `seq=${view.getUint16(2)} ts=${view.getUint32(4)} ssrc=${hex(view.getUint32(8))}`;
  return `pt=${second & 0x7f} ${stamp}${marker} ${length}`;
}

function hex(ssrc: number): string {
  return ssrc.toString(16).padStart(8, '0');
}
