import { describe } from 'node:test';
import type { EarlyState } from '../../src/call/early-states.ts';
import { LEG_MACHINE } from '../../src/call/leg-machine.ts';
import type { SessionReport } from '../../src/call/leg-session.ts';
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
const transaction = { name: 'first' } as unknown as ServerTransaction;
const second = { name: 'second' } as unknown as ServerTransaction;
const busy = { status: 486 };
const why: EndReason = { refusal: busy, reason: 'R' };

const invited: LegState = { name: 'invited' };
const accepted: LegState = {
  name: 'accepted',
  ending: undefined,
  offering: false,
  timers: { repeat: NOW + 500, giveUp: NOW + 32_000 },
  intervalMs: 500,
};
const acceptedOffering: LegState = { ...accepted, offering: true };
const ending: LegState = { ...accepted, ending: why };
const inviting: LegState = { name: 'inviting' };
const answered: LegState = { name: 'answered' };
const cancelling: LegState = { name: 'cancelling', reason: 'R' };
const confirmed: LegState = { name: 'confirmed' };
const reinviting: LegState = { name: 'reinviting', asking: false };
const asking: LegState = { name: 'reinviting', asking: true };
const reinvited: LegState = { name: 'reinvited', asked: false };
const asked: LegState = { name: 'reinvited', asked: true };
const refreshing: LegState = { name: 'refreshing' };
const updating: LegState = { name: 'updating' };
const updated: LegState = { name: 'updated', transaction };
const leaving: LegState = { name: 'leaving' };
const ended: LegState = { name: 'ended', timers: { forget: NOW + 32_000 } };

const success: LegEvent = { type: 'success', response, sdp };
const bye: LegEvent = { type: 'bye', transaction, reason: 'their R' };
const reinvite: LegEvent = { type: 'reinvite', transaction: second, sdp };
const update: LegEvent = { type: 'update', transaction: second, sdp };
const lost: LegEvent = { type: 'lost', what: 'connection reset' };
const offer: LegEvent = { type: 'offer', fork: 0, sdp, by: 'invite' };
const answer: LegEvent = { type: 'answer', fork: 0, sdp };
const refuseOffer: LegEvent = { type: 'refuseOffer', fork: 0, refusal: busy };
const expired: LegEvent = { type: 'expired', what: 'x' };
const EXPIRED = 'SIP;cause=408;text="x"';
const end: LegEvent = { type: 'end', why };
const acked: LegEvent = { type: 'acked', sdp };
const provisional: LegEvent = { type: 'provisional', fork: 3, response };
const connected = (early: EarlyState, report?: SessionReport): LegEvent => ({
  type: 'connected',
  fork: 3,
  response,
  early,
  report,
});
const tick = (timer: 'repeat' | 'giveUp' | 'forget'): LegEvent => ({ type: 'timer', timer });
const refused = (status: number): LegEvent => ({ type: 'refused', refusal: { status } });

const tell = (report: Exclude<LegReport, { fork: number }>): LegEffect => ({ type: 'tell', report });
const session = (report: SessionReport): LegEffect => ({ type: 'tellSession', report });
const told487: LegEffect = { type: 'respondRefuse', refusal: { status: 487 } };
const respondBye: LegEffect = { type: 'respondBye', transaction };
const hungUp = tell({ type: 'hungUp', reason: 'their R' });
const confirm: LegEffect = { type: 'confirm', fork: 3, response };
const refresh: LegEffect = { type: 'refresh', response };
const bareAck: LegEffect = { type: 'sendAck', sdp: undefined };
const cancelInvite: LegEffect = { type: 'cancelInvite', reason: undefined };
const sendBye = (reason?: string): LegEffect => ({ type: 'sendBye', reason });
const pending = session({ type: 'offerRefused', refusal: { status: 491 } });
const noSdp = session({ type: 'offerRefused', refusal: { status: 502, phrase: 'No Session Description' } });
const told = (status: number, to = second): LegEffect => ({
  type: 'respondTransaction',
  transaction: to,
  refusal: status === 500 ? { status, retryAfter: 3 } : { status },
});
const tellAnswered: LegEffect = { type: 'tellAnswered', fork: 3, response };
const lostReport = (what: string) => tell({ type: 'lost', what });

const progress = { type: 'progress', status: 180, original: response } as const;
const noAck = 'Q.850;cause=102;text="no ACK"';
const NOT_ANSWERED = 'it did not answer our offer';

