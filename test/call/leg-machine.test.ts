import { describe } from 'node:test';
import { LEG_MACHINE } from '../../src/call/leg-machine.ts';
import type { EndReason, LegEffect, LegEvent, LegReport, LegState } from '../../src/call/leg-states.ts';
import { parseSdp } from '../../src/sdp/session-description.ts';
import { Headers } from '../../src/sip/message/headers.ts';
import { EMPTY_BODY, type Response } from '../../src/sip/message/message.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { checkRows, NOW } from '../sip/transaction/table.ts';
import { sdpOf } from './phone.ts';

const TIMERS = { t1Ms: 500, t2Ms: 4000 };
const sdp = parseSdp(sdpOf('10.0.0.1', 4000));
const response: Response = { status: 183, reason: '', headers: new Headers(), body: EMPTY_BODY };
const transaction = {} as ServerTransaction;
const busy = { status: 486 };
const why: EndReason = { refusal: busy, reason: 'R' };

const invited: LegState = { name: 'invited' };
const accepted: LegState = {
  name: 'accepted',
  ending: undefined,
  timers: { repeat: NOW + 500, giveUp: NOW + 32_000 },
  intervalMs: 500,
};
const ending: LegState = { ...accepted, ending: why };
const inviting: LegState = { name: 'inviting' };
const answered: LegState = { name: 'answered' };
const cancelling: LegState = { name: 'cancelling', reason: 'R' };
const confirmed: LegState = { name: 'confirmed' };
const reinviting: LegState = { name: 'reinviting' };
const reinvited: LegState = { name: 'reinvited' };
const leaving: LegState = { name: 'leaving' };
const ended: LegState = { name: 'ended', timers: { forget: NOW + 32_000 } };

const success: LegEvent = { type: 'success', response, sdp };
const bye: LegEvent = { type: 'bye', transaction, reason: 'their R' };
const reinvite: LegEvent = { type: 'reinvite', transaction, sdp };
const lost: LegEvent = { type: 'lost', what: 'connection reset' };
const offer: LegEvent = { type: 'offer', sdp };
const end: LegEvent = { type: 'end', why };
const acked: LegEvent = { type: 'acked', sdp };
const tick = (timer: 'repeat' | 'giveUp' | 'forget'): LegEvent => ({ type: 'timer', timer });
const refused = (status: number): LegEvent => ({ type: 'refused', refusal: { status } });

const tell = (report: LegReport): LegEffect => ({ type: 'tell', report });
const told487: LegEffect = { type: 'respondRefuse', refusal: { status: 487 } };
const respondBye: LegEffect = { type: 'respondBye', transaction };
const hungUp = tell({ type: 'hungUp', reason: 'their R' });
const confirm: LegEffect = { type: 'confirm', response };
const bareAck: LegEffect = { type: 'sendAck', sdp: undefined };
const cancelInvite: LegEffect = { type: 'cancelInvite', reason: undefined };
const sendBye = (reason?: string): LegEffect => ({ type: 'sendBye', reason });
const pending = tell({ type: 'offerRefused', refusal: { status: 491 } });
const told491: LegEffect = { type: 'respondTransaction', transaction, refusal: { status: 491 } };
const told500: LegEffect = { type: 'respondTransaction', transaction, refusal: { status: 500, retryAfter: 3 } };
const lostReport = (what: string) => tell({ type: 'lost', what });

const progress = { branch: 1, status: 180, sdp, original: response };
const noAck = 'Q.850;cause=102;text="no ACK"';

