import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Queue } from '../../src/core/queue.ts';

describe('a queue', () => {
  it('keeps its order when things leave from anywhere', () => {
    const queue = new Queue<number>();
    const out = [1, 2, 3, 4].map((value) => queue.push(value));
    const content = () => [queue.first, queue.size, [...queue]];
    assert.deepEqual(content(), [1, 4, [1, 2, 3, 4]]);
    out[1]?.();
    assert.deepEqual(content(), [1, 3, [1, 3, 4]]);
    out[0]?.();
    assert.deepEqual(content(), [3, 2, [3, 4]]);
    out[3]?.();
    queue.push(5);
    assert.deepEqual(content(), [3, 2, [3, 5]]);
    out[2]?.();
    assert.deepEqual(content(), [5, 1, [5]]);
  });

  it('gives each thing away once', () => {
    const queue = new Queue<string>();
    const out = queue.push('a');
    queue.push('b');
    out();
    out();
    assert.deepEqual([queue.size, queue.first], [1, 'b']);
  });
});
