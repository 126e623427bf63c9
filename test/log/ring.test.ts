import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Layer } from '../../src/core/logger.ts';
import { LogRing, type RingRecord } from '../../src/log/ring.ts';

function add(ring: LogRing, message: string, layer: Layer = 'sip', level: RingRecord['level'] = 'info'): void {
  ring.add({ timestamp: 1, layer, level, dir: undefined, id: undefined, text: message });
}

function messages(records: readonly RingRecord[] | undefined): string[] | undefined {
  return records?.map(({ data }) => data.join());
}

describe('log ring', () => {
  it('is read on from an index', () => {
    const ring = new LogRing();
    for (const message of ['a', 'b', 'c']) add(ring, message);
    const first = ring.read({ from: 0, max: 2 });
    assert.deepEqual(messages(first?.records), ['a', 'b']);
    const second = ring.read({ from: first?.next ?? 0 });
    assert.deepEqual(messages(second?.records), ['c']);
    assert.deepEqual(ring.read({ from: second?.next ?? 0 }), { records: [], next: 3, discontinuity: 0 });
  });

  it('answers nothing until min records match', () => {
    const ring = new LogRing();
    add(ring, 'a');
    assert.equal(ring.read({ from: 0, min: 2 }), undefined);
    let woken = 0;
    ring.added.add(() => woken++);
    add(ring, 'b');
    assert.equal(woken, 1);
    assert.deepEqual(messages(ring.read({ from: 0, min: 2 })?.records), ['a', 'b']);
  });

  it('filters by layer and level and goes on behind what was left out', () => {
    const ring = new LogRing();
    add(ring, 'sip info');
    add(ring, 'cx error', 'cx', 'error');
    add(ring, 'cx debug', 'cx', 'debug');
    add(ring, 'sip debug', 'sip', 'debug');
    const answer = ring.read({ from: 0, layers: { cx: 'info', sip: 'debug' } });
    assert.deepEqual(messages(answer?.records), ['sip info', 'cx error', 'sip debug']);
    assert.deepEqual(ring.read({ from: 0, layers: { rx: 'debug' } }), { records: [], next: 4, discontinuity: 0 });
  });

  it('pushes the oldest out and counts what a reader missed', () => {
    const ring = new LogRing(3);
    for (let index = 0; index < 10; index++) add(ring, String(index));
    assert.equal(ring.size, 3);
    const answer = ring.read({ from: 2 });
    assert.deepEqual(messages(answer?.records), ['7', '8', '9']);
    assert.deepEqual(
      answer?.records.map(({ idx }) => idx),
      [7, 8, 9],
    );
    assert.equal(answer?.discontinuity, 5);
  });

  it('is bounded in size, and the newest record always stays', () => {
    const ring = new LogRing(1000, 1000);
    for (let index = 0; index < 100; index++) add(ring, 'x'.repeat(90));
    assert.equal(ring.size, 4);
    add(ring, 'y'.repeat(5000));
    assert.equal(ring.size, 1);
    add(ring, 'z');
    assert.equal(ring.size, 1);
  });

  it('forgets at a reset, which is no discontinuity', () => {
    const ring = new LogRing();
    add(ring, 'a');
    add(ring, 'b');
    ring.reset();
    assert.equal(ring.size, 0);
    add(ring, 'c');
    const answer = ring.read({ from: 0 });
    assert.deepEqual(messages(answer?.records), ['c']);
    assert.equal(answer?.records[0]?.idx, 2);
    assert.equal(answer?.discontinuity, 0);
  });
});
