import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import {
  acknowledge,
  type CallUp,
  challenged,
  described,
  insideAsCaller,
  mediaSocket,
  RTP_PACKET,
  SDP_HEADER,
  sdpOf,
} from '../support/call-flow.ts';
import { type Lab, startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';

const USERS = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},
  {impi: "bob", impu: ["bob", {impu: "tel:1002", ring_only: true}], pwd: "bob"},`;
const ECHO = `echo: ["tel:666", {impu: "tel:404", code: 404}, {impu: "tel:486", code: 486}, {impu: "tel:777", ring_only: true},
  {impu: "urn:service:sos", anonymous: true, authentication: false}, {impu: "tel:888", authentication: false}],`;

async function registered(t: TestContext, settings = '', socket = '') {
  const lab = await startLab(t, USERS, ECHO + settings, socket);
  const alice = await lab.phone('alice');
  await alice.register();
  return { lab, alice };
}

/** A call to the echo that is up; `invite` is none. */
async function echoing(alice: Phone, uri = 'tel:666', body?: string): Promise<Omit<CallUp, 'invite'>> {
  const sent = await challenged(alice, uri, body);
  await alice.response(180);
  const accepted = await alice.response(200);
  acknowledge(alice, sent, accepted);
  await alice.settled();
  return { sent, accepted };
}

function hangUp(alice: Phone, up: Omit<CallUp, 'invite'>) {
  insideAsCaller(alice, up as CallUp, 'BYE');
}

/** 64·T1 after its end nothing of a call is left. */
function assertNothingLeft(lab: Lab): void {
  for (let round = 0; round < 3; round++) lab.clock.advance(33_000);
  const { dialogs, calls, transactions, streams } = lab.server.counts();
  assert.deepEqual({ dialogs, calls, transactions, streams }, { dialogs: 0, calls: 0, transactions: 0, streams: 0 });
  assert.deepEqual(lab.server.actions.dialogs(), []);
}

describe('the echo', () => {
  it('answers and sends back what it hears', async (t) => {
    const { lab, alice } = await registered(t);
    const up = await echoing(alice);
    assert.equal(up.accepted.headers.raw('P-Asserted-Identity'), '<tel:666>');
    const answer = described(up.accepted);
    assert.equal(answer.address, lab.address);
    const socket = await mediaSocket(t, alice);
    const heard = once(socket, 'message');
    socket.send(RTP_PACKET, answer.port, answer.address);
    assert.deepEqual((await heard)[0], RTP_PACKET);
    hangUp(alice, up);
    await alice.response(200);
    assertNothingLeft(lab);
  });

  it('answers with one payload type of those offered, and nothing else', async (t) => {
    const { alice } = await registered(t);
    const { accepted } = await echoing(alice);
    const lines = described(accepted).text.split('\r\n');
    assert.match(lines.find((line) => line.startsWith('m=')) ?? '', /^m=audio \d+ RTP\/AVP 8$/);
    const offered = sdpOf(alice).split('\r\n');
    for (const line of lines.filter((one) => one.startsWith('a='))) assert.ok(offered.includes(line), line);
    assert.ok(!lines.some((line) => line.includes('ice-') || line.includes('candidate')));
  });

  it('sends back video too, each medium by its own ports', async (t) => {
    const { lab, alice } = await registered(t);
    const video = 'm=video 40002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';
    const { accepted } = await echoing(alice, 'tel:666', sdpOf(alice) + video);
    assert.match(described(accepted).text, /^m=video \d+ RTP\/AVP 96\r$/m);
    assert.equal(lab.server.counts().streams, 2);
    const [row] = lab.server.actions.dialogs();
    assert.deepEqual(
      row?.medias.map(({ type, direction }) => [type, direction]),
      [
        ['audio', 'sendrecv'],
        ['video', 'sendrecv'],
      ],
    );
  });

  it('is held, resumed and given video by re-INVITE', async (t) => {
    const { lab, alice } = await registered(t);
    const up = await echoing(alice);
    const state = () => lab.server.actions.dialogs()[0]?.state;
    assert.equal(state(), 'start');
    const again = async (body: string) => {
      const sent = insideAsCaller(alice, up as CallUp, 'INVITE', body);
      const accepted = await alice.response(200);
      acknowledge(alice, sent, accepted);
      await alice.settled();
      return described(accepted).text;
    };
    assert.match(await again(sdpOf(alice, 'sendonly')), /a=recvonly/);
    assert.equal(state(), 'hold');
    lab.clock.advance(100_000);
    assert.match(await again(sdpOf(alice)), /a=sendrecv/);
    assert.equal(state(), 'start');
    assert.match(await again(`${sdpOf(alice)}m=video 40002 RTP/AVP 31\r\n`), /m=video [1-9]\d+ RTP\/AVP 31/);
    assert.match(await again(`${sdpOf(alice)}m=video 0 RTP/AVP 31\r\n`), /m=video 0/);
    assert.equal(lab.server.counts().streams, 1);
  });

  it('offers what there is, both ways, to a re-INVITE that offers nothing', async (t) => {
    const { lab, alice } = await registered(t);
    const body = (direction: string) => `${sdpOf(alice, direction)}m=video 40002 RTP/AVP 31\r\na=${direction}\r\n`;
    const up = (await echoing(alice, 'tel:666', body('sendonly'))) as CallUp;
    const sent = alice.start('INVITE', {
      uri: 'sip:ims@ims.test',
      callId: up.sent.callId,
      from: up.sent.from,
      to: up.accepted.headers.raw('To') ?? '',
      headers: [`Contact: <${alice.contact}>`],
    });
    const accepted = await alice.response(200);
    const media = [...described(accepted).text.matchAll(/^m=(\w+) ([1-9]\d*) /gm)].map(([, type]) => type);
    assert.deepEqual(media, ['audio', 'video']);
    assert.doesNotMatch(described(accepted).text, /recvonly|inactive/);
    acknowledge(alice, sent, accepted, body('sendrecv'));
    await alice.settled();
    assert.equal(lab.server.actions.dialogs()[0]?.state, 'start');
    assert.equal(lab.server.counts().streams, 2);
  });

  it('offers when it is offered nothing', async (t) => {
    const { lab, alice } = await registered(t);
    const sent = await challenged(alice, 'tel:666', '');
    await alice.response(180);
    const accepted = await alice.response(200);
    const offer = described(accepted);
    assert.equal(offer.address, lab.address);
    assert.match(offer.text, /m=audio [1-9]\d* RTP\/AVP 96/);
    acknowledge(alice, sent, accepted, sdpOf(alice));
    await alice.settled();
    const socket = await mediaSocket(t, alice);
    const heard = once(socket, 'message');
    socket.send(RTP_PACKET, offer.port, offer.address);
    assert.deepEqual((await heard)[0], RTP_PACKET);
  });

  it('ends a call whose caller is silent for dialog_timeout', async (t) => {
    const { lab, alice } = await registered(t);
    await echoing(alice);
    lab.clock.advance(15_000);
    const bye = await alice.request('BYE');
    assert.match(bye.headers.raw('Reason') ?? '', /no media/);
    alice.respond(bye, 200);
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('refuses with the code of the identity', async (t) => {
    const { lab, alice } = await registered(t);
    for (const code of [404, 486]) {
      alice.ackRefusal(await challenged(alice, `tel:${code}`), await alice.response(code));
    }
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('refuses with 488 what it cannot send back, with 503 when it has no ports', async (t) => {
    const { lab, alice } = await registered(t, '', 'port_min: 21000, port_max: 21001');
    const msrp = sdpOf(alice).replace(/m=audio.*/, 'm=message 4000 TCP/MSRP *');
    alice.ackRefusal(await challenged(alice, 'tel:666', msrp), await alice.response(488));
    await echoing(alice);
    alice.ackRefusal(await challenged(alice, 'tel:666'), await alice.response(503));
    assert.equal(lab.server.counts().streams, 1);
  });

  it('refuses an INVITE that can open no dialog, or holds no SDP, and nothing is left of it', async (t) => {
    const { lab, alice } = await registered(t, 'auth_on_register_only: true,');
    const refused = async (headers: string[], body: string, status: number) => {
      alice.ackRefusal(alice.start('INVITE', { uri: 'tel:666', headers, body }), await alice.response(status));
    };
    await refused(SDP_HEADER, sdpOf(alice), 400);
    await refused([`Contact: <${alice.contact}>`, ...SDP_HEADER], 'v=0\r\nm=nonsense\r\n', 400);
    await refused([`Contact: <${alice.contact}>`, 'Content-Type: text/plain'], 'hello', 415);
    await alice.settled();
    assert.equal(lab.server.counts().calls, 0);
    lab.clock.advance(400_000);
    assert.deepEqual(lab.bugs, []);
  });

  it('rings only, until the caller gives up', async (t) => {
    const { lab, alice } = await registered(t);
    const sent = await challenged(alice, 'tel:777');
    await alice.response(180);
    assert.equal(lab.server.actions.dialogs()[0]?.state, 'ringing');
    lab.clock.advance(60_000);
    await alice.settled();
    assert.ok(alice.idle);
    const { uri, branch, callId, sequence: cseq, from, to } = sent;
    alice.start('CANCEL', { uri, branch, callId, cseq, from, to });
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('rings only, until nobody answers: 480', async (t) => {
    const { lab, alice } = await registered(t);
    const sent = await challenged(alice, 'tel:777');
    await alice.response(180);
    lab.clock.advance(190_000);
    alice.ackRefusal(sent, await alice.response(480));
  });

  it('so does a user whose identity says ring_only, and the phone stays quiet', async (t) => {
    const { lab, alice } = await registered(t);
    const bob = await lab.phone('bob');
    await bob.register();
    await challenged(alice, 'tel:1002');
    await alice.response(180);
    await bob.settled();
    assert.ok(bob.idle);
  });

  it('takes emergency calls of phones nobody knows, which others may not call', async (t) => {
    const { lab } = await registered(t);
    const stranger = await lab.phone('stranger');
    const from = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a';
    const headers = [`Contact: <${stranger.contact}>`, ...SDP_HEADER];
    stranger.start('INVITE', { uri: 'urn:service:sos.fire', from, headers, body: sdpOf(stranger) });
    await stranger.response(180);
    await stranger.response(200);
    for (const uri of ['tel:666', 'tel:888']) {
      const refused = stranger.start('INVITE', { uri, from, headers, body: sdpOf(stranger) });
      stranger.ackRefusal(refused, await stranger.response(403));
    }
  });

  it('takes no more than a hundred of those at a time', async (t) => {
    const { lab, alice } = await registered(t);
    const stranger = await lab.phone('stranger');
    const from = '<sip:anonymous@anonymous.invalid>;tag=a';
    const headers = [`Contact: <${stranger.contact}>`, ...SDP_HEADER];
    const call = () => stranger.start('INVITE', { uri: 'urn:service:sos', from, headers, body: sdpOf(stranger) });
    for (let count = 0; count < 100; count++) {
      call();
      await stranger.response(180);
      await stranger.response(200);
    }
    stranger.ackRefusal(call(), await stranger.response(503));
    await echoing(alice);
  });

  it('tells a phone by P-Asserted-Identity that what it dialled was an emergency number', async (t) => {
    const { alice } = await registered(t);
    alice.start('INVITE', {
      uri: 'tel:112',
      headers: [`Contact: <${alice.contact}>`, ...SDP_HEADER],
      body: sdpOf(alice),
    });
    await alice.response(180);
    const accepted = await alice.response(200);
    assert.equal(accepted.headers.raw('P-Asserted-Identity'), '<tel:112>');
  });

  it('with authentication: false answers users without a challenge, as nobody', async (t) => {
    const { lab, alice } = await registered(t);
    const headers = [`Contact: <${alice.contact}>`, ...SDP_HEADER];
    alice.start('INVITE', { uri: 'tel:888', headers, body: sdpOf(alice) });
    await alice.response(180);
    await alice.response(200);
    assert.match(lab.server.actions.dialogs()[0]?.from ?? '', /anonymous/);
  });

  it('is stopped by command and listed for 30 s', async (t) => {
    const { lab, alice } = await registered(t);
    await echoing(alice);
    const { actions } = lab.server;
    const [row] = actions.dialogs();
    assert.deepEqual([row?.type, row?.from, row?.to], ['echo', 'sip:alice@ims.test', 'tel:666']);
    assert.ok(actions.stopDialog(row?.sessionId ?? ''));
    alice.respond(await alice.request('BYE'), 200);
    await alice.settled();
    assert.equal(actions.stopDialog(row?.sessionId ?? ''), false);
    lab.clock.advance(29_000);
    assert.equal(actions.dialogs()[0]?.state, 'stop');
    lab.clock.advance(2_000);
    assert.deepEqual(actions.dialogs(), []);
  });
});
