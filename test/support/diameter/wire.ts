/**
 * Diameter messages as RFC 6733 §3 and §4 draw them, for test peers: a second reading of the specification, which
 * shares nothing with the one in src.
 */
export interface WireAvp {
  readonly code: number;
  readonly vendor: number;
  readonly flags: number;
  readonly value: Buffer;
}

export interface WireHead {
  readonly flags: number;
  readonly code: number;
  readonly application: number;
  readonly hopByHop: number;
  readonly endToEnd: number;
}

export interface WireMessage extends WireHead {
  readonly avps: readonly WireAvp[];
}

export const REQUEST = 0x80;
export const PROXIABLE = 0x40;
export const ERROR = 0x20;
export const RETRANSMITTED = 0x10;
export const TGPP = 10415;

export function u32(number: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(number);
  return octets;
}

/** An AVP with the M flag; a list is a group. */
export function avp(
  code: number,
  value: number | string | Buffer | readonly Buffer[],
  vendor = 0,
  flags = 0x40,
): Buffer {
  const data =
    typeof value === 'number' ? u32(value) : Array.isArray(value) ? Buffer.concat(value) : Buffer.from(value as string);
  const head = [u32(code), u32((vendor === 0 ? 8 : 12) + data.length), ...(vendor === 0 ? [] : [u32(vendor)])];
  (head[1] as Buffer)[0] = flags | (vendor === 0 ? 0 : 0x80);
  return Buffer.concat([...head, data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}

/** The same with 3GPP's Vendor-Id. */
export function tgpp(code: number, value: number | string | Buffer | readonly Buffer[], flags = 0x40): Buffer {
  return avp(code, value, TGPP, flags);
}

export function message(head: WireHead, avps: readonly Buffer[]): Buffer {
  const body = Buffer.concat(avps);
  const first = u32(20 + body.length);
  first[0] = 1;
  const second = u32(head.code);
  second[0] = head.flags;
  return Buffer.concat([first, second, u32(head.application), u32(head.hopByHop), u32(head.endToEnd), body]);
}

export function parse(octets: Buffer): WireMessage {
  return {
    flags: octets.readUInt8(4),
    code: octets.readUIntBE(5, 3),
    application: octets.readUInt32BE(8),
    hopByHop: octets.readUInt32BE(12),
    endToEnd: octets.readUInt32BE(16),
    avps: parseAvps(octets.subarray(20)),
  };
}

export function parseAvps(octets: Buffer): WireAvp[] {
  const avps: WireAvp[] = [];
  for (let at = 0; at < octets.length; ) {
    const flags = octets.readUInt8(at + 4);
    const length = octets.readUIntBE(at + 5, 3);
    const head = flags & 0x80 ? 12 : 8;
    avps.push({
      code: octets.readUInt32BE(at),
      vendor: head === 12 ? octets.readUInt32BE(at + 8) : 0,
      flags,
      value: octets.subarray(at + head, at + length),
    });
    at += Math.ceil(length / 4) * 4;
  }
  return avps;
}

type Holder = WireMessage | WireAvp;

/** Values of the AVPs with this code in a message or a group. */
export function all(holder: Holder, code: number): Buffer[] {
  const avps = 'avps' in holder ? holder.avps : parseAvps(holder.value);
  return avps.filter((one) => one.code === code).map(({ value }) => value);
}

export function groups(holder: Holder, code: number): WireAvp[] {
  const avps = 'avps' in holder ? holder.avps : parseAvps(holder.value);
  return avps.filter((one) => one.code === code);
}

export function text(holder: Holder, code: number): string | undefined {
  return all(holder, code)[0]?.toString();
}

export function number(holder: Holder, code: number): number | undefined {
  return all(holder, code)[0]?.readUInt32BE();
}

/** Cuts messages out of a stream. */
export class WireReader {
  #octets = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#octets = Buffer.concat([this.#octets, chunk]);
    const messages: Buffer[] = [];
    while (this.#octets.length >= 4 && this.#octets.length >= this.#octets.readUIntBE(1, 3)) {
      const length = this.#octets.readUIntBE(1, 3);
      messages.push(this.#octets.subarray(0, length));
      this.#octets = this.#octets.subarray(length);
    }
    return messages;
  }
}
