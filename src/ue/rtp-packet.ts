/** RTP packets (RFC 3550 §5.1) as a phone sends and counts them. */

export interface RtpPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

const HEADER = 12;

export function writeRtp({ payloadType, sequence, timestamp, ssrc, marker, payload }: RtpPacket): Buffer {
  const octets = Buffer.alloc(HEADER + payload.length);
  octets[0] = 0x80;
  octets[1] = (marker ? 0x80 : 0) | payloadType;
  octets.writeUInt16BE(sequence, 2);
  octets.writeUInt32BE(timestamp, 4);
  octets.writeUInt32BE(ssrc, 8);
  octets.set(payload, HEADER);
  return octets;
}

/** Undefined for what is no RTP: too short, another version, or RTCP on the same port (RFC 5761 §4). */
export function readRtp(octets: Buffer): RtpPacket | undefined {
  if (octets.length < HEADER) return undefined;
  const [first = 0, second = 0] = octets;
  const start = HEADER + 4 * (first & 0x0f);
  const payloadType = second & 0x7f;
  if (first >> 6 !== 2 || (second >= 192 && second <= 223) || octets.length < start) return undefined;
  return {
    payloadType,
    sequence: octets.readUInt16BE(2),
    timestamp: octets.readUInt32BE(4),
    ssrc: octets.readUInt32BE(8),
    marker: (second & 0x80) !== 0,
    payload: octets.subarray(start),
  };
}
