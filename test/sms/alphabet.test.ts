import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeSeptets, packSeptets, type Shifts, septetsOf, unpackSeptets } from '../../src/sms/alphabet.ts';
import {
  DEFAULT,
  ESCAPE,
  EXTENSION,
  LANGUAGES,
  type Language,
  LOCKING,
  SINGLE,
} from '../../src/sms/alphabet-tables.ts';
import { hex, octets, VECTORS } from './vectors.ts';

const LANGUAGE_NAMES = Object.keys(LANGUAGES) as Language[];

describe('septets', () => {
  for (const { id, text, septets, packed } of VECTORS.gsm7) {
    if (packed === undefined) continue;
    it(`of ${id} are packed as others pack them`, () => {
      const codes = septetsOf(text)?.flat() ?? [];
      assert.equal(codes.length, septets);
      const data = new Uint8Array(Math.ceil((septets * 7) / 8));
      packSeptets(codes, data);
      assert.equal(hex(data), packed);
      assert.equal(decodeSeptets(unpackSeptets(octets(packed), septets)), text);
    });
  }

  it('begin at any bit', () => {
    const codes = Array.from({ length: 128 }, (_, code) => code);
    for (let from = 0; from < 16; from++) {
      const data = new Uint8Array(Math.ceil((codes.length * 7 + from) / 8));
      packSeptets(codes, data, from);
      assert.deepEqual([...unpackSeptets(data, codes.length, from)], codes);
    }
  });
});

describe('the default alphabet', () => {
  it('has 128 places, each with one character', () => {
    assert.equal(DEFAULT.length, 128);
    assert.equal(new Set(DEFAULT).size, 128);
    assert.equal(DEFAULT[ESCAPE], '\u001b');
  });

  it('has the characters of the specification where they are easily mistaken', () => {
    const places = { 0: '@', 10: '\n', 13: '\r', 16: 'Δ', 18: 'Φ', 31: 'É', 36: '¤', 64: '¡', 96: '¿', 127: 'à' };
    for (const [at, character] of Object.entries(places)) assert.equal(DEFAULT[Number(at)], character);
  });

  it('shows what its extension does not have without the escape', () => {
    assert.equal(decodeSeptets(Uint8Array.of(ESCAPE, 0x65, ESCAPE, 0x61, ESCAPE, ESCAPE, 0x62)), '€a b');
    assert.equal(decodeSeptets(Uint8Array.of(0x61, ESCAPE)), 'a');
  });

  it('does not have every character', () => {
    assert.equal(septetsOf('aç'), undefined);
    assert.equal(septetsOf('\u001b'), undefined);
  });
});

describe('a national table', () => {
  for (const language of LANGUAGE_NAMES) {
    it(`of ${language} takes back all it writes`, () => {
      const locking = LOCKING[language];
      const shifts: Shifts = { ...(locking !== undefined && { locking: language }), single: language };
      const text = [...(locking ?? DEFAULT).filter((one) => one !== '\u001b'), ...SINGLE[language].values()].join('');
      const codes = septetsOf(text, shifts);
      assert.ok(codes !== undefined);
      assert.equal(decodeSeptets(Uint8Array.from(codes.flat()), shifts), text);
    });
  }

  it('has 128 places', () => {
    for (const table of Object.values(LOCKING)) {
      assert.equal(table.length, 128);
      assert.equal(table[ESCAPE], '\u001b');
    }
  });

  // TS 23.038 §A.2 and §A.3, as two independent implementations have them.
  const SAMPLES: readonly (readonly [Shifts, string, string])[] = [
    [{ locking: 'turkish' }, '04 07 0b 0c 1c 1d 40 60', '€ıĞğŞşİç'],
    [{ single: 'turkish' }, '1b47 1b49 1b53 1b63 1b65 1b67 1b69 1b73', 'ĞİŞç€ğış'],
    [{ single: 'spanish' }, '1b09 1b41 1b49 1b4f 1b55 1b61 1b69 1b6f 1b75', 'çÁÍÓÚáíóú'],
    [{ locking: 'portuguese' }, '04 06 09 0b 12 15 16 17 18 19 1a 24 40 5b 60 7e', 'êúçÔª∞^\\€Ó|ºÍÃ~ü'],
    [{ single: 'portuguese' }, '1b05 1b0e 1b12 1b15 1b19 1b1f 1b41 1b5b 1b61 1b7c 1b7f', 'êÁΦΩΘÊÀÃÂõâ'],
    [{ locking: 'portuguese', single: 'portuguese' }, '1b40 1a', '||'],
  ];
  for (const [shifts, data, text] of SAMPLES) {
    it(`${JSON.stringify(shifts)} reads ${text}`, () => {
      assert.equal(decodeSeptets(octets(data.replaceAll(' ', '')), shifts), text);
    });
  }

  it('prefers the short code where a character has two', () => {
    assert.deepEqual(septetsOf('€', { locking: 'turkish' }), [[0x04]]);
    assert.deepEqual(septetsOf('€'), [[ESCAPE, 0x65]]);
    assert.equal(EXTENSION.get(0x65), '€');
  });
});
