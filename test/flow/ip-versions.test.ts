import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { acknowledge, described, invite, mediaSocket, RTP_PACKET, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { startLab } from '../support/lab.ts';

const USERS = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},
  {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},`;

describe('a phone on IPv6 and a phone on IPv4', () => {
  it('call each other, each sees the server at an address of its own kind, and media passes', async (t) => {
    const lab = await startLab(t, USERS, '', '', ['[::1]']);
    const alice = await lab.phone6('alice');
    const bob = await lab.phone('bob');
    const registered = await alice.register();
    assert.match(registered.headers.raw('Service-Route') ?? '', /^<sip:\[::1\]:\d+;lr>$/);
    await bob.register();

    const { sent, invite: received } = await invite(alice, bob, 'tel:1002', sdpOf(alice));
    const offer = described(received);
    assert.equal(offer.address, lab.address);
    assert.match(offer.text, /^o=- \d+ \d+ IN IP4 /m);
    assert.match(received.headers.raw('Contact') ?? '', new RegExp(`@${lab.address}:5060`));
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    const answer = described(accepted);
    assert.equal(answer.address, '::1');
    assert.match(answer.text, /^o=- \d+ \d+ IN IP6 ::1/m);
    acknowledge(alice, sent, accepted);

    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const towardsBob = once(b, 'message');
    a.send(RTP_PACKET, answer.port, answer.address);
    assert.deepEqual((await towardsBob)[0], RTP_PACKET);
    const towardsAlice = once(a, 'message');
    b.send(RTP_PACKET, offer.port, offer.address);
    assert.deepEqual((await towardsAlice)[0], RTP_PACKET);
  });
});

describe('an address that is shown but not bound (bind_addr)', () => {
  it('stands in Via, Contact and SDP, while media comes through the bound one', async (t) => {
    const lab = await startLab(t, USERS, '', 'bind_addr: "BOUND"');
    const alice = await lab.phone('alice');
    const bob = await lab.phone('bob');
    assert.match((await alice.register()).headers.raw('Service-Route') ?? '', /<sip:192\.0\.2\.1:5060;lr>/);
    await bob.register();
    const { sent, invite: received } = await invite(alice, bob, 'tel:1002');
    const offer = described(received);
    assert.equal(offer.address, '192.0.2.1');
    assert.match(received.headers.raw('Via') ?? '', /192\.0\.2\.1:5060/);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    acknowledge(alice, sent, await alice.response(200));

    const [a, b] = await Promise.all([mediaSocket(t, alice), mediaSocket(t, bob)]);
    const heard = once(a, 'message');
    b.send(RTP_PACKET, offer.port, lab.address);
    assert.deepEqual((await heard)[0], RTP_PACKET);
  });
});
