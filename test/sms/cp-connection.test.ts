import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CP_MACHINE, type CpEvent, type CpState, established, GUARD_MS, TC1_MS } from '../../src/sms/cp-connection.ts';

const NOW = 5000;
const RPDU = Uint8Array.of(1, 7);
const ANSWER = Uint8Array.of(2, 7);

const FRESH = established(undefined, 0);
const ANSWERED = established(ANSWER, 0);
function waiting(repetitionsLeft: number, received?: Uint8Array): CpState {
  return { name: 'wait for CP-ACK', received, rpdu: RPDU, repetitionsLeft, timers: { TC1: NOW } };
}

const data = (rpdu: Uint8Array): CpEvent => ({ type: 'data', rpdu });
const ACK: CpEvent = { type: 'ack' };
const ERROR: CpEvent = { type: 'error', cause: 17 };
const RELEASE: CpEvent = { type: 'release', why: 'gone' };
const TC1: CpEvent = { type: 'timer', timer: 'TC1' };
const GUARD: CpEvent = { type: 'timer', timer: 'guard' };

const ROWS: readonly (readonly [CpState, string, CpEvent, CpState['name'] | '-', string])[] = [
  [FRESH, 'send', { type: 'send', rpdu: RPDU }, 'wait for CP-ACK', 'data'],
  [FRESH, 'CP-DATA', data(ANSWER), 'established', 'rpdu, ack'],
  [ANSWERED, 'CP-DATA repeated', data(Uint8Array.from(ANSWER)), 'established', 'ack'],
  [ANSWERED, 'another CP-DATA', data(RPDU), 'established', 'rpdu, ack'],
  [FRESH, 'CP-ACK', ACK, 'established', ''],
  [FRESH, 'CP-ERROR', ERROR, 'released', ''],
  [FRESH, 'release', RELEASE, 'released', ''],
  [FRESH, 'nothing for long', GUARD, 'released', ''],
  [waiting(2), 'CP-ACK', ACK, 'established', 'taken'],
  [waiting(2), 'CP-DATA in its place', data(ANSWER), 'established', 'taken, rpdu, ack'],
  [waiting(2, ANSWER), 'CP-DATA repeated', data(ANSWER), 'wait for CP-ACK', 'ack'],
  [waiting(2), 'TC1*', TC1, 'wait for CP-ACK', 'data'],
  [waiting(0), 'TC1*, the last', TC1, 'released', 'failed'],
  [waiting(2), 'CP-ERROR', ERROR, 'released', 'failed'],
  [waiting(2), 'release', RELEASE, 'released', 'failed'],
  [waiting(2), 'send', { type: 'send', rpdu: RPDU }, '-', ''],
  [{ name: 'released' }, 'CP-ACK', ACK, '-', ''],
];

function run(state: CpState, event: CpEvent) {
  const handler = CP_MACHINE.handlers[state.name] as (
    state: CpState,
    event: CpEvent,
    now: number,
    context: undefined,
  ) => ReturnType<(typeof CP_MACHINE)['handlers']['established']>;
  return handler(state, event, NOW, undefined);
}

describe('a CP connection', () => {
  for (const [state, what, event, next, effects] of ROWS) {
    it(`${state.name}: ${what}`, () => {
      const step = run(state, event);
      assert.equal(step?.state.name ?? '-', next);
      assert.equal((step?.effects ?? []).map(({ type }) => type).join(', '), effects);
    });
  }

  it('repeats CP-DATA twice', () => {
    let state = run(FRESH, { type: 'send', rpdu: RPDU })?.state;
    for (const left of [2, 1, 0]) {
      assert.deepEqual(state, {
        name: 'wait for CP-ACK',
        received: undefined,
        rpdu: RPDU,
        repetitionsLeft: left,
        timers: { TC1: NOW + TC1_MS },
      });
      state = run(state, TC1)?.state;
    }
    assert.deepEqual(state, { name: 'released' });
  });

  it('lasts while something may come', () => {
    assert.deepEqual(run(FRESH, data(ANSWER))?.state, {
      name: 'established',
      received: ANSWER,
      timers: { guard: NOW + GUARD_MS },
    });
  });
});
