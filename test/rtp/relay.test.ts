import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemNet } from '../../src/net/system-net.ts';
import type { MediaEnd, MediaTarget } from '../../src/rtp/media-end.ts';
import { PortsExhausted } from '../../src/rtp/port-pool.ts';
import { MediaRelay, type RelayStream } from '../../src/rtp/relay.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { UdpPeer } from './udp-peer.ts';

const RTP = '\x80\x00\x00\x01payload';
/** A sender report: version 2, payload type 200. */
const RTCP = '\x80\xc8\x00\x06report';
const V4 = '127.0.0.1';
const HERE = { address: V4, peer: V4 };
const HERE_6 = { address: '::1', peer: '::1' };
/** Of one who is no party of any stream. */
const STRANGER = '127.0.0.9';
/** Of a SIP socket. */
const SIP: Endpoint = { address: V4, port: 27_299 };
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

let clock: FakeClock;
let bugs: unknown[];
/** Lines a person would see. */
let warnings: number;
let relay: MediaRelay;
let peers: UdpPeer[];

beforeEach(() => {
  clock = new FakeClock();
  bugs = [];
  warnings = 0;
  peers = [];
  relay = new MediaRelay({
    net: systemNet((error) => bugs.push(error)),
    clock,
    random: systemRandom(),
    logger: { ...silent, warn: () => warnings++ },
    ranges: [
      { address: V4, portMin: 27200, portMax: 27207 },
      { address: '::', portMin: 27300, portMax: 27399 },
    ],
    sockets: () => [{ local: { address: '192.0.2.1', port: 5060 }, bound: SIP }],
  });
});

afterEach(() => {
  relay.close();
  for (const each of peers) each.close();
  assert.deepEqual(relay.counts(), { streams: 0, pairs: 0 });
  assert.deepEqual(bugs, []);
});

async function peer(address = V4): Promise<UdpPeer> {
  const opened = await UdpPeer.open(address);
  peers.push(opened);
  return opened;
}

function rtpOf(end: MediaEnd): Endpoint {
  return { address: end.address, port: end.rtpPort };
}

function rtcpOf(end: MediaEnd): Endpoint {
  return { address: end.address, port: end.rtcpPort };
}

/** What the description of one with these two sockets says. */
function said(rtp: UdpPeer, rtcp: UdpPeer = rtp): MediaTarget {
  const { address, port } = rtp;
  return { address, rtpPort: port, rtcpAddress: rtcp.address, rtcpPort: rtcp.port, muxed: rtp === rtcp };
}

/** Gives the loop its turns until the relay has done what was asked of it. */
async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; !done(); turn++) {
    assert.ok(turn < 100_000, `never came true: ${done}`);
    await setImmediate();
  }
}

/** A stream whose ends know their peers. */
async function stream(): Promise<{ open: RelayStream; alice: UdpPeer; bob: UdpPeer }> {
  const [open, alice, bob] = await Promise.all([relay.openStream(HERE, HERE), peer(), peer()]);
  open.a.setRemote(said(alice));
  open.b.setRemote(said(bob));
  return { open, alice, bob };
}

describe('an echo', () => {
  it('sends back what it hears, RTP and RTCP, to where that comes from, and counts both', async () => {
    const [open, alice, rtcp] = await Promise.all([relay.openEcho(HERE), peer(), peer()]);
    open.a.setRemote(said(alice, rtcp));
    await alice.send(RTP, rtpOf(open.a));
    assert.deepEqual(await alice.nextFrom(), { text: RTP, from: rtpOf(open.a) });
    await rtcp.send(RTCP, rtcpOf(open.a));
    assert.deepEqual(await rtcp.nextFrom(), { text: RTCP, from: rtcpOf(open.a) });
    const { rtp, rtcp: control } = open.b;
    assert.deepEqual([rtp.received, rtp.sent, control.received, control.sent], [1, 1, 1, 1]);
    assert.deepEqual(relay.counts(), { streams: 1, pairs: 1 });
    open.close();
    assert.deepEqual(relay.counts(), { streams: 0, pairs: 0 });
  });

  it('hears nobody else', async () => {
    const [open, alice, stranger] = await Promise.all([relay.openEcho(HERE), peer(), peer(STRANGER)]);
    open.a.setRemote(said(alice));
    await stranger.send('stolen', rtpOf(open.a));
    await alice.send(RTP, rtpOf(open.a));
    assert.equal(await alice.next(), RTP);
    assert.equal(open.a.dropped, 1);
  });
});

