import { describe } from 'node:test';
import { CALL_MACHINE } from '../../src/call/call-machine.ts';
import type { Branch, CallEffect, CallEvent, CallState, Side } from '../../src/call/call-states.ts';
import type { Sdp } from '../../src/call/leg-session.ts';
import type { EndReason } from '../../src/call/leg-states.ts';
import type { Refusal } from '../../src/call/refusal.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import { checkRows, NOW } from '../sip/transaction/table.ts';
import { sdpOf } from './phone.ts';

const TIMERS = { t1Ms: 500, noAnswerMs: 60_000 };
const sdp = parseSdp(sdpOf('10.0.0.1', 4000));
const busy: Refusal = { status: 486 };
const why: EndReason = { refusal: { status: 503 }, reason: 'R' };

const branch = (id: number, phase: Branch['phase']): Branch => ({ id, phase });
const init = (...branches: Branch[]): CallState => ({
  name: 'init',
  branches,
  offer: sdp,
  refusal: undefined,
  timers: { noAnswer: NOW + 60_000 },
});
const ringing = (...branches: Branch[]): CallState => ({ ...init(...branches), name: 'ringing' }) as CallState;
const offerless = (...branches: Branch[]): CallState => ({ ...init(...branches), offer: undefined }) as CallState;
const start: CallState = { name: 'start', branch: 0 };
const onHold: CallState = { name: 'hold', branch: 0 };
const stop: CallState = { name: 'stop', timers: { forget: NOW + 32_000 } };

const ready = (id = 0): CallEvent => ({ type: 'mediaReady', branch: id });
const noPorts = (id = 0): CallEvent => ({ type: 'mediaRefused', branch: id, refusal: { status: 503 } });
const left = (side: Side, id = 0): CallEvent => ({ type: 'left', side, branch: id, reason: 'their R' });
const timer = (name: 'noAnswer' | 'forget'): CallEvent => ({ type: 'timer', timer: name });
const answered = (id = 0): CallEvent => ({ type: 'answered', branch: id, fork: 1 });
const progress = (status: number): CallEvent => ({ type: 'progress', branch: 0, fork: 1, status });

const prepare = (id: number): CallEffect => ({ type: 'prepareMedia', branch: id, offer: sdp });
const invite = (id: number, offer: Sdp = sdp): CallEffect => ({ type: 'invite', branch: id, offer });
const release = (id = 0): CallEffect => ({ type: 'release', branch: id });
const endCaller = (reason: EndReason): CallEffect => ({ type: 'endCaller', why: reason });
const endCallee = (id: number, reason: EndReason): CallEffect => ({ type: 'endCallee', branch: id, why: reason });
const answerCaller: CallEffect = { type: 'answerCaller', branch: 0, fork: 1 };
const connected: CallEffect = { type: 'connected', branch: 0, fork: 1 };
const alert = (status: number): CallEffect => ({ type: 'alertCaller', branch: 0, fork: 1, status });

const CANCELLED: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=487;text="Request Terminated"' };
const ELSEWHERE: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
const NO_ANSWER: EndReason = { refusal: { status: 480 }, reason: 'Q.850;cause=19;text="no answer"' };
const ENDED: EndReason = { refusal: { status: 480 }, reason: 'their R' };

