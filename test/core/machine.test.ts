import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Machine, type MachineDefinition, type MachineOwner, type TimerEvent } from '../../src/core/machine.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A door: opens when asked, closes by itself after `shutAfterMs`, warns before, and may be removed. */
type Door =
  | { readonly name: 'shut' }
  | { readonly name: 'open'; readonly timers: { readonly warn: number; readonly shut: number } }
  | { readonly name: 'stuck'; readonly timers: { readonly never?: number; readonly later?: number } }
  | { readonly name: 'gone' };
type Asked =
  | { readonly type: 'open' | 'remove' | 'jam' | 'bang' | 'burn' | 'crash' }
  | TimerEvent<'warn' | 'shut' | 'never' | 'later'>;
type Act = 'light' | 'dark' | 'warn' | 'raise' | 'throw' | 'abandon';

const door: MachineDefinition<Door, Asked, Act, { readonly shutAfterMs: number }> = {
  name: 'door',
  final: ['gone'],
  handlers: {
    shut(state, event, now, { shutAfterMs }) {
      switch (event.type) {
        case 'open':
          return { state: { name: 'open', timers: { warn: now + 10, shut: now + shutAfterMs } }, effects: ['light'] };
        case 'bang':
          return { state, effects: ['raise', 'light'] };
        case 'jam':
          return { state: { name: 'stuck', timers: { never: now + 5, later: now + 8 } } };
        case 'crash':
          throw new Error('handler');
        case 'remove':
          return { state: { name: 'gone' }, effects: ['raise', 'dark'] };
        default:
          return undefined;
      }
    },
    open(state, event, _now) {
      if (event.type === 'timer') {
        return event.timer === 'warn' ? { state, effects: ['warn'] } : { state: { name: 'shut' }, effects: ['dark'] };
      }
      if (event.type === 'remove') return { state: { name: 'gone' } };
      if (event.type === 'burn') return { state: { name: 'gone' }, effects: ['abandon'] };
      if (event.type === 'bang') return { state, effects: ['throw', 'light', 'throw'] };
      return event.type === 'jam' ? { state, effects: ['abandon', 'light'] } : undefined;
    },
    // Expects nothing at all: not even its own timers.
    stuck: () => undefined,
    gone: () => undefined,
  },
};

/** A door whose owner notes everything. */
function install(clock = new FakeClock(), shutAfterMs = 30) {
  const seen: string[] = [];
  const owner: MachineOwner<Door, Asked, Act> = {
    perform(act) {
      seen.push(act);
      if (act === 'raise') machine.dispatch({ type: 'open' });
      if (act === 'throw') throw new Error(`effect ${seen.length}`);
      if (act === 'abandon') machine.abandon();
    },
    onUnexpected: (state, event) => void seen.push(`${event.type} unexpected in ${state.name}`),
    onFinal: (state) => void seen.push(`over: ${state.name}`),
    onState: (state, before) => void seen.push(`${before.name}→${state.name}`),
  };
  const machine: Machine<Door, Asked, Act, { readonly shutAfterMs: number }> = new Machine(
    door,
    { name: 'shut' },
    clock,
    { shutAfterMs },
    owner,
  );
  return { clock, machine, seen };
}

