import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SctpAssociation } from '../../src/net/ports.ts';
import { systemNet } from '../../src/net/system-net.ts';

/** Message types of TS 29.118, table 9.1. */
export const SGSAP = {
  pagingRequest: 1,
  pagingReject: 2,
  serviceRequest: 6,
  downlinkUnitdata: 7,
  uplinkUnitdata: 8,
  locationUpdateRequest: 9,
  locationUpdateAccept: 10,
  locationUpdateReject: 11,
  tmsiReallocationComplete: 12,
  alertRequest: 13,
  alertAck: 14,
  alertReject: 15,
  ueActivityIndication: 16,
  epsDetachIndication: 17,
  epsDetachAck: 18,
  imsiDetachIndication: 19,
  imsiDetachAck: 20,
  resetIndication: 21,
  resetAck: 22,
  moCsfbIndication: 24,
  mmInformationRequest: 26,
  releaseRequest: 27,
  status: 29,
  ueUnreachable: 31,
} as const;

/** Information element identifiers of table 9.2. */
export const IE = {
  imsi: 1,
  vlrName: 2,
  lai: 4,
  sgsCause: 8,
  mmeName: 9,
  locationUpdateType: 10,
  mobileIdentity: 14,
  rejectCause: 15,
  epsDetachType: 16,
  nonEpsDetachType: 17,
  imeisv: 21,
  nas: 22,
  mmInformation: 23,
  erroneousMessage: 27,
  serviceIndicator: 32,
} as const;

export interface SgsapMessage {
  readonly type: number;
  /** The first of each identifier. */
  readonly elements: ReadonlyMap<number, Buffer>;
  /** Digits, where it names a UE. */
  readonly imsi: string | undefined;
}

/** Location area 7 of network 001-01. */
export const LAI = Buffer.from('00f1100007', 'hex');

/**
 * An MME on SGs, written from TS 29.118 §8 and §9 without the server's codec: it says what the test wants and hands out
 * what it hears in order.
 */
export class Mme {
  readonly name: string;
  /** All messages of the VLR as they came. */
  readonly received: Buffer[] = [];
  closed: { readonly error: Error | undefined } | undefined;
  /** Rejects what is not answered: the clock of the server stands still, this one does not. */
  readonly #patienceMs: number;
  readonly #inbox: SgsapMessage[] = [];
  #association: SctpAssociation | undefined;
  #wake: () => void = () => {};

  private constructor(name: string, patienceMs: number) {
    this.name = name;
    this.#patienceMs = patienceMs;
  }

  /** Connects and takes the RESET-INDICATION of a VLR that was just started, unless `reset` is false. */
  static async connect(
    t: TestContext,
    server: Endpoint,
    { name = 'mme1.epc.test', local, reset = true, patienceMs = 5000 }: Partial<MmeOptions> = {},
  ): Promise<Mme> {
    const mme = new Mme(name, patienceMs);
    const bugs: unknown[] = [];
    let up: () => void = () => {};
    const isUp = new Promise<void>((resolve) => {
      up = resolve;
    });
    const from = local === undefined ? {} : { local: { address: local, port: 0 } };
    mme.#association = systemNet((bug) => bugs.push(bug)).connectSctp(
      { remote: server, ...from, ppid: 0 },
      {
        onUp: () => up(),
        onMessage: (octets) => mme.#hear(octets),
        onClose(error) {
          mme.closed = { error };
          up();
          mme.#wake();
        },
      },
    );
    t.after(() => {
      mme.drop();
      assert.deepEqual(bugs, []);
    });
    await isUp;
    assert.equal(mme.closed?.error, undefined);
    if (reset) {
      const message = await mme.next(SGSAP.resetIndication);
      assert.ok(message.elements.has(IE.vlrName));
      mme.send(SGSAP.resetAck, [[IE.mmeName, nameOctets(name)]]);
    }
    return mme;
  }

  get local(): Endpoint {
    return this.#association?.local ?? { address: '', port: 0 };
  }

  /** The next message of the VLR, which must be of this type. */
  async next(type: number): Promise<SgsapMessage> {
    const end = performance.now() + this.#patienceMs;
    while (this.#inbox.length === 0) {
      const left = end - performance.now();
      assert.ok(left > 0 && this.closed === undefined, `no message of type ${type}`);
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timeout);
          resolve();
        };
      });
    }
    const message = this.#inbox.shift() as SgsapMessage;
    assert.equal(message.type, type, `message of type ${message.type} in the place of ${type}`);
    return message;
  }

  /** Asserts that nothing came; what is on its way is waited for. */
  async silent(): Promise<void> {
    // The VLR answers a message it does not know at once, after everything before it.
    this.sendOctets(Buffer.from([0xff]));
    await this.next(SGSAP.status);
    assert.deepEqual(this.#inbox, []);
  }

  send(type: number, elements: readonly (readonly [number, Uint8Array])[]): void {
    this.sendOctets(
      Buffer.concat([Buffer.of(type), ...elements.flatMap(([id, value]) => [Buffer.of(id, value.length), value])]),
    );
  }

  sendOctets(octets: Uint8Array): void {
    this.#association?.send(octets);
  }

  /** A message that concerns one UE. */
  ofUe(type: number, imsi: string, elements: readonly (readonly [number, Uint8Array])[] = []): void {
    this.send(type, [[IE.imsi, imsiOctets(imsi)], ...elements]);
  }

  locationUpdate(imsi: string, type = 1, elements: readonly (readonly [number, Uint8Array])[] = []): void {
    const own: readonly (readonly [number, Uint8Array])[] = [
      [IE.mmeName, nameOctets(this.name)],
      [IE.locationUpdateType, Buffer.of(type)],
      [IE.lai, LAI],
    ];
    this.ofUe(SGSAP.locationUpdateRequest, imsi, [...own, ...elements]);
  }

  /** The connection ends without a farewell in SGsAP. */
  drop(): void {
    this.#association?.abort();
  }

  #hear(octets: Buffer): void {
    this.received.push(octets);
    const elements = new Map<number, Buffer>();
    let at = 1;
    for (; at + 2 <= octets.length; at += 2 + (octets[at + 1] as number)) {
      const id = octets[at] as number;
      const value = octets.subarray(at + 2, at + 2 + (octets[at + 1] as number));
      if (!elements.has(id)) elements.set(id, value);
    }
    assert.equal(at, octets.length, `a message that does not end with an element: ${octets.toString('hex')}`);
    const imsi = elements.get(IE.imsi);
    this.#inbox.push({ type: octets[0] as number, elements, imsi: imsi && imsiDigits(imsi) });
    this.#wake();
  }
}

export interface MmeOptions {
  readonly name: string;
  /** Address to connect from. */
  readonly local: string;
  readonly reset: boolean;
  readonly patienceMs: number;
}

/** Mobile identity of type IMSI (TS 24.008 §10.5.1.4). */
export function imsiOctets(digits: string): Buffer {
  const odd = digits.length % 2;
  const text = `${digits[0]}${odd === 1 ? 9 : 1}`;
  let hex = text;
  for (let at = 1; at < digits.length; at += 2) hex += `${digits[at + 1] ?? 'f'}${digits[at]}`;
  return Buffer.from(hex, 'hex');
}

function imsiDigits(octets: Buffer): string {
  const digits = octets
    .toString('hex')
    .replaceAll(/(.)(.)/g, '$2$1')
    .slice(1);
  return digits.replace('f', '');
}

export function nameOctets(name: string): Buffer {
  return Buffer.concat(name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)));
}
