import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../src/core/errors.ts';
import { parseRp, printRp, RpFault, type RpMessage, type RpSender, rpAddress } from '../../src/sms/rp.ts';
import { describeRpCause, RP_CAUSE } from '../../src/sms/rp-causes.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

interface Row {
  readonly name: string;
  readonly sender: RpSender;
  readonly hex: string;
  readonly message: RpMessage;
}

const TPDU = octets('010203');

const ROWS: readonly Row[] = [
  {
    name: 'RP-DATA of a handset',
    sender: 'handset',
    hex: '0007000791447758100650' + '03010203',
    message: { type: 'data', reference: 7, centre: rpAddress('+447785016005'), userData: TPDU },
  },
  {
    name: 'RP-DATA of the network, to a number of its own',
    sender: 'network',
    hex: '01ff0381214300' + '03010203',
    message: { type: 'data', reference: 255, centre: rpAddress('1234'), userData: TPDU },
  },
  { name: 'RP-ACK without a report', sender: 'handset', hex: '0200', message: { type: 'ack', reference: 0 } },
  {
    name: 'RP-ACK of the network with a report',
    sender: 'network',
    hex: '03014103010203',
    message: { type: 'ack', reference: 1, userData: TPDU },
  },
  {
    name: 'RP-ERROR',
    sender: 'handset',
    hex: '04090116',
    message: { type: 'error', reference: 9, cause: RP_CAUSE.memoryExceeded },
  },
  {
    name: 'RP-ERROR of the network with a diagnostic and a report',
    sender: 'network',
    hex: '05090245014103010203',
    message: { type: 'error', reference: 9, cause: 69, diagnostic: 1, userData: TPDU },
  },
  { name: 'RP-SMMA', sender: 'handset', hex: '062a', message: { type: 'smma', reference: 42 } },
];

describe('an RPDU', () => {
  for (const { name, sender, hex: data, message } of ROWS) {
    it(`${name} is read and written`, () => {
      assert.deepEqual(parseRp(octets(data), sender), message);
      assert.equal(hex(printRp(message, sender)), data);
    });
  }

  it('has the octets others write', () => {
    const data = octets('010007914477581006500017000480322400009160404044150009c8329bfd064d9b53');
    const message = parseRp(data, 'network');
    assert.ok(message.type === 'data');
    assert.deepEqual(message.centre, rpAddress('+447785016005'));
    assert.equal(hex(message.userData), '000480322400009160404044150009c8329bfd064d9b53');
    assert.equal(hex(printRp(message, 'network')), hex(data));
  });

  it('whose information elements are not all known is read', () => {
    assert.deepEqual(parseRp(octets('0201' + '7f02aabb' + '91' + '4103010203'), 'handset'), {
      type: 'ack',
      reference: 1,
      userData: TPDU,
    });
  });

  for (const { name, sender, message } of ROWS) {
    it(`${name} cut short is refused`, () => {
      const whole = printRp(message, sender);
      for (let length = 0; length < whole.length; length++) {
        const cut = whole.subarray(0, length);
        // An RP-ACK that ends before its optional report is an RP-ACK.
        if (length === 2 && message.type === 'ack') continue;
        if (message.type === 'error' && length === 2 + 1 + (message.diagnostic === undefined ? 1 : 2)) continue;
        assert.throws(
          () => parseRp(cut, sender),
          length >= 2 && message.type === 'data' ? RpFault : MalformedError,
          hex(cut),
        );
      }
    });
  }

  it('says what to answer when it is refused', () => {
    const faults: readonly [string, RpSender, number][] = [
      ['0007', 'handset', RP_CAUSE.invalidMandatoryInformation],
      ['0105000000', 'handset', RP_CAUSE.unknownMessageType],
      ['0605', 'network', RP_CAUSE.unknownMessageType],
      ['0705', 'network', RP_CAUSE.unknownMessageType],
      [`0005000091${'00'.repeat(8)}`, 'handset', RP_CAUSE.invalidMandatoryInformation],
      [`00050000ea${'00'.repeat(234)}`, 'handset', RP_CAUSE.invalidMandatoryInformation],
    ];
    for (const [data, sender, cause] of faults) {
      assert.throws(
        () => parseRp(octets(data), sender),
        (error) => error instanceof RpFault && error.answer === cause && error.reference === octets(data)[1],
        data,
      );
    }
  });

  it('that answers and cannot be read gets no answer', () => {
    for (const data of ['040500', '0401', `020141ea${'00'.repeat(234)}`]) {
      assert.throws(
        () => parseRp(octets(data), 'handset'),
        (error) => error instanceof MalformedError && !(error instanceof RpFault),
      );
    }
  });

  it('is never written with a TPDU that does not fit', () => {
    const message: RpMessage = { type: 'ack', reference: 1, userData: new Uint8Array(234) };
    assert.throws(() => printRp(message, 'network'), RangeError);
  });
});

describe('RP causes', () => {
  it('have names, the unknown ones too', () => {
    assert.equal(describeRpCause(22), '22 (memory capacity exceeded)');
    assert.equal(describeRpCause(5), '5 (not in the table)');
    for (const cause of Object.values(RP_CAUSE)) assert.doesNotMatch(describeRpCause(cause), /not in the table/);
  });
});