// biome-ignore format: one row, one line
describe('a leg whose INVITE the peer sent', () => {
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'a callee rings', from: invited, on: { ...progress, fork: 1 }, to: invited, effects: [{ type: 'command', fork: 1, command: progress }] },
    { title: 'a callee answers', from: invited, on: { type: 'accept', fork: 1, original: response }, to: invited, effects: [{ type: 'command', fork: 1, command: { type: 'accept', original: response } }] },
    { title: 'its description', from: invited, on: { ...answer, fork: 1 }, to: invited, effects: [{ type: 'command', fork: 1, command: { type: 'answer', sdp } }] },
    { title: 'our 200 has left', from: invited, on: { type: 'opened', fork: 1, offering: false }, to: accepted },
    { title: 'our 200 has left with an offer', from: invited, on: { type: 'opened', fork: 1, offering: true }, to: acceptedOffering },
    { title: 'the call refuses it', from: invited, on: end, to: ended, effects: [{ type: 'respondRefuse', refusal: busy }] },
    { title: 'CANCEL gets the INVITE its 487', from: invited, on: { type: 'cancelled' }, to: ended, effects: [told487, tell({ type: 'cancelled' })] },
    { title: 'BYE in an early dialog (RFC 3261 §15.1.2)', from: invited, on: bye, to: ended, effects: [respondBye, told487, hungUp] },
    { title: 'no PRACK in 64·T1: 504 (RFC 3262 §3)', from: invited, on: { type: 'unacknowledged' }, to: ended, effects: [{ type: 'respondRefuse', refusal: { status: 504 } }, lostReport('it did not acknowledge our 18x')] },
    { title: 'a peer that is gone is refused all the same', from: invited, on: lost, to: ended, effects: [told487, lostReport('connection reset')] },
    { title: 'a second INVITE before the answer gets 500 (§14.2)', from: invited, on: reinvite, to: invited, effects: [told(500)] },
    { title: 'an ACK is unexpected', from: invited, on: acked, to: undefined },

    { title: 'ACK', from: accepted, on: acked, to: confirmed },
    { title: 'ACK with the answer', from: acceptedOffering, on: acked, to: confirmed, effects: [session({ type: 'answer', sdp })] },
    { title: 'ACK without the answer', from: acceptedOffering, on: { type: 'acked', sdp: undefined }, to: confirmed, effects: [noSdp] },
    { title: 'the 2xx again after T1, then after 2·T1 (§13.3.1.4)', from: accepted, on: tick('repeat'), to: { ...accepted, intervalMs: 1000, timers: { repeat: NOW + 1000, giveUp: NOW + 32_000 } }, effects: [{ type: 'repeatAccept' }] },
    { title: 'never further apart than T2', from: { ...accepted, intervalMs: 4000 }, on: tick('repeat'), to: { ...accepted, intervalMs: 4000, timers: { repeat: NOW + 4000, giveUp: NOW + 32_000 } }, effects: [{ type: 'repeatAccept' }] },
    { title: 'no ACK in 64·T1: BYE', from: accepted, on: tick('giveUp'), to: leaving, effects: [sendBye(noAck), lostReport('it did not acknowledge our 200')] },
    { title: 'the end waits for the ACK (§15)', from: accepted, on: end, to: ending },
    { title: 'an end that waits keeps its first reason', from: ending, on: { type: 'end', why: { refusal: busy } }, to: ending },
    { title: 'the ACK lets the BYE go', from: ending, on: acked, to: leaving, effects: [sendBye('R')] },
    { title: 'so does the end of the wait for it', from: ending, on: tick('giveUp'), to: leaving, effects: [sendBye('R')] },
    { title: 'BYE before the ACK', from: accepted, on: bye, to: ended, effects: [respondBye, hungUp] },
    { title: 'no re-INVITE of ours before the ACK (§14.1)', from: accepted, on: offer, to: accepted, effects: [pending] },
    { title: 'none of theirs either (RFC 5407 §3.1.5)', from: accepted, on: reinvite, to: accepted, effects: [told(491)] },
    { title: 'nor an UPDATE with an offer', from: accepted, on: update, to: accepted, effects: [told(491)] },
    { title: 'a 2xx that could not be sent is sent again', from: accepted, on: lost, to: accepted },
    { title: 'a CANCEL is too late', from: accepted, on: { type: 'cancelled' }, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a leg whose INVITE we sent', () => {
  const agreed: EarlyState = { name: 'agreed' };
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'provisional response', from: inviting, on: provisional, to: inviting, effects: [{ type: 'tellProgress', fork: 3, response }] },
    { title: 'an offer in the early dialog', from: inviting, on: { ...offer, fork: 3 }, to: inviting, effects: [{ type: 'command', fork: 3, command: { type: 'offer', sdp, by: 'invite' } }] },
    { title: 'an answer in the early dialog', from: inviting, on: { ...answer, fork: 3 }, to: inviting, effects: [{ type: 'command', fork: 3, command: { type: 'answer', sdp } }] },
    { title: '2xx with the answer', from: inviting, on: connected(agreed, { type: 'answer', sdp }), to: confirmed, effects: [confirm, bareAck, session({ type: 'answer', sdp }), tellAnswered] },
    { title: '2xx after the answer', from: inviting, on: connected(agreed), to: confirmed, effects: [confirm, bareAck, tellAnswered] },
    { title: '2xx with an offer: the ACK waits', from: inviting, on: connected({ name: 'offered', by: 'response' }, { type: 'offer', sdp, by: 'invite' }), to: answered, effects: [confirm, session({ type: 'offer', sdp, by: 'invite' }), tellAnswered] },
    { title: '2xx crosses our UPDATE', from: inviting, on: connected({ name: 'offering', by: 'update' }), to: updating, effects: [confirm, bareAck, tellAnswered] },
    { title: '2xx before our answer to an UPDATE', from: inviting, on: connected({ name: 'offered', by: 'update', transaction }), to: updated, effects: [confirm, bareAck, tellAnswered] },
    { title: 'refusal', from: inviting, on: refused(486), to: ended, effects: [tell({ type: 'refused', refusal: busy })] },
    { title: 'the end cancels', from: inviting, on: end, to: cancelling, effects: [{ type: 'cancelInvite', reason: 'R' }] },
    { title: 'BYE of the callee', from: inviting, on: bye, to: { ...cancelling, reason: undefined }, effects: [respondBye, cancelInvite, tell({ type: 'refused', refusal: { status: 480 } })] },
    { title: 'an INVITE of the callee', from: inviting, on: reinvite, to: inviting, effects: [told(491)] },
    { title: 'a PRACK nobody answers', from: inviting, on: lost, to: { ...cancelling, reason: undefined }, effects: [cancelInvite, tell({ type: 'refused', refusal: { status: 480 } })] },
    { title: 'a timer is unexpected', from: inviting, on: tick('repeat'), to: undefined },

    { title: 'the answer lets the ACK go', from: answered, on: answer, to: confirmed, effects: [{ type: 'sendAck', sdp }] },
    { title: 'so does a refusal: an offer in a 2xx stands', from: answered, on: refuseOffer, to: confirmed, effects: [bareAck] },
    { title: 'the 2xx again before our ACK', from: answered, on: success, to: answered },
    { title: 'the end acknowledges, then hangs up', from: answered, on: end, to: leaving, effects: [bareAck, sendBye('R')] },
    { title: 'BYE before our ACK', from: answered, on: bye, to: ended, effects: [respondBye, bareAck, hungUp] },
    { title: 're-INVITE before our ACK gets 491 (§14.2)', from: answered, on: reinvite, to: answered, effects: [told(491)] },
    { title: 'so does UPDATE', from: answered, on: update, to: answered, effects: [told(491)] },
    { title: 'no re-INVITE of ours before our ACK', from: answered, on: offer, to: answered, effects: [pending] },
    { title: 'a withdrawal is too late', from: answered, on: { type: 'withdraw', fork: 0 }, to: undefined },

    { title: 'the INVITE is refused, as it should be', from: cancelling, on: refused(487), to: ended },
    { title: 'a 2xx that crossed the CANCEL is acknowledged and ended (§9.1)', from: cancelling, on: connected(agreed, { type: 'answer', sdp }), to: leaving, effects: [confirm, bareAck, sendBye('R')] },
    { title: 'late provisional responses', from: cancelling, on: provisional, to: cancelling },
    { title: 'a BYE', from: cancelling, on: bye, to: cancelling, effects: [respondBye] },
    { title: 'a second end', from: cancelling, on: end, to: cancelling },
    { title: 'an ACK is unexpected', from: cancelling, on: acked, to: undefined },
  ]);
});

