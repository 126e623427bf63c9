import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DataCoding, parseDataCoding } from '../../src/sms/data-coding.ts';

const plain = { alphabet: 'default', compressed: false, autoDelete: false } as const;

/** TS 23.038 §4, an octet of each kind. */
const ROWS: readonly (readonly [number, DataCoding])[] = [
  [0x00, plain],
  // Without bit 4 the class bits mean nothing.
  [0x03, plain],
  [0x04, { ...plain, alphabet: '8-bit' }],
  [0x08, { ...plain, alphabet: 'ucs2' }],
  [0x0c, plain],
  [0x10, { ...plain, messageClass: 0 }],
  [0x1a, { ...plain, alphabet: 'ucs2', messageClass: 2 }],
  [0x20, { ...plain, compressed: true }],
  [0x39, { ...plain, alphabet: 'ucs2', compressed: true, messageClass: 1 }],
  [0x48, { ...plain, alphabet: 'ucs2', autoDelete: true }],
  [0x57, { ...plain, alphabet: '8-bit', autoDelete: true, messageClass: 3 }],
  [0x80, plain],
  [0xbf, plain],
  [0xc0, { ...plain, waiting: { kind: 'voicemail', active: false, stored: false } }],
  [0xc9, { ...plain, waiting: { kind: 'fax', active: true, stored: false } }],
  [0xda, { ...plain, waiting: { kind: 'e-mail', active: true, stored: true } }],
  [0xe3, { ...plain, alphabet: 'ucs2', waiting: { kind: 'other', active: false, stored: true } }],
  [0xf1, { ...plain, messageClass: 1 }],
  [0xf6, { ...plain, alphabet: '8-bit', messageClass: 2 }],
  [0xff, { ...plain, alphabet: '8-bit', messageClass: 3 }],
];

describe('a data coding scheme', () => {
  for (const [octet, coding] of ROWS) {
    it(`0x${octet.toString(16).padStart(2, '0')}`, () => assert.deepEqual(parseDataCoding(octet), coding));
  }

  it('of any octet means something', () => {
    for (let octet = 0; octet < 256; octet++) assert.ok(parseDataCoding(octet).alphabet !== undefined);
  });
});
