import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SocketOptions } from '../../../src/sip/transport/listening.ts';
import { FakeNet } from './fake-net.ts';
import { FakeProtection } from './fake-protection.ts';
import { openRig, type Rig } from './rig.ts';

const ADDRESS = '192.0.2.1';
const SIP = { address: ADDRESS, port: 5060 };

async function open(t: TestContext, net: FakeNet, ...sockets: SocketOptions[]) {
  const protection = new FakeProtection();
  return { protection, rig: await openRig(t, { sockets }, net, protection) };
}

/** Lets a rescan happen and its sockets open. */
async function rescan(rig: Rig): Promise<void> {
  rig.clock.advance(3000);
  await setImmediate();
}

const portsOf = (keys: Iterable<string>) => [...keys].map((key) => Number(key.slice(key.lastIndexOf(':') + 1)));

describe('protected ports', () => {
  it('are two server ports and eight client ports behind the port of SIP, and only the former are listened on', async (t) => {
    const net = new FakeNet(ADDRESS);
    const { protection } = await open(t, net, SIP);
    const clientPorts = [5064, 5065, 5066, 5067, 5068, 5069, 5070, 5071];
    assert.deepEqual(
      [...protection.addresses.values()],
      [{ address: ADDRESS, serverPorts: [5062, 5063], clientPorts }],
    );
    assert.deepEqual(portsOf(net.udp.keys()), [5060, 5062, 5063, ...clientPorts]);
    assert.deepEqual(portsOf(net.tcp.keys()), [5060, 5062, 5063]);
  });

  it('are others where another program has the number, for UDP or TCP', async (t) => {
    const net = new FakeNet(ADDRESS);
    net.taken.add(`${ADDRESS}:5063`);
    net.tcp.set(`${ADDRESS}:5064`, () => ({ onData() {}, onClose() {} }));
    const { protection } = await open(t, net, SIP);
    const { serverPorts, clientPorts } = protection.addresses.get(ADDRESS) ?? {};
    assert.deepEqual(serverPorts, [5062, 40_000]);
    assert.deepEqual(clientPorts, [40_001, 5065, 5066, 5067, 5068, 5069, 5070, 5071]);
  });

  it('are never 5060 or 5061, nor beyond the last port', async (t) => {
    const low = new FakeNet(ADDRESS);
    low.draws.push(5061, 6000, 5060, 6001);
    const { protection } = await open(t, low, { address: ADDRESS, port: 5058 });
    const { serverPorts, clientPorts } = protection.addresses.get(ADDRESS) ?? {};
    assert.deepEqual(serverPorts, [6000, 6001]);
    assert.equal(clientPorts?.[0], 5062);
    assert.deepEqual(portsOf(low.tcp.keys()), [5058, 6000, 6001]);
    const high = new FakeNet(ADDRESS);
    const top = await open(t, high, { address: ADDRESS, port: 65_534 });
    assert.deepEqual(top.protection.addresses.get(ADDRESS)?.serverPorts, [40_000, 40_001]);
  });

  it('leave what is configured its port', async (t) => {
    const net = new FakeNet(ADDRESS);
    const { protection, rig } = await open(t, net, SIP, { address: ADDRESS, port: 5062 });
    assert.deepEqual(portsOf(rig.transport.places.map(({ local }) => `:${local.port}`)), [5060, 5062]);
    assert.deepEqual(protection.addresses.get(ADDRESS)?.serverPorts, [40_000, 5063]);
  });

  it('are there for each address of a wildcard, and come and go with them', async (t) => {
    const net = new FakeNet(ADDRESS);
    const { protection, rig } = await open(t, net, { address: '0.0.0.0', port: 5060 });
    net.add('10.0.0.1', 'tun0');
    await rescan(rig);
    assert.deepEqual([...protection.addresses.keys()], [ADDRESS, '10.0.0.1']);
    const uc = { address: '10.0.0.2', port: 7000 };
    const path = {
      local: { address: '10.0.0.1', port: 5062 },
      clientPort: 5064,
      remote: { address: '10.0.0.2', port: 7001 },
    };
    protection.sets.set(1, { association: 1, set: 1, path, source: uc });
    const stream = net.dial('10.0.0.1:5062', uc);
    net.remove('10.0.0.1');
    await rescan(rig);
    assert.deepEqual(protection.lost, ['10.0.0.1']);
    assert.deepEqual(
      [...net.udp.keys()].filter((key) => key.startsWith('10.')),
      [],
    );
    assert.deepEqual(
      [...net.tcp.keys()].filter((key) => key.startsWith('10.')),
      [],
    );
    assert.equal(stream.state, 'destroyed');
    assert.ok(!rig.transport.isOurs({ address: '10.0.0.1', port: 5062 }));
    assert.ok(rig.transport.isOurs({ address: ADDRESS, port: 5062 }));
    net.add('10.0.0.1', 'tun1');
    await rescan(rig);
    assert.ok(protection.addresses.has('10.0.0.1'));
  });

  it('stay while one of an address’s SIP ports does', async (t) => {
    const net = new FakeNet(ADDRESS);
    net.add('10.0.0.1', 'tun0');
    const onDevice = { address: '0.0.0.0', port: 5080, bind: 'tun0' };
    const { protection, rig } = await open(t, net, onDevice, { address: '0.0.0.0', port: 5060 });
    assert.deepEqual(protection.addresses.get('10.0.0.1')?.serverPorts, [5082, 5083]);
    net.addresses = net.addresses.map((one) => ({ ...one, device: 'eth0' }));
    await rescan(rig);
    assert.ok(!net.udp.has('10.0.0.1:5080'));
    assert.deepEqual(protection.lost, []);
    assert.ok(net.udp.has('10.0.0.1:5082'));
  });

  it('are not offered where handsets see another address than the one they reach, which is said once', async (t) => {
    const net = new FakeNet();
    net.add('10.0.0.1', 'tun0');
    const { protection, rig } = await open(t, net, { address: '198.51.100.1', port: 5060, bind: 'tun0' });
    assert.equal(protection.addresses.size, 0);
    assert.deepEqual(portsOf(net.udp.keys()), [5060]);
    assert.equal(rig.warnings.length, 1);
    net.remove('10.0.0.1');
    await rescan(rig);
    net.add('10.0.0.1', 'tun0');
    await rescan(rig);
    assert.deepEqual(portsOf(net.udp.keys()), [5060]);
    assert.equal(rig.warnings.length, 1);
    assert.deepEqual(protection.lost, []);
  });

  it('are opened where an address bound by itself is the one shown', async (t) => {
    const { protection } = await open(t, new FakeNet(ADDRESS), { ...SIP, bind: ADDRESS });
    assert.ok(protection.addresses.has(ADDRESS));
  });

  it('do not keep SIP in clear from starting when they cannot be opened', async (t) => {
    const net = new FakeNet(ADDRESS);
    const failing = Object.assign(new Error('too many files'), { code: 'EMFILE' });
    const bind = net.bindDatagram.bind(net);
    net.bindDatagram = async (options, handler) => {
      if (net.udp.size >= 5) throw failing;
      return bind(options, handler);
    };
    const { protection, rig } = await open(t, net, SIP);
    assert.equal(protection.addresses.size, 0);
    assert.deepEqual([...net.udp.keys()], [`${ADDRESS}:5060`]);
    assert.deepEqual([...net.tcp.keys()], [`${ADDRESS}:5060`]);
    assert.equal(rig.warnings.length, 1);
    assert.ok(rig.transport.isOurs(SIP));
  });

  it('are closed with the rest, those under way too', async (t) => {
    const net = new FakeNet(ADDRESS);
    const { protection, rig } = await open(t, net, { address: '0.0.0.0', port: 5060 });
    net.add('10.0.0.1', 'tun0');
    rig.clock.advance(3000);
    while (!net.udp.has('10.0.0.1:5062')) await Promise.resolve();
    rig.transport.close();
    await setImmediate();
    assert.equal(net.udp.size + net.tcp.size, 0);
    assert.equal(rig.clock.waiting, 0);
    assert.deepEqual([...protection.addresses.keys()], [ADDRESS]);
    assert.deepEqual(protection.lost, []);
  });
});
