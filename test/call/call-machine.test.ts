import { describe } from 'node:test';
import { CALL_MACHINE } from '../../src/call/call-machine.ts';
import type { Branch, CallEffect, CallEvent, CallExchange, CallState, Side } from '../../src/call/call-states.ts';
import type { EndReason, Sdp } from '../../src/call/leg-states.ts';
import type { Refusal } from '../../src/call/refusal.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import { checkRows, NOW } from '../sip/transaction/table.ts';
import { sdpOf } from './phone.ts';

const TIMERS = { t1Ms: 500, noAnswerMs: 60_000 };
const sdp = parseSdp(sdpOf('10.0.0.1', 4000));
const answer = parseSdp(sdpOf('10.0.0.2', 5000));
const hold = parseSdp(sdpOf('10.0.0.1', 4000, 'sendonly'));
const held = parseSdp(sdpOf('10.0.0.2', 5000, 'recvonly'));
const oneWayVideo = parseSdp(`${sdpOf('10.0.0.1', 4000)}m=video 4002 RTP/AVP 96\r\na=sendonly\r\n`);
const busy: Refusal = { status: 486 };
const why: EndReason = { refusal: { status: 503 }, reason: 'R' };

const branch = (id: number, phase: Branch['phase'], offer?: Sdp): Branch => ({ id, phase, ...(offer && { offer }) });
const init = (...branches: Branch[]): CallState => ({
  name: 'init',
  branches,
  offer: sdp,
  refusal: undefined,
  timers: { noAnswer: NOW + 60_000 },
});
const ringing = (...branches: Branch[]): CallState => ({ ...init(...branches), name: 'ringing' }) as CallState;
const offerless = (...branches: Branch[]): CallState => ({ ...init(...branches), offer: undefined }) as CallState;
const start = (exchange?: CallExchange): CallState => ({ name: 'start', branch: 0, exchange });
const onHold = (exchange?: CallExchange): CallState => ({ name: 'hold', branch: 0, exchange });
const stop: CallState = { name: 'stop', timers: { forget: NOW + 32_000 } };
const exchange = (stage: CallExchange['stage'], offer: Sdp = sdp, from: Side = 'caller'): CallExchange => ({
  from,
  stage,
  offer,
});

const ready = (id = 0): CallEvent => ({ type: 'mediaReady', branch: id });
const noPorts = (id = 0): CallEvent => ({ type: 'mediaRefused', branch: id, refusal: { status: 503 } });
const left = (side: Side, id = 0): CallEvent => ({ type: 'left', side, branch: id, reason: 'their R' });
const timer = (name: 'noAnswer' | 'forget'): CallEvent => ({ type: 'timer', timer: name });

const prepare = (id: number, from: Side, offer = sdp): CallEffect => ({
  type: 'prepareMedia',
  branch: id,
  from,
  offer,
});
const invite = (id: number, offer: Sdp = sdp): CallEffect => ({ type: 'invite', branch: id, offer });
const release = (id = 0): CallEffect => ({ type: 'release', branch: id });
const endCaller = (reason: EndReason): CallEffect => ({ type: 'endCaller', why: reason });
const endCallee = (id: number, reason: EndReason): CallEffect => ({ type: 'endCallee', branch: id, why: reason });
const acknowledge = (to: Side, description?: Sdp): CallEffect => ({
  type: 'acknowledge',
  to,
  branch: 0,
  sdp: description,
});
const refuseOffer = (to: Side, status: number): CallEffect => ({
  type: 'refuseOffer',
  to,
  branch: 0,
  refusal: { status },
});
const answerCaller: CallEffect = { type: 'answerCaller', branch: 0, sdp: answer };
const connected: CallEffect = { type: 'connected', branch: 0 };

const CANCELLED: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=487;text="Request Terminated"' };
const ELSEWHERE: EndReason = { refusal: { status: 487 }, reason: 'SIP;cause=200;text="Call completed elsewhere"' };
const NO_ANSWER: EndReason = { refusal: { status: 480 }, reason: 'Q.850;cause=19;text="no answer"' };
const NO_SDP: EndReason = { refusal: { status: 502 }, reason: 'SIP;cause=488;text="no SDP in the 200"' };
const ENDED: EndReason = { refusal: { status: 480 }, reason: 'their R' };