describe('a stream', () => {
  it('carries packets both ways, as they are, from the port each peer knows', async () => {
    const { open, alice, bob } = await stream();
    await alice.send(RTP, rtpOf(open.a));
    assert.deepEqual(await bob.nextFrom(), { text: RTP, from: rtpOf(open.b) });
    await bob.send('\x00\xff', rtpOf(open.b));
    assert.deepEqual(await alice.nextFrom(), { text: '\x00\xff', from: rtpOf(open.a) });
    await alice.send('', rtpOf(open.a));
    assert.equal(await bob.next(), '');
  });

  it('carries RTCP on its own ports', async () => {
    const [open, alice, aliceRtcp, bob, bobRtcp] = await Promise.all([
      relay.openStream(HERE, HERE),
      peer(),
      peer(),
      peer(),
      peer(),
    ]);
    open.a.setRemote(said(alice, aliceRtcp));
    open.b.setRemote(said(bob, bobRtcp));
    await aliceRtcp.send(RTCP, rtcpOf(open.a));
    assert.deepEqual(await bobRtcp.nextFrom(), { text: RTCP, from: rtcpOf(open.b) });
    await bobRtcp.send(RTCP, rtcpOf(open.b));
    assert.deepEqual(await aliceRtcp.nextFrom(), { text: RTCP, from: rtcpOf(open.a) });
    assert.deepEqual([open.a.rtcp.received, open.a.rtcp.sent, open.a.rtp.received], [1, 1, 0]);
    assert.equal(open.a.rtcpTarget, `127.0.0.1:${aliceRtcp.port}`);
  });

  it('joins IPv4 and IPv6', { skip: hasIpv6 ? false : 'no ::1 here' }, async () => {
    const [open, alice, bob] = await Promise.all([relay.openStream(HERE, HERE_6), peer(), peer('::1')]);
    open.a.setRemote(said(alice));
    open.b.setRemote(said(bob));
    await alice.send(RTP, rtpOf(open.a));
    assert.deepEqual(await bob.nextFrom(), { text: RTP, from: { address: '::1', port: open.b.rtpPort } });
    await bob.send(RTP, rtpOf(open.b));
    assert.deepEqual(await alice.nextFrom(), { text: RTP, from: rtpOf(open.a) });
    assert.equal(open.b.rtpTarget, `[::1]:${bob.port}`);
  });

  it('counts packets and octets of RTP and RTCP apart, also when they share a port', async () => {
    const { open, alice, bob } = await stream();
    for (const packet of [RTP, RTCP, RTP]) {
      await alice.send(packet, rtpOf(open.a));
      assert.equal(await bob.next(), packet);
    }
    const octets = (packets: number, text: string) => [packets, packets * text.length];
    const { a, b } = open;
    assert.deepEqual([a.rtp.received, a.rtp.receivedOctets], octets(2, RTP));
    assert.deepEqual([b.rtp.sent, b.rtp.sentOctets], octets(2, RTP));
    assert.deepEqual([a.rtcp.received, a.rtcp.receivedOctets], octets(1, RTCP));
    assert.deepEqual([b.rtcp.sent, b.rtcp.sentOctets], octets(1, RTCP));
    assert.deepEqual([a.rtp.sent, b.rtp.received], [0, 0]);
    // Multiplexed: RTCP goes where RTP goes.
    assert.equal(a.rtcpTarget, a.rtpTarget);
  });

  it('knows when a packet last came', async () => {
    clock.advance(5000);
    const { open, alice, bob } = await stream();
    assert.equal(open.lastActivityAt(), 5000);
    clock.advance(1000);
    await bob.send(RTP, rtpOf(open.b));
    await alice.next();
    clock.advance(1000);
    await alice.send(RTCP, rtpOf(open.a));
    await bob.next();
    clock.advance(1000);
    assert.deepEqual([open.b.rtp.receivedAt, open.a.rtcp.receivedAt], [6000, 7000]);
    assert.equal(open.lastActivityAt(), 7000);
  });

  it('can send back what comes in', async () => {
    const { open, alice } = await stream();
    open.a.forwardTo(open.a);
    await alice.send(RTP, rtpOf(open.a));
    assert.deepEqual(await alice.nextFrom(), { text: RTP, from: rtpOf(open.a) });
  });
});

