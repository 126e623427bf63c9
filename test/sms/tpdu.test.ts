import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import { addressText, tpAddress } from '../../src/sms/address.ts';
import { parseCp } from '../../src/sms/cp.ts';
import { parseRp, type RpSender } from '../../src/sms/rp.ts';
import { parseTpdu, type Tpdu, type Within } from '../../src/sms/tpdu.ts';
import { printTpdu, withMoreMessages } from '../../src/sms/tpdu-printing.ts';
import { contentOf, octetData, septetData } from '../../src/sms/user-data.ts';
import { hex, octets, type TpduVector, VECTORS } from './vectors.ts';

const SENDERS: { readonly [type: string]: RpSender } = {
  'SMS-SUBMIT': 'handset',
  'SMS-DELIVER': 'network',
  'SMS-STATUS-REPORT': 'network',
  'SMS-DELIVER-REPORT(RP-ACK)': 'handset',
  'SMS-SUBMIT-REPORT(RP-ACK)': 'network',
};

const senderOf = ({ type }: TpduVector) => SENDERS[type] ?? 'handset';
const withinOf = ({ type }: TpduVector): Within => (type.includes('RP-ACK') ? 'ack' : 'data');
/** Its source names the local times as if they were universal. */
const LOCAL_TIMES = ['pymsg-deliver-7'];
const valid = VECTORS.tpdu.filter(({ type }) => type !== 'INVALID');

function addressOf(tpdu: Tpdu): string | undefined {
  if (tpdu.type === 'deliver') return addressText(tpdu.originator);
  if (tpdu.type === 'submit' || tpdu.type === 'command') return addressText(tpdu.destination);
  return tpdu.type === 'status-report' ? addressText(tpdu.recipient) : undefined;
}

const instant = (text: string | undefined) => text && new Date(text).toISOString();
const printed = (at: number | undefined) => at && new Date(at).toISOString();

describe('a published TPDU', () => {
  for (const vector of valid) {
    const tpdu = parseTpdu(octets(vector.tpdu), senderOf(vector), withinOf(vector));

    it(`${vector.id} says what its source says`, () => {
      assert.ok(vector.type.toLowerCase().startsWith(`sms-${tpdu.type}`));
      // The source of one leaves the plus out.
      if (vector.number !== undefined) assert.equal(addressOf(tpdu)?.replace('+', ''), vector.number.replace('+', ''));
      const timestamp = 'timestamp' in tpdu ? tpdu.timestamp.at : undefined;
      const scts = vector.scts ?? vector.scts_utc ?? vector.date_utc;
      if (scts !== undefined && !LOCAL_TIMES.includes(vector.id)) assert.equal(printed(timestamp), instant(scts));
      if (tpdu.type === 'status-report') {
        const discharge = vector.discharge ?? vector.discharge_utc;
        if (discharge !== undefined && !LOCAL_TIMES.includes(vector.id))
          assert.equal(printed(tpdu.discharge.at), instant(discharge));
        if (vector.status !== undefined) assert.equal(tpdu.status, vector.status);
      }
      if ('reference' in tpdu && vector.mr !== undefined) assert.equal(tpdu.reference, vector.mr);
      if ('optional' in tpdu && vector.pid !== undefined) assert.equal(tpdu.optional.protocol, vector.pid);
      if (tpdu.type !== 'deliver' && tpdu.type !== 'submit') return;
      const content = contentOf(tpdu.userData);
      const text = content.text ?? Buffer.from(content.data).toString('latin1');
      if (vector.text !== undefined) assert.equal(text, vector.text);
      if (vector.text_full_message !== undefined) assert.ok(vector.text_full_message.includes(text));
      if (vector.dcs !== undefined) assert.equal(tpdu.userData.coding, vector.dcs);
      if (vector.concat_ref !== undefined) assert.equal(content.concatenation?.reference, vector.concat_ref);
      if (vector.concat_cnt !== undefined) assert.equal(content.concatenation?.parts, vector.concat_cnt);
      if (vector.concat_seq !== undefined) assert.equal(content.concatenation?.part, vector.concat_seq);
      if (vector.vp_relative !== undefined && tpdu.type === 'submit') {
        assert.deepEqual(tpdu.validity, { form: 'relative', value: vector.vp_relative });
      }
      if (vector.vp_enhanced !== undefined && tpdu.type === 'submit') {
        assert.deepEqual(tpdu.validity, { form: 'enhanced', octets: octets(vector.vp_enhanced) });
      }
    });

    it(`${vector.id} is written as it was`, () => {
      // Octets behind what was announced, and signs in fill bits, are not kept.
      const whole = printTpdu(tpdu);
      assert.deepEqual(parseTpdu(whole, senderOf(vector), withinOf(vector)), tpdu);
      assert.ok(vector.tpdu.startsWith(hex(whole)), `${hex(whole)} is not ${vector.tpdu}`);
    });

    it(`${vector.id} cut short is refused`, () => {
      const whole = printTpdu(tpdu);
      for (let length = 0; length < whole.length; length++) {
        assert.throws(
          () => parseTpdu(whole.subarray(0, length), senderOf(vector), withinOf(vector)),
          MalformedError,
          `${length} of ${whole.length} octets`,
        );
      }
    });
  }

  it('whose user data is shorter than it says is refused', () => {
    const vector = VECTORS.tpdu.find(({ type }) => type === 'INVALID');
    assert.ok(vector !== undefined);
    assert.throws(() => parseTpdu(octets(vector.tpdu), 'handset', 'data'), MalformedError);
  });
});

