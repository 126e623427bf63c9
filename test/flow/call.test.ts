import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import {
  acknowledge,
  callUp,
  challenged,
  described,
  insideAsCalled,
  insideAsCaller,
  invite,
  mediaSocket,
  RTP_PACKET,
  SDP_HEADER,
  sdpOf,
} from '../support/call-flow.ts';
import { type Lab, startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';

const USERS = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},
  {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob", multi_sim: true},`;
const BOB = 'sip:bob@ims.test';

async function registered(t: TestContext, settings = 'p_called_party_id: true,') {
  const lab = await startLab(t, USERS, settings);
  const alice = await lab.phone('alice');
  const bob = await lab.phone('bob');
  await alice.register();
  await bob.register();
  return { lab, alice, bob };
}

/** 64·T1 after its end nothing of a call is left. */
function assertNothingLeft(lab: Lab): void {
  lab.clock.advance(33_000);
  lab.clock.advance(33_000);
  const { dialogs, calls, transactions, streams } = lab.server.counts();
  assert.deepEqual({ dialogs, calls, transactions, streams }, { dialogs: 0, calls: 0, transactions: 0, streams: 0 });
}

describe('a call between two phones', () => {
  it('INVITE, 180, 200, ACK, BYE', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    assert.equal(received.uri, bob.contact);
    assert.match(received.headers.raw('From') ?? '', /^<sip:alice@ims.test>;tag=/);
    assert.equal(received.headers.raw('To'), '<sip:bob@ims.test>');
    assert.deepEqual(received.headers.rawAll('P-Asserted-Identity'), ['<sip:alice@ims.test>', '<tel:1001>']);
    assert.equal(received.headers.raw('P-Called-Party-ID'), '<sip:bob@ims.test>');
    assert.equal(received.headers.raw('Record-Route'), `<sip:${lab.address}:5060;lr>`);
    assert.equal(received.headers.raw('Max-Forwards'), '69');
    assert.notEqual(received.headers.raw('Call-ID'), sent.callId);

    bob.respond(received, 180);
    const ringing = await alice.response(180);
    assert.match(ringing.headers.raw('To') ?? '', /;tag=/);
    assert.equal(ringing.headers.raw('Record-Route'), `<sip:${lab.address}:5060;lr>`);

    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    assert.equal(accepted.headers.raw('To'), ringing.headers.raw('To'));
    acknowledge(alice, sent, accepted);

    insideAsCaller(alice, { sent, invite: received, accepted }, 'BYE');
    const bye = await bob.request('BYE');
    await alice.response(200);
    bob.respond(bye, 200);
    await bob.settled();
    assertNothingLeft(lab);
  });

  for (const uri of [
    'tel:1002',
    'tel:+1002',
    'sip:1002@ims.test;user=phone',
    'tel:10-02;phone-context=ims.test',
    'sip:bob@192.0.2.99',
  ]) {
    it(`reaches ${uri}`, async (t) => {
      const { alice, bob } = await registered(t);
      const { invite: received } = await invite(alice, bob, uri);
      assert.equal(received.uri, bob.contact);
    });
  }

  it('carries media through our ports, SRTP and telephone events untouched, ICE left out', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    const offer = described(received);
    assert.equal(offer.address, lab.address);
    assert.match(offer.text, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0Rmd/);
    assert.match(offer.text, /a=rtcp-mux/);
    assert.doesNotMatch(offer.text, /candidate|ice-/);

    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);

    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    acknowledge(alice, sent, accepted);
    const answer = described(accepted);
    assert.notEqual(answer.port, offer.port);

    const towardsBob = once(b, 'message');
    a.send(RTP_PACKET, answer.port, answer.address);
    assert.deepEqual((await towardsBob)[0], RTP_PACKET);
    const towardsAlice = once(a, 'message');
    b.send(RTP_PACKET, offer.port, offer.address);
    assert.deepEqual((await towardsAlice)[0], RTP_PACKET);
  });

  it('is ended by the called phone', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const call = await callUp(alice, bob, BOB);
    insideAsCalled(bob, call, 'BYE');
    await bob.response(200);
    alice.respond(await alice.request('BYE'), 200);
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('that both end at once: each BYE is answered', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const call = await callUp(alice, bob, BOB);
    insideAsCaller(alice, call, 'BYE');
    const crossing = await bob.request('BYE');
    insideAsCalled(bob, call, 'BYE');
    await bob.response(200);
    bob.respond(crossing, 200);
    await alice.response(200);
    await bob.settled();
    assertNothingLeft(lab);
  });

  it('is held and resumed by re-INVITE from either side', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const call = await callUp(alice, bob, BOB);
    const hold = insideAsCaller(alice, call, 'INVITE', sdpOf(alice, 'sendonly'));
    const held = await bob.request('INVITE');
    assert.match(described(held).text, /a=sendonly/);
    bob.respond(held, 200, { headers: SDP_HEADER, body: sdpOf(bob, 'recvonly') });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    assert.match(described(accepted).text, /a=recvonly/);
    acknowledge(alice, hold, accepted);
    await alice.settled();

    insideAsCalled(bob, call, 'INVITE', sdpOf(bob));
    const resumed = await alice.request('INVITE');
    alice.respond(resumed, 200, { headers: SDP_HEADER, body: sdpOf(alice) });
    await alice.request('ACK');
    assert.match(described(await bob.response(200)).text, /a=sendrecv/);
    assert.equal(lab.server.counts().streams, 1);
  });

  it('offers nothing when the INVITE offers nothing: the answer goes in the ACK', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB, '');
    assert.equal(received.body.length, 0);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    const accepted = await alice.response(200);
    assert.equal(described(accepted).address, lab.address);
    acknowledge(alice, sent, accepted, sdpOf(alice));
    const ack = await bob.request('ACK');
    assert.equal(described(ack).address, lab.address);
  });

  it('survives a lost 200 and a lost ACK', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    const ack = await bob.request('ACK');
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    assert.equal((await bob.request('ACK')).headers.raw('Via'), ack.headers.raw('Via'));
    const accepted = await alice.response(200);
    lab.clock.advance(500);
    await alice.response(200);
    acknowledge(alice, sent, accepted);
    await alice.settled();
    lab.clock.advance(5000);
    await alice.settled();
    assert.ok(alice.idle);
  });

  it('ends when the caller never acknowledges', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    await alice.response(200);
    lab.clock.advance(32_000);
    bob.respond(await bob.request('BYE'), 200);
    await bob.settled();
    lab.clock.advance(33_000);
    assertNothingLeft(lab);
  });

  it('shows neither P-Asserted-Identity nor identity of a caller that hides', async (t) => {
    const { alice, bob } = await registered(t);
    const headers = ['Privacy: id', `Contact: <${alice.contact}>`, 'P-Preferred-Identity: <sip:alice@ims.test>'];
    const from = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a';
    void alice.authenticated('INVITE', 'alice', { uri: BOB, from, headers }).catch(() => {});
    const received = await bob.request('INVITE');
    assert.match(received.headers.raw('From') ?? '', /^"Anonymous" <sip:anonymous@anonymous.invalid>;tag=/);
    assert.equal(received.headers.has('P-Asserted-Identity'), false);
    bob.respond(received, 486);
    await bob.request('ACK');
  });
});

