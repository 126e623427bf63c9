import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import {
  MESSAGES,
  type MessageType,
  messageLines,
  parseMessage,
  printMessage,
  SgsFault,
  type SgsMessage,
} from '../../src/sgsap/message.ts';

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly message: string;
  readonly source: string;
}

const VECTORS = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../test/vectors/sgsap.json'), 'utf8'),
) as readonly Vector[];

const IMSI = '001010123456789';
const NAME = 'mmec01.mmegi0002.mme.epc.mnc001.mcc001.3gppnetwork.org';
const AREA = { mcc: '001', mnc: '01', code: 0xfffe };
const UE_DETAILS = {
  imeisv: '3520990017614823',
  ueTimeZone: 0x40,
  classmark2: Uint8Array.of(0x57, 0x58, 0xa6),
  tai: { mcc: '310', mnc: '410', code: 7 },
  ecgi: { mcc: '310', mnc: '410', cell: 0x0abcdef },
};
const NAS = Uint8Array.of(0x09, 0x04);

/** Every message with every element. */
const SAMPLES: { readonly [T in MessageType]: SgsMessage<T> } = {
  'PAGING-REQUEST': {
    type: 'PAGING-REQUEST',
    imsi: IMSI,
    vlrName: 'vlr.example.net',
    serviceIndicator: 2,
    tmsi: 0x01020304,
    cli: Uint8Array.of(0x91, 0x21),
    lai: AREA,
    globalCnId: Uint8Array.of(0, 0xf1, 0x10, 0, 1),
    ssCode: 0x12,
    lcsIndicator: 1,
    lcsClientIdentity: Uint8Array.of(0x80, 1, 0),
    channelNeeded: 3,
    emlppPriority: 4,
    additionalPagingIndicators: 1,
    smDeliveryTimer: Uint8Array.of(0, 60),
    smDeliveryStartTime: Uint8Array.of(1, 2, 3, 4),
    maximumRetransmissionTime: Uint8Array.of(1, 2, 3, 5),
  },
  'PAGING-REJECT': { type: 'PAGING-REJECT', imsi: IMSI, sgsCause: 6 },
  'SERVICE-REQUEST': { type: 'SERVICE-REQUEST', imsi: IMSI, serviceIndicator: 2, ...UE_DETAILS, ueEmmMode: 1 },
  'DOWNLINK-UNITDATA': { type: 'DOWNLINK-UNITDATA', imsi: IMSI, nas: NAS },
  'UPLINK-UNITDATA': { type: 'UPLINK-UNITDATA', imsi: IMSI, nas: NAS, ...UE_DETAILS },
  'LOCATION-UPDATE-REQUEST': {
    type: 'LOCATION-UPDATE-REQUEST',
    imsi: IMSI,
    mmeName: NAME,
    locationUpdateType: 1,
    lai: AREA,
    tmsiStatus: 0,
    imeisv: UE_DETAILS.imeisv,
    tai: UE_DETAILS.tai,
    ecgi: UE_DETAILS.ecgi,
    tmsiBasedNri: Uint8Array.of(1, 0x40),
    selectedOperator: { mcc: '001', mnc: '01' },
  },
  'LOCATION-UPDATE-ACCEPT': {
    type: 'LOCATION-UPDATE-ACCEPT',
    imsi: IMSI,
    lai: AREA,
    mobileIdentity: { kind: 'tmsi', tmsi: 0xbfffffff },
  },
  'LOCATION-UPDATE-REJECT': { type: 'LOCATION-UPDATE-REJECT', imsi: IMSI, rejectCause: 17, lai: AREA },
  'TMSI-REALLOCATION-COMPLETE': { type: 'TMSI-REALLOCATION-COMPLETE', imsi: '00101012345678' },
  'ALERT-REQUEST': { type: 'ALERT-REQUEST', imsi: IMSI },
  'ALERT-ACK': { type: 'ALERT-ACK', imsi: IMSI },
  'ALERT-REJECT': { type: 'ALERT-REJECT', imsi: IMSI, sgsCause: 3 },
  'UE-ACTIVITY-INDICATION': {
    type: 'UE-ACTIVITY-INDICATION',
    imsi: IMSI,
    maximumAvailabilityTime: Uint8Array.of(1, 2, 3, 4),
  },
  'EPS-DETACH-INDICATION': { type: 'EPS-DETACH-INDICATION', imsi: IMSI, mmeName: NAME, epsDetachType: 2 },
  'EPS-DETACH-ACK': { type: 'EPS-DETACH-ACK', imsi: IMSI },
  'IMSI-DETACH-INDICATION': { type: 'IMSI-DETACH-INDICATION', imsi: IMSI, mmeName: NAME, nonEpsDetachType: 3 },
  'IMSI-DETACH-ACK': { type: 'IMSI-DETACH-ACK', imsi: IMSI },
  'RESET-INDICATION': { type: 'RESET-INDICATION', mmeName: NAME, vlrName: 'vlr.example.net' },
  'RESET-ACK': { type: 'RESET-ACK', mmeName: NAME, vlrName: 'vlr.example.net' },
  'SERVICE-ABORT-REQUEST': { type: 'SERVICE-ABORT-REQUEST', imsi: IMSI },
  'MO-CSFB-INDICATION': { type: 'MO-CSFB-INDICATION', imsi: IMSI, tai: UE_DETAILS.tai, ecgi: UE_DETAILS.ecgi },
  'MM-INFORMATION-REQUEST': { type: 'MM-INFORMATION-REQUEST', imsi: IMSI, mmInformation: Uint8Array.of(0x49, 1, 0) },
  'RELEASE-REQUEST': { type: 'RELEASE-REQUEST', imsi: IMSI, sgsCause: 3 },
  STATUS: { type: 'STATUS', imsi: IMSI, sgsCause: 12, erroneousMessage: Uint8Array.of(99) },
  'UE-UNREACHABLE': {
    type: 'UE-UNREACHABLE',
    imsi: IMSI,
    sgsCause: 14,
    requestedRetransmissionTime: Uint8Array.of(1, 2, 3, 4),
    additionalUnreachableIndicators: 1,
  },
};
const ALL = Object.values(SAMPLES) as readonly SgsMessage[];

