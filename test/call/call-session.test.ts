import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answered, called, hangUp, reliably, text } from './flows.ts';
import { type Part, sdpOf } from './phone.ts';
import type { Rig } from './rig.ts';

const HOLD = sdpOf('10.0.0.1', 4000, 'sendonly', 2);
const HELD = sdpOf('10.0.0.2', 5000, 'recvonly', 2);

/** `by` sends a re-INVITE, which `other` gets. */
async function reinvited(rig: Rig, by: Part, other: Part, sdp: string | undefined) {
  by.request('INVITE', sdp === undefined ? {} : { sdp });
  await rig.settle();
  return other.takeRequest('INVITE');
}

/** `other` accepts the re-INVITE. */
function agreed(by: Part, other: Part, invite: Parameters<Part['answer']>[0], sdp: string) {
  other.answer(invite, 200, { sdp });
  other.takeRequest('ACK');
  const ok = by.take('200 INVITE');
  by.request('ACK');
  return ok;
}

function stateOf(rig: Rig, part: Part): string | undefined {
  return rig.b2bua.callsOf(part.phone.subscriber)[0]?.state;
}

describe('a re-INVITE', () => {
  for (const by of ['caller', 'callee'] as const) {
    it(`of the ${by} holds the call, and another one resumes it`, async () => {
      const { rig, ...parts } = await answered();
      const [one, two] = by === 'caller' ? [parts.caller, parts.callee] : [parts.callee, parts.caller];
      const invite = await reinvited(rig, one, two, HOLD);
      assert.match(text(invite.body), /c=IN IP4 192\.0\.2\.1\r\n.*a=sendonly/s);
      assert.match(text(agreed(one, two, invite, HELD).body), /a=recvonly/);
      assert.equal(stateOf(rig, one), 'hold');
      assert.equal(rig.relay.open, 1);

      agreed(one, two, await reinvited(rig, one, two, sdpOf('10.0.0.1', 4000, 'sendrecv', 3)), HELD);
      assert.equal(stateOf(rig, one), 'start');
      hangUp(two, one);
      rig.finish();
    });
  }

  it('keeps the ports, and raises the version of our description only when it changes', async () => {
    const { rig, caller, callee } = await answered();
    const first = text(callee.invite.body);
    const same = await reinvited(rig, caller, callee, sdpOf('10.0.0.1', 4000));
    assert.equal(text(same.body), first);
    agreed(caller, callee, same, sdpOf('10.0.0.2', 5000));
    const held = await reinvited(rig, caller, callee, HOLD);
    const [, before = ''] = /^o=- \d+ (\d+) /m.exec(first) ?? [];
    assert.equal(
      text(held.body),
      first.replace(` ${before} IN`, ` ${BigInt(before) + 1n} IN`).replace('sendrecv', 'sendonly'),
    );
    agreed(caller, callee, held, HELD);
    hangUp(caller, callee);
    rig.finish();
  });

  it('that adds video gets a second stream', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, `${HOLD}m=video 4002 RTP/AVP 96\r\n`);
    assert.equal(rig.relay.open, 2);
    agreed(caller, callee, invite, `${HELD}m=video 0 RTP/AVP 96\r\n`);
    assert.equal(rig.relay.open, 1);
    hangUp(caller, callee);
    rig.finish();
  });

  it('answered by a reliable 183 gets its PRACK, once, and the description of the 183 counts (RFC 3262)', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, HOLD);
    callee.answer(invite, 183, { sdp: HELD, headers: reliably(7) });
    const { headers } = callee.takeRequest('PRACK');
    assert.equal(headers.raw('RAck'), `7 ${invite.headers.raw('CSeq')}`);
    callee.answer(invite, 183, { sdp: HELD, headers: reliably(7) });
    assert.deepEqual(callee.phone.takeAll(), []);
    callee.answer(invite, 200);
    assert.equal(callee.takeRequest('ACK').headers.raw('CSeq'), invite.headers.raw('CSeq')?.replace('INVITE', 'ACK'));
    assert.match(text(caller.take('200 INVITE').body), /a=recvonly/);
    caller.request('ACK');
    hangUp(caller, callee);
    rig.finish();
  });

  it('whose PRACK the phone does not know ends the call', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, HOLD);
    callee.answer(invite, 183, { sdp: HELD, headers: reliably(7) });
    callee.answer(callee.takeRequest('PRACK'), 481);
    assert.deepEqual(callee.phone.takeAll(), ['CANCEL', 'BYE']);
    assert.deepEqual(caller.phone.takeAll(), ['487 INVITE', 'BYE']);
    rig.finish();
  });

  it('is refused by the callee: the call goes on as it was', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, HOLD);
    callee.answer(invite, 488, { headers: { Warning: '304 x "no"' } });
    callee.takeRequest('ACK');
    assert.equal(caller.take('488 INVITE').headers.raw('Warning'), '304 x "no"');
    caller.request('ACK');
    assert.equal(stateOf(rig, caller), 'start');
    hangUp(caller, callee);
    rig.finish();
  });

  it('moves media with its answer, and not at all when it is refused', async () => {
    const { rig, caller, callee } = await answered();
    const moved = sdpOf('10.0.0.1', 4444, 'sendrecv', 2);
    const said = () => rig.relay.targets.splice(0);
    assert.deepEqual(said(), ['10.0.0.1:4000', '10.0.0.2:5000']);
    for (const status of [488, 491]) {
      const invite = await reinvited(rig, caller, callee, `${moved}m=video 4002 RTP/AVP 96\r\n`);
      assert.equal(rig.relay.open, 2);
      callee.answer(invite, status);
      callee.takeRequest('ACK');
      caller.take(`${status} INVITE`);
      caller.request('ACK');
      assert.equal(rig.relay.open, 1);
      // Only the stream opened for the offer had a place, which went with it.
      assert.deepEqual(said(), ['10.0.0.1:4002']);
    }
    rig.b2bua.stopAll({ refusal: { status: 503 } });
    rig.finish();

    const other = await answered();
    other.rig.relay.targets.splice(0);
    const invite = await reinvited(other.rig, other.caller, other.callee, moved);
    assert.deepEqual(other.rig.relay.targets, []);
    agreed(other.caller, other.callee, invite, HELD);
    assert.deepEqual(other.rig.relay.targets, ['10.0.0.1:4444', '10.0.0.2:5000']);
    hangUp(other.caller, other.callee);
    other.rig.finish();
  });

  it('is refused 503 in its midst: the ports opened for it are closed', async () => {
    const { rig, caller, callee } = await answered();
    rig.relay.free = 1;
    caller.request('INVITE', { sdp: `${HOLD}m=video 4002 RTP/AVP 96\r\nm=text 4004 RTP/AVP 98\r\n` });
    await rig.settle();
    caller.take('503 INVITE');
    caller.request('ACK');
    assert.equal(rig.relay.open, 1);
    hangUp(caller, callee);
    rig.finish();
  });

  it('without an offer, left without an answer by its ACK, changes nothing', async () => {
    const { rig, caller, callee } = await answered();
    rig.relay.targets.splice(0);
    const invite = await reinvited(rig, caller, callee, undefined);
    callee.answer(invite, 200, { sdp: `${sdpOf('10.0.0.2', 5555, 'sendrecv', 2)}m=video 5002 RTP/AVP 96\r\n` });
    await rig.settle();
    caller.take('200 INVITE');
    assert.equal(rig.relay.open, 2);
    caller.request('ACK');
    callee.takeRequest('ACK');
    assert.equal(rig.relay.open, 1);
    assert.deepEqual(rig.relay.targets, ['10.0.0.2:5002']);
    hangUp(caller, callee);
    rig.finish();
  });

  it('ends the call when the other phone says 481', async () => {
    const { rig, caller, callee } = await answered();
    callee.answer(await reinvited(rig, caller, callee, HOLD), 481);
    caller.take('487 INVITE');
    caller.takeRequest('BYE');
    assert.deepEqual(callee.phone.takeAll(), ['ACK']);
    rig.finish();
  });

  it('ends the call when the other phone does not answer it', async () => {
    const { rig, caller, callee } = await answered();
    await reinvited(rig, caller, callee, HOLD);
    rig.clock.advance(33_000);
    assert.deepEqual(new Set(caller.phone.takeAll()), new Set(['100 INVITE', '487 INVITE', 'BYE']));
    assert.equal(new Set(callee.phone.takeAll()).has('BYE'), true);
    rig.finish();
  });

  it('is refused 503 when it needs a port and there is none; the call goes on', async () => {
    const { rig, caller, callee } = await answered();
    rig.relay.free = 0;
    caller.request('INVITE', { sdp: `${HOLD}m=video 4002 RTP/AVP 96\r\n` });
    await rig.settle();
    caller.take('503 INVITE');
    caller.request('ACK');
    hangUp(caller, callee);
    rig.finish();
  });

  it('of both sides at once: both are told 491 and nothing hangs', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, HOLD);
    callee.request('INVITE', { sdp: HELD });
    callee.take('491 INVITE');
    callee.request('ACK');
    callee.answer(invite, 491);
    callee.takeRequest('ACK');
    caller.take('491 INVITE');
    caller.request('ACK');
    // The retry gets through.
    agreed(callee, caller, await reinvited(rig, callee, caller, HELD), HOLD);
    hangUp(caller, callee);
    rig.finish();
  });

  it('meets one whose ports are still being opened: 491', async () => {
    const { rig, caller, callee } = await answered();
    const open = rig.relay.shut();
    caller.request('INVITE', { sdp: `${HOLD}m=video 4002 RTP/AVP 96\r\n` });
    callee.request('INVITE', { sdp: HELD });
    callee.take('491 INVITE');
    open();
    await rig.settle();
    callee.takeRequest('INVITE');
    rig.b2bua.stopAll({ refusal: { status: 503 } });
    rig.finish();
  });

  it('sent twice: the second gets 500 with Retry-After', async () => {
    const { rig, caller, callee } = await answered();
    await reinvited(rig, caller, callee, HOLD);
    caller.request('INVITE', { sdp: HOLD });
    assert.equal(caller.take('500 INVITE').headers.raw('Retry-After'), '3');
    rig.b2bua.stopAll({ refusal: { status: 503 } });
    rig.finish();
  });

  it('of the callee before the caller has acknowledged the call: 491', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 200, { sdp: sdpOf('10.0.0.2', 5000) });
    callee.takeRequest('ACK');
    callee.request('INVITE', { sdp: HELD });
    await rig.settle();
    callee.take('491 INVITE');
    caller.take('200 INVITE');
    caller.request('ACK');
    hangUp(caller, callee);
    rig.finish();
  });

  it('is cancelled: the other phone refuses it and the call goes on', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, HOLD);
    callee.answer(invite, 100);
    caller.request('CANCEL');
    caller.take('200 CANCEL');
    callee.answer(callee.takeRequest('CANCEL'), 200);
    callee.answer(invite, 487);
    callee.takeRequest('ACK');
    caller.take('487 INVITE');
    caller.request('ACK');
    assert.deepEqual(rig.relay.targets, ['10.0.0.1:4000', '10.0.0.2:5000']);
    hangUp(caller, callee);
    rig.finish();
  });

  it('is cancelled too late: both sides have the new session', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, HOLD);
    callee.answer(invite, 100);
    caller.request('CANCEL');
    caller.take('200 CANCEL');
    callee.takeRequest('CANCEL');
    agreed(caller, callee, invite, HELD);
    assert.equal(stateOf(rig, caller), 'hold');
    hangUp(caller, callee);
    rig.finish();
  });

  it('is cancelled before its ports are open: the other phone never hears of it', async () => {
    const { rig, caller, callee } = await answered();
    const open = rig.relay.shut();
    caller.request('INVITE', { sdp: `${HOLD}m=video 4002 RTP/AVP 96\r\n` });
    caller.request('CANCEL');
    caller.take('200 CANCEL');
    open();
    await rig.settle();
    caller.take('487 INVITE');
    caller.request('ACK');
    assert.deepEqual(callee.phone.takeAll(), []);
    agreed(caller, callee, await reinvited(rig, caller, callee, HOLD), HELD);
    hangUp(caller, callee);
    rig.finish();
  });

  it('without an offer: the other phone offers, the sender answers in its ACK', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, undefined);
    assert.equal(invite.body.length, 0);
    callee.answer(invite, 200, { sdp: sdpOf('10.0.0.2', 5000, 'sendrecv', 2) });
    await rig.settle();
    assert.match(text(caller.take('200 INVITE').body), /m=audio 10000 /);
    caller.request('ACK', { sdp: sdpOf('10.0.0.1', 4000, 'sendrecv', 2) });
    assert.match(text(callee.takeRequest('ACK').body), /m=audio 10002 /);
    hangUp(caller, callee);
    rig.finish();
  });

  it('without an offer whose answer needs ports there are none of: the call ends', async () => {
    const { rig, caller, callee } = await answered();
    const invite = await reinvited(rig, caller, callee, undefined);
    rig.relay.free = 0;
    callee.answer(invite, 200, { sdp: `${HELD}m=video 5002 RTP/AVP 96\r\n` });
    await rig.settle();
    assert.deepEqual(caller.phone.takeAll(), ['487 INVITE', 'BYE']);
    assert.deepEqual(callee.phone.takeAll(), ['ACK', 'BYE']);
    rig.finish();
  });

  it('answered without a description is refused', async () => {
    const { rig, caller, callee } = await answered();
    callee.answer(await reinvited(rig, caller, callee, HOLD), 200);
    callee.takeRequest('ACK');
    caller.take('502 INVITE');
    caller.request('ACK');
    hangUp(caller, callee);
    rig.finish();
  });

  it('under way when a side hangs up is settled on both legs', async () => {
    for (const leaver of ['caller', 'callee'] as const) {
      const { rig, ...parts } = await answered();
      const { caller, callee } = parts;
      const invite = await reinvited(rig, caller, callee, HOLD);
      callee.answer(invite, 100);
      parts[leaver].request('BYE');
      assert.equal(caller.phone.takeAll().includes('487 INVITE'), true);
      assert.equal(callee.phone.takeAll().includes('CANCEL'), true);
      rig.finish();
    }
  });

  it('moves the target of later requests', async () => {
    const { rig, caller, callee } = await answered();
    const moved = { Contact: '<sip:phone@10.0.0.1:7777>' };
    caller.request('INVITE', { sdp: HOLD, headers: moved });
    await rig.settle();
    agreed(caller, callee, callee.takeRequest('INVITE'), HELD);
    callee.request('BYE');
    assert.equal(caller.takeRequest('BYE').uri, 'sip:phone@10.0.0.1:7777');
    assert.equal(caller.phone.port, 7777);
    rig.finish();
  });

  it('gets its 200 again until the ACK comes', async () => {
    const { rig, caller, callee } = await answered();
    callee.answer(await reinvited(rig, caller, callee, HOLD), 200, { sdp: HELD });
    rig.clock.advance(1600);
    assert.deepEqual(caller.phone.takeAll(), ['200 INVITE', '200 INVITE', '200 INVITE']);
    caller.request('ACK');
    rig.clock.advance(60_000);
    assert.deepEqual(caller.phone.takeAll(), []);
    callee.takeRequest('ACK');
    hangUp(caller, callee);
    rig.finish();
  });
});

describe('the ACK', () => {
  it('of another INVITE is not taken for the one that is missing', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 200, { sdp: HELD });
    caller.take('200 INVITE');
    caller.request('ACK', { headers: { CSeq: '7 ACK' } });
    rig.clock.advance(600);
    caller.take('200 INVITE');
    caller.request('ACK');
    rig.clock.advance(60_000);
    assert.deepEqual(caller.phone.takeAll(), []);
    callee.takeRequest('ACK');
    hangUp(callee, caller);
    rig.finish();
  });
});

describe('the table of calls', () => {
  it('has a call by each of its users while it lasts', async () => {
    const { rig, alice, bob, caller, callee } = await answered();
    assert.equal(rig.b2bua.callsOf(alice.subscriber).length, 1);
    assert.equal(rig.b2bua.callsOf(bob.subscriber).length, 1);
    hangUp(caller, callee);
    assert.equal(rig.b2bua.callsOf(alice.subscriber).length, 0);
    assert.equal(rig.b2bua.size, 1);
    rig.finish();
  });
});
