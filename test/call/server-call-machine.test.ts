import { describe } from 'node:test';
import type { EndReason } from '../../src/call/leg-states.ts';
import type { Refusal } from '../../src/call/refusal.ts';
import {
  SERVER_CALL_MACHINE,
  type ServerCallEffect,
  type ServerCallEvent,
  type ServerCallState,
} from '../../src/call/server-call-machine.ts';
import { checkRows, NOW } from '../sip/transaction/table.ts';

const TIMERS = { t1Ms: 500, noAnswerMs: 60_000, durationMs: 10_000 };
const ENDLESS = { ...TIMERS, durationMs: undefined };
const busy: Refusal = { status: 486 };
const why: EndReason = { refusal: { status: 503 }, reason: 'R' };

const init = (...open: number[]): ServerCallState => ({
  name: 'init',
  open,
  refusal: undefined,
  timers: { noAnswer: NOW + 60_000 },
});
const ringing = (...open: number[]): ServerCallState => ({ ...init(...open), name: 'ringing' }) as ServerCallState;
const refusedBy = (refusal: Refusal, ...open: number[]) => ({ ...ringing(...open), refusal }) as ServerCallState;
const start = (branch: number, duration: number | undefined = NOW + 10_000): ServerCallState => ({
  name: 'start',
  branch,
  timers: { duration },
});
const hold = (branch: number): ServerCallState => ({ ...start(branch), name: 'hold' }) as ServerCallState;
const stop: ServerCallState = { name: 'stop', timers: { forget: NOW + 32_000 } };

const timer = (name: 'noAnswer' | 'duration' | 'forget'): ServerCallEvent => ({ type: 'timer', timer: name });
const left = (branch: number): ServerCallEvent => ({ type: 'left', branch });
const refused = (branch: number, refusal: Refusal): ServerCallEvent => ({ type: 'refused', branch, refusal });
const held = (branch: number, is: boolean): ServerCallEvent => ({ type: 'held', branch, held: is });
const answered = (branch: number): ServerCallEvent => ({ type: 'answered', branch });

const release = (branch: number): ServerCallEffect => ({ type: 'release', branch });
const end = (branch: number, reason: EndReason): ServerCallEffect => ({ type: 'end', branch, why: reason });
const connected = (branch: number): ServerCallEffect => ({ type: 'connected', branch });

const ELSEWHERE: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
const NO_ANSWER: EndReason = { refusal: { status: 480 }, reason: 'Q.850;cause=19;text="no answer"' };
const DECLINED: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=603;text="declined"' };
const TIME_OVER: EndReason = { refusal: { status: 487 }, reason: 'Q.850;cause=16;text="duration of the call"' };

// biome-ignore format: one row, one line
describe('a call with the server that rings', () => {
  checkRows(SERVER_CALL_MACHINE, TIMERS, [
    { title: '180', from: init(0, 1), on: { type: 'alerting' }, to: ringing(0, 1) },
    { title: '180 again', from: ringing(0), on: { type: 'alerting' }, to: ringing(0) },
    { title: '2xx', from: ringing(0), on: answered(0), to: start(0), effects: [connected(0)] },
    { title: '2xx without 180', from: init(0), on: answered(0), to: start(0), effects: [connected(0)] },
    { title: 'the first 2xx ends the others (RFC 3326)', from: ringing(0, 1, 2), on: answered(1), to: start(1), effects: [end(0, ELSEWHERE), release(0), end(2, ELSEWHERE), release(2), connected(1)] },
    { title: 'a 2xx that held no session, so that it was ended', from: refusedBy(busy, 1), on: answered(0), to: refusedBy(busy, 1) },
    { title: 'the only phone refuses', from: ringing(0), on: refused(0, busy), to: stop, effects: [release(0)] },
    { title: 'another one still rings', from: ringing(0, 1), on: refused(0, busy), to: refusedBy(busy, 1), effects: [release(0)] },
    { title: 'it refuses too', from: refusedBy(busy, 1), on: refused(1, busy), to: stop, effects: [release(1)] },
    { title: 'a phone that refused and is lost', from: refusedBy(busy, 1), on: left(0), to: refusedBy(busy, 1) },
    { title: 'a 6xx ends the search (RFC 3261 §16.7 step 5)', from: ringing(0, 1), on: refused(0, { status: 603 }), to: stop, effects: [release(0), end(1, DECLINED), release(1)] },
    { title: 'the caller takes it back', from: ringing(0), on: left(0), to: stop, effects: [release(0)] },
    { title: 'early media are no hold', from: ringing(0), on: held(0, true), to: ringing(0) },
    { title: 'nobody answers', from: ringing(0, 1), on: timer('noAnswer'), to: stop, effects: [end(0, NO_ANSWER), release(0), end(1, NO_ANSWER), release(1)] },
    { title: 'we end it', from: init(0), on: { type: 'stop', why }, to: stop, effects: [end(0, why), release(0)] },
  ]);
  checkRows(SERVER_CALL_MACHINE, ENDLESS, [
    { title: 'without a duration it lasts', from: ringing(0), on: answered(0), to: { name: 'start', branch: 0, timers: { duration: undefined } }, effects: [connected(0)] },
  ]);
});

// biome-ignore format: one row, one line
describe('a call with the server that is up', () => {
  checkRows(SERVER_CALL_MACHINE, TIMERS, [
    { title: 'hold', from: start(1), on: held(1, true), to: hold(1) },
    { title: 'resume', from: hold(1), on: held(1, false), to: start(1) },
    { title: 'what a phone that lost agrees to', from: start(1), on: held(0, true), to: start(1) },
    { title: 'the phone hangs up', from: hold(1), on: left(1), to: stop, effects: [release(1)] },
    { title: 'a phone that lost leaves', from: start(1), on: left(0), to: start(1) },
    { title: 'a phone that was cancelled', from: start(1), on: refused(0, { status: 487 }), to: start(1) },
    { title: 'a phone that rings before it is cancelled', from: start(1), on: { type: 'alerting' }, to: start(1) },
    { title: 'its time is over', from: start(1), on: timer('duration'), to: stop, effects: [end(1, TIME_OVER), release(1)] },
    { title: 'we end it', from: start(1), on: { type: 'stop', why }, to: stop, effects: [end(1, why), release(1)] },
    { title: 'a second answer', from: start(1), on: answered(0), to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a call with the server that is over', () => {
  checkRows(SERVER_CALL_MACHINE, TIMERS, [
    { title: 'what its leg still reports', from: stop, on: left(0), to: stop },
    { title: 'a second end', from: stop, on: { type: 'stop', why }, to: stop },
    { title: '64·T1 later', from: stop, on: timer('forget'), to: { name: 'gone' } },
    { title: 'nothing is expected any more', from: { name: 'gone' }, on: left(0), to: undefined },
  ]);
});