// biome-ignore format: one row, one line
describe('a call that is being set up', () => {
  checkRows(CALL_MACHINE, TIMERS, [
    { title: 'an offer needs ports first', from: init(), on: { type: 'begin', branches: [0, 1], offer: sdp }, to: init(branch(0, 'preparing'), branch(1, 'preparing')), effects: [prepare(0, 'caller'), prepare(1, 'caller')] },
    { title: 'without an offer it is passed on at once', from: offerless(), on: { type: 'begin', branches: [0], offer: undefined }, to: offerless(branch(0, 'inviting')), effects: [{ type: 'invite', branch: 0, offer: undefined }] },
    { title: 'ports are there', from: init(branch(0, 'preparing')), on: ready(), to: init(branch(0, 'inviting')), effects: [invite(0)] },
    { title: 'ports nobody waits for', from: init(branch(0, 'over'), branch(1, 'inviting')), on: ready(), to: undefined },
    { title: 'no ports: 503', from: init(branch(0, 'preparing')), on: noPorts(), to: stop, effects: [release(), endCaller({ refusal: { status: 503 } })] },
    { title: '180', from: init(branch(0, 'inviting')), on: { type: 'progress', branch: 0, status: 180, sdp }, to: ringing(branch(0, 'alerting')), effects: [{ type: 'alertCaller', branch: 0, status: 180, sdp }] },
    { title: '183 does not ring', from: init(branch(0, 'inviting')), on: { type: 'progress', branch: 0, status: 183, sdp }, to: init(branch(0, 'inviting')), effects: [{ type: 'alertCaller', branch: 0, status: 183, sdp }] },
    { title: 'what comes after the 2xx is no progress', from: offerless(branch(0, 'answering', sdp)), on: { type: 'progress', branch: 0, status: 180, sdp }, to: undefined },
    { title: '2xx', from: ringing(branch(0, 'alerting')), on: { type: 'answered', branch: 0, sdp: answer }, to: start(), effects: [acknowledge('callee'), answerCaller, connected] },
    { title: 'the first 2xx cancels the others (RFC 3326)', from: ringing(branch(0, 'alerting'), branch(1, 'alerting'), branch(2, 'preparing'), branch(3, 'over')), on: { type: 'answered', branch: 0, sdp: answer }, to: start(), effects: [acknowledge('callee'), answerCaller, connected, endCallee(1, ELSEWHERE), release(1), release(2)] },
    { title: 'a 2xx without description is ended', from: ringing(branch(0, 'alerting')), on: { type: 'answered', branch: 0, sdp: undefined }, to: stop, effects: [endCallee(0, NO_SDP), release(), endCaller({ refusal: { status: 502 } })] },
    { title: 'an offer in the 2xx needs ports', from: offerless(branch(0, 'inviting')), on: { type: 'answered', branch: 0, sdp: answer }, to: offerless(branch(0, 'answering', answer)), effects: [prepare(0, 'callee', answer)] },
    { title: 'the offer of the 2xx goes to the caller, the ACK waits', from: offerless(branch(0, 'answering', answer)), on: ready(), to: start(exchange('acknowledging', answer, 'callee')), effects: [answerCaller, connected] },
    { title: 'no ports for the offer of the 2xx: the callee is ended', from: offerless(branch(0, 'answering', answer)), on: noPorts(), to: stop, effects: [endCallee(0, { refusal: { status: 503 } }), release(), endCaller({ refusal: { status: 503 } })] },
    { title: 'the only callee refuses', from: ringing(branch(0, 'alerting')), on: { type: 'refused', branch: 0, refusal: busy }, to: stop, effects: [release(), endCaller({ refusal: busy })] },
    { title: 'another one still rings', from: ringing(branch(0, 'alerting'), branch(1, 'alerting')), on: { type: 'refused', branch: 0, refusal: busy }, to: { ...ringing(branch(0, 'over'), branch(1, 'alerting')), refusal: busy } as CallState, effects: [release()] },
    { title: 'the better refusal is told (RFC 3261 §16.7 step 6)', from: { ...ringing(branch(0, 'over'), branch(1, 'alerting')), refusal: busy } as CallState, on: { type: 'refused', branch: 1, refusal: { status: 500 } }, to: stop, effects: [release(1), endCaller({ refusal: busy })] },
    { title: 'a 6xx ends the search (§16.7 step 5)', from: ringing(branch(0, 'alerting'), branch(1, 'alerting')), on: { type: 'refused', branch: 0, refusal: { status: 603 } }, to: stop, effects: [release(), endCaller({ refusal: { status: 603 } }), endCallee(1, { refusal: { status: 603 } }), release(1)] },
    { title: 'a callee that hangs up before its ACK', from: offerless(branch(0, 'answering', answer)), on: left('callee'), to: stop, effects: [release(), endCaller({ refusal: { status: 480 } })] },
    { title: 'CANCEL', from: ringing(branch(0, 'alerting'), branch(1, 'preparing')), on: { type: 'cancelled' }, to: stop, effects: [endCaller(CANCELLED), endCallee(0, CANCELLED), release(0), release(1)] },
    { title: 'the caller is gone', from: ringing(branch(0, 'alerting')), on: left('caller'), to: stop, effects: [endCaller(CANCELLED), endCallee(0, CANCELLED), release()] },
    { title: 'nobody answers', from: ringing(branch(0, 'alerting')), on: timer('noAnswer'), to: stop, effects: [endCaller(NO_ANSWER), endCallee(0, NO_ANSWER), release()] },
    { title: 'we end it', from: ringing(branch(0, 'alerting')), on: { type: 'stop', why }, to: stop, effects: [endCaller(why), endCallee(0, why), release()] },
    { title: 'an offer is unexpected', from: ringing(branch(0, 'alerting')), on: { type: 'offer', side: 'caller', sdp }, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a call that is up', () => {
  checkRows(CALL_MACHINE, TIMERS, [
    { title: 'an offer needs ports first', from: start(), on: { type: 'offer', side: 'caller', sdp }, to: start(exchange('preparing')), effects: [prepare(0, 'caller')] },
    { title: 'then it is relayed', from: start(exchange('preparing')), on: ready(), to: start(exchange('relayed')), effects: [{ type: 'relayOffer', to: 'callee', branch: 0, sdp }] },
    { title: 'without ports it is refused', from: start(exchange('preparing')), on: noPorts(), to: start(), effects: [refuseOffer('caller', 503)] },
    { title: 'ports of a callee that lost', from: start(exchange('preparing')), on: ready(1), to: undefined },
    { title: 'no ports for a callee that lost', from: start(exchange('preparing')), on: noPorts(1), to: undefined },
    { title: 'the answer goes back', from: start(exchange('relayed')), on: { type: 'answer', side: 'callee', sdp: answer }, to: start(), effects: [acknowledge('callee'), { type: 'relayAnswer', to: 'caller', branch: 0, kind: 'answer', sdp: answer }] },
    { title: 'hold (RFC 3264 §8.4)', from: start(exchange('relayed', hold)), on: { type: 'answer', side: 'callee', sdp: held }, to: onHold(), effects: [acknowledge('callee'), { type: 'relayAnswer', to: 'caller', branch: 0, kind: 'answer', sdp: held }] },
    { title: 'resume', from: onHold(exchange('relayed', sdp, 'callee')), on: { type: 'answer', side: 'caller', sdp: answer }, to: start(), effects: [acknowledge('caller'), { type: 'relayAnswer', to: 'callee', branch: 0, kind: 'answer', sdp: answer }] },
    { title: 'video one way is no hold', from: start(exchange('relayed', oneWayVideo)), on: { type: 'answer', side: 'callee', sdp: oneWayVideo }, to: start(), effects: [acknowledge('callee'), { type: 'relayAnswer', to: 'caller', branch: 0, kind: 'answer', sdp: oneWayVideo }] },
    { title: 'an answer without description', from: start(exchange('relayed')), on: { type: 'answer', side: 'callee', sdp: undefined }, to: start(), effects: [acknowledge('callee'), refuseOffer('caller', 502)] },
    { title: 'an answer nobody waits for is acknowledged', from: start(), on: { type: 'answer', side: 'callee', sdp: answer }, to: start(), effects: [acknowledge('callee')] },
    { title: 'the offer is refused', from: onHold(exchange('relayed')), on: { type: 'offerRefused', side: 'callee', refusal: { status: 488 } }, to: onHold(), effects: [refuseOffer('caller', 488)] },
    { title: 'a refusal nobody waits for', from: start(), on: { type: 'offerRefused', side: 'callee', refusal: busy }, to: undefined },
    { title: 'glare', from: start(exchange('relayed')), on: { type: 'offer', side: 'callee', sdp }, to: start(exchange('relayed')), effects: [refuseOffer('callee', 491)] },
    { title: 'CANCEL before it was relayed', from: start(exchange('preparing')), on: { type: 'offerCancelled', side: 'caller' }, to: start(exchange('withdrawn')) },
    { title: 'its ports are there', from: start(exchange('withdrawn')), on: ready(), to: start(), effects: [refuseOffer('caller', 487)] },
    { title: 'or are not', from: start(exchange('withdrawn')), on: noPorts(), to: start(), effects: [refuseOffer('caller', 487)] },
    { title: 'CANCEL passes on', from: start(exchange('relayed')), on: { type: 'offerCancelled', side: 'caller' }, to: start(exchange('relayed')), effects: [{ type: 'withdrawOffer', to: 'callee', branch: 0 }] },
    { title: 'CANCEL after the other side agreed', from: start(exchange('answering', answer)), on: { type: 'offerCancelled', side: 'caller' }, to: start(exchange('answering', answer)) },
    { title: 'CANCEL of nothing', from: start(), on: { type: 'offerCancelled', side: 'caller' }, to: undefined },
    { title: 'INVITE without an offer', from: start(), on: { type: 'offer', side: 'callee', sdp: undefined }, to: start({ from: 'callee', stage: 'relayed', offer: undefined }), effects: [{ type: 'relayOffer', to: 'caller', branch: 0, sdp: undefined }] },
    { title: 'the offer in its 2xx needs ports', from: start({ from: 'callee', stage: 'relayed', offer: undefined }), on: { type: 'answer', side: 'caller', sdp }, to: start(exchange('answering', sdp, 'callee')), effects: [prepare(0, 'caller')] },
    { title: 'then it goes back', from: start(exchange('answering', sdp, 'callee')), on: ready(), to: start(exchange('acknowledging', sdp, 'callee')), effects: [{ type: 'relayAnswer', to: 'callee', branch: 0, kind: 'offer', sdp }] },
    { title: 'it cannot be refused: the call ends', from: start(exchange('answering', sdp, 'callee')), on: noPorts(), to: stop, effects: [endCaller({ refusal: { status: 503 } }), endCallee(0, { refusal: { status: 503 } }), release()] },
    { title: 'the answer in the ACK', from: start(exchange('acknowledging', hold, 'callee')), on: { type: 'acknowledged', side: 'callee', sdp: held }, to: onHold(), effects: [acknowledge('caller', held)] },
    { title: 'an ACK like any other', from: start(), on: { type: 'acknowledged', side: 'caller', sdp: undefined }, to: start() },
    { title: 'media nobody waits for', from: start(), on: ready(), to: undefined },
    { title: 'no media for nobody', from: start(), on: noPorts(), to: undefined },
    { title: 'the caller hangs up', from: start(), on: left('caller'), to: stop, effects: [endCallee(0, ENDED), release()] },
    { title: 'the callee hangs up', from: onHold(), on: left('callee'), to: stop, effects: [endCaller(ENDED), release()] },
    { title: 'a callee that lost', from: start(), on: left('callee', 1), to: start() },
    { title: 'we end it', from: start(), on: { type: 'stop', why }, to: stop, effects: [endCaller(why), endCallee(0, why), release()] },
    { title: 'a callee that was cancelled', from: start(), on: { type: 'refused', branch: 1, refusal: { status: 487 } }, to: start() },
    { title: 'a callee that rings before it is cancelled', from: start(), on: { type: 'progress', branch: 1, status: 180, sdp }, to: start() },
    { title: 'a second beginning', from: start(), on: { type: 'begin', branches: [], offer: sdp }, to: undefined },
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