describe('published messages of SGsAP', () => {
  for (const { id, hex, message, source } of VECTORS) {
    it(`${id} (${source})`, () => {
      const octets = Buffer.from(hex, 'hex');
      const parsed = parseMessage(octets);
      assert.equal(`SGsAP-${parsed.type}`, message);
      assert.equal(printMessage(parsed).toString('hex'), hex);
    });
  }

  it('mean what their sources say', () => {
    const of = (id: string) => parseMessage(Buffer.from(VECTORS.find((one) => one.id === id)?.hex ?? '', 'hex'));
    assert.deepEqual(of('otc-location_update_request'), {
      type: 'LOCATION-UPDATE-REQUEST',
      imsi: '123456789012345',
      mmeName: NAME,
      locationUpdateType: 1,
      lai: { mcc: '001', mnc: '01', code: 7 },
    });
    assert.deepEqual(of('open5gs-location_update_accept-0'), {
      type: 'LOCATION-UPDATE-ACCEPT',
      imsi: '999707364000060',
      lai: { mcc: '901', mnc: '70', code: 2342 },
      mobileIdentity: { kind: 'tmsi', tmsi: 0x9ee88e64 },
    });
  });
});

describe('messages of SGsAP', () => {
  for (const sample of ALL) {
    it(`${sample.type} is read as it was printed`, () => {
      const octets = printMessage(sample);
      assert.equal(octets[0], MESSAGES[sample.type].code);
      assert.deepEqual(parseMessage(octets), sample);
      assert.equal(messageLines(sample).length, Object.keys(sample).length - 1);
    });

    it(`${sample.type} is refused cut anywhere inside an element or before a needed one`, () => {
      const octets = printMessage(sample);
      const ends = new Set<number>();
      for (let at = 1; at < octets.length; at += 2 + (octets[at + 1] as number)) ends.add(at);
      for (let length = 0; length < octets.length; length++) {
        const read = () => parseMessage(octets.subarray(0, length));
        if (!ends.has(length)) assert.throws(read, MalformedError, `${length} octets`);
        else assert.ok(answerTo(read) === undefined || answerTo(read) === 8, `${length} octets`);
      }
    });
  }

  it('say their elements in words', () => {
    assert.deepEqual(messageLines(SAMPLES['SERVICE-REQUEST']), [
      'IMSI: 001010123456789',
      'Service indicator: 2 (SMS)',
      'IMEISV: 3520990017614823',
      'UE time zone: 64',
      'Mobile station classmark 2: 5758a6',
      'Tracking area identity: 310-410-7',
      'E-CGI: 310-410-11259375',
      'UE EMM mode: 1 (connected)',
    ]);
  });

  it('have names in labels, with a trailing root or with dots', () => {
    const read = (name: Uint8Array) => parseMessage(Buffer.concat([Buffer.of(21, 9, name.length), name]));
    const expected = { type: 'RESET-INDICATION', mmeName: 'mme.test' };
    assert.deepEqual(read(Buffer.from('\x03mme\x04test')), expected);
    assert.deepEqual(read(Buffer.from('\x03mme\x04test\0')), expected);
    assert.deepEqual(read(Buffer.from('mme.test')), expected);
    // An optional element that is illegible is as if it were not there.
    assert.deepEqual(read(Buffer.from('\x09mme')), { type: 'RESET-INDICATION' });
  });

  it('take an IMEISV as digits or as a Mobile identity', () => {
    const imsi = printMessage(SAMPLES['ALERT-ACK']).subarray(1);
    const read = (hex: string) => {
      const octets = Buffer.from(hex, 'hex');
      const head = [Buffer.of(6), imsi, Buffer.of(32, 1, 2, 21, octets.length)];
      const message = parseMessage(Buffer.concat([...head, octets]));
      return message.type === 'SERVICE-REQUEST' ? message.imeisv : undefined;
    };
    assert.equal(read('5302990071168432'), '3520990017614823');
    assert.equal(read('3325900910674128f3'), '3520990017614823');
  });

  const imsi = printMessage(SAMPLES['ALERT-ACK']).subarray(1);
  for (const [what, octets, answer, named] of [
    ['nothing', Buffer.alloc(0), undefined, false],
    ['an unknown type', Buffer.concat([Buffer.of(200), imsi]), 12, true],
    ['an unknown type with nonsense', Buffer.of(200, 1, 99), 12, false],
    ['a missing IMSI', Buffer.of(14), 8, false],
    ['a missing cause', Buffer.concat([Buffer.of(15), imsi]), 8, true],
    ['an empty element', Buffer.concat([Buffer.of(15), imsi, Buffer.of(8, 0)]), 9, true],
    ['a location area of four octets', Buffer.concat([Buffer.of(10), imsi, Buffer.of(4, 4, 0, 1, 2, 3)]), 9, true],
    ['a TMSI for an IMSI', Buffer.of(14, 1, 5, 0xf4, 1, 2, 3, 4), 9, false],
    ['an IMSI of five digits', Buffer.of(14, 1, 3, 0x19, 0x32, 0x54), 9, false],
  ] as const) {
    it(`are refused: ${what}`, () => {
      const read = () => parseMessage(octets);
      assert.throws(read, MalformedError);
      assert.equal(answerTo(read), answer);
      try {
        read();
      } catch (error) {
        assert.equal(error instanceof SgsFault && error.imsi === IMSI, named);
      }
    });
  }

  it('of any octets are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...ALL), fc.nat(), (octets, sample, at) => {
        const mutated = Buffer.from(printMessage(sample));
        mutated.set(octets.subarray(0, 4), at % Math.max(1, mutated.length - 4));
        for (const one of [octets, mutated]) {
          try {
            const message = parseMessage(one);
            messageLines(message);
            assert.deepEqual(parseMessage(printMessage(message)), message);
          } catch (error) {
            assert.ok(error instanceof MalformedError, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** The SGs cause a message is answered with; undefined when it is taken, or ignored. */
function answerTo(read: () => unknown): number | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof SgsFault ? error.answer : undefined;
  }
}