describe('a published RPDU', () => {
  for (const { id, hex: data, expect } of VECTORS.rp_cp) {
    it(`${id} says what its source says, through all layers`, () => {
      const cp = parseCp(octets(data));
      assert.equal(`CP-${cp.type.toUpperCase()}`, expect.cp);
      if (cp.type !== 'data') return;
      const rp = parseRp(cp.userData, 'network');
      assert.ok(rp.type === 'data');
      assert.equal(rp.centre?.digits, expect.rp_oa);
      const tpdu = parseTpdu(rp.userData, 'network', 'data');
      assert.ok(tpdu.type === 'deliver');
      assert.equal(tpdu.originator.value, expect.tp_oa);
      // The text of one is cut off in its source.
      assert.ok(contentOf(tpdu.userData).text?.startsWith(expect.text ?? ''));
    });
  }
});

const TIMESTAMP = { at: Date.UTC(2026, 6, 1, 12, 0, 7), zoneMinutes: -210 };

const OWN: readonly (readonly [string, RpSender, Within, Tpdu])[] = [
  [
    'SMS-COMMAND',
    'handset',
    'data',
    {
      type: 'command',
      statusReport: true,
      hasHeader: false,
      reference: 3,
      protocol: 0,
      command: 2,
      messageNumber: 9,
      destination: tpAddress('+15551234'),
      data: octets('0102'),
    },
  ],
  [
    'SMS-SUBMIT-REPORT of a failure',
    'network',
    'error',
    { type: 'submit-report', failure: 0xc3, timestamp: TIMESTAMP, optional: {} },
  ],
  [
    'SMS-DELIVER-REPORT with everything',
    'handset',
    'error',
    {
      type: 'deliver-report',
      failure: 0xd3,
      optional: { protocol: 0x7f, coding: 0xf6, userData: octetData(0xf6, [], octets('aabbcc')) },
    },
  ],
  [
    'SMS-STATUS-REPORT with text',
    'network',
    'data',
    {
      type: 'status-report',
      moreMessages: true,
      loopPrevention: true,
      ofCommand: true,
      reference: 255,
      recipient: tpAddress('Name'),
      timestamp: TIMESTAMP,
      discharge: { at: TIMESTAMP.at + 1000, zoneMinutes: 840 },
      status: 0x46,
      optional: { userData: septetData(0, [], [0x68, 0x69]) },
    },
  ],
  [
    'SMS-DELIVER with every flag',
    'network',
    'data',
    {
      type: 'deliver',
      moreMessages: true,
      loopPrevention: true,
      replyPath: true,
      statusReport: true,
      originator: tpAddress('12*#'),
      protocol: 0x41,
      timestamp: TIMESTAMP,
      userData: octetData(0x08, [{ identifier: 0x70, data: octets('01') }], octets('00e9')),
    },
  ],
  [
    'SMS-SUBMIT with every flag and a date',
    'handset',
    'data',
    {
      type: 'submit',
      rejectDuplicates: true,
      replyPath: true,
      statusReport: true,
      reference: 0,
      destination: tpAddress('+33123456789'),
      protocol: 0,
      validity: { form: 'absolute', until: TIMESTAMP },
      userData: septetData(0, [], []),
    },
  ],
];

describe('a TPDU of our own', () => {
  for (const [name, sender, within, tpdu] of OWN) {
    it(`${name} comes back as it was, and is refused when cut short`, () => {
      const whole = printTpdu(tpdu);
      assert.deepEqual(parseTpdu(whole, sender, within), tpdu);
      for (let length = 0; length < whole.length; length++) {
        const cut = whole.subarray(0, length);
        // §9.2.2.3: all behind the status may be left out.
        if (tpdu.type === 'status-report' && length === 23) continue;
        assert.throws(() => parseTpdu(cut, sender, within), MalformedError, hex(cut));
      }
    });
  }

  it('says whether further messages wait', () => {
    const deliver = OWN.find(([, , , { type }]) => type === 'deliver')?.[3];
    assert.ok(deliver?.type === 'deliver');
    for (const more of [false, true]) {
      const tpdu = parseTpdu(withMoreMessages(printTpdu(deliver), more), 'network', 'data');
      assert.deepEqual(tpdu, { ...deliver, moreMessages: more });
    }
  });

  it('stands only where it may', () => {
    const places: readonly (readonly [string, RpSender, Within])[] = [
      ['00', 'handset', 'data'],
      ['01', 'network', 'data'],
      ['02', 'handset', 'ack'],
      ['03', 'handset', 'data'],
      ['00', 'network', 'ack'],
      ['01', 'handset', 'error'],
    ];
    for (const [data, sender, within] of places) {
      assert.throws(() => parseTpdu(octets(`${data}${'00'.repeat(30)}`), sender, within), /inside RP-/);
    }
  });

  it('of the reserved type is an SMS-DELIVER to a handset', () => {
    const data = octets('030491578800000190115101112900');
    assert.equal(parseTpdu(data, 'network', 'data').type, 'deliver');
  });
});

describe('any octets', () => {
  it('are a TPDU or malformed, never a fault', () => {
    const places = fc.tuple(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom<RpSender>('handset', 'network'),
      fc.constantFrom<Within>('data', 'ack', 'error'),
    );
    fc.assert(
      fc.property(places, ([data, sender, within]) => {
        try {
          const tpdu = parseTpdu(data, sender, within);
          if ('userData' in tpdu) contentOf(tpdu.userData);
        } catch (error) {
          assert.ok(error instanceof MalformedError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
