import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type TpAddress, tpAddress } from '../../src/sms/address.ts';
import { DEFAULT, EXTENSION } from '../../src/sms/alphabet-tables.ts';
import { NUMBER_TYPES } from '../../src/sms/number-type.ts';
import { printRp, type RpSender, rpAddress } from '../../src/sms/rp.ts';
import { textParts } from '../../src/sms/text.ts';
import type { Tpdu, Within } from '../../src/sms/tpdu.ts';
import { printTpdu } from '../../src/sms/tpdu-printing.ts';
import { octetData, ports, septetData, type UserData } from '../../src/sms/user-data.ts';
import type { Validity } from '../../src/sms/validity.ts';
import { commandOrSkip } from '../support/require-package.ts';
import { type Decoded, decode, faultOf } from '../support/tshark.ts';

/** A TPDU, where it stands, and what Wireshark must read of it. */
interface Sample {
  readonly tpdu: Tpdu;
  readonly sender: RpSender;
  readonly within: Within;
  readonly read: { readonly [field: string]: string };
}

const SEED = 20_040;
const PLACES = [
  { address: '192.0.2.1', port: 5060 },
  { address: '192.0.2.2', port: 5060 },
] as const;

/** Line ends and other controls are shown in ways of its own. */
const isPrintable = (character: string) => !/\p{Cc}/u.test(character);
const septetText = fc.string({
  unit: fc.constantFrom(...[...DEFAULT, ...EXTENSION.values()].filter(isPrintable)),
  minLength: 1,
  maxLength: 70,
});
const ucs2Text = fc
  .string({ unit: fc.constantFrom('я', '中', '😀', 'a', '€', 'ç'), minLength: 2, maxLength: 30 })
  .map((text) => `ї${text}`);
const addresses: readonly TpAddress[] = [
  ...NUMBER_TYPES.map((type, plan) => ({ type, plan, value: type === 'alphanumeric' ? 'Wi-Fi 7' : '1234567' })),
  tpAddress('+12345678901234567890'),
  tpAddress('11 letters!'),
];

const TIMES = [-720, -15, 0, 345, 840].map((zoneMinutes, at) => ({
  at: Date.UTC(2026, at, 28, 23, 59, 58),
  zoneMinutes,
}));
const [TIME = { at: 0, zoneMinutes: 0 }] = TIMES;

const hex = (value: number, digits = 2) => `0x${value.toString(16).padStart(digits, '0')}`;
const first = (text: string): UserData => textParts(text, { reference: 0 })[0] ?? septetData(0, [], []);

function deliver(originator: TpAddress, userData: UserData, read: Sample['read'], at = 0): Sample {
  const timestamp = TIMES[at % TIMES.length] ?? TIME;
  const local = new Date(timestamp.at + timestamp.zoneMinutes * 60_000);
  return {
    sender: 'network',
    within: 'data',
    tpdu: {
      type: 'deliver',
      moreMessages: at % 2 === 0,
      loopPrevention: false,
      replyPath: at % 3 === 0,
      statusReport: at % 2 === 1,
      originator,
      protocol: 0,
      timestamp,
      userData,
    },
    read: {
      'gsm_sms.tp-oa': originator.value,
      'gsm_sms.scts.month': String(local.getUTCMonth() + 1),
      'gsm_sms.scts.day': String(local.getUTCDate()),
      'gsm_sms.scts.hour': String(local.getUTCHours()),
      'gsm_sms.tp-mms': String(at % 2 === 0 ? 0 : 1),
      'gsm_sms.tp-dcs': String(userData.coding),
      ...read,
    },
  };
}

function submit(validity: Validity | undefined, format: number): Sample {
  return {
    sender: 'handset',
    within: 'data',
    tpdu: {
      type: 'submit',
      rejectDuplicates: true,
      replyPath: false,
      statusReport: true,
      reference: 200,
      destination: tpAddress('+4712345678'),
      protocol: 0,
      validity,
      userData: first('valid'),
    },
    read: {
      'gsm_sms.tp-da': '4712345678',
      'gsm_sms.tp-vpf': String(format),
      'gsm_sms.tp-mr': '200',
      'gsm_sms.sms_text': 'valid',
    },
  };
}

