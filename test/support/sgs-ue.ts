import assert from 'node:assert/strict';
import { IE, type Mme, SGSAP, type SgsapMessage } from './mme.ts';

/** Reference and text of a short message a UE got. */
export interface Received {
  /** Protocol discriminator and transaction identifier of its CP-DATA. */
  readonly transaction: number;
  readonly reference: number;
  /** Semi-octets of TP-OA. */
  readonly originator: string;
  readonly text: string;
}

/** A phone behind an MME: NAS messages of TS 24.011 and TPDUs of TS 23.040, octet by octet. */
export class SgsUe {
  readonly mme: Mme;
  readonly imsi: string;
  readonly imeisv: string | undefined;
  #transaction = 0;

  constructor(mme: Mme, imsi: string, imeisv?: string) {
    this.mme = mme;
    this.imsi = imsi;
    this.imeisv = imeisv;
  }

  /** Combined attach: location update with a new TMSI, confirmed; the time of day follows. */
  async attach(): Promise<void> {
    this.mme.locationUpdate(this.imsi, 1, this.#equipment());
    const accepted = await this.mme.next(SGSAP.locationUpdateAccept);
    assert.equal(accepted.imsi, this.imsi);
    assert.equal(accepted.elements.get(IE.lai)?.toString('hex'), '00f1100007');
    assert.match(accepted.elements.get(IE.mobileIdentity)?.toString('hex') ?? '', /^f4[0-9ab][0-9a-f]{7}$/);
    this.mme.ofUe(SGSAP.tmsiReallocationComplete, this.imsi);
    await this.mme.next(SGSAP.mmInformationRequest);
  }

  /** The next message, which pages this UE for a short message, answered. */
  async answerPaging(): Promise<void> {
    const paging = await this.paged();
    assert.equal(paging.elements.get(IE.serviceIndicator)?.toString('hex'), '02');
    this.serve();
  }

  async paged(): Promise<SgsapMessage> {
    const paging = await this.mme.next(SGSAP.pagingRequest);
    assert.equal(paging.imsi, this.imsi);
    return paging;
  }

  serve(): void {
    this.mme.ofUe(SGSAP.serviceRequest, this.imsi, [[IE.serviceIndicator, Buffer.of(2)], ...this.#equipment()]);
  }

  uplink(nas: Uint8Array): void {
    this.mme.ofUe(SGSAP.uplinkUnitdata, this.imsi, [[IE.nas, nas], ...this.#equipment()]);
  }

  async downlink(): Promise<Buffer> {
    const message = await this.mme.next(SGSAP.downlinkUnitdata);
    assert.equal(message.imsi, this.imsi);
    return message.elements.get(IE.nas) ?? Buffer.alloc(0);
  }

  async released(): Promise<SgsapMessage> {
    const message = await this.mme.next(SGSAP.releaseRequest);
    assert.equal(message.imsi, this.imsi);
    return message;
  }

  /** CP-DATA with RP-DATA with SMS-DELIVER, not yet acknowledged. */
  async nextDeliver(): Promise<Received> {
    return readDeliver(await this.downlink());
  }

  /** CP-ACK of a transaction that the network began. */
  acknowledgeCp({ transaction }: Received): void {
    this.uplink(Buffer.of(transaction | 0x80, 0x04));
  }

  /** CP-DATA with RP-ACK. */
  acknowledgeRp({ transaction, reference }: Received): void {
    this.uplink(Buffer.of(transaction | 0x80, 0x01, 6, 2, reference, 0x41, 2, 0, 0));
  }

  /** Takes the next short message, from paging to release. */
  async take(): Promise<Received> {
    await this.answerPaging();
    const received = await this.nextDeliver();
    await this.finish(received);
    await this.released();
    return received;
  }

  /** Both acknowledgements of a short message, and the CP-ACK for the second. */
  async finish(received: Received): Promise<void> {
    this.acknowledgeCp(received);
    this.acknowledgeRp(received);
    assert.deepEqual(await this.downlink(), Buffer.of(received.transaction, 0x04));
  }

  /** CP-DATA with RP-DATA with SMS-SUBMIT. @returns the transaction's first octet. */
  submit(to: string, text: string, reference = 1): number {
    const transaction = ((this.#transaction++ % 7) << 4) | 9;
    this.uplink(cpData(transaction, rpSubmit(to, text, reference)));
    return transaction;
  }

  /** Sends a short message and takes the answer, from the first octet to release. */
  async send(to: string, text: string, reference = 1): Promise<void> {
    const transaction = this.submit(to, text, reference);
    assert.deepEqual(await this.downlink(), Buffer.of(transaction | 0x80, 0x04));
    const answer = await this.downlink();
    // CP-DATA of the answering side with RP-ACK (network to handset) of the same reference.
    assert.deepEqual([...answer.subarray(0, 2)], [transaction | 0x80, 0x01]);
    assert.deepEqual([...answer.subarray(3, 5)], [3, reference]);
    this.uplink(Buffer.of(transaction, 0x04));
    await this.released();
  }

  #equipment(): readonly (readonly [number, Uint8Array])[] {
    if (this.imeisv === undefined) return [];
    return [[IE.imeisv, Buffer.from(swapped(this.imeisv), 'hex')]];
  }
}

export function cpData(transaction: number, rpdu: Uint8Array): Buffer {
  return Buffer.from([transaction, 0x01, rpdu.length, ...rpdu]);
}

/** RP-DATA (handset to network) to the service centre +19999, with SMS-SUBMIT in the default alphabet. */
export function rpSubmit(to: string, text: string, reference: number): Buffer {
  const number = Buffer.from(swapped(to.length % 2 === 1 ? `${to}f` : to), 'hex');
  const tpdu = Buffer.from([0x01, reference, to.length, 0x81, ...number, 0, 0, text.length, ...packed(text)]);
  return Buffer.from([0, reference, 0, 4, 0x91, 0x91, 0x99, 0xf9, tpdu.length, ...tpdu]);
}

function readDeliver(nas: Buffer): Received {
  const [transaction = 0, type, length, rp, reference = 0, centre = 0] = nas;
  assert.deepEqual([transaction & 15, type, length, rp], [9, 1, nas.length - 3, 1]);
  assert.equal(transaction & 0x80, 0, 'a transaction that the network began');
  const tpdu = nas.subarray(3 + 3 + centre + 1 + 1);
  assert.equal(nas[3 + 3 + centre + 1], tpdu.length);
  assert.equal((tpdu[0] as number) & 3, 0, 'SMS-DELIVER');
  const digits = tpdu[1] as number;
  const end = 3 + ((digits + 1) >> 1);
  const originator = swapped(tpdu.subarray(3, end).toString('hex')).slice(0, digits);
  assert.equal(tpdu[end + 1], 0, 'the default alphabet');
  const septets = tpdu[end + 9] as number;
  return { transaction, reference, originator, text: unpacked(tpdu.subarray(end + 10), septets) };
}

/** Each two hexadecimal digits in the other order. */
function swapped(hex: string): string {
  return hex.replace(/(.)(.)/g, '$2$1');
}

/** Characters that have the same code in ASCII and in the default alphabet. */
function packed(text: string): number[] {
  let bits = 0n;
  for (let at = 0; at < text.length; at++) bits |= BigInt(text.charCodeAt(at)) << BigInt(7 * at);
  return Array.from({ length: Math.ceil((7 * text.length) / 8) }, (_, at) => Number((bits >> BigInt(8 * at)) & 255n));
}

function unpacked(octets: Uint8Array, septets: number): string {
  let bits = 0n;
  octets.forEach((octet, at) => {
    bits |= BigInt(octet) << BigInt(8 * at);
  });
  return Array.from({ length: septets }, (_, at) => String.fromCharCode(Number((bits >> BigInt(7 * at)) & 127n))).join(
    '',
  );
}
