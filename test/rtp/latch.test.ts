import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Endpoint, printEndpoint, sameEndpoint } from '../../src/core/endpoint.ts';
import { Latch } from '../../src/rtp/latch.ts';

const SAID: Endpoint = { address: '192.0.2.1', port: 4000 };
const OTHER_PORT: Endpoint = { address: '192.0.2.1', port: 4500 };
const STRANGER: Endpoint = { address: '198.51.100.7', port: 4000 };
/** Where the peer signals from, which no description names. */
const SIGNALLING: Endpoint = { address: '203.0.113.5', port: 4000 };
const OTHER_SIGNALLING: Endpoint = { address: '203.0.113.5', port: 4001 };
const OUR_PORT: Endpoint = { address: '203.0.113.5', port: 10_000 };

function latch(expected?: Endpoint): { latch: Latch; sources: string[] } {
  const sources: string[] = [];
  const options = {
    silentAfterMs: 1000,
    peer: SIGNALLING.address,
    isOwn: (from: Endpoint) => sameEndpoint(from, OUR_PORT),
  };
  const made = new Latch(options, (from) => sources.push(printEndpoint(from)));
  if (expected) made.expect(expected);
  return { latch: made, sources };
}

describe('where packets are sent', () => {
  it('is what the description says until a packet comes, then its source', () => {
    const { latch: made } = latch(SAID);
    assert.deepEqual(made.target, SAID);
    made.accepts(SIGNALLING, 0);
    assert.deepEqual(made.target, SIGNALLING);
  });

  it('is nowhere before either, and the source of early media before the description', () => {
    const { latch: made } = latch();
    assert.equal(made.target, undefined);
    assert.equal(made.accepts(SIGNALLING, 0), true);
    assert.deepEqual(made.target, SIGNALLING);
  });

  it('is never where a stranger or a socket of ours sent from', () => {
    for (const expected of [undefined, SAID]) {
      const { latch: made, sources } = latch(expected);
      for (const now of [0, 5000])
        assert.deepEqual(
          [STRANGER, OUR_PORT].map((one) => made.accepts(one, now)),
          [false, false],
        );
      assert.deepEqual(made.target, expected);
      assert.deepEqual(sources, []);
    }
  });
});

describe('who may take the place of a latched source', () => {
  // first source, then who comes within the time, and whether it is let in.
  const ROWS: readonly [first: Endpoint, then: Endpoint, taken: boolean][] = [
    [SAID, STRANGER, false],
    [SAID, OTHER_PORT, false],
    [OTHER_PORT, STRANGER, false],
    [SIGNALLING, STRANGER, false],
    [SIGNALLING, OTHER_SIGNALLING, false],
    [SIGNALLING, OTHER_PORT, true],
    [SIGNALLING, SAID, true],
    [SAID, SIGNALLING, false],
    [OTHER_PORT, SIGNALLING, false],
    [OTHER_PORT, SAID, true],
  ];
  for (const [first, then, taken] of ROWS) {
    it(`${printEndpoint(first)}, then ${printEndpoint(then)}: ${taken ? 'taken' : 'kept'}`, () => {
      const { latch: made } = latch(SAID);
      made.accepts(first, 0);
      assert.equal(made.accepts(then, 1000), taken);
      assert.deepEqual(made.target, taken ? then : first);
    });
  }

  it('is any that fits once it has been silent, and still no stranger', () => {
    const { latch: made, sources } = latch(SAID);
    made.accepts(SAID, 0);
    made.accepts(SAID, 900);
    assert.equal(made.accepts(SIGNALLING, 1900), false);
    assert.equal(made.accepts(STRANGER, 1901), false);
    assert.equal(made.accepts(SIGNALLING, 1901), true);
    assert.equal(made.accepts(SAID, 1902), true);
    assert.deepEqual(sources, ['192.0.2.1:4000', '203.0.113.5:4000', '192.0.2.1:4000']);
  });
});

describe('another description', () => {
  it('opens the stream to a new source at once', () => {
    const { latch: made } = latch(SAID);
    made.accepts(SAID, 0);
    made.expect(STRANGER);
    assert.deepEqual(made.target, STRANGER);
    assert.equal(made.accepts(SAID, 1), false);
    assert.equal(made.accepts(STRANGER, 1), true);
  });

  it('that says the same keeps the source', () => {
    const { latch: made } = latch(SAID);
    made.accepts(SIGNALLING, 0);
    made.expect({ ...SAID });
    assert.deepEqual(made.target, SIGNALLING);
    assert.equal(made.accepts(OTHER_SIGNALLING, 1), false);
  });

  it('that confirms where early media came from keeps it', () => {
    const { latch: made } = latch();
    made.accepts(SIGNALLING, 0);
    made.expect(SIGNALLING);
    assert.equal(made.accepts(OTHER_SIGNALLING, 1), false);
    assert.deepEqual(made.target, SIGNALLING);
  });

  it('that names nowhere forgets the source', () => {
    const { latch: made } = latch(SAID);
    made.accepts(SAID, 0);
    made.expect(undefined);
    assert.equal(made.target, undefined);
  });
});
