import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionTimerOptions } from '../../src/sip/dialog/session-timer.ts';
import { ABLE, ANSWER, hangUp, OFFER, pair, text } from './flows.ts';
import type { Part } from './phone.ts';
import { Rig } from './rig.ts';

const TIMER = { ...ABLE, 'Session-Expires': '1800' };
type Lines = { readonly [name: string]: string };

/** Alice and Bob talk. @param invite headers of the INVITE. @param accept headers of the 200. */
async function talking(options: SessionTimerOptions, invite: Lines, accept: Lines) {
  const bed = pair(new Rig([], options));
  const caller = bed.alice.invite('sip:bob@ims.test', { sdp: OFFER, headers: invite });
  await bed.rig.settle();
  const callee = bed.bob.invited();
  callee.answer(callee.invite, 200, { sdp: ANSWER, headers: accept });
  callee.takeRequest('ACK');
  const ok = caller.take('200 INVITE');
  caller.request('ACK');
  return { ...bed, caller, callee, ok };
}

function finish(rig: Rig, caller: Part, callee: Part): void {
  hangUp(caller, callee);
  rig.finish();
}

const NONE = { Allow: ABLE.Allow };

describe('session timers of a call', () => {
  it('are agreed on each leg by itself', async () => {
    const refresher = { ...ABLE, 'Session-Expires': '900;refresher=uas', Require: 'timer' };
    const { rig, caller, callee, ok } = await talking({ duration: 3600 }, TIMER, refresher);
    assert.equal(ok.headers.raw('Session-Expires'), '1800;refresher=uas');
    assert.equal(callee.invite.headers.raw('Session-Expires'), '3600');
    assert.match(callee.invite.headers.raw('Supported') ?? '', /timer/);
    finish(rig, caller, callee);
  });

  it('are refreshed by UPDATE where we do it, and so go on', async () => {
    const { rig, caller, callee } = await talking({ duration: 3600 }, TIMER, NONE);
    for (let n = 0; n < 3; n++) {
      rig.clock.advance(900_000);
      const update = caller.takeRequest('UPDATE');
      assert.equal(update.headers.raw('Session-Expires'), '1800;refresher=uac');
      assert.equal(update.body.length, 0);
      caller.answer(update, 200, { headers: { ...ABLE, 'Session-Expires': '1800;refresher=uac' } });
    }
    // The callee knows none: nobody refreshes there, nothing ends.
    assert.deepEqual(callee.phone.takeAll(), []);
    finish(rig, caller, callee);
  });

  it('are refreshed by INVITE with what we said last, where the phone has no UPDATE or the setting says so', async () => {
    for (const [options, allow] of [
      [{ duration: 3600 }, 'INVITE, ACK, BYE, CANCEL'],
      [{ duration: 3600, method: 'INVITE' }, ABLE.Allow],
    ] as const) {
      const { rig, caller, callee, ok } = await talking(options, { ...TIMER, Allow: allow }, NONE);
      rig.clock.advance(900_000);
      const invite = caller.takeRequest('INVITE');
      assert.equal(text(invite.body), text(ok.body));
      assert.equal(invite.headers.raw('Session-Expires'), '1800;refresher=uac');
      caller.answer(invite, 200, { sdp: OFFER, headers: { 'Session-Expires': '1800;refresher=uac' } });
      caller.takeRequest('ACK');
      rig.clock.advance(900_000);
      caller.answer(caller.takeRequest('INVITE'), 200, { sdp: OFFER });
      caller.takeRequest('ACK');
      assert.deepEqual(callee.phone.takeAll(), []);
      finish(rig, caller, callee);
    }
  });

  it('are refreshed by the peer, with an UPDATE that the other side does not see', async () => {
    const { rig, caller, callee } = await talking(
      { duration: 3600 },
      { ...TIMER, 'Session-Expires': '1800;refresher=uac' },
      NONE,
    );
    for (let n = 0; n < 3; n++) {
      rig.clock.advance(900_000);
      caller.request('UPDATE', { headers: { ...ABLE, 'Session-Expires': '1800;refresher=uac' } });
      const ok = caller.take('200 UPDATE');
      assert.equal(ok.headers.raw('Session-Expires'), '1800;refresher=uac');
      assert.equal(ok.headers.raw('Require'), 'timer');
    }
    assert.deepEqual(callee.phone.takeAll(), []);
    finish(rig, caller, callee);
  });

  it('end the call 32 s before they are over when nobody refreshes', async () => {
    const { rig, caller, callee } = await talking(
      { duration: 3600 },
      { ...TIMER, 'Session-Expires': '1800;refresher=uac' },
      NONE,
    );
    rig.clock.advance(1_767_000);
    assert.deepEqual(caller.phone.takeAll(), []);
    rig.clock.advance(1000);
    const bye = caller.takeRequest('BYE');
    assert.equal(bye.headers.raw('Reason'), 'SIP;cause=408;text="session timer expired"');
    caller.answer(bye, 200);
    callee.answer(callee.takeRequest('BYE'), 200);
    rig.finish();
  });

  it('end the call when the phone does not know it, or says nothing', async () => {
    for (const status of [481, undefined]) {
      const { rig, caller, callee } = await talking({ duration: 3600 }, TIMER, NONE);
      rig.clock.advance(900_000);
      const update = caller.takeRequest('UPDATE');
      if (status !== undefined) caller.answer(update, status);
      else for (let second = 0; second < 33; second++) rig.clock.advance(1000);
      assert.equal(caller.phone.takeAll().includes('BYE'), true);
      callee.answer(callee.takeRequest('BYE'), 200);
      rig.finish();
    }
  });

  it('are refreshed by INVITE from then on where the phone allows UPDATE and refuses it', async () => {
    for (const status of [405, 501, 488]) {
      const { rig, caller, callee } = await talking({ duration: 3600 }, TIMER, NONE);
      rig.clock.advance(900_000);
      caller.answer(caller.takeRequest('UPDATE'), status);
      for (let n = 0; n < 2; n++) {
        const invite = caller.takeRequest('INVITE');
        caller.answer(invite, 200, { sdp: OFFER, headers: { 'Session-Expires': '1800;refresher=uac' } });
        caller.takeRequest('ACK');
        rig.clock.advance(900_000);
      }
      assert.equal(rig.b2bua.callsOf(caller.phone.subscriber)[0]?.state, 'start');
      caller.phone.takeAll();
      finish(rig, caller, callee);
    }
  });

  it("wait when the refresh crosses a re-INVITE: at most 2 s where the Call-ID is the phone's (RFC 3261 §14.1)", async () => {
    const { rig, caller, callee } = await talking({ duration: 3600 }, TIMER, NONE);
    rig.clock.advance(900_000);
    caller.answer(caller.takeRequest('UPDATE'), 491);
    rig.clock.advance(2000);
    const again = caller.takeRequest('UPDATE');
    // What else came repeats it.
    caller.phone.takeAll();
    caller.answer(again, 200, { headers: { ...ABLE, 'Session-Expires': '1800;refresher=uac' } });
    finish(rig, caller, callee);
  });

  it('wait 2.1 to 4 s where the Call-ID is ours', async () => {
    const { rig, caller, callee } = await talking({ duration: 1800 }, NONE, {
      ...ABLE,
      'Session-Expires': '1800;refresher=uac',
    });
    rig.clock.advance(900_000);
    callee.answer(callee.takeRequest('UPDATE'), 491);
    rig.clock.advance(2099);
    assert.deepEqual(callee.phone.takeAll(), []);
    rig.clock.advance(1901);
    const again = callee.takeRequest('UPDATE');
    callee.phone.takeAll();
    callee.answer(again, 200, { headers: { 'Session-Expires': '1800;refresher=uac' } });
    finish(rig, caller, callee);
  });

  it('that are too short are refused with 422, in the first INVITE and in an UPDATE', async () => {
    const rig = new Rig([], { duration: 3600, min: 600 });
    const { alice } = pair(rig);
    const caller = alice.invite('sip:bob@ims.test', { sdp: OFFER, headers: { ...ABLE, 'Session-Expires': '300' } });
    assert.equal(caller.take('422 INVITE').headers.raw('Min-SE'), '600');
    rig.finish();

    const bed = await talking({ duration: 3600, min: 600 }, TIMER, NONE);
    bed.caller.request('UPDATE', { headers: { ...ABLE, 'Session-Expires': '300' } });
    assert.equal(bed.caller.take('422 UPDATE').headers.raw('Min-SE'), '600');
    finish(bed.rig, bed.caller, bed.callee);
  });

  it('that the callee finds too short are asked for anew', async () => {
    const { rig, alice, bob } = pair(new Rig([], { duration: 600 }));
    const caller = alice.invite('sip:bob@ims.test', { sdp: OFFER, headers: NONE });
    await rig.settle();
    const first = bob.invited();
    assert.equal(first.invite.headers.raw('Session-Expires'), '600');
    first.answer(first.invite, 422, { headers: { 'Min-SE': '1200' } });
    first.takeRequest('ACK');
    const again = bob.invited();
    assert.deepEqual(
      ['Session-Expires', 'Min-SE', 'CSeq', 'Call-ID'].map((name) => again.invite.headers.raw(name)),
      ['1200', '1200', '2 INVITE', first.invite.headers.raw('Call-ID')],
    );
    again.answer(again.invite, 180);
    caller.take('180 INVITE');
    again.answer(again.invite, 200, { sdp: ANSWER, headers: { ...ABLE, 'Session-Expires': '1200;refresher=uac' } });
    again.takeRequest('ACK');
    caller.take('200 INVITE');
    caller.request('ACK');
    rig.clock.advance(600_000);
    again.answer(again.takeRequest('UPDATE'), 200, { headers: { 'Session-Expires': '1200;refresher=uac' } });
    finish(rig, caller, again);
  });

  it('are not there when they are off', async () => {
    const { rig, caller, callee, ok } = await talking({ duration: 0 }, TIMER, {
      'Session-Expires': '90;refresher=uac',
    });
    assert.equal(ok.headers.has('Session-Expires'), false);
    assert.equal(callee.invite.headers.has('Session-Expires'), false);
    assert.doesNotMatch(callee.invite.headers.raw('Supported') ?? '', /timer/);
    rig.clock.advance(7_200_000);
    assert.deepEqual([...caller.phone.takeAll(), ...callee.phone.takeAll()], []);
    finish(rig, caller, callee);
  });
});