// biome-ignore format: one row, one line
describe('a call that is being set up', () => {
  checkRows(CALL_MACHINE, TIMERS, [
    { title: 'an offer needs ports first', from: init(), on: { type: 'begin', branches: [0, 1], offer: sdp }, to: init(branch(0, 'preparing'), branch(1, 'preparing')), effects: [prepare(0), prepare(1)] },
    { title: 'without an offer it is passed on at once', from: offerless(), on: { type: 'begin', branches: [0], offer: undefined }, to: offerless(branch(0, 'inviting')), effects: [{ type: 'invite', branch: 0, offer: undefined }] },
    { title: 'ports are there', from: init(branch(0, 'preparing')), on: ready(), to: init(branch(0, 'inviting')), effects: [invite(0)] },
    { title: 'ports nobody waits for', from: init(branch(0, 'over'), branch(1, 'inviting')), on: ready(), to: undefined },
    { title: 'no ports: 503', from: init(branch(0, 'preparing')), on: noPorts(), to: stop, effects: [release(), endCaller({ refusal: { status: 503 } })] },
    { title: '180', from: init(branch(0, 'inviting')), on: progress(180), to: ringing(branch(0, 'alerting')), effects: [alert(180)] },
    { title: '183 does not ring', from: init(branch(0, 'inviting')), on: progress(183), to: init(branch(0, 'inviting')), effects: [alert(183)] },
    { title: '183 after 180 still rings', from: ringing(branch(0, 'alerting')), on: progress(183), to: ringing(branch(0, 'alerting')), effects: [alert(183)] },
    { title: 'a callee that is over does not ring', from: init(branch(0, 'over'), branch(1, 'inviting')), on: progress(180), to: undefined },
    { title: '2xx', from: ringing(branch(0, 'alerting')), on: answered(), to: start, effects: [answerCaller, connected] },
    { title: 'the first 2xx cancels the others (RFC 3326)', from: ringing(branch(0, 'alerting'), branch(1, 'alerting'), branch(2, 'preparing'), branch(3, 'over')), on: answered(), to: start, effects: [answerCaller, connected, endCallee(1, ELSEWHERE), release(1), release(2)] },
    { title: 'there is no session with the only callee', from: ringing(branch(0, 'alerting')), on: { type: 'failed', branch: 0, why }, to: stop, effects: [endCallee(0, why), release(), endCaller({ refusal: why.refusal })] },
    { title: 'a 2xx of the callee there was no session with', from: ringing(branch(0, 'over'), branch(1, 'alerting')), on: answered(), to: ringing(branch(0, 'over'), branch(1, 'alerting')) },
    { title: 'a session before the answer', from: ringing(branch(0, 'alerting')), on: { type: 'agreed', branch: 0, held: true }, to: ringing(branch(0, 'alerting')) },
    { title: 'the only callee refuses', from: ringing(branch(0, 'alerting')), on: { type: 'refused', branch: 0, refusal: busy }, to: stop, effects: [release(), endCaller({ refusal: busy })] },
    { title: 'another one still rings', from: ringing(branch(0, 'alerting'), branch(1, 'alerting')), on: { type: 'refused', branch: 0, refusal: busy }, to: { ...ringing(branch(0, 'over'), branch(1, 'alerting')), refusal: busy } as CallState, effects: [release()] },
    { title: 'the better refusal is told (RFC 3261 §16.7 step 6)', from: { ...ringing(branch(0, 'over'), branch(1, 'alerting')), refusal: busy } as CallState, on: { type: 'refused', branch: 1, refusal: { status: 500 } }, to: stop, effects: [release(1), endCaller({ refusal: busy })] },
    { title: 'a 6xx ends the search (§16.7 step 5)', from: ringing(branch(0, 'alerting'), branch(1, 'alerting')), on: { type: 'refused', branch: 0, refusal: { status: 603 } }, to: stop, effects: [release(), endCaller({ refusal: { status: 603 } }), endCallee(1, { refusal: { status: 603 } }), release(1)] },
    { title: 'a callee that hangs up', from: ringing(branch(0, 'alerting')), on: left('callee'), to: stop, effects: [release(), endCaller({ refusal: { status: 480 } })] },
    { title: 'CANCEL', from: ringing(branch(0, 'alerting'), branch(1, 'preparing')), on: { type: 'cancelled' }, to: stop, effects: [endCaller(CANCELLED), endCallee(0, CANCELLED), release(0), release(1)] },
    { title: 'the caller is gone', from: ringing(branch(0, 'alerting')), on: left('caller'), to: stop, effects: [endCaller(CANCELLED), endCallee(0, CANCELLED), release()] },
    { title: 'nobody answers', from: ringing(branch(0, 'alerting')), on: timer('noAnswer'), to: stop, effects: [endCaller(NO_ANSWER), endCallee(0, NO_ANSWER), release()] },
    { title: 'we end it', from: ringing(branch(0, 'alerting')), on: { type: 'stop', why }, to: stop, effects: [endCaller(why), endCallee(0, why), release()] },
    { title: 'media of nobody', from: ringing(branch(0, 'alerting')), on: ready(7), to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a call that is up', () => {
  checkRows(CALL_MACHINE, TIMERS, [
    { title: 'hold', from: start, on: { type: 'agreed', branch: 0, held: true }, to: onHold },
    { title: 'resume', from: onHold, on: { type: 'agreed', branch: 0, held: false }, to: start },
    { title: 'a callee that lost agrees with nobody', from: start, on: { type: 'agreed', branch: 1, held: true }, to: start },
    { title: 'there is no session after all', from: start, on: { type: 'failed', branch: 0, why }, to: stop, effects: [endCaller(why), endCallee(0, why), release()] },
    { title: 'none with a callee that lost', from: start, on: { type: 'failed', branch: 1, why }, to: start },
    { title: 'CANCEL before the caller has our 200', from: start, on: { type: 'cancelled' }, to: stop, effects: [endCaller({ refusal: { status: 487 } }), endCallee(0, { refusal: { status: 487 } }), release()] },
    { title: 'media nobody waits for', from: start, on: ready(), to: undefined },
    { title: 'no media for nobody', from: start, on: noPorts(), to: undefined },
    { title: 'the caller hangs up', from: start, on: left('caller'), to: stop, effects: [endCallee(0, ENDED), release()] },
    { title: 'the callee hangs up', from: onHold, on: left('callee'), to: stop, effects: [endCaller(ENDED), release()] },
    { title: 'a callee that lost', from: start, on: left('callee', 1), to: start },
    { title: 'we end it', from: start, on: { type: 'stop', why }, to: stop, effects: [endCaller(why), endCallee(0, why), release()] },
    { title: 'a callee that was cancelled', from: start, on: { type: 'refused', branch: 1, refusal: { status: 487 } }, to: start },
    { title: 'a callee that rings before it is cancelled', from: start, on: { ...progress(180), branch: 1 } as CallEvent, to: start },
    { title: 'a callee that answers before it is cancelled', from: start, on: answered(1), to: start },
    { title: 'a second beginning', from: start, on: { type: 'begin', branches: [], offer: sdp }, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a call that is over', () => {
  checkRows(CALL_MACHINE, TIMERS, [
    { title: 'what legs still report', from: stop, on: left('callee'), to: stop },
    { title: 'a second end', from: stop, on: { type: 'stop', why }, to: stop },
    { title: '64·T1 later', from: stop, on: timer('forget'), to: { name: 'gone' } },
    { title: 'nothing is expected any more', from: { name: 'gone' }, on: left('callee'), to: undefined },
  ]);
});
