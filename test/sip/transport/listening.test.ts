import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { printEndpoint } from '../../../src/core/endpoint.ts';
import type { SocketOptions } from '../../../src/sip/transport/listening.ts';
import { FakeNet } from './fake-net.ts';
import { openRig, type Rig, request } from './rig.ts';

const open = (t: TestContext, net: FakeNet, ...sockets: SocketOptions[]) => openRig(t, { sockets }, net);
const any = { address: '0.0.0.0', port: 5060 };
const shown = (rig: Rig) => rig.transport.places.map(({ local }) => printEndpoint(local));

/** Lets a rescan happen and its sockets open. */
async function rescan(rig: Rig): Promise<void> {
  rig.clock.advance(3000);
  await setImmediate();
}

describe('sockets listened on', () => {
  it('opens UDP and TCP on each configured address', async (t) => {
    const net = new FakeNet('192.0.2.1', '2001:db8::1');
    const v6 = { address: '2001:db8::1', port: 5070 };
    const rig = await open(t, net, { address: '192.0.2.1', port: 5060 }, v6);
    assert.deepEqual([...net.udp.keys()], ['192.0.2.1:5060', '[2001:db8::1]:5070']);
    assert.deepEqual([...net.tcp.keys()], ['192.0.2.1:5060', '[2001:db8::1]:5070']);
    assert.deepEqual(shown(rig), ['192.0.2.1:5060', '[2001:db8::1]:5070']);
    assert.equal(rig.clock.waiting, 0, 'nothing to look after');
  });

  it('names every configured address that fails, and keeps none open', async (t) => {
    const net = new FakeNet('192.0.2.1', '192.0.2.2');
    net.taken.add('192.0.2.2:5060');
    const sockets = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => ({ address, port: 5060 }));
    await assert.rejects(open(t, net, ...sockets), (error: Error) => {
      assert.match(error.message, /192\.0\.2\.2:5060 \(EADDRINUSE\).*192\.0\.2\.3:5060 \(EADDRNOTAVAIL\)/);
      return true;
    });
    assert.equal(net.udp.size + net.tcp.size, 0);
  });

  it('closes the UDP socket when TCP cannot be listened on', async (t) => {
    const net = new FakeNet('192.0.2.1');
    net.tcp.set('192.0.2.1:5060', () => ({ onData() {}, onClose() {} }));
    await assert.rejects(open(t, net, { address: '192.0.2.1', port: 5060 }), /EADDRINUSE/);
    assert.equal(net.udp.size, 0);
  });

  it('expands a wildcard to the addresses of its family, without link-local ones', async (t) => {
    const net = new FakeNet('127.0.0.1', '192.0.2.1', '::1', '2001:db8::1', 'fe80::1%eth0', 'febf::2%eth0');
    const rig = await open(t, net, any);
    assert.deepEqual(shown(rig), ['127.0.0.1:5060', '192.0.2.1:5060']);
    const six = await open(t, new FakeNet(...net.addresses.map(({ address }) => address)), {
      address: '::',
      port: 5060,
    });
    assert.deepEqual(shown(six), ['[::1]:5060', '[2001:db8::1]:5060']);
  });

  it('opens addresses that appear and closes those that vanish', async (t) => {
    const net = new FakeNet('192.0.2.1');
    const rig = await open(t, net, any);
    net.add('10.0.0.1', 'tun0');
    await rescan(rig);
    assert.deepEqual(shown(rig), ['192.0.2.1:5060', '10.0.0.1:5060']);
    const tunnel = net.dial('10.0.0.1:5060', { address: '10.0.0.2', port: 4000 });
    const other = net.dial('192.0.2.1:5060', { address: '192.0.2.7', port: 4000 });
    net.remove('10.0.0.1');
    await rescan(rig);
    assert.deepEqual(shown(rig), ['192.0.2.1:5060']);
    assert.deepEqual([...net.udp.keys()], ['192.0.2.1:5060']);
    assert.deepEqual([...net.tcp.keys()], ['192.0.2.1:5060']);
    assert.equal(tunnel.state, 'destroyed');
    assert.equal(other.state, 'open');
    net.add('10.0.0.1', 'tun1');
    await rescan(rig);
    assert.deepEqual(shown(rig), ['192.0.2.1:5060', '10.0.0.1:5060']);
  });

  it('starts without any address yet', async (t) => {
    const net = new FakeNet();
    const rig = await open(t, net, any);
    assert.deepEqual(shown(rig), []);
    net.add('192.0.2.1');
    await rescan(rig);
    assert.deepEqual(shown(rig), ['192.0.2.1:5060']);
  });

  it('warns once of an address that appears and cannot be listened on, and has it when it can', async (t) => {
    const net = new FakeNet('192.0.2.1');
    const rig = await open(t, net, any);
    net.taken.add('10.0.0.1:5060');
    net.add('10.0.0.1');
    for (let scan = 0; scan < 3; scan++) await rescan(rig);
    assert.equal(rig.warnings.length, 1);
    net.taken.clear();
    await rescan(rig);
    assert.deepEqual(shown(rig), ['192.0.2.1:5060', '10.0.0.1:5060']);
  });

  it('fails at start when another program holds an address of a wildcard', async (t) => {
    const net = new FakeNet('192.0.2.1', '192.0.2.2');
    net.taken.add('192.0.2.2:5060');
    await assert.rejects(open(t, net, any), /192\.0\.2\.2:5060/);
  });

  it('opens an address once that is configured and found, and keeps it as configured', async (t) => {
    const net = new FakeNet('192.0.2.1', '192.0.2.2');
    const configured = { address: '198.51.100.1', port: 5060, bind: '192.0.2.2' };
    const rig = await open(t, net, any, configured);
    assert.deepEqual(shown(rig).sort(), ['192.0.2.1:5060', '198.51.100.1:5060']);
    net.udp.get('192.0.2.2:5060')?.handler.onDatagram(Buffer.from(request()), { address: '192.0.2.9', port: 5060 });
    const { flow } = await rig.heard.next();
    assert.deepEqual(flow.local, { address: '198.51.100.1', port: 5060 });
    assert.deepEqual(flow.bound, { address: '192.0.2.2', port: 5060 });
  });

  it('takes an interface name as bind_addr', async (t) => {
    const net = new FakeNet('192.0.2.1', '2001:db8::1');
    net.add('10.0.0.1', 'tun0');
    net.add('10.0.0.2', 'tun0');
    net.add('2001:db8:1::1', 'tun0');
    const on = async (address: string) => shown(await open(t, fresh(net), { address, port: 5060, bind: 'tun0' }));
    assert.deepEqual(await on('0.0.0.0'), ['10.0.0.1:5060', '10.0.0.2:5060']);
    assert.deepEqual(await on('::'), ['[2001:db8:1::1]:5060']);
    assert.deepEqual(await on('10.0.0.2'), ['10.0.0.2:5060']);
    assert.deepEqual(await on('198.51.100.1'), ['198.51.100.1:5060']);
  });

  it('names an interface that is not there', async (t) => {
    const net = new FakeNet('192.0.2.1');
    const opening = open(t, net, { address: '192.0.2.1', port: 5060, bind: 'tun7' });
    await assert.rejects(opening, /192\.0\.2\.1:5060: no IPv4 address on tun7 \(interfaces: eth0\)/);
  });

  it('waits for an interface of a wildcard', async (t) => {
    const net = new FakeNet('192.0.2.1');
    const rig = await open(t, net, { ...any, bind: 'tun7' });
    assert.deepEqual(shown(rig), []);
    net.add('10.0.0.1', 'tun7');
    await rescan(rig);
    assert.deepEqual(shown(rig), ['10.0.0.1:5060']);
  });

  it('leaves neither timer nor socket behind when closed', async (t) => {
    const net = new FakeNet('192.0.2.1');
    const rig = await open(t, net, any);
    net.dial('192.0.2.1:5060', { address: '192.0.2.9', port: 4000 });
    net.add('10.0.0.1');
    rig.clock.advance(3000);
    rig.transport.close();
    await setImmediate();
    assert.equal(rig.clock.waiting, 0);
    assert.equal(net.udp.size + net.tcp.size, 0);
  });
});

function fresh(net: FakeNet): FakeNet {
  const copy = new FakeNet();
  copy.addresses = [...net.addresses];
  return copy;
}