describe('a call that does not come about', () => {
  for (const status of [486, 480, 603, 488]) {
    it(`is refused by the called phone with ${status}`, async (t) => {
      const { lab, alice, bob } = await registered(t);
      const { sent, invite: received } = await invite(alice, bob, BOB);
      bob.respond(received, status);
      await bob.request('ACK');
      alice.ackRefusal(sent, await alice.response(status));
      await alice.settled();
      assertNothingLeft(lab);
    });
  }

  it('404 for nobody, 480 for who is not registered', async (t) => {
    const lab = await startLab(t, USERS);
    const alice = await lab.phone('alice');
    await alice.register();
    alice.ackRefusal(await challenged(alice, 'sip:nobody@ims.test'), await alice.response(404));
    alice.ackRefusal(await challenged(alice, BOB), await alice.response(480));
  });

  it('415 for a body that is no SDP, 400 for SDP that cannot be read, 400 without Contact', async (t) => {
    const { alice } = await registered(t, 'auth_on_register_only: true,');
    const contact = `Contact: <${alice.contact}>`;
    const refused = async (headers: string[], body: string, status: number) => {
      alice.ackRefusal(alice.start('INVITE', { uri: BOB, headers, body }), await alice.response(status));
    };
    await refused([contact, 'Content-Type: text/plain'], 'hello', 415);
    await refused([contact, ...SDP_HEADER], 'v=0\r\nm=nonsense\r\n', 400);
    await refused(SDP_HEADER, sdpOf(alice), 400);
  });

  it('406 for a caller that does not accept SDP', async (t) => {
    const { alice } = await registered(t, 'auth_on_register_only: true,');
    const headers = [`Contact: <${alice.contact}>`, ...SDP_HEADER, 'Accept: text/plain'];
    alice.ackRefusal(alice.start('INVITE', { uri: BOB, headers, body: sdpOf(alice) }), await alice.response(406));
  });

  it('CANCEL while it rings', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    await alice.response(180);
    cancel(alice, sent);
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    const cancelled = await bob.request('CANCEL');
    bob.respond(cancelled, 200);
    bob.respond(received, 487);
    await bob.request('ACK');
    assertNothingLeft(lab);
  });

  it('CANCEL that crosses the 200: the call is acknowledged and ended towards the called phone', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    await alice.response(180);
    cancel(alice, sent);
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    await bob.request('CANCEL');
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    bob.respond(await bob.request('BYE'), 200);
    await bob.settled();
    assertNothingLeft(lab);
  });

  it('nobody answers: 480 after more than three minutes, the called phone is cancelled', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    await alice.response(180);
    lab.clock.advance(190_000);
    await alice.response(480);
    await bob.request('CANCEL');
  });

  it('the called phone is gone: 480 after 64·T1', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent } = await invite(alice, bob, BOB);
    lab.clock.advance(33_000);
    alice.ackRefusal(sent, await alice.response(480));
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('the media ports are used up: 503', async (t) => {
    const lab = await startLab(t, USERS, '', 'port_min: 20000, port_max: 20001');
    const alice = await lab.phone('alice');
    const bob = await lab.phone('bob');
    await alice.register();
    await bob.register();
    alice.ackRefusal(await challenged(alice, BOB), await alice.response(503));
    assert.equal(lab.server.counts().streams, 0);
  });

  it('the called phone deregisters while it rings: 480', async (t) => {
    const { alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    await alice.response(180);
    const answer = await bob.register({ headers: ['Contact: *', 'Expires: 0'] });
    assert.equal(answer.status, 200);
    alice.ackRefusal(sent, await alice.response(480));
    await bob.request('CANCEL');
  });
});

