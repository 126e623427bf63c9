import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decimal, quotedEnd, runEnd, TOKEN, trimmed } from '../../../src/sip/message/characters.ts';

describe('characters', () => {
  it('knows exactly the token characters of RFC 3261 §25.1', () => {
    const tokens = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.!%*_+`'~";
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      assert.equal(runEnd(character, 0, TOKEN) === 1, tokens.includes(character), JSON.stringify(character));
    }
  });

  it('ends a run where its class ends', () => {
    assert.equal(runEnd('ab,cd', 0, TOKEN), 2);
    assert.equal(runEnd('ab,cd', 2, TOKEN), 2);
    assert.equal(runEnd('ab,cd', 3, TOKEN), 5);
    assert.equal(runEnd('', 0, TOKEN), 0);
  });

  it('finds the quote that closes, not one behind an odd number of backslashes', () => {
    assert.equal(quotedEnd('""x', 0), 2);
    assert.equal(quotedEnd(String.raw`"a\"b" c`, 0), 6);
    assert.equal(quotedEnd(String.raw`"a\\"b"`, 0), 5);
    assert.equal(quotedEnd(String.raw`"a\\\"`, 0), -1);
    assert.equal(quotedEnd('"', 0), -1);
  });

  it('trims white space of SIP only: 0xa0 is half of an à', () => {
    assert.equal(trimmed(' \t\r\na b\u00a0 '), 'a b\u00a0');
    assert.equal(trimmed('x  y  z', 1, 6), 'y');
    assert.equal(trimmed('   '), '');
  });

  it('reads digits and nothing else as a number', () => {
    fc.assert(fc.property(fc.nat(), (number) => decimal(`00${number}`) === number));
    for (const text of ['', '-1', '+1', '1.0', '1e3', '0x10', ' 1', '１']) assert.equal(decimal(text), undefined, text);
    assert.equal(decimal('9'.repeat(400)), Number.POSITIVE_INFINITY);
  });
});
