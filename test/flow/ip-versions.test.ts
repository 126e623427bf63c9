import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { acknowledge, described, invite, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
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

    const [a, b] = [createSocket('udp6'), createSocket('udp4')];
    t.after(() => {
      for (const socket of [a, b]) socket.close();
    });
    a.bind(40_000, alice.local.address);
    b.bind(40_000, bob.local.address);
    await Promise.all([once(a, 'listening'), once(b, 'listening')]);
    const packet = Buffer.concat([Buffer.from([0x80, 8, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), Buffer.alloc(160, 0xd5)]);
    const towardsBob = once(b, 'message');
    a.send(packet, answer.port, answer.address);
    assert.deepEqual((await towardsBob)[0], packet);
    const towardsAlice = once(a, 'message');
    b.send(packet, offer.port, offer.address);
    assert.deepEqual((await towardsAlice)[0], packet);
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

    const [a, b] = [createSocket('udp4'), createSocket('udp4')];
    t.after(() => {
      for (const socket of [a, b]) socket.close();
    });
    a.bind(40_000, alice.local.address);
    b.bind(40_000, bob.local.address);
    await Promise.all([once(a, 'listening'), once(b, 'listening')]);
    const heard = once(a, 'message');
    b.send(Buffer.alloc(172, 0x80), offer.port, lab.address);
    assert.equal((await heard)[0].length, 172);
  });
});
