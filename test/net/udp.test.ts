import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { localAddresses } from '../../src/net/local-addresses.ts';
import type { DatagramHandler, DatagramSocket } from '../../src/net/ports.ts';
import { systemNet } from '../../src/net/system-net.ts';

const ANY: Endpoint = { address: '127.0.0.1', port: 0 };
const ipv6 = localAddresses().some(({ address }) => address === '::1');

async function bind(t: TestContext, at: Endpoint, handler: DatagramHandler, bugs: unknown[] = []) {
  const socket = await systemNet((bug) => bugs.push(bug)).bindDatagram(at, handler);
  t.after(() => socket.close());
  return socket;
}

async function bindAndCollect(t: TestContext, at: Endpoint) {
  const waiting: ((got: { data: string; from: Endpoint }) => void)[] = [];
  const socket = await bind(t, at, {
    onDatagram: (data, from) => waiting.shift()?.({ data: data.toString(), from }),
  });
  const next = () => new Promise<{ data: string; from: Endpoint }>((resolve) => waiting.push(resolve));
  return { socket, next };
}

describe('UDP sockets', { timeout: 10_000 }, () => {
  for (const address of ['127.0.0.1', '127.8.9.10', ...(ipv6 ? ['::1'] : [])]) {
    it(`carries datagrams between two sockets on ${address}`, async (t) => {
      const a = await bindAndCollect(t, { address, port: 0 });
      const b = await bindAndCollect(t, { address, port: 0 });
      const arrived = b.next();
      a.socket.send(Buffer.from('hello'), b.socket.local);
      assert.deepEqual(await arrived, { data: 'hello', from: a.socket.local });
      assert.equal(a.socket.local.address, address);
    });
  }

  it('says that the port is taken', async (t) => {
    const first = await bind(t, ANY, { onDatagram() {} });
    const { port } = first.local;
    await assert.rejects(bind(t, { address: '127.0.0.1', port }, { onDatagram() {} }), (error: Error) => {
      assert.match(error.message, new RegExp(`UDP 127\\.0\\.0\\.1:${port}: another program .*EADDRINUSE`));
      return (error as { code?: string }).code === 'EADDRINUSE';
    });
  });

  it('says that an address is not on this machine', async (t) => {
    const binding = bind(t, { address: '198.51.100.7', port: 5060 }, { onDatagram() {} });
    await assert.rejects(binding, /UDP 198\.51\.100\.7:5060: this address is not on this machine.*EADDRNOTAVAIL/);
  });

  it('tells the sender of a datagram that is too long, and goes on', async (t) => {
    const a = await bindAndCollect(t, ANY);
    const b = await bindAndCollect(t, ANY);
    const error = await new Promise<Error>((resolve) => {
      a.socket.send(Buffer.alloc(70_000), b.socket.local, resolve);
    });
    assert.match(error.message, /too long for a datagram/);
    const arrived = b.next();
    a.socket.send(Buffer.from('short'), b.socket.local);
    assert.equal((await arrived).data, 'short');
  });

  it('tells the sender when the socket is closed', async (t) => {
    const socket: DatagramSocket = await bind(t, ANY, { onDatagram() {} });
    socket.close();
    const errors: Error[] = [];
    socket.send(Buffer.from('late'), ANY, (error) => errors.push(error));
    assert.equal(errors.length, 1);
  });

  it('survives a handler that throws', async (t) => {
    const bugs: unknown[] = [];
    let calls = 0;
    let heard: () => void = () => {};
    const second = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const handler = {
      onDatagram() {
        calls++;
        if (calls === 1) throw new Error('bug');
        heard();
      },
    };
    const socket = await bind(t, ANY, handler, bugs);
    const client = createSocket('udp4');
    t.after(() => client.close());
    client.send('1', socket.local.port, '127.0.0.1');
    client.send('2', socket.local.port, '127.0.0.1');
    await second;
    assert.equal(bugs.length, 1);
  });

  it('lets the process end once it is closed', async () => {
    const count = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
    const before = count();
    const socket = await systemNet(() => {}).bindDatagram(ANY, { onDatagram() {} });
    assert.equal(count(), before + 1);
    socket.close();
    // Closed in the loop's next turn; the suite's time limit catches one that never is.
    while (count() > before) await setImmediate();
  });
});
