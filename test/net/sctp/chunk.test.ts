import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkedChunks, serialDistance, withoutAddresses } from '../../../src/net/sctp/chunk.ts';
import { dataValue, parameter, printChunk } from './bare-peer.ts';

const DATA = printChunk({ type: 0, flags: 3, value: dataValue(1, 0, Buffer.from('data')) });
const INIT_VALUE = Buffer.from('00001111000186a000040004000000010'.slice(0, 32), 'hex');
const ADDRESS = parameter(5, Buffer.from([192, 0, 2, 1]));

function init(...parameters: Uint8Array[]): Buffer {
  return printChunk({ type: 1, value: Buffer.concat([INIT_VALUE, ...parameters]) });
}

describe('chunks handed to the package', () => {
  const rows: readonly (readonly [what: string, given: Buffer, kept: readonly Buffer[]])[] = [
    ['DATA', DATA, [DATA]],
    ['DATA without data', printChunk({ type: 0, value: dataValue(1, 0, Buffer.alloc(0)) }), []],
    ['several', Buffer.concat([printChunk({ type: 11 }), DATA, DATA]), [printChunk({ type: 11 }), DATA, DATA]],
    ['INIT', init(), [init()]],
    ['INIT with an address', init(ADDRESS), [init(ADDRESS)]],
    ['INIT without what is not used', init(parameter(0x8000, Buffer.alloc(0)), ADDRESS), [init(ADDRESS)]],
    ['INIT with a parameter of no length', init(Buffer.from('80ff0000', 'hex')), []],
    ['INIT with a parameter beyond its end', init(Buffer.from('00050010', 'hex')), []],
    ['INIT with an address of another length', init(parameter(5, Buffer.alloc(2))), []],
    ['INIT that is too short', printChunk({ type: 1, value: Buffer.alloc(12) }), []],
    ['INIT beside others', Buffer.concat([init(), DATA]), []],
    ['INIT ACK without a cookie', printChunk({ type: 2, value: INIT_VALUE }), []],
    [
      'ABORT, without its causes',
      printChunk({ type: 6, flags: 1, value: Buffer.alloc(4) }),
      [printChunk({ type: 6, flags: 1 })],
    ],
    ['what stands beside an ABORT', Buffer.concat([DATA, printChunk({ type: 6 }), DATA]), [printChunk({ type: 6 })]],
    ['ERROR, without its causes', printChunk({ type: 9, value: Buffer.alloc(4) }), [printChunk({ type: 9 })]],
    ['HEARTBEAT without information', printChunk({ type: 4 }), []],
    ['HEARTBEAT ACK with less than ours', printChunk({ type: 5, value: parameter(1, Buffer.alloc(4)) }), []],
    ['a cookie that is none', printChunk({ type: 10, value: Buffer.alloc(8) }), []],
    ['SHUTDOWN that is too short', printChunk({ type: 7 }), []],
    ['an unknown type to stop at', Buffer.concat([printChunk({ type: 0x3f }), DATA]), []],
    ['an unknown type to skip', Buffer.concat([printChunk({ type: 0xbf }), DATA]), [DATA]],
    ['a length below the header', Buffer.concat([printChunk({ type: 0xbf, length: 3 }), DATA]), []],
    ['a length beyond the packet', Buffer.concat([DATA, printChunk({ type: 0, length: 99 })]), [DATA]],
  ];
  for (const [what, given, kept] of rows) {
    it(what, () => {
      const padded = checkedChunks(given).map((chunk) =>
        Buffer.concat([chunk, Buffer.alloc((4 - (chunk.length % 4)) % 4)]),
      );
      assert.deepEqual(padded, kept);
    });
  }

  it('SACK whose gaps do not rise is none', () => {
    const sack = (gaps: readonly (readonly [number, number])[]) => {
      const value = Buffer.alloc(12 + 4 * gaps.length);
      value.writeUInt16BE(gaps.length, 8);
      gaps.forEach(([start, end], index) => {
        value.writeUInt16BE(start, 12 + 4 * index);
        value.writeUInt16BE(end, 14 + 4 * index);
      });
      return checkedChunks(printChunk({ type: 3, value })).length;
    };
    assert.equal(sack([]), 1);
    assert.equal(
      sack([
        [2, 3],
        [5, 5],
      ]),
      1,
    );
    assert.equal(sack([[0, 3]]), 0);
    assert.equal(sack([[3, 2]]), 0);
    assert.equal(
      sack([
        [2, 5],
        [5, 6],
      ]),
      0,
    );
  });

  it('are copies with lengths that are true, whatever came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(DATA, init(ADDRESS)))),
        (parts) => {
          for (const chunk of checkedChunks(Buffer.concat(parts))) {
            assert.ok(chunk.length >= 4);
            assert.equal(chunk.readUInt16BE(2), chunk.length);
          }
        },
      ),
    );
  });
});

describe('addresses of an INIT', () => {
  it('are only those that are believed', () => {
    const other = parameter(5, Buffer.from([192, 0, 2, 2]));
    const [checked = Buffer.alloc(0)] = checkedChunks(init(other, ADDRESS));
    assert.deepEqual(
      withoutAddresses(checked, (address) => address === '192.0.2.1'),
      init(ADDRESS),
    );
  });
});

describe('serial numbers', () => {
  it('are compared across their wrap', () => {
    assert.equal(serialDistance(2, 0xffff_fffe), 4);
    assert.equal(serialDistance(0xffff_fffe, 2), -4);
    assert.equal(serialDistance(7, 7), 0);
  });
});
