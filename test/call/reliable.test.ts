import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Params } from '../../src/sip/message/params.ts';
import { ABLE, ALLOW, ANSWER, hangUp, OFFER, pair, prack, pracked, reliably, text } from './flows.ts';
import { type Part, sdpOf } from './phone.ts';
import type { Rig } from './rig.ts';

/** Alice's phone calls Bob's. @param headers of the INVITE. @param sdp empty for none. */
async function begun(headers: { readonly [name: string]: string } = ABLE, sdp = OFFER) {
  const bed = pair();
  const caller = bed.alice.invite('sip:bob@ims.test', { ...(sdp !== '' && { sdp }), headers });
  await bed.rig.settle();
  return { ...bed, caller, callee: bed.bob.invited() };
}

/** Another phone behind the one that was invited, as its To tag shows. */
function forkOf(callee: Part, tag: string): Part {
  return Object.assign(Object.create(callee) as Part, { local: { ...callee.local, params: Params.of({ tag }) } });
}

/** The phones talk, and hang up. */
function finish(rig: Rig, caller: Part, callee: Part): void {
  caller.request('ACK');
  hangUp(caller, callee);
  rig.finish();
}

describe('reliable provisional responses', () => {
  it('C.11 without preconditions: INVITE, 183, PRACK, 180, 200 on both legs', async () => {
    const { rig, caller, callee } = await begun();
    assert.match(callee.invite.headers.raw('Supported') ?? '', /100rel/);
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(121) });
    const ack = pracked(callee, 121);
    assert.match(ack.headers.raw('To') ?? '', /;tag=/);
    assert.match(ack.headers.raw('Contact') ?? '', /^<sip:/);
    callee.answer(ack, 200);

    const progress = caller.take('183 INVITE');
    assert.equal(progress.headers.raw('Require'), '100rel');
    assert.match(text(progress.body), /m=audio \d+ /);
    for (const name of ['Allow', 'Supported', 'Contact', 'Record-Route']) assert.ok(progress.headers.has(name), name);
    prack(caller, progress);
    const ok = caller.take('200 PRACK');
    assert.match(ok.headers.raw('Allow') ?? '', /UPDATE/);

    callee.answer(callee.invite, 180);
    assert.equal(caller.take('180 INVITE').headers.has('RSeq'), false);
    callee.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    const accepted = caller.take('200 INVITE');
    // The answer has been given.
    assert.equal(accepted.body.length, 0);
    finish(rig, caller, callee);
  });

  it('of a callee whose caller cannot: the 200 holds the answer', async () => {
    const { rig, caller, callee } = await begun({ Allow: ALLOW });
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    assert.equal(progress.headers.has('RSeq'), false);
    callee.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    assert.equal(text(caller.take('200 INVITE').body), text(progress.body));
    finish(rig, caller, callee);
  });

  it('to a caller that insists, of a callee that cannot', async () => {
    const { rig, caller, callee } = await begun({ Require: '100rel', Allow: ALLOW });
    callee.answer(callee.invite, 180);
    const ringing = caller.take('180 INVITE');
    assert.equal(ringing.headers.raw('Require'), '100rel');
    prack(caller, ringing);
    caller.take('200 PRACK');
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    callee.takeRequest('ACK');
    assert.match(text(caller.take('200 INVITE').body), /m=audio/);
    finish(rig, caller, callee);
  });

  it('are sent again until the PRACK; the 180 and the 200 wait for it', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const first = caller.take('183 INVITE');
    callee.answer(callee.invite, 180);
    callee.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    rig.clock.advance(500);
    assert.equal(caller.take('183 INVITE').headers.raw('RSeq'), first.headers.raw('RSeq'));
    rig.clock.advance(999);
    assert.deepEqual(caller.phone.takeAll(), []);
    rig.clock.advance(1);
    caller.take('183 INVITE');
    prack(caller, first);
    assert.deepEqual(caller.phone.takeAll(), ['200 PRACK', '180 INVITE', '200 INVITE']);
    finish(rig, caller, callee);
  });

  it('that the phone repeats are acknowledged once, those that overtook another one later', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(7) });
    callee.answer(pracked(callee, 7), 200);
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(7) });
    callee.answer(callee.invite, 180, { headers: reliably(9) });
    assert.deepEqual(callee.phone.takeAll(), []);
    callee.answer(callee.invite, 181, { headers: reliably(8) });
    callee.answer(pracked(callee, 8), 200);
    assert.deepEqual(caller.phone.takeAll(), ['183 INVITE']);
    callee.answer(callee.invite, 486);
    callee.takeRequest('ACK');
    caller.take('486 INVITE');
    rig.finish();
  });

  it('that are never acknowledged end the call with 504', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    for (let second = 0; second < 32; second++) rig.clock.advance(1000);
    const sent = caller.phone.takeAll();
    // At 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
    assert.equal(sent.filter((one) => one === '183 INVITE').length, 7);
    assert.equal(sent.filter((one) => one === '504 INVITE').length, 1);
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(callee.invite, 487);
    rig.finish();
  });

  it('whose PRACK the phone does not know end its part', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 481);
    assert.deepEqual(caller.phone.takeAll(), ['183 INVITE', '480 INVITE']);
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(callee.invite, 487);
    rig.finish();
  });

  it('are not for a PRACK that names another one: 481', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    const rseq = progress.headers.raw('RSeq');
    for (const RAck of ['1 1 INVITE', `${rseq} 2 INVITE`, `${rseq} 1 UPDATE`]) {
      caller.request('PRACK', { headers: { RAck } });
      caller.take('481 PRACK');
    }
    prack(caller, progress);
    caller.take('200 PRACK');
    prack(caller, progress);
    caller.take('481 PRACK');
    caller.request('CANCEL');
    assert.deepEqual(caller.phone.takeAll(), ['200 CANCEL', '487 INVITE']);
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(callee.invite, 487);
    rig.finish();
  });
});

