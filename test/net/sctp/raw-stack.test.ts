import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { loadPackage, type SctpPackage } from '../../../src/net/sctp/package.ts';
import { RawStack } from '../../../src/net/sctp/raw-stack.ts';
import { systemCalls } from '../../../src/net/sctp/system-calls.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { listen, netOf, testAssociations } from './associations.ts';
import { BarePeer, dataValue, parameter, printChunk } from './bare-peer.ts';
import { whyNoRawSockets } from './raw-sockets.ts';

/** A corner of the loopback range and a port of this process's own: raw sockets see everybody's packets. */
const PORT = 20_000 + (process.pid % 20_000);
const SERVER = { address: '127.0.0.1', port: PORT };

/** Why there can be no test, in words. */
function missing(): string | undefined {
  try {
    const calls = systemCalls();
    calls.close(calls.socket(false));
    return 'the kernel has SCTP here, which would answer in its place';
  } catch {
    return whyNoRawSockets();
  }
}

const reason = missing();

describe('SCTP over raw sockets', { timeout: 60_000, skip: reason !== undefined && `skipped: ${reason}` }, () => {
  if (reason !== undefined) return;
  const sctp: SctpPackage = loadPackage();
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => void bugs.push(error);
  // The package has timers of its own; this clock is for what the guard adds.
  const clock = new FakeClock();
  const net = netOf(new RawStack(sctp, clock, onBug), onBug);
  testAssociations(net, '127.0.0.1', PORT);

  async function associated(t: TestContext) {
    const { next } = await listen(t, net, SERVER);
    const peer = new BarePeer(t, { address: '127.0.0.2', port: 4000 }, SERVER);
    await peer.associate(0x1111);
    const server = await next();
    t.after(() => {
      server.association.abort();
      assert.deepEqual(bugs, []);
    });
    return { peer, server, next };
  }

  it('notices that a peer restarted, and serves it anew', async (t) => {
    const { peer, server, next } = await associated(t);
    peer.data('before');
    await server.peer.until(() => server.peer.messages.length === 1);
    await peer.associate(0x2222);
    const again = await next();
    assert.match(server.peer.closed?.error?.message ?? '', /127\.0\.0\.2:4000 restarted/);
    peer.data('after');
    await again.peer.until(() => again.peer.messages.length === 1);
    assert.deepEqual([server.peer.texts, again.peer.texts], [['before'], ['after']]);
    again.association.abort();
  });

  it('answers a repeated COOKIE ECHO without another association', async (t) => {
    const { peer, server } = await associated(t);
    const cookie = peer.sentCookie;
    peer.send(peer.peerTag, [{ type: 10, value: cookie }]);
    await peer.next(11);
    peer.data('once');
    await server.peer.until(() => server.peer.messages.length === 1);
    assert.deepEqual([server.peer.closed], [undefined]);
  });

  it('ignores the cookie of an older answer to the same INIT', async (t) => {
    const { next } = await listen(t, net, SERVER);
    const peer = new BarePeer(t, { address: '127.0.0.2', port: 4000 }, SERVER);
    const older = await peer.open(0x1111);
    await peer.associate(0x1111);
    const server = await next();
    peer.send(older.tag, [{ type: 10, value: older.cookie }]);
    peer.data('still here');
    await server.peer.until(() => server.peer.messages.length === 1);
    assert.deepEqual([server.peer.closed], [undefined]);
    server.association.abort();
  });

  it('delivers what comes twice once, and acknowledges it again', async (t) => {
    const { peer, server } = await associated(t);
    peer.data('a', 1);
    await peer.next(3);
    peer.data('a', 1);
    const { chunk } = await peer.next(3);
    assert.equal(chunk.readUInt32BE(4), 1);
    peer.data('b', 2);
    await server.peer.until(() => server.peer.messages.length === 2);
    assert.deepEqual(server.peer.texts, ['a', 'b']);
  });

  it('puts fragments and what overtook them in order', async (t) => {
    const { peer, server } = await associated(t);
    const part = (tsn: number, flags: number, text: string, sequence: number) =>
      peer.send(peer.peerTag, [{ type: 0, flags, value: sequenced(tsn, sequence, text) }]);
    part(4, 3, 'next', 1);
    part(2, 0, 'mid', 0);
    part(3, 1, 'end', 0);
    part(1, 2, 'begin', 0);
    await server.peer.until(() => server.peer.messages.length === 2);
    assert.deepEqual(server.peer.texts, ['beginmidend', 'next']);
  });

  it('sends again what is not acknowledged', async (t) => {
    const { peer, server } = await associated(t);
    server.association.send(Buffer.from('hear me'));
    const first = (await peer.next(0)).chunk;
    const second = (await peer.next(0)).chunk;
    assert.deepEqual(second.subarray(16), first.subarray(16));
    peer.acknowledge(first.readUInt32BE(4));
    server.association.send(Buffer.from('next'));
    assert.match((await peer.next(0)).chunk.toString(), /next/);
  });

  it('gives up a peer that falls silent', async (t) => {
    const { peer, server } = await associated(t);
    clock.advance(40_000);
    peer.data('alive');
    await server.peer.until(() => server.peer.messages.length === 1);
    clock.advance(40_000);
    assert.deepEqual([server.peer.closed], [undefined]);
    clock.advance(6000);
    assert.match(server.peer.closed?.error?.message ?? '', /127\.0\.0\.2:4000: the peer does not answer/);
    // It is told, in case it was only its answers that were lost.
    await peer.next(6);
  });

  it('gives up a peer that does not answer an opening', async () => {
    const errors: (Error | undefined)[] = [];
    const association = net.connectSctp(
      { remote: { address: '127.0.0.3', port: 9 }, ppid: 0 },
      { onMessage() {}, onClose: (error) => void errors.push(error) },
    );
    while (association.local.port === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(11_000);
    assert.match(errors[0]?.message ?? '', /cannot connect to SCTP 127\.0\.0\.3:9: the peer does not answer/);
  });

  it('ends with a peer that leaves, even when it does not say its last word', async (t) => {
    const { peer, server } = await associated(t);
    peer.send(peer.peerTag, [{ type: 7, value: Buffer.alloc(4) }]);
    await peer.next(8);
    clock.advance(6000);
    assert.deepEqual(server.peer.closed, { error: undefined });
  });

  it('hears no packet with a wrong checksum or tag', async (t) => {
    const { peer, server } = await associated(t);
    const data = [{ type: 0, flags: 3, value: dataValue(1, 0, Buffer.from('false')) }];
    peer.send(peer.peerTag, data, true);
    peer.send((peer.peerTag ^ 1) >>> 0, data);
    peer.send((peer.peerTag ^ 1) >>> 0, [{ type: 6 }]);
    peer.data('true');
    await server.peer.until(() => server.peer.messages.length === 1);
    assert.deepEqual(server.peer.texts, ['true']);
    peer.send(peer.peerTag, [{ type: 6 }]);
    await server.peer.until(() => server.peer.closed !== undefined);
  });

  it('tells a peer of an association it does not have that it has none', async (t) => {
    const { peer } = await associated(t);
    const stranger = new BarePeer(t, { address: '127.0.0.2', port: 4001 }, SERVER);
    stranger.send(0x7777, [{ type: 0, flags: 3, value: dataValue(1, 0, Buffer.from('?')) }]);
    const { tag, chunk } = await stranger.next(6);
    assert.deepEqual([tag, chunk[1]], [0x7777, 1]);
    assert.equal(peer.inbox.filter(({ type }) => type === 6).length, 0);
  });

  it('lets nobody take over an association by naming its address', async (t) => {
    const { peer, server, next } = await associated(t);
    const thief = new BarePeer(t, { address: '127.0.0.4', port: 4000 }, SERVER);
    await thief.associate(0x3333, parameter(5, Buffer.from([127, 0, 0, 2])));
    const stolen = await next();
    peer.data('mine');
    await server.peer.until(() => server.peer.messages.length === 1);
    assert.deepEqual(stolen.peer.messages, []);
    stolen.association.abort();
  });

  it('serves no port but its own', async (t) => {
    await associated(t);
    const stranger = new BarePeer(t, { address: '127.0.0.2', port: 4002 }, { ...SERVER, port: 9 });
    stranger.send(0, [{ type: 1, value: Buffer.alloc(16, 1) }]);
    await assert.rejects(stranger.next(2, 200));
  });

  it('lives through packets made to break it, and through any others', async (t) => {
    const { peer, server, next } = await associated(t);
    let current = server;
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const nasty: readonly Uint8Array[] = [
      // Parameters and causes of no length, which are walked for ever.
      printChunk({ type: 1, value: Buffer.concat([Buffer.alloc(16, 1), Buffer.from('80ff0000', 'hex')]) }),
      printChunk({ type: 2, value: Buffer.concat([Buffer.alloc(16, 1), Buffer.from('00070000', 'hex')]) }),
      printChunk({ type: 6, flags: 0, value: Buffer.from('00010000', 'hex') }),
      printChunk({ type: 9, value: Buffer.from('00030000', 'hex') }),
      printChunk({ type: 9, value: Buffer.from('00050008', 'hex') }),
      printChunk({ type: 1, value: Buffer.concat([Buffer.alloc(16, 1), Buffer.from('80030005fe', 'hex')]) }),
      // Answers to what was never asked.
      printChunk({ type: 4 }),
      printChunk({ type: 5 }),
      printChunk({ type: 5, value: Buffer.from('00010005ff', 'hex') }),
      printChunk({ type: 10, value: Buffer.alloc(60) }),
      printChunk({ type: 8 }),
      printChunk({ type: 14 }),
      // Numbers that lead far away.
      printChunk({ type: 0, flags: 3, value: dataValue(0x7fff_0000, 0, Buffer.from('far')) }),
      printChunk({ type: 0, flags: 3, value: dataValue(0xffff_ffff, 0, Buffer.from('old')) }),
      printChunk({ type: 3, value: Buffer.from('ffffffff000186a000010000ffffffff', 'hex') }),
      printChunk({ type: 3, value: Buffer.from('00000000000186a0ffffffff', 'hex') }),
      printChunk({ type: 0, flags: 3, value: Buffer.alloc(12) }),
      // Lengths that lie.
      printChunk({ type: 0, flags: 3, value: Buffer.alloc(20), length: 3 }),
      printChunk({ type: 0, flags: 3, value: Buffer.alloc(20), length: 65_535 }),
      Buffer.from([0]),
      Buffer.alloc(0),
    ];
    const makers: readonly (() => Uint8Array)[] = [
      () => nasty[random(nasty.length)] as Uint8Array,
      () => Buffer.from(Array.from({ length: random(80) }, () => random(256))),
      () => {
        const octets = Buffer.from(nasty[random(nasty.length)] as Uint8Array);
        if (octets.length > 0) octets[random(octets.length)] = random(256);
        return octets;
      },
      () => printChunk({ type: random(16), flags: random(8), value: Buffer.alloc(random(40), random(256)) }),
    ];
    for (const octets of nasty) for (const tag of [0, peer.peerTag]) peer.sendOctets(tag, octets);
    for (let round = 0; round < 40; round++) {
      for (let count = 0; count < 25; count++) {
        const octets = Buffer.concat(
          Array.from({ length: 1 + random(3) }, () => (makers[random(makers.length)] as () => Uint8Array)()),
        );
        peer.sendOctets(random(4) === 0 ? 0 : peer.peerTag, octets);
      }
      await peer.associate(0x4000 + round);
      const made = await next();
      await current.peer.until(() => current.peer.closed !== undefined);
      current = made;
      peer.data(`round ${round}`);
      await current.peer.until(() => current.peer.messages.length === 1);
    }
    assert.deepEqual(bugs, []);
    current.association.abort();
  });
});

function sequenced(tsn: number, sequence: number, text: string): Buffer {
  const value = dataValue(tsn, 1, Buffer.from(text));
  value.writeUInt16BE(sequence, 6);
  return value;
}