describe('Machine', () => {
  it('takes a step: state first, then its effects', () => {
    const { machine, seen } = install();
    machine.dispatch({ type: 'open' });
    assert.equal(machine.state.name, 'open');
    assert.deepEqual(seen, ['shut→open', 'light']);
  });

  it('fires the timers of the state, each at its instant', () => {
    const { clock, machine, seen } = install();
    clock.advance(100);
    machine.dispatch({ type: 'open' });
    clock.advance(9);
    assert.equal(seen.includes('warn'), false);
    clock.advance(1);
    assert.equal(seen.at(-1), 'warn');
    clock.advance(20);
    assert.deepEqual(seen, ['shut→open', 'light', 'warn', 'open→shut', 'dark']);
    assert.equal(clock.waiting, 0);
  });

  it('stops timers with the state', () => {
    const { clock, machine, seen } = install();
    machine.dispatch({ type: 'open' });
    machine.dispatch({ type: 'remove' });
    assert.equal(clock.waiting, 0);
    clock.advance(1000);
    assert.deepEqual(seen, ['shut→open', 'light', 'open→gone', 'over: gone']);
  });

  it('arms the timers of its first state', () => {
    const clock = new FakeClock();
    const acts: Act[] = [];
    const first: Door = { name: 'open', timers: { warn: 5, shut: 6 } };
    new Machine(door, first, clock, { shutAfterMs: 1 }, { perform: (act) => void acts.push(act) });
    clock.advance(6);
    assert.deepEqual(acts, ['warn', 'dark']);
  });

  it('fires timers of one instant in the order the state names them', () => {
    const { clock, machine, seen } = install(new FakeClock(), 10);
    machine.dispatch({ type: 'open' });
    clock.advance(10);
    assert.deepEqual(seen.slice(2), ['warn', 'open→shut', 'dark']);
  });

  it('queues events raised by effects until the effects are done', () => {
    const { machine, seen } = install();
    machine.dispatch({ type: 'bang' });
    assert.deepEqual(seen, ['raise', 'light', 'shut→open', 'light']);
  });

  it('ignores events raised on the way to a final state', () => {
    const { machine, seen } = install();
    machine.dispatch({ type: 'remove' });
    machine.dispatch({ type: 'open' });
    assert.deepEqual(seen, ['shut→gone', 'raise', 'dark', 'over: gone']);
    assert.equal(machine.over, true);
  });

  it('tells an unexpected event and stays', () => {
    const { machine, seen } = install();
    machine.dispatch({ type: 'open' });
    machine.dispatch({ type: 'open' });
    assert.equal(machine.state.name, 'open');
    assert.equal(seen.at(-1), 'open unexpected in open');
  });

  it('fires a timer nobody expects once, and the next one all the same', () => {
    const { clock, machine, seen } = install();
    machine.dispatch({ type: 'jam' });
    clock.advance(1000);
    assert.deepEqual(seen, ['shut→stuck', 'timer unexpected in stuck', 'timer unexpected in stuck']);
    assert.equal(clock.waiting, 0);
  });

  it('performs all effects when some throw, then throws the first bug', () => {
    const { clock, machine, seen } = install();
    machine.dispatch({ type: 'open' });
    seen.length = 0;
    assert.throws(() => machine.dispatch({ type: 'bang' }), /effect 1/);
    assert.deepEqual(seen, ['throw', 'light', 'throw']);
    clock.advance(30);
    assert.equal(machine.state.name, 'shut', 'and its timers still run');
  });

  it('stays in its state when a handler throws', () => {
    const { machine } = install();
    assert.throws(() => machine.dispatch({ type: 'crash' }), /handler/);
    machine.dispatch({ type: 'open' });
    assert.equal(machine.state.name, 'open');
  });

  it('ends without a word when abandoned', () => {
    const { clock, machine, seen } = install();
    machine.dispatch({ type: 'open' });
    seen.length = 0;
    machine.abandon();
    assert.equal(clock.waiting, 0);
    machine.dispatch({ type: 'remove' });
    assert.deepEqual(seen, []);
    assert.equal(machine.over, true);
  });

  it('may be abandoned by an effect', () => {
    const { clock, machine, seen } = install();
    machine.dispatch({ type: 'open' });
    machine.dispatch({ type: 'jam' });
    clock.advance(1000);
    assert.deepEqual(seen.slice(2), ['abandon', 'light']);
    assert.equal(clock.waiting, 0);
  });

  it('is not told over when an effect abandons it on the way', () => {
    const { machine, seen } = install();
    machine.dispatch({ type: 'open' });
    machine.dispatch({ type: 'burn' });
    assert.deepEqual(seen.slice(2), ['open→gone', 'abandon']);
  });

  it('keeps one call at the clock, however many timers and steps', () => {
    const { clock, machine } = install();
    machine.dispatch({ type: 'open' });
    machine.dispatch({ type: 'open' });
    assert.equal(clock.waiting, 1);
  });

  it('serves 100,000 machines with timers', () => {
    const clock = new FakeClock();
    const doors = Array.from({ length: 100_000 }, () => install(clock));
    for (const { machine } of doors) machine.dispatch({ type: 'open' });
    assert.equal(clock.waiting, 100_000);
    clock.advance(30);
    assert(doors.every(({ machine }) => machine.state.name === 'shut'));
    assert.equal(clock.waiting, 0);
  });
});