// biome-ignore format: one row, one line
describe('a confirmed leg', () => {
  checkRows(LEG_MACHINE, TIMERS, [
    { title: 'an offer of the call', from: confirmed, on: offer, to: reinviting, effects: [{ type: 'sendInvite', sdp }] },
    { title: 'an offer by UPDATE', from: confirmed, on: { ...offer, by: 'update' }, to: updating, effects: [{ type: 'sendUpdate', sdp }] },
    { title: 'the other side asks for an offer', from: confirmed, on: { ...offer, sdp: undefined }, to: asking, effects: [{ type: 'sendInvite', sdp: undefined }] },
    { title: 're-INVITE of the peer', from: confirmed, on: reinvite, to: reinvited, effects: [{ type: 'takeOffer', transaction: second }, session({ type: 'offer', sdp, by: 'invite' })] },
    { title: 're-INVITE without an offer', from: confirmed, on: { ...reinvite, sdp: undefined }, to: asked, effects: [{ type: 'takeOffer', transaction: second }, session({ type: 'offer', sdp: undefined, by: 'invite' })] },
    { title: 'UPDATE with an offer', from: confirmed, on: update, to: { name: 'updated', transaction: second }, effects: [session({ type: 'offer', sdp, by: 'update' })] },
    { title: 'the end', from: confirmed, on: end, to: leaving, effects: [sendBye('R')] },
    { title: 'BYE', from: confirmed, on: bye, to: ended, effects: [respondBye, hungUp] },
    { title: 'the ACK again', from: confirmed, on: acked, to: confirmed },
    { title: 'the ACK of a refused re-INVITE is missing', from: confirmed, on: lost, to: confirmed },
    { title: 'an answer to nothing', from: confirmed, on: answer, to: undefined },
    { title: 'a refusal of nothing', from: confirmed, on: refuseOffer, to: undefined },

    { title: 'provisional response', from: reinviting, on: provisional, to: reinviting },
    { title: '2xx', from: reinviting, on: success, to: confirmed, effects: [refresh, bareAck, session({ type: 'answer', sdp })] },
    { title: '2xx without the answer', from: reinviting, on: { ...success, sdp: undefined }, to: confirmed, effects: [refresh, bareAck, noSdp] },
    { title: '2xx with the offer we asked for', from: asking, on: success, to: answered, effects: [refresh, session({ type: 'offer', sdp, by: 'invite' })] },
    { title: '2xx without it', from: asking, on: { ...success, sdp: undefined }, to: confirmed, effects: [refresh, bareAck, noSdp] },
    { title: 'a refusal changes nothing (§14.1)', from: reinviting, on: refused(488), to: confirmed, effects: [session({ type: 'offerRefused', refusal: { status: 488 } })] },
    { title: '481 ends the dialog (§12.2.1.2)', from: reinviting, on: refused(481), to: ended, effects: [lostReport('it does not know the call')] },
    { title: '408 or no answer ends it with a BYE', from: reinviting, on: refused(408), to: leaving, effects: [sendBye(), lostReport(NOT_ANSWERED)] },
    { title: 'a second offer waits', from: reinviting, on: offer, to: reinviting, effects: [pending] },
    { title: 'the offerer cancels', from: reinviting, on: { type: 'withdraw', fork: 0 }, to: reinviting, effects: [cancelInvite] },
    { title: 'glare: 491 (§14.2)', from: reinviting, on: reinvite, to: reinviting, effects: [told(491)] },
    { title: 'glare with UPDATE: 491 (RFC 3311 §5.2)', from: reinviting, on: update, to: reinviting, effects: [told(491)] },
    { title: 'the end cancels it too', from: reinviting, on: end, to: leaving, effects: [cancelInvite, sendBye('R')] },
    { title: 'BYE crosses it', from: reinviting, on: bye, to: ended, effects: [respondBye, cancelInvite, hungUp] },
    { title: 'the ACK again', from: reinviting, on: acked, to: reinviting },
    { title: 'an answer of the call', from: reinviting, on: answer, to: undefined },

    { title: 'the other side answers', from: reinvited, on: answer, to: accepted, effects: [{ type: 'respondInvite', sdp }] },
    { title: 'the other side offers what was asked for', from: asked, on: offer, to: acceptedOffering, effects: [{ type: 'respondInvite', sdp }] },
    { title: 'the other side asks back', from: asked, on: { ...offer, sdp: undefined }, to: asked, effects: [pending] },
    { title: 'the other side refuses', from: reinvited, on: refuseOffer, to: confirmed, effects: [{ type: 'respondRefuse', refusal: busy }] },
    { title: 'CANCEL waits for the other side', from: reinvited, on: { type: 'cancelled' }, to: reinvited, effects: [session({ type: 'offerCancelled' })] },
    { title: 'an offer of the other side waits', from: reinvited, on: offer, to: reinvited, effects: [pending] },
    { title: 'a second re-INVITE gets 500 (§14.2)', from: reinvited, on: reinvite, to: reinvited, effects: [told(500)] },
    { title: 'an UPDATE too', from: reinvited, on: update, to: reinvited, effects: [told(500)] },
    { title: 'the end refuses it', from: reinvited, on: end, to: leaving, effects: [told487, sendBye('R')] },
    { title: 'BYE before its answer', from: reinvited, on: bye, to: ended, effects: [respondBye, told487, hungUp] },
    { title: 'a 100 that could not be sent', from: reinvited, on: lost, to: reinvited },
    { title: 'a 2xx to nothing', from: reinvited, on: success, to: undefined },

    { title: '200 with the answer', from: updating, on: { type: 'updateAnswered', sdp }, to: confirmed, effects: [session({ type: 'answer', sdp })] },
    { title: '200 without it', from: updating, on: { type: 'updateAnswered', sdp: undefined }, to: confirmed, effects: [noSdp] },
    { title: 'a refusal changes nothing', from: updating, on: { type: 'updateRefused', refusal: busy }, to: confirmed, effects: [session({ type: 'offerRefused', refusal: busy })] },
    { title: '481 ends the dialog', from: updating, on: { type: 'updateRefused', refusal: { status: 481 } }, to: ended, effects: [lostReport('it does not know the call')] },
    { title: 'no answer ends it with a BYE', from: updating, on: { type: 'updateRefused', refusal: { status: 408 } }, to: leaving, effects: [sendBye(), lostReport(NOT_ANSWERED)] },
    { title: 'glare: 491 (RFC 3311 §5.2)', from: updating, on: update, to: updating, effects: [told(491)] },
    { title: 'glare with re-INVITE: 491', from: updating, on: reinvite, to: updating, effects: [told(491)] },
    { title: 'a second offer waits', from: updating, on: offer, to: updating, effects: [pending] },
    { title: 'an UPDATE cannot be taken back', from: updating, on: { type: 'withdraw', fork: 0 }, to: updating },
    { title: 'the end', from: updating, on: end, to: leaving, effects: [sendBye('R')] },
    { title: 'BYE crosses it', from: updating, on: bye, to: ended, effects: [respondBye, hungUp] },

    { title: 'a refresh', from: confirmed, on: { type: 'refresh', sdp }, to: refreshing, effects: [{ type: 'sendInvite', sdp }] },
    { title: 'the session timer ran out', from: confirmed, on: expired, to: leaving, effects: [sendBye(EXPIRED), lostReport('x')] },
    { title: 'refreshed', from: refreshing, on: success, to: confirmed, effects: [refresh, bareAck] },
    { title: 'glare: again later', from: refreshing, on: refused(491), to: confirmed, effects: [{ type: 'refreshLater' }] },
    { title: 'refused for good', from: refreshing, on: refused(488), to: confirmed },
    { title: '481 ends the dialog', from: refreshing, on: refused(481), to: ended, effects: [lostReport('it does not know the call')] },
    { title: 'a re-INVITE crosses it', from: refreshing, on: reinvite, to: refreshing, effects: [told(491)] },
    { title: 'an offer of the call waits', from: refreshing, on: offer, to: refreshing, effects: [pending] },
    { title: 'the end', from: refreshing, on: end, to: leaving, effects: [cancelInvite, sendBye('R')] },
    { title: 'BYE crosses it', from: refreshing, on: bye, to: ended, effects: [respondBye, cancelInvite, hungUp] },
    { title: 'the session timer ran out meanwhile', from: refreshing, on: expired, to: leaving, effects: [cancelInvite, sendBye(EXPIRED), lostReport('x')] },
    { title: 'the session timer ran out while we offer', from: reinviting, on: expired, to: leaving, effects: [cancelInvite, sendBye(EXPIRED), lostReport('x')] },
    { title: 'the session timer ran out while the peer offers', from: reinvited, on: expired, to: leaving, effects: [told487, sendBye(EXPIRED), lostReport('x')] },

    { title: 'the other side answers', from: updated, on: answer, to: confirmed, effects: [{ type: 'respond', transaction, sdp }] },
    { title: 'the other side refuses', from: updated, on: refuseOffer, to: confirmed, effects: [told(486, transaction)] },
    { title: 'a second one gets 500 (RFC 3311 §5.2)', from: updated, on: update, to: updated, effects: [told(500)] },
    { title: 'so does a re-INVITE', from: updated, on: reinvite, to: updated, effects: [told(500)] },
    { title: 'an offer of the other side waits', from: updated, on: offer, to: updated, effects: [pending] },
    { title: 'the end refuses it', from: updated, on: end, to: leaving, effects: [told(487, transaction), sendBye('R')] },
    { title: 'BYE before its answer', from: updated, on: bye, to: ended, effects: [respondBye, told(487, transaction), hungUp] },
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
