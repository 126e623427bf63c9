import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { octetText, ownText } from '../../../src/sip/message/header-text.ts';

describe('octetText', () => {
  it('leaves octets alone', () => {
    const octets = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code)).replace(/[\r\n]/g, '');
    assert.equal(octetText(octets), octets);
  });

  it('makes UTF-8 of what is no octet', () => {
    assert.equal(Buffer.from(octetText('Жаñ'), 'latin1').toString('utf8'), 'Жаñ');
  });

  it('ends no line, also not by characters whose low octet is a line end', () => {
    assert.equal(octetText('a\r\n\r\nb'), 'a b');
    assert.doesNotMatch(octetText('a\u010d\u010ab'), /[\r\n]/);
  });
});

describe('ownText', () => {
  it('is the same text', () => assert.equal(ownText('caf\u00e9 x'.slice(1)), 'af\u00e9 x'));
});
