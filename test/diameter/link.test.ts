import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import { Framer } from '../../src/diameter/link.ts';
import * as wire from '../support/diameter/wire.ts';

const sample = (size: number) =>
  wire.message({ flags: 0x80, code: 280, application: 0, hopByHop: size, endToEnd: 1 }, [
    wire.avp(1, Buffer.alloc(size)),
  ]);

describe('messages in a stream', () => {
  it('come out whole, wherever segments split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 })),
        (sizes, cuts) => {
          const messages = sizes.map(sample);
          const stream = Buffer.concat(messages);
          const framer = new Framer();
          const found: Buffer[] = [];
          for (let at = 0, index = 0; at < stream.length; index++) {
            const length = cuts[index % Math.max(1, cuts.length)] ?? stream.length;
            found.push(...framer.push(stream.subarray(at, at + length)));
            at += length;
          }
          assert.deepEqual(found, messages);
          assert.equal(framer.unfinished(), undefined);
        },
      ),
    );
  });

  it('that end in the middle of one are told from those that end between two', () => {
    const framer = new Framer();
    assert.equal([...framer.push(Buffer.concat([sample(3), sample(9).subarray(0, 11)]))].length, 1);
    assert.match(framer.unfinished()?.message ?? '', /middle of a message/);
  });

  for (const [what, octets] of [
    ['another version', Buffer.from([2, 0, 0, 20])],
    ['less than a header', Buffer.from([1, 0, 0, 16])],
    ['a length that is no multiple of four', Buffer.from([1, 0, 0, 21])],
    ['more than anybody sends', Buffer.from([1, 0xff, 0xff, 0xfc])],
    ['a web browser', Buffer.from('GET / HTTP/1.1\r\n')],
  ] as const) {
    it(`are refused: ${what}`, () => {
      assert.throws(() => [...new Framer().push(octets)], MalformedError);
    });
  }
});
