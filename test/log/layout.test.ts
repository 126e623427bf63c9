import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cut, hexdump, isText, plainText, printColumns } from '../../src/log/layout.ts';

describe('log layout', () => {
  it('pads a missing direction to two columns', () => {
    assert.equal(printColumns('sip', 'message', {}), '-  - message');
    assert.equal(printColumns('ims', 'message', { dir: 'TO', id: '0a1b' }), 'TO 0a1b message');
    assert.equal(printColumns('sip', 'message', { dir: 'FROM', id: '0a1b' }), 'FROM 0a1b message');
  });

  it('leaves the address out where a link has none', () => {
    assert.equal(printColumns('cx', 'Connecting to 127.0.1.100:3868', {}), '-  Connecting to 127.0.1.100:3868');
    assert.equal(
      printColumns('rx', 'AA-Answer', { dir: 'FROM', id: '127.0.1.100:3868' }),
      'FROM 127.0.1.100:3868 AA-Answer',
    );
  });

  it('has the id of media before the direction', () => {
    assert.equal(printColumns('media', 'RTP/audio start', { dir: 'TO', id: '0a1b' }), '0a1b TO RTP/audio start');
  });

  // The octets and lines of the published GTPU excerpt.
  const octets = Buffer.from('30ff009452cff9de45800094a65c0000' + '77062b58d83ad54ac0a8030201bbc5a4', 'hex');
  it('dumps octets in two groups of eight with their ASCII', () => {
    assert.deepEqual(hexdump(octets).split('\n'), [
      '0000:  30 ff 00 94 52 cf f9 de  45 80 00 94 a6 5c 00 00  0...R...E....\\..',
      '0010:  77 06 2b 58 d8 3a d5 4a  c0 a8 03 02 01 bb c5 a4  w.+X.:.J........',
    ]);
  });

  it('cuts a dump at the limit and keeps the ASCII in its column', () => {
    assert.deepEqual(hexdump(cut(octets, 1)), `0000:  30${' '.repeat(48)}0`);
    assert.deepEqual(hexdump(cut(octets, 18)).split('\n').slice(1), [`0010:  77 06${' '.repeat(45)}w.`]);
    assert.deepEqual(hexdump(cut(octets, 0)), '');
  });

  it('shows control characters as dots', () => {
    assert.deepEqual(plainText('a\u001b[2Jb\r\nc\td\n\re\r\n\r\n'), 'a.[2Jb\nc\td\n.e');
    assert.equal(plainText('\r\n\n'), '');
  });

  it('tells text from other bodies', () => {
    assert.equal(isText(Buffer.from('v=0\r\no=é\r\n')), true);
    assert.equal(isText(Buffer.from('00010203', 'hex')), false);
    assert.equal(isText(Buffer.from('ff41', 'hex')), false);
  });
});
