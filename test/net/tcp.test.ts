import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { localAddresses } from '../../src/net/local-addresses.ts';
import type { StreamConnection, StreamHandler } from '../../src/net/ports.ts';
import { systemNet } from '../../src/net/system-net.ts';

const ipv6 = localAddresses().some(({ address }) => address === '::1');

/** A handler whose events can be awaited. */
class Peer implements StreamHandler {
  text = '';
  closed: { error: Error | undefined } | undefined;
  #waiting: { until: () => boolean; resolve: () => void }[] = [];
  up = false;

  onConnected(): void {
    this.up = true;
    this.#look();
  }

  onData(data: Buffer): void {
    this.text += data.toString();
    this.#look();
  }

  onClose(error?: Error): void {
    assert.equal(this.closed, undefined, 'closed twice');
    this.closed = { error };
    this.#look();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ until: condition, resolve });
      this.#look();
    });
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ until, resolve }) => {
      if (until()) resolve();
      return !until();
    });
  }
}

async function listen(t: TestContext, address = '127.0.0.1', bugs: unknown[] = []) {
  const net = systemNet((bug) => bugs.push(bug));
  const accepted: { connection: StreamConnection; peer: Peer }[] = [];
  const waiting: ((one: { connection: StreamConnection; peer: Peer }) => void)[] = [];
  const listener = await net.listenStream({ address, port: 0 }, (connection) => {
    const one = { connection, peer: new Peer() };
    const waiter = waiting.shift();
    if (waiter !== undefined) waiter(one);
    else accepted.push(one);
    return one.peer;
  });
  t.after(() => listener.close());
  const next = () =>
    new Promise<{ connection: StreamConnection; peer: Peer }>((resolve) => {
      const one = accepted.shift();
      if (one !== undefined) resolve(one);
      else waiting.push(resolve);
    });
  return { net, listener, next };
}

async function dial(t: TestContext, port: number, allowHalfOpen = true): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('TCP connections', { timeout: 20_000 }, () => {
  for (const address of ['127.0.0.1', '127.3.4.5', ...(ipv6 ? ['::1'] : [])]) {
    it(`carries octets both ways on ${address}; what is written before it is up waits`, async (t) => {
      const { net, listener, next } = await listen(t, address);
      const client = new Peer();
      const out = net.connectStream({ remote: listener.local, local: { address, port: 0 } }, client);
      out.write(Buffer.from('early'));
      const { connection, peer } = await next();
      await peer.until(() => peer.text === 'early');
      connection.write(Buffer.from('answer'));
      await client.until(() => client.text === 'answer');
      assert.ok(client.up);
      assert.deepEqual(connection.remote, out.local);
      assert.deepEqual(out.remote, listener.local);
      out.end();
      await peer.until(() => peer.closed !== undefined);
      assert.equal(peer.closed?.error, undefined);
      await client.until(() => client.closed !== undefined);
      assert.equal(client.closed?.error, undefined);
    });
  }

  it('says that nobody listens', async (t) => {
    const { net, listener } = await listen(t);
    listener.close();
    const client = new Peer();
    net.connectStream({ remote: listener.local }, client);
    await client.until(() => client.closed !== undefined);
    assert.match(client.closed?.error?.message ?? '', /cannot connect to TCP 127\.0\.0\.1:\d+: nobody listens there/);
  });

  it('says why it cannot listen', async (t) => {
    const { net, listener } = await listen(t);
    await assert.rejects(
      net.listenStream(listener.local, () => new Peer()),
      /TCP 127.*another program.*EADDRINUSE/,
    );
    await assert.rejects(
      net.listenStream({ address: '198.51.100.7', port: 5060 }, () => new Peer()),
      /not on this machine/,
    );
  });

  it('tells of a reset once', async (t) => {
    const { listener, next } = await listen(t);
    const client = await dial(t, listener.local.port);
    const { peer } = await next();
    client.resetAndDestroy();
    await peer.until(() => peer.closed !== undefined);
    assert.match(peer.closed?.error?.message ?? '', /reset/);
  });

  it('resets a connection, up or not', async (t) => {
    const { net, listener, next } = await listen(t);
    const socket = await dial(t, listener.local.port);
    const { connection, peer } = await next();
    const failed = once(socket, 'error');
    socket.resume();
    connection.reset();
    const [error] = await failed;
    assert.equal(error.code, 'ECONNRESET');
    await peer.until(() => peer.closed !== undefined);
    const client = new Peer();
    net.connectStream({ remote: listener.local }, client).reset();
    await client.until(() => client.closed !== undefined);
    assert.equal(client.up, false);
  });

  it('answers what a peer asked before its half close', async (t) => {
    const { listener, next } = await listen(t);
    const client = await dial(t, listener.local.port);
    const arrived = once(client, 'data');
    client.end('question');
    const { connection, peer } = await next();
    const onData = peer.onData.bind(peer);
    peer.onData = (data) => {
      onData(data);
      connection.write(Buffer.from('answer'));
    };
    assert.equal(String((await arrived)[0]), 'answer');
    await peer.until(() => peer.closed !== undefined);
  });

  it('counts what a peer does not read, and lets go of it when ended', async (t) => {
    const { listener, next } = await listen(t);
    const client = await dial(t, listener.local.port);
    client.pause();
    const { connection, peer } = await next();
    for (let written = 0; written < 64; written++) connection.write(Buffer.alloc(1024 * 1024));
    assert.ok(connection.pending > 1024 * 1024);
    connection.end();
    await peer.until(() => peer.closed !== undefined);
  });

  it('lets go of a peer that never stops sending after our end', async (t) => {
    const { listener, next } = await listen(t);
    const client = await dial(t, listener.local.port);
    const { connection, peer } = await next();
    connection.end();
    const flood = () => {
      while (!client.destroyed && client.write(Buffer.alloc(4096)));
    };
    client.on('drain', flood);
    flood();
    await peer.until(() => peer.closed !== undefined);
    assert.equal(peer.text, '');
  });

  it('survives handlers that throw', async (t) => {
    const bugs: unknown[] = [];
    const net = systemNet((bug) => bugs.push(bug));
    let told: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      told = resolve;
    });
    const listener = await net.listenStream({ address: '127.0.0.1', port: 0 }, () => ({
      onData() {
        throw new Error('bug');
      },
      onClose() {
        told();
        throw new Error('another');
      },
    }));
    t.after(() => listener.close());
    const client = await dial(t, listener.local.port);
    client.end('x');
    await closed;
    assert.equal(bugs.length, 2);
  });

  it('drops the connection when taking it in throws', async (t) => {
    const bugs: unknown[] = [];
    const listener = await systemNet((bug) => bugs.push(bug)).listenStream({ address: '127.0.0.1', port: 0 }, () => {
      throw new Error('bug');
    });
    t.after(() => listener.close());
    const client = await dial(t, listener.local.port, false);
    client.resume();
    await once(client, 'close');
    assert.equal(bugs.length, 1);
  });
});

describe('local addresses', () => {
  it('has loopback, marked as such', () => {
    const found = localAddresses().find(({ address }) => address === '127.0.0.1');
    assert.equal(found?.loopback, true);
  });

  it('gives link-local addresses their interface', () => {
    for (const { address, device } of localAddresses()) {
      if (address.startsWith('fe80')) assert.ok(address.endsWith(`%${device}`));
    }
  });
});
