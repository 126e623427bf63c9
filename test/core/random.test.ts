import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, randomBelow, randomHex, systemRandom } from '../../src/core/random.ts';

/** Draws these octets in turn. */
function fixed(...octets: readonly number[]): Random {
  const rest = octets.slice();
  return { bytes: (length) => Uint8Array.from(rest.splice(0, length)) };
}

describe('systemRandom', () => {
  it('draws as many octets as asked for, never the same twice', () => {
    const random = systemRandom();
    const seen = new Set<string>();
    for (let draw = 0; draw < 2000; draw++) {
      const bytes = random.bytes(16);
      assert.equal(bytes.length, 16);
      seen.add(Buffer.from(bytes).toString('hex'));
    }
    assert.equal(seen.size, 2000);
    assert.equal(random.bytes(10_000).length, 10_000);
    assert.equal(random.bytes(0).length, 0);
  });

  it('hands out octets that are the caller’s own', () => {
    const random = systemRandom();
    const first = random.bytes(4);
    const kept = first.slice();
    const second = random.bytes(4);
    second.fill(0);
    random.bytes(4);
    assert.deepEqual(first, kept);
    assert.equal(first.buffer.byteLength, 4);
  });
});

describe('randomHex', () => {
  it('prints each octet as two lower-case digits', () => {
    assert.equal(randomHex(fixed(0, 1, 0xab, 0xff), 4), '0001abff');
  });

  it('reads only the octets it was given', () => {
    const block = Uint8Array.of(1, 2, 3, 4);
    assert.equal(randomHex({ bytes: () => block.subarray(1, 3) }, 2), '0203');
  });
});

describe('randomBelow', () => {
  it('draws again what would favour small numbers', () => {
    assert.equal(randomBelow(fixed(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5), 3), 2);
    assert.equal(randomBelow(fixed(0xff, 0xff, 0xff, 0xfe), 3), 2);
  });

  it('reaches every number below the limit and no other', () => {
    const random = systemRandom();
    const seen = new Set<number>();
    for (let draw = 0; draw < 2000; draw++) seen.add(randomBelow(random, 5));
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [0, 1, 2, 3, 4],
    );
    assert.equal(randomBelow(random, 1), 0);
    assert.equal(randomBelow(fixed(0xff, 0xff, 0xff, 0xff), 2 ** 32), 2 ** 32 - 1);
  });

  it('refuses a limit without numbers below it, or too large', () => {
    for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      assert.throws(() => randomBelow(systemRandom(), limit), RangeError);
    }
  });
});
