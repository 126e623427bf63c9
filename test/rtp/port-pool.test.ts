import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemRandom } from '../../src/core/random.ts';
import type { DatagramHandler } from '../../src/net/ports.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { type PortPair, PortPool, PortsExhausted } from '../../src/rtp/port-pool.ts';
import { UdpPeer } from './udp-peer.ts';

const deaf: DatagramHandler = { onDatagram() {} };

function poolOf(portMin: number, portMax: number, address = '127.0.0.1'): PortPool {
  const net = systemNet((error) => {
    throw error;
  });
  return new PortPool(net, systemRandom(), { address, portMin, portMax });
}

/** The RTP ports of `count` pairs asked for at once, and the pairs. */
async function bindMany(pool: PortPool, count: number): Promise<{ ports: number[]; pairs: PortPair[] }> {
  const pairs = await Promise.all(Array.from({ length: count }, () => pool.bind(deaf, deaf)));
  return { ports: pairs.map((pair) => pair.rtp.local.port), pairs };
}

function closeAll(pairs: readonly PortPair[]): void {
  for (const pair of pairs) pair.close();
}

describe('port pairs', () => {
  it('are an even RTP port and the RTCP port above, within the range', async () => {
    const pool = poolOf(27101, 27106);
    const { ports, pairs } = await bindMany(pool, 2);
    assert.deepEqual(new Set(ports), new Set([27102, 27104]));
    assert.deepEqual(
      pairs.map((pair) => pair.rtcp.local.port),
      ports.map((port) => port + 1),
    );
    // 27106 has no RTCP port above it within the range.
    await assert.rejects(pool.bind(deaf, deaf), PortsExhausted);
    closeAll(pairs);
  });

  it('are never handed out twice', async () => {
    const pool = poolOf(27110, 27149);
    const { ports, pairs } = await bindMany(pool, 20);
    assert.equal(new Set(ports).size, 20);
    assert.equal(pool.inUse, 20);
    closeAll(pairs);
    assert.equal(pool.inUse, 0);
  });

  it('cannot be foretold', async () => {
    const drawn = await Promise.all([poolOf(27110, 27149), poolOf(27210, 27249)].map((pool) => bindMany(pool, 20)));
    const [one, two] = drawn.map(({ ports }) => ports.map((port) => port % 100));
    assert.notDeepEqual(one, two);
    for (const { pairs } of drawn) closeAll(pairs);
  });

  it('rest when they are given back, until half of the others had their turn', async () => {
    const pool = poolOf(27150, 27165);
    const first = await bindMany(pool, 1);
    closeAll(first.pairs);
    const next = await bindMany(pool, 4);
    assert.equal(next.ports.includes(first.ports[0] as number), false);
    closeAll(next.pairs);
  });

  it('are given back once, however often they are closed', async () => {
    const pool = poolOf(27166, 27169);
    const { pairs } = await bindMany(pool, 1);
    closeAll([...pairs, ...pairs]);
    assert.equal(pool.inUse, 0);
    const again = await bindMany(pool, 2);
    assert.deepEqual(new Set(again.ports), new Set([27166, 27168]));
    closeAll(again.pairs);
  });

  it('that another program holds are passed over, and had when it is gone', async () => {
    const others = await Promise.all([UdpPeer.open('127.0.0.1', 27170), UdpPeer.open('127.0.0.1', 27173)]);
    const pool = poolOf(27170, 27175);
    const only = await bindMany(pool, 1);
    assert.deepEqual(only.ports, [27174]);
    assert.equal(pool.inUse, 1);
    await assert.rejects(pool.bind(deaf, deaf), PortsExhausted);
    for (const other of others) other.close();
    const { ports, pairs } = await bindMany(pool, 2);
    assert.deepEqual(new Set(ports), new Set([27170, 27172]));
    closeAll([...only.pairs, ...pairs]);
    assert.equal(pool.inUse, 0);
  });
});

describe('a range without a free pair', () => {
  it('says which, and how many are in use; a closed pair can be had at once', async () => {
    const pool = poolOf(27180, 27183);
    const { pairs } = await bindMany(pool, 2);
    await assert.rejects(pool.bind(deaf, deaf), (error) => {
      assert.ok(error instanceof PortsExhausted);
      assert.deepEqual([error.range.address, error.inUse], ['127.0.0.1', 2]);
      assert.match(error.message, /127\.0\.0\.1 in 27180\.\.27183: 2 of 2 pairs/);
      return true;
    });
    pairs[1]?.close();
    const again = await bindMany(pool, 1);
    assert.deepEqual(
      again.ports,
      pairs.slice(1).map((pair) => pair.rtp.local.port),
    );
    closeAll([...pairs, ...again.pairs]);
  });

  it('may have no pair at all', async () => {
    await assert.rejects(poolOf(27190, 27190).bind(deaf, deaf), PortsExhausted);
    await assert.rejects(poolOf(27190, 27180).bind(deaf, deaf), PortsExhausted);
  });

  it('is not what an address that is not ours is', async () => {
    const pool = poolOf(27190, 27199, '203.0.113.1');
    await assert.rejects(pool.bind(deaf, deaf), (error) => {
      assert.ok(error instanceof Error && !(error instanceof PortsExhausted));
      assert.match(error.message, /203\.0\.113\.1/);
      return true;
    });
    assert.equal(pool.inUse, 0);
  });
});
