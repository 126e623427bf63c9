import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/core/system-clock.ts';

function fail(error: unknown): never {
  throw error;
}

describe('systemClock', () => {
  it('runs calls in the order of their instants, never early', async () => {
    const clock = systemClock(fail);
    const ran: string[] = [];
    await new Promise<void>((done) => {
      const start = clock.now();
      clock.schedule(start + 6, () => {
        ran.push('second');
        assert(clock.now() >= start + 6);
        done();
      });
      clock.schedule(start + 3, () => {
        ran.push('first');
        assert(clock.now() >= start + 3);
      });
    });
    assert.deepEqual(ran, ['first', 'second']);
  });

  it('runs no cancelled call', async () => {
    const clock = systemClock(fail);
    const ran: string[] = [];
    await new Promise<void>((done) => {
      const start = clock.now();
      const scheduled = clock.schedule(start + 1, () => void ran.push('cancelled'));
      clock.schedule(start + 2, () => done());
      scheduled.cancel();
    });
    assert.deepEqual(ran, []);
  });

  it('runs a call for the past soon, but not at once', async () => {
    const clock = systemClock(fail);
    let ran = false;
    await new Promise<void>((done) => {
      clock.schedule(clock.now() - 1000, () => {
        ran = true;
        done();
      });
      assert.equal(ran, false);
    });
  });

  it('tells what a call threw and runs the others, those scheduled by it too', async () => {
    const bugs: unknown[] = [];
    const clock = systemClock((error) => void bugs.push(error));
    const bug = new Error('bug');
    await new Promise<void>((done) => {
      const at = clock.now() + 1;
      clock.schedule(at, () => {
        clock.schedule(at + 1, done);
        throw bug;
      });
    });
    assert.deepEqual(bugs, [bug]);
  });

  it('waits longer than Node can by several waits', (t) => {
    const waits: number[] = [];
    let wake: () => void = () => {};
    t.mock.method(globalThis, 'setTimeout', (run: () => void, ms: number) => {
      waits.push(ms);
      wake = run;
      return undefined;
    });
    const clock = systemClock(fail);
    let ran = false;
    clock.schedule(clock.now() + 2 ** 32, () => {
      ran = true;
    });
    wake();
    assert.equal(ran, false);
    assert.deepEqual(waits, [2 ** 31 - 1, 2 ** 31 - 1]);
  });

  it('serves many calls with one timer of Node’s', (t) => {
    const setTimeoutOfNode = t.mock.method(globalThis, 'setTimeout', () => undefined);
    const clock = systemClock(fail);
    const start = clock.now();
    for (let index = 0; index < 1000; index++) clock.schedule(start + 1000 + index, () => {});
    assert.equal(setTimeoutOfNode.mock.callCount(), 1);
  });

  it('tells dates too', () => {
    const before = Date.now();
    assert(systemClock(fail).wallNow() >= before);
  });
});