// biome-ignore format: one row, one line
describe('a leg whose INVITE the peer sent', () => {
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'a callee rings', from: invited, on: { type: 'progress', ...progress }, to: invited, effects: [{ type: 'respondProgress', ...progress }] },
    { title: 'a callee answers', from: invited, on: { type: 'accept', branch: 1, sdp, original: response }, to: accepted, effects: [{ type: 'respondAccept', branch: 1, sdp, original: response }] },
    { title: 'the call refuses it', from: invited, on: end, to: ended, effects: [{ type: 'respondRefuse', refusal: busy }] },
    { title: 'CANCEL gets the INVITE its 487', from: invited, on: { type: 'cancelled' }, to: ended, effects: [told487, tell({ type: 'cancelled' })] },
    { title: 'BYE in an early dialog (RFC 3261 §15.1.2)', from: invited, on: bye, to: ended, effects: [respondBye, told487, hungUp] },
    { title: 'a peer that is gone is refused all the same', from: invited, on: lost, to: ended, effects: [told487, lostReport('connection reset')] },
    { title: 'a second INVITE before the answer gets 500 (§14.2)', from: invited, on: reinvite, to: invited, effects: [told500] },
    { title: 'an ACK is unexpected', from: invited, on: acked, to: undefined },

    { title: 'ACK', from: accepted, on: acked, to: confirmed, effects: [tell({ type: 'acknowledged', sdp })] },
    { title: 'the 2xx again after T1, then after 2·T1 (§13.3.1.4)', from: accepted, on: tick('repeat'), to: { ...accepted, intervalMs: 1000, timers: { repeat: NOW + 1000, giveUp: NOW + 32_000 } }, effects: [{ type: 'repeatAccept' }] },
    { title: 'never further apart than T2', from: { ...accepted, intervalMs: 4000 }, on: tick('repeat'), to: { ...accepted, intervalMs: 4000, timers: { repeat: NOW + 4000, giveUp: NOW + 32_000 } }, effects: [{ type: 'repeatAccept' }] },
    { title: 'no ACK in 64·T1: BYE', from: accepted, on: tick('giveUp'), to: leaving, effects: [sendBye(noAck), lostReport('it did not acknowledge our 200')] },
    { title: 'the end waits for the ACK (§15)', from: accepted, on: end, to: ending },
    { title: 'an end that waits keeps its first reason', from: ending, on: { type: 'end', why: { refusal: busy } }, to: ending },
    { title: 'the ACK lets the BYE go', from: ending, on: acked, to: leaving, effects: [sendBye('R')] },
    { title: 'so does the end of the wait for it', from: ending, on: tick('giveUp'), to: leaving, effects: [sendBye('R')] },
    { title: 'BYE before the ACK', from: accepted, on: bye, to: ended, effects: [respondBye, hungUp] },
    { title: 'no re-INVITE of ours before the ACK (§14.1)', from: accepted, on: offer, to: accepted, effects: [pending] },
    { title: 'none of theirs either (RFC 5407 §3.1.5)', from: accepted, on: reinvite, to: accepted, effects: [told491] },
    { title: 'a 2xx that could not be sent is sent again', from: accepted, on: lost, to: accepted },
    { title: 'a CANCEL is too late', from: accepted, on: { type: 'cancelled' }, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a leg whose INVITE we sent', () => {
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'provisional response', from: inviting, on: { type: 'provisional', response, sdp }, to: inviting, effects: [tell({ type: 'progress', status: 183, sdp, response })] },
    { title: '2xx', from: inviting, on: success, to: answered, effects: [confirm, tell({ type: 'answered', sdp, response })] },
    { title: 'refusal', from: inviting, on: refused(486), to: ended, effects: [tell({ type: 'refused', refusal: busy })] },
    { title: 'the end cancels', from: inviting, on: end, to: cancelling, effects: [{ type: 'cancelInvite', reason: 'R' }] },
    { title: 'a timer is unexpected', from: inviting, on: tick('repeat'), to: undefined },

    { title: 'the call lets the ACK go', from: answered, on: { type: 'acknowledge', sdp }, to: confirmed, effects: [{ type: 'sendAck', sdp }] },
    { title: 'the 2xx again before our ACK', from: answered, on: success, to: answered },
    { title: 'the end acknowledges, then hangs up', from: answered, on: end, to: leaving, effects: [bareAck, sendBye('R')] },
    { title: 'BYE before our ACK', from: answered, on: bye, to: ended, effects: [respondBye, bareAck, hungUp] },
    { title: 're-INVITE before our ACK gets 491 (§14.2)', from: answered, on: reinvite, to: answered, effects: [told491] },
    { title: 'no re-INVITE of ours before our ACK', from: answered, on: offer, to: answered, effects: [pending] },
    { title: 'a withdrawal is too late', from: answered, on: { type: 'withdraw' }, to: undefined },

    { title: 'the INVITE is refused, as it should be', from: cancelling, on: refused(487), to: ended },
    { title: 'a 2xx that crossed the CANCEL is acknowledged and ended (§9.1)', from: cancelling, on: success, to: leaving, effects: [confirm, bareAck, sendBye('R')] },
    { title: 'late provisional responses', from: cancelling, on: { type: 'provisional', response, sdp }, to: cancelling },
    { title: 'a second end', from: cancelling, on: end, to: cancelling },
    { title: 'an ACK is unexpected', from: cancelling, on: acked, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a confirmed leg', () => {
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'an offer of the call', from: confirmed, on: offer, to: reinviting, effects: [{ type: 'sendOffer', sdp }] },
    { title: 're-INVITE of the peer', from: confirmed, on: reinvite, to: reinvited, effects: [{ type: 'takeOffer', transaction }, tell({ type: 'offer', sdp })] },
    { title: 'the end', from: confirmed, on: end, to: leaving, effects: [sendBye('R')] },
    { title: 'BYE', from: confirmed, on: bye, to: ended, effects: [respondBye, hungUp] },
    { title: 'the ACK again', from: confirmed, on: acked, to: confirmed },
    { title: 'the ACK of a refused re-INVITE is missing', from: confirmed, on: lost, to: confirmed },
    { title: 'an answer to nothing', from: confirmed, on: { type: 'answer', sdp }, to: undefined },
    { title: 'an acknowledgement of nothing', from: confirmed, on: { type: 'acknowledge', sdp }, to: undefined },
    { title: 'a refusal of nothing', from: confirmed, on: { type: 'refuseOffer', refusal: busy }, to: undefined },

    { title: 'provisional response', from: reinviting, on: { type: 'provisional', response, sdp }, to: reinviting },
    { title: '2xx', from: reinviting, on: success, to: answered, effects: [confirm, tell({ type: 'answer', sdp })] },
    { title: 'a refusal changes nothing (§14.1)', from: reinviting, on: refused(488), to: confirmed, effects: [tell({ type: 'offerRefused', refusal: { status: 488 } })] },
    { title: '481 ends the dialog (§12.2.1.2)', from: reinviting, on: refused(481), to: ended, effects: [lostReport('it does not know the call')] },
    { title: '408 or no answer ends it with a BYE', from: reinviting, on: refused(408), to: leaving, effects: [sendBye(), lostReport('it did not answer a re-INVITE')] },
    { title: 'a second offer waits', from: reinviting, on: offer, to: reinviting, effects: [pending] },
    { title: 'the offerer cancels', from: reinviting, on: { type: 'withdraw' }, to: reinviting, effects: [cancelInvite] },
    { title: 'glare: 491 (§14.2)', from: reinviting, on: reinvite, to: reinviting, effects: [told491] },
    { title: 'the end cancels it too', from: reinviting, on: end, to: leaving, effects: [cancelInvite, sendBye('R')] },
    { title: 'BYE crosses it', from: reinviting, on: bye, to: ended, effects: [respondBye, cancelInvite, hungUp] },
    { title: 'the ACK again', from: reinviting, on: acked, to: reinviting },
    { title: 'an answer of the call', from: reinviting, on: { type: 'answer', sdp }, to: undefined },

    { title: 'the other side answers', from: reinvited, on: { type: 'answer', sdp }, to: accepted, effects: [{ type: 'respondAnswer', sdp }] },
    { title: 'the other side refuses', from: reinvited, on: { type: 'refuseOffer', refusal: busy }, to: confirmed, effects: [{ type: 'respondRefuse', refusal: busy }] },
    { title: 'CANCEL waits for the other side', from: reinvited, on: { type: 'cancelled' }, to: reinvited, effects: [tell({ type: 'offerCancelled' })] },
    { title: 'an offer of the other side waits', from: reinvited, on: offer, to: reinvited, effects: [pending] },
    { title: 'a second re-INVITE gets 500 (§14.2)', from: reinvited, on: reinvite, to: reinvited, effects: [told500] },
    { title: 'the end refuses it', from: reinvited, on: end, to: leaving, effects: [told487, sendBye('R')] },
    { title: 'BYE before its answer', from: reinvited, on: bye, to: ended, effects: [respondBye, told487, hungUp] },
    { title: 'a 100 that could not be sent', from: reinvited, on: lost, to: reinvited },
    { title: 'a 2xx to nothing', from: reinvited, on: success, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a leg that is over', () => {
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'our BYE is answered, or never will be', from: leaving, on: { type: 'byeAnswered' }, to: ended },
    { title: 'BYEs cross', from: leaving, on: bye, to: leaving, effects: [respondBye] },
    { title: 'a 2xx to our re-INVITE crosses the BYE', from: leaving, on: success, to: leaving, effects: [bareAck] },
    { title: 'the INVITE we cancelled', from: leaving, on: refused(487), to: leaving },
    { title: 'a second end', from: leaving, on: end, to: leaving },

    { title: 'BYE again', from: ended, on: bye, to: ended, effects: [respondBye] },
    { title: 'a late 2xx to our re-INVITE', from: ended, on: success, to: ended, effects: [bareAck] },
    { title: 'the end', from: ended, on: end, to: ended },
    { title: 'the ACK of the refusal is missing', from: ended, on: lost, to: ended },
    { title: '64·T1 later', from: ended, on: tick('forget'), to: { name: 'forgotten' } },

    { title: 'nothing is expected any more', from: { name: 'forgotten' }, on: bye, to: undefined },
  ]);
});
