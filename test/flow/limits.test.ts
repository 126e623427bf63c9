import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { request, TcpPeer } from '../sip/transport/rig.ts';
import { type Lab, startLab } from '../support/lab.ts';

const ALICE = '{impi: "alice", impu: "alice", pwd: "alice"},';
const LIMITS = `limits: {message_size: 2000, header_count: 30, nesting: 1, connections: 3, connections_per_address: 2,
  message_time: 5, idle_time: 60},`;

const start = (t: TestContext) => startLab(t, ALICE, LIMITS);

/** A connection from an address of the loopback range. */
async function dial(t: TestContext, lab: Lab, localAddress: string): Promise<TcpPeer> {
  const socket = connect({ host: lab.address, port: 5060, localAddress });
  const peer = new TcpPeer(t, socket);
  await once(socket, 'connect');
  return peer;
}

const options = (headers: readonly string[] = [], body = '') =>
  request({ via: 'SIP/2.0/TCP 127.0.0.1', headers, body });

async function isServed(peer: TcpPeer): Promise<void> {
  peer.text = '';
  peer.send(options());
  await peer.until((text) => text.startsWith('SIP/2.0 200 '));
}

describe('what is beyond the limits is refused and disturbs nobody else', () => {
  it('a long message over UDP: 513', async (t) => {
    const lab = await start(t);
    const alice = await lab.phone('alice');
    alice.start('OPTIONS', { body: 'x'.repeat(1400) });
    await alice.response(200);
    alice.start('OPTIONS', { body: 'x'.repeat(2000) });
    assert.equal((await alice.response(513)).reason, 'Message Too Large');
    assert.equal((await alice.register()).status, 200);
  });

  it('many header lines: 513', async (t) => {
    const lab = await start(t);
    const alice = await lab.phone('alice');
    alice.start('OPTIONS', { headers: Array.from({ length: 20 }, () => 'X: y') });
    await alice.response(200);
    alice.start('OPTIONS', { headers: Array.from({ length: 30 }, () => 'X: y') });
    await alice.response(513);
    assert.equal((await alice.register()).status, 200);
  });

  it('multipart bodies inside each other: 400', async (t) => {
    const lab = await start(t);
    const alice = await lab.phone('alice');
    const body = '--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a--\r\n';
    alice.start('OPTIONS', { headers: ['Content-Type: multipart/mixed;boundary=b'], body: body.slice(49) });
    await alice.response(200);
    alice.start('OPTIONS', { headers: ['Content-Type: multipart/mixed;boundary=a'], body });
    assert.match((await alice.response(400)).reason, /nested/);
    assert.equal((await alice.register()).status, 200);
  });

  const excesses: readonly (readonly [string, string])[] = [
    ['a long message', options([], 'x'.repeat(2000))],
    ['many header lines', options(Array.from({ length: 40 }, () => 'X: y'))],
  ];
  for (const [name, text] of excesses) {
    it(`${name} over TCP: 513, and the connection is closed`, async (t) => {
      const lab = await start(t);
      const other = await dial(t, lab, '127.0.0.9');
      const peer = await dial(t, lab, '127.0.0.9');
      peer.send(text);
      assert.match(await peer.closed(), /^SIP\/2\.0 513 /);
      await isServed(other);
    });
  }

  it('connections: closed at once from one address, the oldest stranger’s in all', async (t) => {
    const lab = await start(t);
    const first = await dial(t, lab, '127.0.0.9');
    const second = await dial(t, lab, '127.0.0.9');
    for (const peer of [first, second]) await isServed(peer);
    assert.equal(await (await dial(t, lab, '127.0.0.9')).closed(), '');
    const third = await dial(t, lab, '127.0.0.8');
    await isServed(third);
    first.text = '';
    const fourth = await dial(t, lab, '127.0.0.7');
    assert.equal(await first.closed(), '', 'of those nobody knows, the oldest makes room');
    for (const peer of [second, third, fourth]) await isServed(peer);
  });

  it('a message that does not come whole, and a connection that rests: closed', async (t) => {
    const lab = await start(t);
    const slow = await dial(t, lab, '127.0.0.9');
    const resting = await dial(t, lab, '127.0.0.9');
    for (const peer of [slow, resting]) await isServed(peer);
    slow.text = '';
    slow.send(`\r\n\r\n${options().slice(0, 50)}`);
    await slow.until((text) => text === '\r\n');
    lab.clock.advance(5000);
    await slow.closed();
    await isServed(resting);
    lab.clock.advance(60_000);
    await resting.closed();
  });
});
