import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Flow, TransportName } from '../../../src/core/flow.ts';
import { makeRequest } from '../../../src/sip/message/build.ts';
import { DEFAULT_STREAM_OPTIONS } from '../../../src/sip/transport/connection.ts';
import { FakeNet, type FakeStream } from './fake-net.ts';
import { headerValue, openRig, type Rig, request } from './rig.ts';

const LOCAL = { address: '192.0.2.1', port: 5060 };
const PHONE = { address: '192.0.2.9', port: 5060 };
const UDP: Flow = { transport: 'UDP', local: LOCAL, remote: PHONE };
const REFUSED = Object.assign(new Error('nobody listens there'), { code: 'ECONNREFUSED' });

async function open(t: TestContext): Promise<{ rig: Rig; net: FakeNet }> {
  const net = new FakeNet(LOCAL.address);
  return { rig: await openRig(t, { sockets: [LOCAL] }, net), net };
}

/** The phone sends a request over TCP from a port of its own. */
async function phoneConnects(rig: Rig, net: FakeNet, port = 40_000): Promise<{ stream: FakeStream; flow: Flow }> {
  const stream = net.dial('192.0.2.1:5060', { address: PHONE.address, port });
  stream.say(request({ via: `SIP/2.0/TCP ${PHONE.address}` }));
  return { stream, flow: (await rig.heard.next()).flow };
}

function send(rig: Rig, flow: Flow, octets: number, method = 'MESSAGE', branch = 'z9hG4bKours') {
  const errors: Error[] = [];
  const packet = rig.transport.request(makeRequest(method, 'sip:phone', [], Buffer.alloc(octets, 'x')), flow, branch);
  packet.send((error) => errors.push(error));
  return { packet, errors, again: () => packet.send((error) => errors.push(error)) };
}

/** Via transports of the datagrams sent. */
function datagrams(net: FakeNet): { via: string | undefined; to: string }[] {
  return (net.udp.get('192.0.2.1:5060')?.sent ?? []).map(({ text, to }) => ({
    via: headerValue(text, 'Via')?.split(' ')[0],
    to: `${to.address}:${to.port}`,
  }));
}

const viaOf = (text: string): TransportName | undefined =>
  /Via: SIP\/2\.0\/(UDP|TCP) /.exec(text)?.[1] as TransportName;
const BY_UDP = [{ via: 'SIP/2.0/UDP', to: '192.0.2.9:5060' }];

