import { MalformedError } from '../core/errors.ts';

/** One attribute-value pair (RFC 6733 §4.1), its value as it was on the wire. What the value means: dictionary.ts. */
export interface Avp {
  readonly code: number;
  /** 0 for the AVPs of the IETF, which carry no Vendor-Id. */
  readonly vendor: number;
  /** The M flag: who does not know the AVP must reject the request. */
  readonly mandatory: boolean;
  readonly data: Uint8Array;
}

/** What a request is answered with when it cannot be served as it stands (RFC 6733 §7.1.5). */
export class AvpError extends MalformedError {
  readonly resultCode: number;
  /** For the Failed-AVP of the answer (§7.5). */
  readonly failed: Avp | undefined;

  constructor(resultCode: number, what: string, failed?: Avp, offset?: number) {
    super(what, offset);
    this.name = 'AvpError';
    this.resultCode = resultCode;
    this.failed = failed;
  }
}

export const INVALID_AVP_LENGTH = 5014;

const VENDOR_FLAG = 0x80;
const MANDATORY_FLAG = 0x40;

/**
 * The AVPs of a message or of a group.
 * @param base offset of the octets in the message, for errors. @throws AvpError
 */
export function readAvps(octets: Uint8Array, base = 0): Avp[] {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const avps: Avp[] = [];
  for (let at = 0; at < octets.length; ) {
    if (octets.length - at < 8) throw lengthError(`${octets.length - at} octets are no AVP`, base + at);
    const code = view.getUint32(at);
    const flags = view.getUint8(at + 4);
    const length = view.getUint32(at + 4) & 0xff_ffff;
    const head = flags & VENDOR_FLAG ? 12 : 8;
    const vendor = head === 12 && at + 12 <= octets.length ? view.getUint32(at + 8) : 0;
    const mandatory = (flags & MANDATORY_FLAG) !== 0;
    if (length < head || at + length > octets.length) {
      const failed = { code, vendor, mandatory, data: new Uint8Array(0) };
      throw lengthError(`AVP ${code} has length ${length}, ${octets.length - at} octets are left`, base + at, failed);
    }
    avps.push({ code, vendor, mandatory, data: octets.subarray(at + head, at + length) });
    at += padded(length);
  }
  return avps;
}

export function writeAvps(avps: readonly Avp[]): Buffer {
  const octets = Buffer.alloc(avps.reduce((sum, avp) => sum + padded(headOf(avp) + avp.data.length), 0));
  let at = 0;
  for (const avp of avps) {
    const { code, vendor, mandatory, data } = avp;
    const head = headOf(avp);
    octets.writeUInt32BE(code, at);
    octets.writeUInt32BE(head + data.length, at + 4);
    octets[at + 4] = (vendor === 0 ? 0 : VENDOR_FLAG) | (mandatory ? MANDATORY_FLAG : 0);
    if (vendor !== 0) octets.writeUInt32BE(vendor, at + 8);
    octets.set(data, at + head);
    at += padded(head + data.length);
  }
  return octets;
}

function headOf({ vendor }: Avp): number {
  return vendor === 0 ? 8 : 12;
}

/** AVPs begin on a multiple of four octets. */
function padded(length: number): number {
  return (length + 3) & ~3;
}

function lengthError(what: string, offset: number, failed?: Avp): AvpError {
  return new AvpError(INVALID_AVP_LENGTH, what, failed, offset);
}
