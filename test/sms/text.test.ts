import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import { OctetReader } from '../../src/core/octet-reader.ts';
import { textParts } from '../../src/sms/text.ts';
import { contentOf, octetData, ports, readUserData, septetData, type UserData } from '../../src/sms/user-data.ts';
import { hex, octets, VECTORS } from './vectors.ts';

const textOf = (parts: readonly UserData[]) => parts.map((part) => contentOf(part).text).join('');
/** As a TPDU holds it, read again. */
const reread = ({ coding, hasHeader, length, octets: data }: UserData) =>
  readUserData(new OctetReader(Uint8Array.from([length, ...data])), coding, hasHeader);

describe('text', () => {
  const ROWS: readonly (readonly [string, string, number, number, number])[] = [
    ['nothing', '', 1, 0, 0],
    ['160 letters', 'a'.repeat(160), 1, 0, 160],
    ['161 letters', 'a'.repeat(161), 2, 0, 160],
    ['80 signs of the extension', '{'.repeat(80), 1, 0, 160],
    ['81 signs of the extension, none of them cut', '{'.repeat(81), 2, 0, 159],
    ['70 letters of UCS-2', 'я'.repeat(70), 1, 8, 140],
    ['71 letters of UCS-2', 'я'.repeat(71), 2, 8, 140],
    ['36 characters beyond the first plane, none of them cut', '😀'.repeat(36), 2, 8, 138],
  ];
  for (const [name, text, count, coding, length] of ROWS) {
    it(`of ${name}`, () => {
      const parts = textParts(text, { reference: 0x1234 });
      assert.equal(parts.length, count);
      assert.equal(parts[0]?.coding, coding);
      assert.equal(parts[0]?.length, length);
      assert.equal(textOf(parts.map(reread)), text);
      for (const [at, part] of parts.entries()) {
        const expected = count === 1 ? undefined : { reference: 0x34, bits: 8, parts: count, part: at + 1 };
        assert.deepEqual(contentOf(part).concatenation, expected);
      }
    });
  }

  it('of many parts has a number of 16 bits where it is wanted', () => {
    const [first] = textParts('a'.repeat(400), { reference: 0x1234, bits: 16 });
    assert.ok(first !== undefined);
    assert.equal(hex(first.octets.subarray(0, 7)), '06080412340301');
    assert.deepEqual(contentOf(first).concatenation, { reference: 0x1234, bits: 16, parts: 3, part: 1 });
  });

  it('in national tables names them', () => {
    const shifts = { locking: 'turkish', single: 'turkish' } as const;
    const [part] = textParts('Şişli ğ', { reference: 0, shifts });
    assert.ok(part !== undefined);
    assert.equal(hex(part.octets.subarray(0, 7)), '06240101250101');
    assert.equal(contentOf(part).text, 'Şişli ğ');
  });

  it('in tables of a language unknown here is read in the default alphabet', () => {
    const part = septetData(0, [{ identifier: 0x25, data: octets('0d') }], [0x61]);
    assert.equal(contentOf(part).text, 'a');
  });

  it('of more than 255 parts is refused', () => {
    assert.throws(() => textParts('a'.repeat(255 * 153 + 1), { reference: 0 }), RangeError);
  });

  it('is the text that was given, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        assert.equal(textOf(textParts(text, { reference: 7 }).map(reread)), text);
      }),
    );
  });

  for (const { id, text, septets, udh, user_data } of VECTORS.gsm7) {
    if (udh === undefined || user_data === undefined) continue;
    it(`of ${id} is packed behind its header as others pack it`, () => {
      const userData = readUserData(new OctetReader(octets(`${septets.toString(16)}${user_data}`)), 0, true);
      assert.equal(contentOf(userData).text, text);
      const [first] = textParts(`${text} and more`, { reference: 0x6f });
      assert.ok(first !== undefined);
      assert.equal(hex(first.octets), user_data);
    });
  }
});

describe('user data', () => {
  it('of octets has ports', () => {
    const wide = { destination: 2948, originator: 9200, bits: 16 } as const;
    const narrow = { destination: 240, originator: 241, bits: 8 } as const;
    const data = octetData(4, [ports(wide)], octets('0102'));
    assert.equal(hex(data.octets), '0605040b8423f00102');
    assert.deepEqual(contentOf(data).ports, wide);
    assert.equal(contentOf(data).text, undefined);
    assert.equal(hex(contentOf(data).data), '0102');
    assert.deepEqual(contentOf(octetData(4, [ports(narrow)], octets(''))).ports, narrow);
  });

  it('that is compressed is octets', () => {
    const data = octetData(0x20, [], octets('0102'));
    assert.deepEqual(reread(data), data);
    assert.equal(contentOf(data).text, undefined);
  });

  it('of septets is given again from its first bit on', () => {
    assert.equal(hex(contentOf(septetData(0, [ports({ destination: 1, originator: 2, bits: 8 })], [0x61])).data), '61');
  });

  it('whose concatenation makes no sense is whole', () => {
    for (const data of ['010000', '010200', '010203', '0102']) {
      const content = contentOf(octetData(4, [{ identifier: 0, data: octets(data) }], octets('01')));
      assert.equal(content.concatenation, undefined, data);
    }
  });

  it('with a header that does not fit is refused', () => {
    const rows = [
      [4, '03040102'],
      [4, '0402000501'],
      [4, '00'],
      [0, '01ff'],
    ] as const;
    for (const [coding, data] of rows) {
      assert.throws(() => readUserData(new OctetReader(octets(data)), coding, true), MalformedError, data);
    }
  });

  it('that is too long is refused', () => {
    for (const coding of [0, 4]) {
      const data = new Uint8Array(200).fill(1);
      data[0] = coding === 0 ? 161 : 141;
      assert.throws(() => readUserData(new OctetReader(data), coding, false), MalformedError);
    }
    assert.throws(() => octetData(4, [], new Uint8Array(141)), RangeError);
    assert.throws(() => septetData(0, [], new Array<number>(161).fill(0)), RangeError);
  });
});