describe('the source of a stream', () => {
  it('is learnt from the first packet when the description is wrong', async () => {
    const { open, bob } = await stream();
    const translated = await peer();
    await translated.send(RTP, rtpOf(open.a));
    await bob.next();
    await bob.send('to you', rtpOf(open.b));
    assert.equal(await translated.next(), 'to you');
    assert.equal(open.a.rtpTarget, `127.0.0.1:${translated.port}`);
  });

  it('cannot be stolen while packets come, and can be replaced after silence', async () => {
    const { open, alice, bob } = await stream();
    const thief = await peer();
    await alice.send('mine', rtpOf(open.a));
    assert.equal(await bob.next(), 'mine');
    await thief.send('stolen', rtpOf(open.a));
    await alice.send('still mine', rtpOf(open.a));
    assert.equal(await bob.next(), 'still mine');
    assert.equal(open.a.dropped, 1);
    assert.equal(open.a.rtp.received, 2);
    await bob.send('for alice', rtpOf(open.b));
    assert.equal(await alice.next(), 'for alice');

    clock.advance(5001);
    await thief.send('moved', rtpOf(open.a));
    assert.equal(await bob.next(), 'moved');
  });

  it('is given back to whom the description names when a stranger was first', async () => {
    const { open, alice, bob } = await stream();
    const thief = await peer();
    await thief.send('first', rtpOf(open.a));
    await alice.send('second', rtpOf(open.a));
    await thief.send('third', rtpOf(open.a));
    await alice.send('fourth', rtpOf(open.a));
    assert.deepEqual([await bob.next(), await bob.next(), await bob.next()], ['first', 'second', 'fourth']);
    assert.equal(open.a.rtpTarget, `127.0.0.1:${alice.port}`);
  });

  it('moves with a new description, and stays with a repeated one', async () => {
    const { open, alice, bob } = await stream();
    const moved = await peer();
    await alice.send('one', rtpOf(open.a));
    open.a.setRemote(said(alice));
    await moved.send('not yet', rtpOf(open.a));
    await alice.send('two', rtpOf(open.a));
    open.b.setRemote(said(bob));
    assert.deepEqual([await bob.next(), await bob.next()], ['one', 'two']);

    open.a.setRemote(said(moved));
    await moved.send('three', rtpOf(open.a));
    assert.equal(await bob.next(), 'three');
    await bob.send('four', rtpOf(open.b));
    assert.equal(await moved.next(), 'four');
  });

  it('may be heard before its description has come', async () => {
    const [open, alice, bob] = await Promise.all([relay.openStream(HERE, HERE), peer(), peer()]);
    open.a.setRemote(said(alice));
    await bob.send('ringback', rtpOf(open.b));
    assert.equal(await alice.next(), 'ringback');
    assert.equal(open.b.rtpTarget, `127.0.0.1:${bob.port}`);
  });
});

describe('who is no party of a stream', () => {
  it('is not heard, be it new or silent', async () => {
    const { open, alice, bob } = await stream();
    const stranger = await peer(STRANGER);
    await stranger.send('before', rtpOf(open.a));
    await alice.send('mine', rtpOf(open.a));
    assert.equal(await bob.next(), 'mine');
    clock.advance(60_000);
    await stranger.send('after', rtpOf(open.a));
    await alice.send('mine again', rtpOf(open.a));
    assert.equal(await bob.next(), 'mine again');
    assert.equal(open.a.dropped, 2);
    assert.equal(open.a.rtpTarget, `127.0.0.1:${alice.port}`);
  });

  it('is heard from the address it signals from, whatever it describes', async () => {
    const [open, inside, bob] = await Promise.all([
      relay.openStream({ address: V4, peer: STRANGER }, HERE),
      peer(STRANGER),
      peer(),
    ]);
    open.a.setRemote({ ...said(inside), address: '10.0.0.7' });
    open.b.setRemote(said(bob));
    await inside.send('from behind', rtpOf(open.a));
    assert.equal(await bob.next(), 'from behind');
    await bob.send('back', rtpOf(open.b));
    assert.equal(await inside.next(), 'back');
  });
});

