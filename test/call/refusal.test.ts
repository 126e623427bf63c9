import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { betterRefusal, passedOn } from '../../src/call/refusal.ts';
import { Headers } from '../../src/sip/message/headers.ts';
import { EMPTY_BODY } from '../../src/sip/message/message.ts';

describe('a refusal', () => {
  for (const [a, b, better] of [
    [486, 603, 603],
    [603, 486, 603],
    [500, 486, 486],
    [404, 500, 404],
    [404, 486, 404],
    [480, 486, 486],
    [486, 480, 486],
    [480, 500, 480],
  ] as const) {
    it(`${better} is the better of ${a} and then ${b} (RFC 3261 §16.7 step 6)`, () => {
      assert.equal(betterRefusal({ status: a }, { status: b }).status, better);
    });
  }

  it('is better than none', () => assert.equal(betterRefusal(undefined, { status: 480 }).status, 480));

  it('passes with its own phrase and each of its Warnings', () => {
    const headers = new Headers().addRaw('Warning', '399 a "x"').addRaw('Warning', '399 b "y"').addRaw('Server', 's');
    const refusal = passedOn({ status: 488, reason: 'No Way', headers, body: EMPTY_BODY });
    assert.equal(refusal.phrase, 'No Way');
    assert.deepEqual(
      refusal.headers?.map(([type, value]) => `${type.name}: ${value}`),
      ['Warning: 399 a "x"', 'Warning: 399 b "y"'],
    );
  });
});