describe('a called user with two phones', () => {
  it('both ring; the first to answer has the call, the other is told it was answered elsewhere', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const other = await lab.phone('bob');
    await other.register();
    const { sent, invite: first } = await invite(alice, bob, BOB);
    const second = await other.request('INVITE');
    bob.respond(first, 180);
    other.respond(second, 180);
    const tags = [await alice.response(180), await alice.response(180)].map(({ headers }) => headers.raw('To'));
    assert.notEqual(tags[0], tags[1]);
    other.respond(second, 200, { headers: SDP_HEADER, body: sdpOf(other) });
    await other.request('ACK');
    const accepted = await alice.response(200);
    assert.ok(tags.includes(accepted.headers.raw('To')));
    acknowledge(alice, sent, accepted);
    const cancelled = await bob.request('CANCEL');
    assert.match(cancelled.headers.raw('Reason') ?? '', /cause=200/);
    bob.respond(cancelled, 200);
    bob.respond(first, 487);
    await bob.request('ACK');
  });

  it('one is busy, the other answers', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const other = await lab.phone('bob');
    await other.register();
    const { invite: first } = await invite(alice, bob, BOB);
    const second = await other.request('INVITE');
    bob.respond(first, 486);
    await bob.request('ACK');
    other.respond(second, 200, { headers: SDP_HEADER, body: sdpOf(other) });
    await alice.response(200);
  });

  it('one declines with 603: the other stops ringing', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const other = await lab.phone('bob');
    await other.register();
    const { invite: first } = await invite(alice, bob, BOB);
    const second = await other.request('INVITE');
    other.respond(second, 180);
    await alice.response(180);
    bob.respond(first, 603);
    await alice.response(603);
    await other.request('CANCEL');
  });
});