describe('offers and answers before the 200', () => {
  it('take the offer from a reliable 183 and the answer from the PRACK', async () => {
    const { rig, caller, callee } = await begun(ABLE, '');
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    // The PRACK of our leg waits for the answer of the other.
    assert.deepEqual(callee.phone.takeAll(), []);
    await rig.settle();
    const progress = caller.take('183 INVITE');
    assert.match(text(progress.body), /m=audio 1\d{4} /);
    assert.equal(progress.headers.raw('Require'), '100rel');
    prack(caller, progress, OFFER);
    caller.take('200 PRACK');
    const ack = pracked(callee, 1);
    assert.match(text(ack.body), /m=audio 1\d{4} /);
    callee.answer(ack, 200);
    callee.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    caller.take('200 INVITE');
    finish(rig, caller, callee);
  });

  it('take the offer from a reliable 183 to the 200, where the caller has no 100rel', async () => {
    const { rig, caller, callee } = await begun({ Allow: ALLOW }, '');
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    await rig.settle();
    assert.equal(caller.take('183 INVITE').body.length, 0);
    callee.answer(callee.invite, 200);
    const accepted = caller.take('200 INVITE');
    assert.match(text(accepted.body), /m=audio/);
    caller.request('ACK', { sdp: OFFER });
    assert.match(text(callee.takeRequest('ACK').body), /m=audio/);
    hangUp(caller, callee);
    rig.finish();
  });

  it("go by UPDATE either way, the callee's not before the PRACK", async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    callee.request('UPDATE', { sdp: sdpOf('10.0.0.2', 5000, 'sendonly', 2) });
    await rig.settle();
    assert.deepEqual(caller.phone.takeAll(), []);
    prack(caller, progress);
    caller.take('200 PRACK');
    const update = caller.takeRequest('UPDATE');
    assert.match(text(update.body), /a=sendonly/);
    caller.answer(update, 200, { sdp: sdpOf('10.0.0.1', 4000, 'recvonly', 2) });
    assert.match(text(callee.take('200 UPDATE').body), /a=recvonly/);

    caller.request('UPDATE', { sdp: sdpOf('10.0.0.1', 4000, 'sendrecv', 3) });
    await rig.settle();
    const back = callee.takeRequest('UPDATE');
    callee.answer(back, 200, { sdp: sdpOf('10.0.0.2', 5000, 'sendrecv', 3) });
    assert.match(text(caller.take('200 UPDATE').body), /a=sendrecv/);

    callee.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    caller.take('200 INVITE');
    finish(rig, caller, callee);
  });

  it('go in a PRACK and on by UPDATE', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    prack(caller, caller.take('183 INVITE'), sdpOf('10.0.0.1', 4000, 'inactive', 2));
    await rig.settle();
    assert.deepEqual(caller.phone.takeAll(), []);
    const update = callee.takeRequest('UPDATE');
    // The phone answers the INVITE first: the caller's 200 waits for the exchange.
    callee.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    assert.deepEqual(caller.phone.takeAll(), []);
    callee.answer(update, 200, { sdp: sdpOf('10.0.0.2', 5000, 'inactive', 2) });
    assert.match(text(caller.take('200 PRACK').body), /a=inactive/);
    caller.take('200 INVITE');
    finish(rig, caller, callee);
  });

  it('cross: both get 491', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    prack(caller, caller.take('183 INVITE'));
    caller.take('200 PRACK');
    caller.request('UPDATE', { sdp: sdpOf('10.0.0.1', 4000, 'inactive', 2) });
    await rig.settle();
    const update = callee.takeRequest('UPDATE');
    callee.request('UPDATE', { sdp: sdpOf('10.0.0.2', 5000, 'inactive', 2) });
    callee.take('491 UPDATE');
    callee.answer(update, 491);
    caller.take('491 UPDATE');
    rig.b2bua.stopAll({ refusal: { status: 503 } });
    assert.deepEqual(caller.phone.takeAll(), ['503 INVITE']);
    rig.finish();
  });

  it('leave no UPDATE without a response when the call is cancelled', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    prack(caller, caller.take('183 INVITE'));
    caller.take('200 PRACK');
    callee.request('UPDATE', { sdp: sdpOf('10.0.0.2', 5000, 'inactive', 2) });
    await rig.settle();
    caller.takeRequest('UPDATE');
    caller.request('CANCEL');
    assert.deepEqual(caller.phone.takeAll(), ['200 CANCEL', '487 INVITE']);
    callee.take('487 UPDATE');
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(callee.invite, 487);
    assert.deepEqual(callee.phone.takeAll(), ['ACK']);
    rig.finish();
  });

  it('fail where the answer has fewer media than the offer', async () => {
    const { rig, caller, callee } = await begun(ABLE, `${OFFER}m=video 4002 RTP/AVP 96\r\n`);
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    callee.takeRequest('ACK');
    const bye = callee.takeRequest('BYE');
    assert.equal(bye.headers.raw('Reason'), 'SIP;cause=488;text="the answer has 1 m= lines, the offer 2"');
    callee.answer(bye, 200);
    caller.take('502 INVITE');
    rig.finish();
  });
});