describe('our own sockets', () => {
  const at = ({ address, port }: Endpoint): MediaTarget => ({
    address,
    rtpPort: port,
    rtcpAddress: address,
    rtcpPort: port + 1,
    muxed: false,
  });

  it('are nowhere: streams whose peers name each other’s ports pass nothing round', async () => {
    const [one, two] = await Promise.all([relay.openStream(HERE, HERE), relay.openStream(HERE, HERE)]);
    one.b.setRemote(at(rtpOf(two.a)));
    two.b.setRemote(at(rtpOf(one.a)));
    assert.deepEqual([one.b.rtpTarget, one.b.rtcpTarget, two.b.rtpTarget], [undefined, undefined, undefined]);
    one.a.setRemote(at(SIP));
    assert.equal(one.a.rtpTarget, undefined);
    two.close();
    // Free again, so that somebody on this machine may have it.
    one.b.setRemote(at(rtpOf(two.a)));
    assert.equal(one.b.rtpTarget, `127.0.0.1:${two.a.rtpPort}`);
  });

  it('are nowhere by the address peers are shown, where that is another', async () => {
    const shown = await relay.openStream({ ...HERE, bound: '127.0.0.8' }, HERE);
    for (const address of [V4, '127.0.0.8']) {
      shown.b.setRemote(at({ address, port: shown.a.rtpPort }));
      assert.equal(shown.b.rtpTarget, undefined);
    }
  });

  it('are no source', async () => {
    const [open, bob] = await Promise.all([relay.openStream(HERE, HERE), peer()]);
    open.b.setRemote(said(bob));
    const sip = await UdpPeer.open(V4, SIP.port);
    peers.push(sip);
    await sip.send('from SIP', rtpOf(open.a));
    const alice = await peer();
    await alice.send('from a phone', rtpOf(open.a));
    assert.equal(await bob.next(), 'from a phone');
  });
});

describe('trouble', () => {
  it('a peer that cannot be reached costs nothing but its packets', async () => {
    const { open, alice, bob } = await stream();
    const gone = await UdpPeer.open();
    gone.close();
    // No way from a loopback address to the outside, then nobody listens, then nowhere at all.
    open.b.setRemote({ ...said(gone), address: '192.0.2.1' });
    await alice.send(RTP, rtpOf(open.a));
    await until(() => warnings === 1);
    open.b.setRemote(said(gone));
    await alice.send(RTP, rtpOf(open.a));
    await alice.send(RTP, rtpOf(open.a));
    await until(() => open.b.rtp.sent === 3);
    open.b.setRemote(undefined);
    await alice.send(RTP, rtpOf(open.a));
    await until(() => open.a.rtp.received === 4);
    assert.deepEqual([open.b.rtp.sent, warnings], [3, 1]);
    await bob.send('alive', rtpOf(open.b));
    assert.equal(await alice.next(), 'alive');
  });

  it('exhaustion is refused in words and leaves no half-open stream', async () => {
    // Four pairs in the range: two streams.
    const first = await relay.openStream(HERE, HERE);
    const half = await relay.openStream(HERE, HERE_6).catch(() => undefined);
    if (half === undefined) assert.equal(hasIpv6, false);
    else {
      await assert.rejects(relay.openStream(HERE, HERE), PortsExhausted);
      assert.deepEqual(relay.counts(), { streams: 2, pairs: 4 });
      half.close();
    }
    const second = await relay.openStream(HERE, HERE);
    await assert.rejects(relay.openStream(HERE, HERE), PortsExhausted);
    assert.deepEqual(relay.counts(), { streams: 2, pairs: 4 });
    first.close();
    second.close();
  });

  it('an address nobody configured is refused', async () => {
    await assert.rejects(
      relay.openStream(HERE, { ...HERE, address: '192.0.2.77' }),
      /no media ports are configured for 192\.0\.2\.77/,
    );
    assert.deepEqual(relay.counts(), { streams: 0, pairs: 0 });
  });

  it('a closed stream frees its ports once and ignores late packets', async () => {
    const { open, alice } = await stream();
    open.close();
    open.close();
    await alice.send(RTP, rtpOf(open.a));
    assert.deepEqual(relay.counts(), { streams: 0, pairs: 0 });
    const free = await UdpPeer.open(V4, open.a.rtpPort);
    free.close();
    assert.equal(open.a.rtp.received, 0);
  });

  it('hundreds of calls leave nothing behind', async () => {
    for (let round = 0; round < 100; round++) {
      const open = await Promise.all([relay.openStream(HERE, HERE), relay.openStream(HERE, HERE)]);
      for (const each of open) each.close();
    }
    assert.deepEqual(relay.counts(), { streams: 0, pairs: 0 });
    assert.equal(clock.waiting, 0);
  });
});
