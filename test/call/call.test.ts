import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Params } from '../../src/sip/message/params.ts';
import { ANSWER, answered, called, hangUp, OFFER, pair, text } from './flows.ts';
import type { Part } from './phone.ts';
import { NO_ANSWER_MS, Rig } from './rig.ts';

/** A further phone behind the one that was invited, as its To tag shows. */
function forkOf(callee: Part, tag: string): Part {
  return Object.assign(Object.create(callee) as Part, { local: { ...callee.local, params: Params.of({ tag }) } });
}

describe('a call', () => {
  it('is answered, and ended by the caller', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    const ringing = caller.take('180 INVITE');
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    callee.takeRequest('ACK');
    const ok = caller.take('200 INVITE');
    assert.equal(ok.headers.raw('To'), ringing.headers.raw('To'));
    caller.request('ACK');
    assert.equal(rig.relay.open, 1);
    hangUp(caller, callee);
    rig.finish();
  });

  it('is ended by the callee, and its Reason passes', async () => {
    const { rig, caller, callee } = await answered();
    const bye = hangUp(callee, caller, { Reason: 'Q.850;cause=16;text="bye"' });
    assert.equal(bye.headers.raw('Reason'), 'Q.850;cause=16;text="bye"');
    rig.finish();
  });

  it('answers both BYEs that cross', async () => {
    const { rig, caller, callee } = await answered();
    caller.request('BYE');
    caller.take('200 BYE');
    const bye = callee.takeRequest('BYE');
    callee.request('BYE');
    callee.take('200 BYE');
    callee.answer(bye, 481);
    // And whatever comes later.
    caller.request('BYE');
    caller.take('200 BYE');
    caller.request('OPTIONS');
    caller.take('481 OPTIONS');
    rig.finish();
  });

  it('frees everything when the BYE is never answered', async () => {
    const { rig, caller, callee } = await answered();
    caller.request('BYE');
    callee.takeRequest('BYE');
    assert.equal(rig.relay.open, 0);
    rig.finish();
  });

  it('passes a refusal on with its phrase, Reason and Warning', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 486, { headers: { Reason: 'Q.850;cause=17', Warning: '399 x "in a call"' } });
    callee.takeRequest('ACK');
    const busy = caller.take('486 INVITE');
    assert.equal(busy.headers.raw('Reason'), 'Q.850;cause=17');
    assert.equal(busy.headers.raw('Warning'), '399 x "in a call"');
    caller.request('ACK');
    rig.finish();
  });

  for (const [status, told] of [
    [302, 480],
    [401, 480],
    [481, 480],
    [503, 500],
    [603, 603],
  ] as const) {
    it(`tells the caller ${told} when the phone says ${status}`, async () => {
      const { rig, caller, callee } = await called();
      callee.answer(callee.invite, status);
      callee.takeRequest('ACK');
      caller.take(`${told} INVITE`);
      rig.finish();
    });
  }

  it('tells the caller 480 when the phone has vanished', async () => {
    const { rig, caller } = await called();
    rig.clock.advance(33_000);
    assert.deepEqual(new Set(caller.phone.takeAll()), new Set(['100 INVITE', '480 INVITE']));
    rig.finish();
  });

  it('is cancelled: 487 for the caller, CANCEL with Reason for the callee', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    caller.request('CANCEL');
    caller.take('200 CANCEL');
    caller.take('487 INVITE');
    const cancel = callee.takeRequest('CANCEL');
    assert.match(cancel.headers.raw('Reason') ?? '', /^SIP;cause=487/);
    callee.answer(cancel, 200);
    callee.answer(callee.invite, 487);
    callee.takeRequest('ACK');
    rig.finish();
  });

  it('acknowledges and ends the 200 that crosses a CANCEL', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    caller.request('CANCEL');
    callee.takeRequest('CANCEL');
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    callee.takeRequest('ACK');
    const bye = callee.takeRequest('BYE');
    assert.match(bye.headers.raw('Reason') ?? '', /^SIP;cause=487/);
    callee.answer(bye, 200);
    assert.deepEqual(caller.phone.takeAll(), ['180 INVITE', '200 CANCEL', '487 INVITE']);
    rig.finish();
  });

  it('holds the CANCEL back until the callee has said anything', async () => {
    const { rig, caller, callee } = await called();
    caller.request('CANCEL');
    assert.deepEqual(callee.phone.takeAll(), []);
    callee.answer(callee.invite, 180);
    callee.takeRequest('CANCEL');
    rig.finish();
  });

  it('is over when the caller cancels before there are ports', async () => {
    const rig = new Rig();
    const open = rig.relay.shut();
    const { alice, bob } = pair(rig);
    const caller = alice.invite('sip:bob@ims.test', { sdp: OFFER });
    caller.request('CANCEL');
    caller.take('200 CANCEL');
    caller.take('487 INVITE');
    open();
    await rig.settle();
    assert.deepEqual(bob.takeAll(), []);
    assert.equal(rig.relay.open, 0);
    rig.finish();
  });

  it('ends with a BYE of the caller in its early dialog', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    caller.request('BYE');
    caller.take('200 BYE');
    caller.take('487 INVITE');
    callee.takeRequest('CANCEL');
    rig.finish();
  });

  it('ends when nobody answers in time', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    rig.clock.advance(NO_ANSWER_MS);
    caller.take('480 INVITE');
    const cancel = callee.takeRequest('CANCEL');
    assert.match(cancel.headers.raw('Reason') ?? '', /^Q.850;cause=19/);
    rig.finish();
  });

  it('answers 503 when there are no ports, and keeps none', async () => {
    const { rig, alice, bob } = pair();
    rig.relay.free = 1;
    const video = `${OFFER}m=video 4002 RTP/AVP 96\r\n`;
    const caller = alice.invite('sip:bob@ims.test', { sdp: video });
    await rig.settle();
    caller.take('503 INVITE');
    assert.deepEqual(bob.takeAll(), []);
    rig.finish();
  });

  it('answers 488 to more media than a call may have, and takes no ports', async () => {
    const { rig, alice, bob } = pair();
    const videos = (count: number) => OFFER + 'm=video 4002 RTP/AVP 96\r\n'.repeat(count);
    const caller = alice.invite('sip:bob@ims.test', { sdp: videos(8) });
    await rig.settle();
    caller.take('488 INVITE');
    assert.equal(rig.relay.open, 0);
    assert.deepEqual(bob.takeAll(), []);
    alice.invite('sip:bob@ims.test', { sdp: `${videos(7)}m=video 0 RTP/AVP 96\r\n` });
    await rig.settle();
    assert.equal(rig.relay.open, 8);
    rig.b2bua.stopAll({ refusal: { status: 503 } });
    rig.finish();
  });

  it('ends when a user deregisters', async () => {
    const { rig, bob, caller, callee } = await answered();
    rig.b2bua.lose(bob.subscriber);
    assert.match(caller.takeRequest('BYE').headers.raw('Reason') ?? '', /deregistered/);
    callee.takeRequest('BYE');
    rig.finish();
  });

  it('ends when a user deregisters while it rings', async () => {
    const { rig, alice, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    rig.b2bua.lose(alice.subscriber);
    caller.take('480 INVITE');
    callee.takeRequest('CANCEL');
    assert.deepEqual(rig.b2bua.callsOf(alice.subscriber), []);
    rig.finish();
  });

  it('ends when the server stops', async () => {
    const { rig, caller, callee } = await answered();
    rig.b2bua.stopAll({ refusal: { status: 503 } });
    caller.takeRequest('BYE');
    callee.takeRequest('BYE');
    rig.finish();
  });

  it('ends with a BYE when the 200 is never acknowledged', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    caller.take('200 INVITE');
    rig.clock.advance(31_000);
    // After 0.5, 1, 2 and then every 4 s.
    assert.equal(caller.phone.takeAll().filter((one) => one === '200 INVITE').length, 9);
    rig.clock.advance(1000);
    assert.deepEqual(caller.phone.takeAll().slice(-1), ['BYE']);
    assert.deepEqual(callee.phone.takeAll().slice(0, 2), ['ACK', 'BYE']);
    rig.finish();
  });

  it('waits for the ACK before it sends the caller a BYE', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    caller.take('200 INVITE');
    callee.request('BYE');
    assert.deepEqual(caller.phone.takeAll(), []);
    caller.request('ACK');
    caller.takeRequest('BYE');
    rig.finish();
  });

  it('acknowledges a 200 every time it comes', async () => {
    const { rig, caller, callee } = await answered();
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    callee.takeRequest('ACK');
    assert.deepEqual(caller.phone.takeAll(), []);
    hangUp(caller, callee);
    rig.finish();
  });

  it('ends a second fork behind the phone once, and acknowledges it every time', async () => {
    const { rig, caller, callee, bob } = await answered();
    const fork = forkOf(callee, 'other');
    fork.answer(callee.invite, 200, { sdp: ANSWER });
    fork.answer(callee.invite, 200, { sdp: ANSWER });
    assert.deepEqual(bob.takeAll(), ['ACK', 'BYE', 'ACK']);
    hangUp(caller, callee);
    rig.finish();
  });

  it('takes the description of a provisional response when the 200 has none', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 183, { sdp: ANSWER });
    assert.match(text(caller.take('183 INVITE').body), /m=audio/);
    callee.answer(callee.invite, 200);
    assert.match(text(caller.take('200 INVITE').body), /m=audio/);
    caller.request('ACK');
    callee.takeRequest('ACK');
    hangUp(callee, caller);
    rig.finish();
  });

  it('ends 16 forks behind the phone, and only acknowledges further ones', async () => {
    const { rig, caller, callee, bob } = await answered();
    for (let tag = 0; tag < 1000; tag++) forkOf(callee, `t${tag}`).answer(callee.invite, 200, { sdp: ANSWER });
    const sent = bob.takeAll();
    assert.equal(sent.filter((what) => what === 'ACK').length, 1000);
    assert.equal(sent.filter((what) => what === 'BYE').length, 16);
    hangUp(caller, callee);
    rig.finish();
  });

  it('remembers the descriptions of 8 early dialogs of a phone, not of any number', async () => {
    for (const [fork, told] of [
      [7, '200 INVITE'],
      [8, '502 INVITE'],
    ] as const) {
      const { caller, callee } = await called();
      const forks = Array.from({ length: 100 }, (_, tag) => forkOf(callee, `t${tag}`));
      for (const each of forks) each.answer(callee.invite, 183, { sdp: ANSWER });
      caller.phone.takeAll();
      forks[fork]?.answer(callee.invite, 200);
      caller.take(told);
    }
  });

  it('ends a callee that answers without a description', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 200);
    caller.take('502 INVITE');
    callee.takeRequest('ACK');
    callee.takeRequest('BYE');
    rig.finish();
  });

  it('survives a 200 without To tag', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 200, { sdp: ANSWER, headers: { To: '<sip:bob@ims.test>' } });
    callee.takeRequest('ACK');
    caller.take('200 INVITE');
    caller.request('ACK');
    caller.request('BYE');
    callee.answer(callee.takeRequest('BYE'), 200);
    rig.finish();
  });

  it('refuses an INVITE without Contact, and one whose description it cannot read', () => {
    const { rig, alice } = pair();
    const headers = { Contact: '' };
    alice.invite('sip:bob@ims.test', { sdp: OFFER, headers }).take('400 INVITE');
    alice.invite('sip:bob@ims.test', { sdp: 'nonsense' }).take('400 INVITE');
    alice.invite('sip:bob@ims.test', { sdp: OFFER, headers: { 'Content-Type': 'text/plain' } }).take('415 INVITE');
    rig.finish();
  });

  it('refuses what is not served inside a call, and old sequence numbers', async () => {
    const { rig, caller, callee } = await answered();
    caller.request('INFO');
    assert.match(caller.take('405 INFO').headers.raw('Allow') ?? '', /BYE/);
    caller.request('OPTIONS');
    caller.take('200 OPTIONS');
    caller.request('INVITE', { sdp: OFFER, headers: { Require: 'sec-agree, elsewhere' } });
    assert.equal(caller.take('420 INVITE').headers.raw('Unsupported'), 'elsewhere');
    caller.sequence = 1;
    caller.request('OPTIONS');
    caller.take('500 OPTIONS');
    caller.sequence = 10;
    hangUp(caller, callee);
    rig.finish();
  });
});
