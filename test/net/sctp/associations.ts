import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SctpAssociation, SctpNet } from '../../../src/net/ports.ts';
import type { OnBug, SctpStack } from '../../../src/net/sctp/stack.ts';
import { Peer } from './peer.ts';

/** Diameter's. */
export const PPID = 46;

export interface Accepted {
  readonly association: SctpAssociation;
  readonly peer: Peer;
}

export function netOf(stack: SctpStack, onBug: OnBug): SctpNet {
  return {
    listenSctp: (options, onAssociation) => stack.listen(options, onAssociation, onBug),
    connectSctp: (options, handler) => stack.connect(options, handler, onBug),
  };
}

/** A listener, and what it accepted. */
export async function listen(t: TestContext, net: SctpNet, endpoint: Endpoint) {
  const accepted: Accepted[] = [];
  const waiting: ((one: Accepted) => void)[] = [];
  const listener = await net.listenSctp({ ...endpoint, ppid: PPID }, (association) => {
    const one = { association, peer: new Peer() };
    const waiter = waiting.shift();
    if (waiter === undefined) accepted.push(one);
    else waiter(one);
    return one.peer;
  });
  t.after(() => listener.close());
  const next = (): Promise<Accepted> => {
    const one = accepted.shift();
    return one === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(one);
  };
  return { listener, local: listener.local, next };
}

export async function connected(t: TestContext, net: SctpNet, remote: Endpoint) {
  const peer = new Peer();
  const association = net.connectSctp({ remote, ppid: PPID }, peer);
  t.after(() => association.abort());
  await peer.until(() => peer.up || peer.closed !== undefined);
  assert.deepEqual(peer.closed, undefined);
  return { association, peer };
}

/** What holds for SCTP on any stack. @param ports ports to listen on; 0 lets the system choose. */
export function testAssociations(net: SctpNet, address: string, port: number): void {
  const here = { address, port };

  it('keeps the boundaries and the order of messages, in both directions', async (t) => {
    const { local, next } = await listen(t, net, here);
    const client = await connected(t, net, local);
    const server = await next();
    const sizes = Array.from({ length: 150 }, (_, index) => 1 + ((index * 97) % 3000));
    sizes.forEach((size, index) => {
      client.association.send(Buffer.alloc(size, index));
      server.association.send(Buffer.alloc(size, index + 1));
    });
    await server.peer.until(() => server.peer.messages.length === sizes.length);
    await client.peer.until(() => client.peer.messages.length === sizes.length);
    sizes.forEach((size, index) => {
      assert.deepEqual(server.peer.messages[index], Buffer.alloc(size, index));
      assert.deepEqual(client.peer.messages[index], Buffer.alloc(size, index + 1));
    });
    assert.equal(client.association.pending + server.association.pending, 0);
  });

  it('knows both addresses', async (t) => {
    const { local, next } = await listen(t, net, here);
    const client = await connected(t, net, local);
    const server = await next();
    assert.deepEqual(server.association.local, local);
    assert.deepEqual(client.association.remote, local);
    assert.equal(server.association.remote.address, address);
    assert.equal(server.association.remote.port, client.association.local.port);
  });

  it('sends what was sent before it was up, then', async (t) => {
    const { local, next } = await listen(t, net, here);
    const peer = new Peer();
    const association = net.connectSctp({ remote: local, ppid: PPID }, peer);
    association.send(Buffer.from('one'));
    association.send(Buffer.from('two'));
    const server = await next();
    await server.peer.until(() => server.peer.messages.length === 2);
    assert.deepEqual(server.peer.texts, ['one', 'two']);
    association.abort();
  });

  it('hands over what is pending, then ends in order', async (t) => {
    const { local, next } = await listen(t, net, here);
    const client = await connected(t, net, local);
    const server = await next();
    for (let count = 0; count < 20; count++) client.association.send(Buffer.alloc(1000, count));
    client.association.shutdown();
    client.association.send(Buffer.from('too late'));
    await server.peer.until(() => server.peer.closed !== undefined);
    await client.peer.until(() => client.peer.closed !== undefined);
    assert.equal(server.peer.messages.length, 20);
    assert.deepEqual([server.peer.closed, client.peer.closed], [{ error: undefined }, { error: undefined }]);
  });

  it('can be dropped, which the peer is told', async (t) => {
    const { local, next } = await listen(t, net, here);
    const client = await connected(t, net, local);
    const server = await next();
    server.association.abort();
    await server.peer.until(() => server.peer.closed !== undefined);
    await client.peer.until(() => client.peer.closed !== undefined);
    assert.equal(server.peer.closed?.error, undefined);
    server.association.send(Buffer.from('too late'));
    server.association.abort();
  });

  it('has several peers at one port', async (t) => {
    const { local, next } = await listen(t, net, here);
    const first = await connected(t, net, local);
    const firstServer = await next();
    const second = await connected(t, net, local);
    const secondServer = await next();
    first.association.send(Buffer.from('1'));
    second.association.send(Buffer.from('2'));
    await firstServer.peer.until(() => firstServer.peer.messages.length === 1);
    await secondServer.peer.until(() => secondServer.peer.messages.length === 1);
    assert.deepEqual([firstServer.peer.texts, secondServer.peer.texts], [['1'], ['2']]);
    first.association.abort();
    await firstServer.peer.until(() => firstServer.peer.closed !== undefined);
    secondServer.association.send(Buffer.from('3'));
    await second.peer.until(() => second.peer.messages.length === 1);
  });

  it('keeps associations when the listener closes', async (t) => {
    const { listener, local, next } = await listen(t, net, here);
    const client = await connected(t, net, local);
    const server = await next();
    listener.close();
    client.association.send(Buffer.from('still here'));
    await server.peer.until(() => server.peer.messages.length === 1);
  });

  it('says in words why it cannot listen', async (t) => {
    await assert.rejects(
      net.listenSctp({ address: '192.0.2.99', port, ppid: 0 }, () => new Peer()),
      {
        code: 'EADDRNOTAVAIL',
        message: /^cannot listen on SCTP 192\.0\.2\.99:\d+: this address is not on this machine/,
      },
    );
    const { local } = await listen(t, net, here);
    await assert.rejects(
      net.listenSctp({ ...local, ppid: 0 }, () => new Peer()),
      { code: 'EADDRINUSE' },
    );
  });
}