describe('an identity that says how calls to it go', () => {
  it('code: the call is answered with it, no phone rings', async (t) => {
    const lab = await startLab(
      t,
      `{impi: "alice", impu: ["alice"], pwd: "alice"},
      {impi: "bob", impu: ["bob", {impu: "tel:1002", code: 486}], pwd: "bob"}, {impi: "eve", pwd: "e", code: 603, impu: "eve"},`,
    );
    const alice = await lab.phone('alice');
    const bob = await lab.phone('bob');
    await alice.register();
    await bob.register();
    alice.ackRefusal(await challenged(alice, 'tel:1002'), await alice.response(486));
    alice.ackRefusal(await challenged(alice, 'sip:eve@ims.test'), await alice.response(603));
    const { invite: received } = await invite(alice, bob, BOB);
    assert.equal(received.uri, bob.contact);
  });

  it('imeisv: of several phones with one SIM only that one rings; 480 without it', async (t) => {
    const lab = await startLab(
      t,
      `{impi: "alice", impu: ["alice"], pwd: "alice"}, {impi: "bob", pwd: "bob", multi_sim: true, impu: ["bob",
      {impu: "tel:1", imei: "352099001761481"}, {impu: "tel:2", imeisv: "3520990017614902"}, {impu: "tel:3", imei: "35209900176150"}]},`,
    );
    const [alice, one, two] = [await lab.phone('alice'), await lab.phone('bob'), await lab.phone('bob')];
    const registration = (phone: Phone, imei: string) => ({
      headers: [`Contact: <${phone.contact}>;+sip.instance="<urn:gsma:imei:${imei}>"`, 'Expires: 600'],
    });
    await alice.register();
    await one.register(registration(one, '35209900-176148-1'));
    await two.register(registration(two, '35209900-176149-0'));
    await invite(alice, one, 'tel:1');
    await invite(alice, two, 'tel:2');
    alice.ackRefusal(await challenged(alice, 'tel:3'), await alice.response(480));
    await invite(alice, one, BOB);
    await two.request('INVITE');
    await one.settled();
    assert.ok(one.idle);
  });
});

describe('inside a call', () => {
  it('somebody at another address who knows its tags must prove who he is', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, accepted } = await callUp(alice, bob, BOB);
    const eve = await lab.phone('eve', 240);
    eve.start('BYE', {
      uri: `sip:ims@${lab.address}`,
      callId: sent.callId,
      from: sent.from,
      to: accepted.headers.raw('To') ?? '',
      cseq: 99,
    });
    await eve.response(407);
    await bob.settled();
    assert.ok(bob.idle);
  });

  it('methods that are not served get 405, an older CSeq 500', async (t) => {
    const { alice, bob } = await registered(t);
    const call = await callUp(alice, bob, BOB);
    insideAsCaller(alice, call, 'INFO');
    await alice.response(405);
    const { sent, accepted } = call;
    const old = { uri: BOB, callId: sent.callId, from: sent.from, to: accepted.headers.raw('To') ?? '', cseq: 1 };
    alice.start('BYE', old);
    await alice.response(500);
  });
});

function cancel(
  phone: Phone,
  { uri, branch, callId, sequence: cseq, from, to }: Awaited<ReturnType<typeof challenged>>,
): void {
  phone.start('CANCEL', { uri, branch, callId, cseq, from, to });
}