function samples(): readonly Sample[] {
  const texts = [
    ...fc.sample(septetText, { numRuns: 40, seed: SEED }),
    ...fc.sample(ucs2Text, { numRuns: 10, seed: SEED }),
  ];
  const sender = tpAddress('1001');
  const concatenated = [8, 16].flatMap((bits) =>
    textParts('{}'.repeat(100), { reference: 0x1234, bits: bits === 8 ? 8 : 16 }).map((part, at) =>
      deliver(sender, part, {
        'gsm_sms.udh.mm.msg_id': bits === 8 ? '52' : '4660',
        'gsm_sms.udh.mm.msg_part': String(at + 1),
      }),
    ),
  );
  const data = octetData(4, [ports({ destination: 16_000, originator: 16_001, bits: 16 })], Uint8Array.of(1));
  return [
    ...texts.map((text, at) => deliver(sender, first(text), { 'gsm_sms.sms_text': text }, at)),
    ...addresses.map((address) => deliver(address, first('x'), {})),
    ...concatenated,
    deliver(sender, data, { 'gsm_sms.destination_port': '16000', 'gsm_sms.originator_port': '16001' }),
    submit(undefined, 0),
    submit({ form: 'relative', value: 167 }, 2),
    submit({ form: 'absolute', until: TIME }, 3),
    submit({ form: 'enhanced', octets: Uint8Array.of(2, 30, 0, 0, 0, 0, 0) }, 1),
    {
      sender: 'network',
      within: 'data',
      tpdu: {
        type: 'status-report',
        moreMessages: false,
        loopPrevention: false,
        ofCommand: true,
        reference: 7,
        recipient: tpAddress('+4712345678'),
        timestamp: TIME,
        discharge: TIME,
        status: 0x46,
        optional: { protocol: 0, userData: septetData(0, [], [0x68, 0x69]) },
      },
      read: { 'gsm_sms.tp-ra': '4712345678', 'gsm_sms.tp-mr': '7', 'gsm_sms.tp-srq': '1' },
    },
    {
      sender: 'handset',
      within: 'data',
      tpdu: {
        type: 'command',
        statusReport: false,
        hasHeader: false,
        reference: 3,
        protocol: 0,
        command: 2,
        messageNumber: 9,
        destination: tpAddress('4711'),
        data: new Uint8Array(0),
      },
      read: { 'gsm_sms.tp.message_number': '9', 'gsm_sms.tp.command_type': '2', 'gsm_sms.tp-da': '4711' },
    },
    {
      sender: 'handset',
      within: 'error',
      tpdu: { type: 'deliver-report', failure: 0xd3, optional: {} },
      read: { 'gsm_sms.tp-fcs': hex(0xd3) },
    },
    {
      sender: 'network',
      within: 'error',
      tpdu: { type: 'submit-report', failure: 0xc3, timestamp: TIME, optional: {} },
      read: { 'gsm_sms.tp-fcs': hex(0xc3) },
    },
    {
      sender: 'network',
      within: 'ack',
      tpdu: { type: 'submit-report', failure: undefined, timestamp: TIME, optional: { protocol: 0, coding: 0 } },
      read: { 'gsm_sms.tp.parameter_indicator': hex(3) },
    },
  ];
}

function messageOf({ tpdu, sender, within }: Sample): Buffer {
  const userData = printTpdu(tpdu);
  const rpdu = printRp(
    within === 'data'
      ? { type: 'data', reference: 1, centre: rpAddress('+19999'), userData }
      : within === 'ack'
        ? { type: 'ack', reference: 1, userData }
        : { type: 'error', reference: 1, cause: 22, userData },
    sender,
  );
  const head = [
    'MESSAGE sip:a@192.0.2.2 SIP/2.0',
    'Content-Type: application/vnd.3gpp.sms',
    `Content-Length: ${rpdu.length}`,
    '\r\n',
  ];
  return Buffer.concat([Buffer.from(head.join('\r\n')), rpdu]);
}

describe('Wireshark', () => {
  it('reads in TPDUs what was written', async (t) => {
    const tshark = commandOrSkip(t, 'tshark', 'tshark');
    if (tshark === undefined) return;
    const all = samples();
    const [from, to] = PLACES;
    const fields = [...new Set(all.flatMap(({ read }) => Object.keys(read)))];
    const datagrams = all.map((sample) => ({ from, to, data: messageOf(sample) }));
    const packets = await decode(t, tshark, datagrams, fields);
    const found = all.map((sample, at) => told(packets[at] ?? {}, Object.keys(sample.read)));
    assert.deepEqual(
      found,
      all.map(({ read }) => read),
    );
    assert.deepEqual(
      packets.map(faultOf).filter((fault) => fault !== undefined),
      [],
    );
  });
});

/** The first value of each field. */
function told(packet: Decoded, fields: readonly string[]): { readonly [field: string]: string | undefined } {
  return Object.fromEntries(fields.map((field) => [field, packet[field]?.[0]]));
}
