import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import {
  acknowledge,
  callUp,
  challenged,
  described,
  insideAsCaller,
  invite,
  mediaSocket,
  RTP_PACKET,
  SDP_HEADER,
  sdpOf,
  softphoneSdp,
} from '../support/call-flow.ts';
import { startLab } from '../support/lab.ts';

const USERS = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},
  {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},`;

async function registered(t: TestContext) {
  const lab = await startLab(t, USERS);
  const alice = await lab.phone('alice');
  const bob = await lab.phone('bob');
  await alice.register();
  await bob.register();
  return { lab, alice, bob };
}

describe('media of a call', () => {
  it('comes from the phones and from nobody else', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { accepted } = await callUp(alice, bob, 'tel:1002');
    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const stranger = createSocket('udp4').bind(0, lab.address.replace(/\d+$/, '250'));
    t.after(() => stranger.close());
    await once(stranger, 'listening');
    const { address, port } = described(accepted);
    const heard = once(b, 'message');
    stranger.send('stolen', port, address, () => a.send(RTP_PACKET, port, address));
    assert.deepEqual((await heard)[0], RTP_PACKET);
  });

  it('stays where it was when a re-INVITE is refused (RFC 3261 §14.1)', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, 'tel:1002');
    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const moved = `${softphoneSdp(alice.local.address, 50_000)}m=video 50002 RTP/AVP 96\r\n`;
    const reinvite = insideAsCaller(alice, up, 'INVITE', moved);
    bob.respond(await bob.request('INVITE'), 488);
    alice.ackRefusal(reinvite, await alice.response(488));
    assert.equal(lab.server.counts().streams, 1);
    const { address, port } = described(up.invite);
    const heard = once(a, 'message');
    b.send(RTP_PACKET, port, address);
    assert.deepEqual((await heard)[0], RTP_PACKET);
  });

  it('does not go round when a phone names the ports it was given as its own', async (t) => {
    const { alice, bob } = await registered(t);
    const { invite: received } = await invite(alice, bob, 'tel:1002');
    const ours = described(received);
    const looping = softphoneSdp(ours.address, ours.port);
    bob.respond(received, 200, { headers: SDP_HEADER, body: looping });
    await bob.request('ACK');
    const towardsAlice = described(await alice.response(200));
    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    let packets = 0;
    a.on('message', () => packets++);
    await new Promise((sent) => {
      a.send(RTP_PACKET, towardsAlice.port, towardsAlice.address, sent);
    });
    // What bob sends after it is the only thing alice hears.
    const heard = once(a, 'message');
    b.send('bob', ours.port, ours.address);
    assert.equal(String((await heard)[0]), 'bob');
    await alice.settled();
    assert.equal(packets, 1);
  });

  it('is missing for dialog_timeout: the call ends, on both sides', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { accepted } = await callUp(alice, bob, 'tel:1002');
    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const { address, port } = described(accepted);
    for (let second = 0; second < 30; second += 10) {
      const heard = once(b, 'message');
      a.send(RTP_PACKET, port, address);
      await heard;
      lab.clock.advance(10_000);
    }
    await alice.settled();
    assert.ok(alice.idle && bob.idle, 'the call is up while one side speaks');
    lab.clock.advance(5_000);
    for (const phone of [alice, bob]) {
      const bye = await phone.request('BYE');
      assert.match(bye.headers.raw('Reason') ?? '', /no media for 15 s/);
      phone.respond(bye, 200);
    }
    await bob.settled();
    assert.equal(lab.server.counts().streams, 0);
  });

  it('is missing by right on hold', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, 'tel:1002');
    const hold = insideAsCaller(alice, up, 'INVITE', sdpOf(alice, 'sendonly'));
    bob.respond(await bob.request('INVITE'), 200, { headers: SDP_HEADER, body: sdpOf(bob, 'recvonly') });
    await bob.request('ACK');
    acknowledge(alice, hold, await alice.response(200));
    await alice.settled();
    lab.clock.advance(600_000);
    await alice.settled();
    assert.ok(alice.idle && bob.idle);
  });

  it('of each m= line has ports of its own: audio, video, real-time text, and what nobody here knows', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const more = (port: number) =>
      [
        `m=video ${port} RTP/AVP 96`,
        'a=rtpmap:96 H264/90000',
        `m=text ${port + 2} RTP/AVP 98`,
        'a=rtpmap:98 t140/1000',
        `m=application ${port + 4} UDP/BFCP *`,
        '',
      ].join('\r\n');
    const { sent, invite: received } = await invite(alice, bob, 'tel:1002', sdpOf(alice) + more(40_002));
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) + more(40_002) });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    acknowledge(alice, sent, accepted);
    await alice.settled();
    assert.equal(lab.server.counts().streams, 4);
    const ports = (text: string) => [...text.matchAll(/^m=\w+ (\d+)/gm)].map(([, port]) => Number(port));
    const ours = ports(described(accepted).text);
    assert.equal(new Set([...ours, ...ports(described(received).text)]).size, 8);
    for (const [index, port] of ours.entries()) {
      const [from, to] = await Promise.all([alice, bob].map((phone) => mediaSocket(t, phone, 40_000 + 2 * index)));
      assert.ok(from !== undefined && to !== undefined);
      const heard = once(to, 'message');
      from.send(`medium ${index}`, port, lab.address);
      assert.equal(String((await heard)[0]), `medium ${index}`);
    }
    const [row] = lab.server.actions.dialogs();
    assert.deepEqual(
      row?.medias.map(({ type, rtpReceived }) => [type, rtpReceived]),
      [
        ['audio', 1],
        ['video', 1],
        ['text', 1],
        ['application', 1],
      ],
    );
  });

  it('finds no ports for a video that is added: 503, and the call goes on as it was', async (t) => {
    const lab = await startLab(t, USERS, '', 'port_min: 22000, port_max: 22003');
    const [alice, bob] = [await lab.phone('alice'), await lab.phone('bob')];
    await alice.register();
    await bob.register();
    const up = await callUp(alice, bob, 'tel:1002');
    const video = `${sdpOf(alice)}m=video 40002 RTP/AVP 31\r\n`;
    const reinvite = insideAsCaller(alice, up, 'INVITE', video);
    alice.ackRefusal(reinvite, await alice.response(503));
    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const { address, port } = described(up.accepted);
    const heard = once(b, 'message');
    a.send(RTP_PACKET, port, address);
    assert.deepEqual((await heard)[0], RTP_PACKET);
    await bob.settled();
    assert.ok(bob.idle, 'the other side was not asked');
    insideAsCaller(alice, up, 'BYE');
    await alice.response(200);
    assert.equal(lab.server.counts().streams, 0);
  });

  it('is shown by dialog on both legs: state, direction, addresses, packets', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, 'tel:1002');
    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const { address, port } = described(up.accepted);
    const heard = once(b, 'message');
    a.send(RTP_PACKET, port, address);
    await heard;
    const [server, client] = lab.server.actions.dialogs();
    assert.deepEqual(
      [server?.type, server?.state, client?.type, client?.state],
      ['server', 'start', 'client', 'start'],
    );
    assert.deepEqual([server?.partner, client?.partner], [client?.sessionId, server?.sessionId]);
    assert.deepEqual([server?.from, server?.to], ['sip:alice@ims.test', 'tel:1002']);
    const legs = [server, client].map((row) => row?.medias[0]);
    assert.deepEqual(
      legs.map((media) => [media?.direction, media?.rtpReceived, media?.rtpSent, media?.rtpTarget]),
      [
        ['sendrecv', 1, 0, `${alice.local.address}:40000`],
        ['sendrecv', 0, 1, `${bob.local.address}:40000`],
      ],
    );
    const states = server?.events.filter(({ type }) => type === 'state').map(({ state }) => state);
    assert.deepEqual(states, ['init', 'ringing', 'start']);
    for (const kind of ['send', 'recv']) assert.ok(server?.events.some(({ type }) => type === kind));
    insideAsCaller(alice, up, 'BYE');
    await alice.response(200);
    assert.deepEqual(lab.server.actions.dialogs()[0]?.medias[0], legs[0], 'as it was at the end');
  });

  it('has no more ports than a call may have: 488', async (t) => {
    const { lab, alice } = await registered(t);
    const many = sdpOf(alice) + 'm=video 40002 RTP/AVP 96\r\n'.repeat(63);
    await challenged(alice, 'tel:1002', many);
    await alice.response(488);
    assert.equal(lab.server.counts().streams, 0);
  });
});