describe('a callee that forks', () => {
  it('is seen as several early dialogs, each with its PRACK, UPDATE and answer', async () => {
    const { rig, caller, callee } = await begun();
    const [one, two] = [forkOf(callee, 'one'), forkOf(callee, 'two')];
    one.answer(callee.invite, 183, { sdp: ANSWER, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const first = caller.take('183 INVITE');
    prack(caller, first);
    caller.take('200 PRACK');
    two.answer(callee.invite, 183, { sdp: sdpOf('10.0.0.2', 7000), headers: reliably(50) });
    const ack = pracked(callee, 50);
    assert.match(ack.headers.raw('To') ?? '', /tag=two/);
    callee.answer(ack, 200);
    const second = caller.take('183 INVITE');
    assert.notEqual(second.headers.raw('To'), first.headers.raw('To'));
    prack(caller, second);
    caller.take('200 PRACK');

    caller.request('UPDATE', { sdp: sdpOf('10.0.0.1', 4000, 'inactive', 2) });
    await rig.settle();
    const update = callee.takeRequest('UPDATE');
    assert.match(update.headers.raw('To') ?? '', /tag=two/);
    callee.answer(update, 200, { sdp: sdpOf('10.0.0.2', 7000, 'inactive', 2) });
    caller.take('200 UPDATE');

    rig.relay.targets.splice(0);
    one.answer(callee.invite, 200);
    callee.takeRequest('ACK');
    assert.equal(caller.take('200 INVITE').headers.raw('To'), first.headers.raw('To'));
    // Media go to the phone that answered.
    assert.deepEqual(rig.relay.targets, ['10.0.0.2:5000']);
    two.answer(callee.invite, 200);
    assert.deepEqual(callee.phone.takeAll(), ['ACK', 'BYE']);
    caller.request('ACK');
    caller.request('BYE');
    caller.take('200 BYE');
    callee.answer(callee.takeRequest('BYE'), 200);
    rig.finish();
  });
});

describe('BYE before the answer', () => {
  it('of the caller ends the call', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    caller.request('BYE');
    assert.deepEqual(caller.phone.takeAll(), ['200 BYE', '487 INVITE']);
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(callee.invite, 487);
    rig.finish();
  });

  it('of the callee declines it', async () => {
    const { rig, caller, callee } = await begun();
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    callee.request('BYE');
    callee.take('200 BYE');
    caller.take('480 INVITE');
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(callee.invite, 487);
    rig.finish();
  });
});
