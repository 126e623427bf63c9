import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../src/core/errors.ts';
import {
  type Ordered,
  RACK,
  type ReliableEvent,
  ReliableReceiver,
  type ReliableState,
  reliableMachine,
} from '../../../src/sip/dialog/reliable.ts';
import { checkRows, NOW } from '../transaction/table.ts';

const TIMERS = { t1Ms: 500 };
const first: Ordered = { status: 183, reliable: true };
const second: Ordered = { status: 180, reliable: true };
const plain: Ordered = { status: 180, reliable: false };
const ok: Ordered = { status: 200, reliable: false };

type State = ReliableState<Ordered>;
const idle = (next = 7): State => ({ name: 'idle', next });
const waiting = (response = first, sequence = 7, ...behind: Ordered[]): State => ({
  name: 'unacknowledged',
  sequence,
  response,
  waiting: behind,
  timers: { repeat: NOW + 500, giveUp: NOW + 32_000 },
  intervalMs: 500,
});
const send = (response: Ordered): ReliableEvent<Ordered> => ({ type: 'send', response });
const prack = (sequence: number): ReliableEvent<Ordered> => ({ type: 'prack', sequence });

// biome-ignore format: one row, one line
describe('reliable provisional responses, sent', () => {
  checkRows(reliableMachine<Ordered>(), TIMERS, [
    { title: 'a reliable one waits for its PRACK', from: idle(), on: send(first), to: waiting(), effects: [{ type: 'send', response: first, sequence: 7 }] },
    { title: 'an unreliable one does not', from: idle(), on: send(plain), to: idle(), effects: [{ type: 'send', response: plain, sequence: undefined }] },
    { title: 'a PRACK for nothing', from: idle(), on: prack(7), to: undefined },

    { title: 'the PRACK', from: waiting(), on: prack(7), to: idle(8) },
    { title: 'a PRACK for another one', from: waiting(), on: prack(6), to: undefined },
    { title: 'what comes meanwhile waits behind it', from: waiting(), on: send(plain), to: waiting(first, 7, plain) },
    { title: 'not without end', from: waiting(first, 7, ...Array(8).fill(plain)), on: send(plain), to: waiting(first, 7, ...Array(8).fill(plain)) },
    { title: 'the 200 always', from: waiting(first, 7, ...Array(8).fill(plain)), on: send(ok), to: waiting(first, 7, ...Array(8).fill(plain), ok) },
    { title: 'the next reliable one follows the PRACK', from: waiting(first, 7, plain, second, ok), on: prack(7), to: waiting(second, 8, ok), effects: [{ type: 'send', response: plain, sequence: undefined }, { type: 'send', response: second, sequence: 8 }] },
    { title: 'the 200 follows it (RFC 3262 §3)', from: waiting(second, 8, ok), on: prack(8), to: idle(9), effects: [{ type: 'send', response: ok, sequence: undefined }] },
    { title: 'again after T1, then after 2·T1', from: waiting(), on: { type: 'timer', timer: 'repeat' }, to: { ...waiting(), intervalMs: 1000, timers: { repeat: NOW + 1000, giveUp: NOW + 32_000 } } as State, effects: [{ type: 'repeat', response: first, sequence: 7 }] },
    { title: '64·T1', from: waiting(), on: { type: 'timer', timer: 'giveUp' }, to: { name: 'over' }, effects: [{ type: 'gaveUp' }] },

    { title: 'a late PRACK', from: { name: 'over' }, on: prack(7), to: undefined },
  ]);
});

describe('reliable provisional responses, received', () => {
  it('are acknowledged once each, in order (§4)', () => {
    const receiver = new ReliableReceiver();
    const taken = [900, 900, 902, 901, 901, 902, 900, 903].map((sequence) => receiver.takes(sequence));
    assert.deepEqual(taken, [true, false, false, true, false, true, false, true]);
  });
});

describe('RAck', () => {
  it('names response and INVITE', () => {
    const rack = { sequence: 776_656, cseq: 1, method: 'INVITE' };
    assert.deepEqual(RACK.parse(' 776656  1 INVITE'), rack);
    assert.equal(RACK.print(rack), '776656 1 INVITE');
  });

  for (const raw of ['', '1 INVITE', '1 2', 'a 1 INVITE', '1 2 INVITE x', '11111111111 2 INVITE']) {
    it(`is refused as ${JSON.stringify(raw)}`, () => {
      assert.throws(() => RACK.parse(raw), MalformedError);
    });
  }
});