describe('choosing UDP or TCP', () => {
  it('sends a short request over UDP even to a phone that has a connection', async (t) => {
    const { rig, net } = await open(t);
    const { stream } = await phoneConnects(rig, net);
    send(rig, UDP, 100);
    assert.deepEqual(datagrams(net), BY_UDP);
    assert.equal(stream.text, '');
  });

  it('sends a long request over UDP to a phone that never spoke TCP', async (t) => {
    const { rig, net } = await open(t);
    const { packet } = send(rig, UDP, 1300);
    assert.deepEqual(datagrams(net), BY_UDP);
    assert.equal(net.connects.length, 0);
    assert.equal(packet.reliable, false);
  });

  it('sends a long request of a UDP flow on a connection of its own making, not to whoever claims the port', async (t) => {
    const { rig, net } = await open(t);
    const { stream } = await phoneConnects(rig, net);
    const { errors } = send(rig, UDP, 1300);
    net.connects[0]?.accept();
    assert.deepEqual(net.connects[0]?.remote, PHONE);
    assert.equal(viaOf(net.connects[0]?.text ?? ''), 'TCP');
    send(rig, UDP, 1300);
    assert.equal(net.connects.length, 1, 'the next one goes on it too');
    assert.equal(stream.text, '');
    assert.deepEqual(datagrams(net), []);
    assert.deepEqual(errors, []);
  });

  it('counts the whole message against the threshold', async (t) => {
    const { rig, net } = await open(t);
    await phoneConnects(rig, net);
    send(rig, UDP, 0);
    const [{ text = '' } = {}] = net.udp.get('192.0.2.1:5060')?.sent ?? [];
    // Content-Length grows from one digit to four.
    send(rig, UDP, 1300 - text.length - 3);
    assert.equal(net.connects.length, 0);
    send(rig, UDP, 1301 - text.length - 3);
    assert.equal(net.connects.length, 1);
  });

  it('connects for a long request when the phone spoke TCP before, and waits', async (t) => {
    const { rig, net } = await open(t);
    (await phoneConnects(rig, net)).stream.lose();
    const { packet, again } = send(rig, UDP, 1300);
    assert.deepEqual(net.connects[0]?.remote, PHONE);
    assert.deepEqual(net.connects[0]?.local, { address: LOCAL.address, port: 0 });
    rig.clock.advance(6900);
    again();
    net.connects[0]?.accept();
    again();
    rig.clock.advance(DEFAULT_STREAM_OPTIONS.connectMs);
    assert.deepEqual(datagrams(net), []);
    assert.equal(net.connects.length, 1);
    assert.equal(net.connects[0]?.text.match(/MESSAGE sip:phone/g)?.length, 1);
    assert.equal(packet.reliable, false);
  });

  it('falls back to UDP at once when the phone refuses the connection, and repeats there', async (t) => {
    const { rig, net } = await open(t);
    (await phoneConnects(rig, net)).stream.lose();
    const { errors, again } = send(rig, UDP, 1300);
    net.connects[0]?.lose(REFUSED);
    assert.deepEqual(datagrams(net), BY_UDP);
    again();
    assert.deepEqual(datagrams(net), [...BY_UDP, ...BY_UDP]);
    assert.deepEqual(errors, []);
    send(rig, UDP, 1300);
    assert.equal(net.connects.length, 1, 'the next one does not try again');
  });

  it('falls back to UDP when the phone does not take the connection in 7 s', async (t) => {
    const { rig, net } = await open(t);
    (await phoneConnects(rig, net)).stream.lose();
    send(rig, UDP, 1300);
    rig.clock.advance(6999);
    assert.deepEqual(datagrams(net), []);
    rig.clock.advance(1);
    assert.deepEqual(datagrams(net), BY_UDP);
    assert.equal(net.connects[0]?.state, 'destroyed');
  });

  it('sends CANCEL and ACK of a branch where its INVITE went', async (t) => {
    const { rig, net } = await open(t);
    await phoneConnects(rig, net);
    send(rig, UDP, 2000, 'INVITE', 'z9hG4bKi');
    send(rig, UDP, 0, 'CANCEL', 'z9hG4bKi');
    send(rig, UDP, 0, 'ACK', 'z9hG4bKi');
    assert.match(net.connects[0]?.text ?? '', /INVITE sip:phone[\s\S]*CANCEL sip:phone[\s\S]*ACK sip:phone/);
    assert.deepEqual(datagrams(net), []);
  });

  it('keeps a TCP flow on TCP, reliably, while the connection lives', async (t) => {
    const { rig, net } = await open(t);
    const { stream, flow } = await phoneConnects(rig, net);
    assert.equal(send(rig, flow, 10).packet.reliable, true);
    assert.equal(viaOf(stream.text), 'TCP');
  });

  it('takes a TCP flow whose connection is gone to where the phone listens: TCP, else UDP', async (t) => {
    const { rig, net } = await open(t);
    const { stream, flow } = await phoneConnects(rig, net);
    stream.lose();
    const { packet } = send(rig, flow, 10);
    assert.deepEqual(net.connects[0]?.remote, PHONE);
    assert.equal(packet.reliable, false);
    net.connects[0]?.lose(REFUSED);
    assert.deepEqual(datagrams(net), BY_UDP);
  });

  it('tries again over a new connection what an end without an answer may have lost', async (t) => {
    const { rig, net } = await open(t);
    const { stream, flow } = await phoneConnects(rig, net);
    send(rig, flow, 10);
    stream.lose();
    net.connects[0]?.accept();
    assert.match(net.connects[0]?.text ?? '', /MESSAGE sip:phone/);
  });

  it('lets a connection end in peace when the peer was heard since, or the message needs no answer', async (t) => {
    const { rig, net } = await open(t);
    const { stream, flow } = await phoneConnects(rig, net);
    send(rig, flow, 10);
    stream.say('\r\n');
    send(rig, flow, 10, 'ACK');
    stream.lose();
    assert.equal(net.connects.length, 0);
  });

  it('tells whoever waits when it closes, and opens nothing more', async (t) => {
    const { rig, net } = await open(t);
    const { flow } = await phoneConnects(rig, net);
    const live = send(rig, flow, 10);
    const hanging = send(rig, { ...UDP, transport: 'TCP', remote: { address: '192.0.2.8', port: 5060 } }, 10);
    rig.transport.close();
    for (const { errors } of [live, hanging]) assert.equal(errors.length, 1);
    assert.equal(net.connects.length, 1);
    assert.equal(net.connects[0]?.state, 'destroyed');
    assert.equal(rig.clock.waiting, 0);
    assert.equal(rig.transport.connections, 0);
  });

  it('shows the configured address and leaves from the bound one', async (t) => {
    const net = new FakeNet('10.0.0.1');
    const rig = await openRig(t, { sockets: [{ ...LOCAL, bind: '10.0.0.1' }] }, net);
    net.udp.get('10.0.0.1:5060')?.handler.onDatagram(Buffer.from(request()), PHONE);
    const { flow } = await rig.heard.next();
    assert.deepEqual(flow.local, LOCAL);
    send(rig, flow, 10);
    const [sent] = net.udp.get('10.0.0.1:5060')?.sent ?? [];
    assert.match(sent?.text ?? '', /Via: SIP\/2\.0\/UDP 192\.0\.2\.1:5060;/);
    send(rig, { ...flow, transport: 'TCP' }, 10);
    assert.deepEqual(net.connects[0]?.local, { address: '10.0.0.1', port: 0 });
  });
});
