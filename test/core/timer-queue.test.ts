import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TimerQueue } from '../../src/core/timer-queue.ts';

/** What is done to the queue: add a call, cancel the n-th added one, take all that is due. */
const command = fc.oneof(
  fc.record({ type: fc.constant('add' as const), at: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ type: fc.constant('cancel' as const), which: fc.nat(60) }),
  fc.record({ type: fc.constant('take' as const), now: fc.integer({ min: 0, max: 40 }) }),
);

describe('TimerQueue', () => {
  it('behaves as a list sorted by instant and order of adding', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const queue = new TimerQueue();
        let model: { at: number; id: number }[] = [];
        const ran: number[] = [];
        const entries: { cancel(): void }[] = [];
        for (const each of commands) {
          if (each.type === 'add') {
            const id = entries.length;
            entries.push(queue.add(each.at, () => void ran.push(id)));
            model.push({ at: each.at, id });
            model.sort((a, b) => a.at - b.at || a.id - b.id);
          } else if (each.type === 'cancel') {
            entries[each.which]?.cancel();
            model = model.filter(({ id }) => id !== each.which);
          } else {
            ran.length = 0;
            for (let run = queue.takeDue(each.now); run !== undefined; run = queue.takeDue(each.now)) run();
            const due = model.filter(({ at }) => at <= each.now);
            assert.deepEqual(
              ran,
              due.map(({ id }) => id),
            );
            model = model.filter(({ at }) => at > each.now);
          }
          assert.equal(queue.size, model.length);
          assert.equal(queue.nextAt, model[0]?.at);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes nothing before its instant', () => {
    const queue = new TimerQueue();
    queue.add(10, () => {});
    assert.equal(queue.takeDue(9.999), undefined);
    assert.notEqual(queue.takeDue(10), undefined);
  });

  it('forgets a cancelled call once, also after it ran', () => {
    const queue = new TimerQueue();
    const ran = queue.add(1, () => {});
    queue.takeDue(1);
    queue.add(2, () => {});
    ran.cancel();
    ran.cancel();
    assert.equal(queue.size, 1);
  });

  it('refuses an instant that is none', () => {
    const queue = new TimerQueue();
    assert.throws(() => queue.add(Number.NaN, () => {}), RangeError);
    assert.equal(queue.size, 0);
  });

  it('keeps 100,000 calls in order, with every third cancelled', () => {
    const queue = new TimerQueue();
    const entries = Array.from({ length: 100_000 }, (_, index) => queue.add((index * 7919) % 100_003, () => {}));
    for (let index = 0; index < entries.length; index += 3) entries[index]?.cancel();
    let before = -1;
    let taken = 0;
    for (let at = queue.nextAt; at !== undefined; at = queue.nextAt) {
      assert(at >= before);
      before = at;
      queue.takeDue(at);
      taken++;
    }
    assert.equal(taken, 66_666);
  });
});
