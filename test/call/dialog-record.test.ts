import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DialogRecord } from '../../src/call/dialog-record.ts';
import { systemRandom } from '../../src/core/random.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('the record of a dialog', () => {
  function record() {
    const clock = new FakeClock();
    return { clock, one: new DialogRecord(clock, systemRandom(), 'server', 'sip:a@x', 'sip:b@x') };
  }

  it('tells what happened when, in seconds, and in which state', () => {
    const { clock, one } = record();
    one.received();
    clock.advance(1500);
    one.enter('ringing');
    one.sent();
    assert.deepEqual(one.events, [
      { type: 'state', timestamp: 0, state: 'init' },
      { type: 'recv', timestamp: 0, state: 'init' },
      { type: 'state', timestamp: 1.5, state: 'ringing' },
      { type: 'send', timestamp: 1.5, state: 'ringing' },
    ]);
  });

  it('grows no older and changes no more when it is over', () => {
    const { clock, one } = record();
    clock.advance(2000);
    one.enter('stop');
    clock.advance(3000);
    one.enter('start');
    assert.deepEqual([one.state, one.duration], ['stop', 2]);
    assert.equal(one.endedAt, clock.now() - 3000);
  });

  it('keeps the beginning when a peer sends without end', () => {
    const { one } = record();
    for (let n = 0; n < 1000; n++) one.received();
    assert.equal(one.events.length, 200);
  });
});
