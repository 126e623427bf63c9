import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../src/core/errors.ts';
import { OctetReader } from '../../src/core/octet-reader.ts';
import { addressText, printAddress, readAddress, type TpAddress, tpAddress } from '../../src/sms/address.ts';
import { NUMBER_TYPES } from '../../src/sms/number-type.ts';
import { printTimestamp, readTimestamp } from '../../src/sms/timestamp.ts';
import { isSingleShot, readValidity, type Validity, validSeconds } from '../../src/sms/validity.ts';
import { hex, octets } from './vectors.ts';

const reread = (address: TpAddress) => readAddress(new OctetReader(printAddress(address)), 'address');

describe('an address', () => {
  const ROWS: readonly (readonly [string, string])[] = [
    ['+33123456789', '0b913321436587f9'],
    ['0600000000', '0a816000000000'],
    ['*100#', '05811a00fb'],
    ['FONIC', '09d0c6a7333904'],
    ['12345678901234567890', '148121436587092143658709'],
  ];
  for (const [text, data] of ROWS) {
    it(`of ${text}`, () => {
      const address = tpAddress(text);
      assert.equal(hex(printAddress(address)), data);
      assert.deepEqual(reread(address), address);
      assert.equal(addressText(address), text);
    });
  }

  it('keeps every type and plan', () => {
    for (const type of NUMBER_TYPES) {
      for (let plan = 0; plan < 16; plan++) {
        const address = { type, plan, value: type === 'alphanumeric' ? 'A b' : '12a' };
        assert.deepEqual(reread(address), address);
      }
    }
  });

  it('of a name keeps each length that fits, and cuts what does not', () => {
    for (let length = 0; length <= 11; length++) {
      const name = 'ABCDEFGHIJK'.slice(0, length);
      assert.deepEqual(reread({ type: 'alphanumeric', plan: 0, value: name }).value, name);
    }
    assert.equal(tpAddress('A service with a long name').value, 'A service w');
    assert.equal(tpAddress('Łódź{}{}{}{}').value, '??d?{}{');
    assert.throws(() => printAddress({ type: 'alphanumeric', plan: 0, value: 'ABCDEFGHIJKL' }), RangeError);
    assert.throws(() => printAddress({ type: 'unknown', plan: 1, value: '1'.repeat(21) }), RangeError);
    assert.throws(() => printAddress({ type: 'unknown', plan: 1, value: '12x' }), RangeError);
  });

  it('that is too long, cut short or filled up is refused', () => {
    for (const data of ['', '0b', '0b91332143', `1591${'11'.repeat(11)}`, '0481f1f1']) {
      assert.throws(() => readAddress(new OctetReader(octets(data)), 'address'), MalformedError, data);
    }
  });
});

describe('a time stamp', () => {
  const ROWS: readonly (readonly [string, string, number])[] = [
    ['81117002122223', '2018-11-07T12:21:22Z', 480],
    ['8111700212222b', '2018-11-08T04:21:22Z', -480],
    ['00000000000000', '', 0],
    ['99210132959500', '1999-12-10T23:59:59Z', 0],
    ['62700121000082', '2026-07-10T05:00:00Z', 420],
    ['627001210000a0', '', 0],
  ];
  for (const [data, date, zoneMinutes] of ROWS) {
    it(`${data} is ${date === '' ? 'refused' : date}`, () => {
      const reader = new OctetReader(octets(data));
      if (date === '') {
        assert.throws(() => readTimestamp(reader, 'time'), MalformedError);
        return;
      }
      const timestamp = readTimestamp(reader, 'time');
      assert.deepEqual(timestamp, { at: Date.parse(date), zoneMinutes });
      assert.equal(hex(printTimestamp(timestamp)), data);
    });
  }
});

describe('a validity period', () => {
  const NOW = Date.UTC(2026, 0, 1);
  const relative: readonly (readonly [number, number])[] = [
    [0, 300],
    [143, 12 * 3600],
    [144, 12.5 * 3600],
    [167, 24 * 3600],
    [168, 2 * 86_400],
    [196, 30 * 86_400],
    [197, 5 * 7 * 86_400],
    [255, 63 * 7 * 86_400],
  ];
  for (const [value, seconds] of relative) {
    it(`relative ${value} is ${seconds} s`, () =>
      assert.equal(validSeconds({ form: 'relative', value }, NOW), seconds));
  }

  const enhanced: readonly (readonly [string, number | undefined, boolean])[] = [
    ['00000000000000', undefined, false],
    ['40000000000000', undefined, true],
    ['01ff0000000000', 63 * 7 * 86_400, false],
    ['021e0000000000', 30, false],
    ['43102032000000', 3600 + 2 * 60 + 23, true],
    ['82000500000000', 5, false],
  ];
  for (const [data, seconds, once] of enhanced) {
    it(`enhanced ${data} is ${seconds} s${once ? ', once' : ''}`, () => {
      const validity = readValidity('enhanced', new OctetReader(octets(data)));
      assert.equal(validSeconds(validity, NOW), seconds);
      assert.equal(isSingleShot(validity), once);
    });
  }

  it('that is a date ends then, at once when it is past', () => {
    const until = (at: number): Validity => ({ form: 'absolute', until: { at, zoneMinutes: 60 } });
    assert.equal(validSeconds(until(NOW + 90_000), NOW), 90);
    assert.equal(validSeconds(until(NOW - 1000), NOW), 0);
    assert.equal(validSeconds(undefined, NOW), undefined);
  });

  it('of a reserved format, or with functions without end, is refused', () => {
    for (const data of ['04000000000000', '80808080808080']) {
      assert.throws(() => readValidity('enhanced', new OctetReader(octets(data))), MalformedError, data);
    }
  });
});
