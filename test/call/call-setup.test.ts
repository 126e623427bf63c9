import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANSWER, another, hangUp, OFFER, pair, text } from './flows.ts';
import { sdpOf } from './phone.ts';
import { Rig } from './rig.ts';

describe('a call without an offer in its INVITE', () => {
  async function offerless() {
    const bed = pair();
    const caller = bed.alice.invite('sip:bob@ims.test');
    const callee = bed.bob.invited();
    assert.equal(callee.invite.body.length, 0);
    return { ...bed, caller, callee };
  }

  it('takes the offer from the 200 and the answer from the ACK', async () => {
    const { rig, caller, callee } = await offerless();
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    await rig.settle();
    assert.match(text(caller.take('200 INVITE').body), /c=IN IP4 192\.0\.2\.1\r\n.*m=audio 10000 /s);
    assert.deepEqual(callee.phone.takeAll(), []);
    caller.request('ACK', { sdp: OFFER });
    assert.match(text(callee.takeRequest('ACK').body), /m=audio 10002 /);
    assert.deepEqual(rig.relay.targets, ['10.0.0.2:5000', '10.0.0.1:4000']);
    hangUp(caller, callee);
    rig.finish();
  });

  it('ends the callee when there are no ports for its offer', async () => {
    const { rig, caller, callee } = await offerless();
    rig.relay.free = 0;
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    await rig.settle();
    caller.take('503 INVITE');
    callee.takeRequest('ACK');
    callee.takeRequest('BYE');
    rig.finish();
  });

  it('ends the callee when the caller cancels meanwhile', async () => {
    const { rig, caller, callee } = await offerless();
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    caller.request('CANCEL');
    caller.take('200 CANCEL');
    caller.take('487 INVITE');
    await rig.settle();
    callee.takeRequest('ACK');
    callee.takeRequest('BYE');
    assert.equal(rig.relay.open, 0);
    rig.finish();
  });
});

describe('a call to a user with two phones', () => {
  async function forked() {
    const rig = new Rig();
    const { alice, bob } = pair(rig);
    const desk = another(rig, bob, '10.0.0.3');
    const caller = alice.invite('sip:bob@ims.test', { sdp: OFFER });
    await rig.settle();
    return { rig, alice, bob, desk, caller, first: bob.invited(), second: desk.invited() };
  }

  it('gives each its own early dialog and the call to the first that answers', async () => {
    const { rig, caller, first, second } = await forked();
    first.answer(first.invite, 180);
    const one = caller.take('180 INVITE');
    second.answer(second.invite, 180);
    const two = caller.take('180 INVITE');
    assert.notEqual(one.headers.raw('To'), two.headers.raw('To'));
    assert.equal(rig.relay.open, 2);

    second.answer(second.invite, 200, { sdp: sdpOf('10.0.0.3', 6000) });
    second.takeRequest('ACK');
    assert.equal(caller.take('200 INVITE').headers.raw('To'), two.headers.raw('To'));
    const cancel = first.takeRequest('CANCEL');
    assert.equal(cancel.headers.raw('Reason'), 'SIP;cause=200;text="Call completed elsewhere"');
    first.answer(cancel, 200);
    first.answer(first.invite, 487);
    assert.equal(rig.relay.open, 1);
    caller.request('ACK');
    hangUp(caller, second);
    rig.finish();
  });

  it('ends the one that answers a moment later', async () => {
    const { rig, caller, first, second } = await forked();
    first.answer(first.invite, 200, { sdp: ANSWER });
    second.answer(second.invite, 200, { sdp: ANSWER });
    second.takeRequest('ACK');
    second.takeRequest('BYE');
    caller.take('200 INVITE');
    caller.request('ACK');
    first.takeRequest('ACK');
    hangUp(caller, first);
    rig.finish();
  });

  it('has no early dialog of the others any more', async () => {
    const { rig, caller, first, second } = await forked();
    first.answer(first.invite, 180);
    caller.take('180 INVITE');
    const early = caller.remote;
    second.answer(second.invite, 200, { sdp: ANSWER });
    caller.take('200 INVITE');
    caller.request('ACK');
    const confirmed = caller.remote;
    caller.remote = early;
    caller.request('BYE');
    caller.phone.takeResponse('481 BYE');
    caller.remote = confirmed;
    second.takeRequest('ACK');
    hangUp(caller, second);
    rig.finish();
  });

  it('waits for the second when the first refuses, and tells the caller the better refusal', async () => {
    const { rig, caller, first, second } = await forked();
    first.answer(first.invite, 500);
    assert.deepEqual(caller.phone.takeAll(), []);
    second.answer(second.invite, 486);
    caller.take('486 INVITE');
    rig.finish();
  });

  it('ends the search at a 6xx', async () => {
    const { rig, caller, first, second } = await forked();
    second.answer(second.invite, 180);
    caller.take('180 INVITE');
    first.answer(first.invite, 603);
    caller.take('603 INVITE');
    second.takeRequest('CANCEL');
    rig.finish();
  });

  it('rings on when one has vanished', async () => {
    const { rig, caller, first } = await forked();
    first.answer(first.invite, 180);
    rig.clock.advance(40_000);
    first.answer(first.invite, 200, { sdp: ANSWER });
    caller.take('180 INVITE');
    caller.take('200 INVITE');
    caller.request('ACK');
    first.takeRequest('ACK');
    hangUp(caller, first);
    rig.finish();
  });
});
