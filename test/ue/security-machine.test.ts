import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Machine } from '../../src/core/machine.ts';
import {
  IN_CLEAR,
  SECURITY_MACHINE,
  type SecurityEffect,
  type SecurityEvent,
  TEMPORARY_MS,
} from '../../src/ue/security-machine.ts';
import { FakeClock } from '../support/fake-clock.ts';

const T1_MS = 500;
const DRAIN_MS = 64 * T1_MS;
const REGISTERED_MS = 3_600_000;

function open() {
  const clock = new FakeClock();
  const effects: SecurityEffect[] = [];
  const unexpected: string[] = [];
  const machine = new Machine(
    SECURITY_MACHINE,
    IN_CLEAR,
    clock,
    { t1Ms: T1_MS },
    { perform: (effect) => effects.push(effect), onUnexpected: (_, { type }) => unexpected.push(type) },
  );
  return {
    clock,
    unexpected,
    dispatch: (...events: readonly SecurityEvent[]) => {
      for (const event of events) machine.dispatch(event);
    },
    /** A set that its registration has established, for an hour from now. */
    establish: (set: number) => {
      machine.dispatch({ type: 'challenged', set });
      machine.dispatch({ type: 'registered', set, until: clock.now() + REGISTERED_MS });
    },
    get name() {
      return machine.state.name;
    },
    get current() {
      return 'current' in machine.state ? machine.state.current : undefined;
    },
    get removed() {
      return effects.flatMap((effect) => (effect.type === 'remove' ? effect.set : []));
    },
    get extended() {
      return effects.flatMap((effect) => (effect.type === 'extend' ? [[effect.set, effect.endsAt]] : []));
    },
  };
}

describe('the sets of a handset', () => {
  it('the set of a challenge lives four minutes without a registration', () => {
    const sets = open();
    sets.dispatch({ type: 'challenged', set: 1 });
    sets.clock.advance(TEMPORARY_MS - 1);
    assert.deepEqual([sets.name, sets.removed], ['challenged', []]);
    sets.clock.advance(1);
    assert.deepEqual([sets.name, sets.removed], ['clear', [1]]);
  });

  it('one whose REGISTER is refused goes at once', () => {
    const sets = open();
    sets.dispatch({ type: 'challenged', set: 1 }, { type: 'refused', set: 1 });
    assert.deepEqual([sets.name, sets.removed], ['clear', [1]]);
  });

  it('a registration establishes it for 30 s longer than itself', () => {
    const sets = open();
    sets.establish(1);
    assert.equal(sets.name, 'secured');
    assert.deepEqual(sets.extended, [[1, sets.clock.now() + REGISTERED_MS + 30_000]]);
    sets.clock.advance(REGISTERED_MS + 30_000);
    assert.deepEqual([sets.name, sets.removed], ['clear', [1]]);
  });

  it('a registration in it that was not challenged extends it, and never shortens it', () => {
    const sets = open();
    sets.establish(1);
    const endsAt = sets.current?.endsAt;
    sets.dispatch({ type: 'registered', set: 1, until: sets.clock.now() + 60_000 });
    assert.equal(sets.current?.endsAt, endsAt);
    sets.clock.advance(1000);
    sets.dispatch({ type: 'registered', set: 1, until: sets.clock.now() + REGISTERED_MS });
    assert.equal(sets.current?.endsAt, (endsAt ?? 0) + 1000);
    assert.equal(sets.name, 'secured');
  });

  it('a new set leaves the old one until a message has come through the new, and 64·T1 longer', () => {
    const sets = open();
    sets.establish(1);
    sets.establish(2);
    assert.deepEqual([sets.name, sets.current?.set], ['switching', 2]);
    sets.clock.advance(10 * DRAIN_MS);
    sets.dispatch({ type: 'received', set: 1 });
    assert.equal(sets.name, 'switching');
    sets.dispatch({ type: 'received', set: 2 });
    assert.equal(sets.name, 'secured');
    sets.clock.advance(DRAIN_MS - 1);
    assert.deepEqual(sets.removed, []);
    sets.clock.advance(1);
    assert.deepEqual(sets.removed, [1]);
    assert.equal(sets.current?.set, 2);
  });

  it('an old set nobody used ends with its lifetime', () => {
    const sets = open();
    sets.establish(1);
    sets.clock.advance(REGISTERED_MS / 2);
    sets.establish(2);
    sets.clock.advance(REGISTERED_MS / 2 + 30_000);
    assert.deepEqual([sets.name, sets.removed], ['secured', [1]]);
  });

  it('the set in use stays as it is while a challenge, a refusal or a newer challenge comes and goes', () => {
    const sets = open();
    sets.establish(1);
    sets.dispatch({ type: 'challenged', set: 2 }, { type: 'challenged', set: 3 });
    assert.deepEqual([sets.removed, sets.current?.set], [[2], 1]);
    sets.dispatch({ type: 'refused', set: 3 });
    assert.deepEqual([sets.name, sets.removed, sets.current?.set], ['secured', [2, 3], 1]);
    sets.dispatch({ type: 'refused', set: 1 });
    assert.deepEqual([sets.name, sets.removed, sets.current?.set], ['secured', [2, 3], 1]);
    sets.dispatch({ type: 'challenged', set: 4 });
    sets.clock.advance(TEMPORARY_MS);
    assert.deepEqual([sets.name, sets.removed], ['secured', [2, 3, 4]]);
  });

  it('a third registration before the second was used drains the first', () => {
    const sets = open();
    sets.establish(1);
    sets.establish(2);
    sets.establish(3);
    assert.deepEqual([sets.name, sets.current?.set], ['switching', 3]);
    sets.clock.advance(DRAIN_MS);
    assert.deepEqual(sets.removed, [1]);
  });

  it('what is left after a deregistration carries the last answers, then all is gone', () => {
    const sets = open();
    sets.establish(1);
    sets.establish(2);
    sets.dispatch({ type: 'challenged', set: 3 }, { type: 'left' });
    assert.deepEqual([sets.name, sets.removed], ['clear', [3]]);
    sets.clock.advance(DRAIN_MS);
    assert.deepEqual([new Set(sets.removed), sets.clock.waiting], [new Set([1, 2, 3]), 0]);
    assert.deepEqual(sets.unexpected, []);
  });

  it('a registration that another set would have carried changes nothing', () => {
    const sets = open();
    sets.dispatch({ type: 'registered', set: 7, until: 1 });
    sets.establish(1);
    sets.dispatch({ type: 'registered', set: 7, until: 1 });
    assert.deepEqual([sets.name, sets.current?.set, sets.unexpected], ['secured', 1, ['registered', 'registered']]);
  });
});
