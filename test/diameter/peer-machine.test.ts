import { describe } from 'node:test';
import { PEER_MACHINE, PEER_TIMES, type PeerState } from '../../src/diameter/peer-machine.ts';
import { checkRows, NOW } from '../sip/transaction/table.ts';

const times = { ...PEER_TIMES, spread: (ms: number) => ms };
const { answerMs, farewellMs, watchdogMs } = PEER_TIMES;

const closed = (inMs: number, failures = 0): PeerState => ({
  name: 'closed',
  failures,
  timers: { reconnect: NOW + inMs },
});
const waitConnAck = (failures = 0): PeerState => ({
  name: 'waitConnAck',
  failures,
  timers: { answer: NOW + answerMs },
});
const waitCea = (failures = 0): PeerState => ({ name: 'waitCea', failures, timers: { answer: NOW + answerMs } });
const open = (asked = false): PeerState => ({ name: 'open', asked, timers: { watchdog: NOW + watchdogMs } });
const suspect: PeerState = { name: 'suspect', timers: { watchdog: NOW + watchdogMs } };
const closing: PeerState = { name: 'closing', timers: { answer: NOW + farewellMs } };
const stopped: PeerState = { name: 'stopped' };
const failed = (why: string, retryMs: number) => ({ type: 'failed', why, retryMs }) as const;
const dpr = (stayAway: boolean) => ({ type: 'dpr', cause: 'BUSY', stayAway }) as const;
const abort = { type: 'abort' } as const;
const close = { type: 'close' } as const;

describe('the connection with a peer', () => {
  checkRows(PEER_MACHINE, times, [
    {
      title: 'it is time to connect',
      from: closed(0, 2),
      on: { type: 'timer', timer: 'reconnect' },
      to: waitConnAck(2),
      effects: [{ type: 'connect' }],
    },
    { title: 'the server stops', from: closed(0), on: { type: 'stop' }, to: stopped },
    { title: 'a connection of before is lost', from: closed(0), on: { type: 'lost', why: 'x' }, to: undefined },

    { title: 'it stands', from: waitConnAck(3), on: { type: 'up' }, to: waitCea(3), effects: [{ type: 'sendCer' }] },
    {
      title: 'it cannot be had, the first time',
      from: waitConnAck(),
      on: { type: 'lost', why: 'refused' },
      to: closed(30_000, 1),
      effects: [failed('refused', 30_000)],
    },
    {
      title: 'it cannot be had, the second time',
      from: waitConnAck(1),
      on: { type: 'lost', why: 'refused' },
      to: closed(60_000, 2),
      effects: [failed('refused', 60_000)],
    },
    {
      title: 'it cannot be had, time after time',
      from: waitConnAck(16),
      on: { type: 'lost', why: 'refused' },
      to: closed(120_000, 16),
      effects: [failed('refused', 120_000)],
    },
    {
      title: 'nothing happens',
      from: waitConnAck(),
      on: { type: 'timer', timer: 'answer' },
      to: closed(30_000, 1),
      effects: [abort, failed('no answer', 30_000)],
    },
    { title: 'the server stops', from: waitConnAck(), on: { type: 'stop' }, to: stopped, effects: [abort] },

    {
      title: 'the peer accepts us',
      from: waitCea(5),
      on: { type: 'cea', refusal: undefined },
      to: open(),
      effects: [{ type: 'opened' }],
    },
    {
      title: 'the peer refuses us',
      from: waitCea(),
      on: { type: 'cea', refusal: 'no' },
      to: closed(30_000, 1),
      effects: [close, failed('CEA: no', 30_000)],
    },
    {
      title: 'the connection is lost',
      from: waitCea(1),
      on: { type: 'lost', why: 'reset' },
      to: closed(60_000, 2),
      effects: [failed('reset', 60_000)],
    },
    {
      title: 'no CEA comes',
      from: waitCea(),
      on: { type: 'timer', timer: 'answer' },
      to: closed(30_000, 1),
      effects: [abort, failed('no answer', 30_000)],
    },
    { title: 'the server stops', from: waitCea(), on: { type: 'stop' }, to: stopped, effects: [abort] },

    { title: 'anything comes', from: open(true), on: { type: 'received' }, to: open() },
    {
      title: 'nothing has come for long',
      from: open(),
      on: { type: 'timer', timer: 'watchdog' },
      to: open(true),
      effects: [{ type: 'sendDwr' }],
    },
    { title: 'the DWR has no answer', from: open(true), on: { type: 'timer', timer: 'watchdog' }, to: suspect },
    {
      title: 'the connection is lost',
      from: open(),
      on: { type: 'lost', why: 'reset' },
      to: closed(1000),
      effects: [failed('reset', 1000)],
    },
    {
      title: 'the peer disconnects',
      from: open(),
      on: dpr(false),
      to: closed(30_000),
      effects: [close, failed('it disconnects: BUSY', 30_000)],
    },
    {
      title: 'the peer disconnects and wants no more of us',
      from: open(),
      on: dpr(true),
      to: closed(120_000),
      effects: [close, failed('it disconnects: BUSY', 120_000)],
    },
    { title: 'a second CEA comes', from: open(), on: { type: 'cea', refusal: undefined }, to: undefined },
    { title: 'the server stops', from: open(), on: { type: 'stop' }, to: closing, effects: [{ type: 'sendDpr' }] },

    { title: 'it lives after all', from: suspect, on: { type: 'received' }, to: open() },
    {
      title: 'it is still silent',
      from: suspect,
      on: { type: 'timer', timer: 'watchdog' },
      to: closed(1000),
      effects: [abort, failed('no answer to Device-Watchdog-Request', 1000)],
    },
    {
      title: 'the connection is lost',
      from: suspect,
      on: { type: 'lost', why: 'reset' },
      to: closed(1000),
      effects: [failed('reset', 1000)],
    },
    { title: 'the server stops', from: suspect, on: { type: 'stop' }, to: closing, effects: [{ type: 'sendDpr' }] },

    { title: 'the DPA comes', from: closing, on: { type: 'dpa' }, to: stopped, effects: [close] },
    { title: 'the peer says farewell too', from: closing, on: dpr(false), to: stopped, effects: [close] },
    { title: 'no DPA comes', from: closing, on: { type: 'timer', timer: 'answer' }, to: stopped, effects: [abort] },
    { title: 'the connection is lost', from: closing, on: { type: 'lost', why: 'x' }, to: stopped },
    { title: 'a late answer comes', from: closing, on: { type: 'received' }, to: undefined },
  ]);
});
