import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Flow } from '../../../src/core/flow.ts';
import type { Request } from '../../../src/sip/message/message.ts';
import { DEFAULT_STREAM_OPTIONS, STRANGER_IDLE_MS } from '../../../src/sip/transport/connection.ts';
import { type Heard, headerValue, openRig, type Rig, request, TcpListener, TcpPeer, UdpPeer } from './rig.ts';

const VIA = 'SIP/2.0/TCP 127.0.0.1';

/** A phone that has sent a request over TCP. */
async function connected(t: TestContext, rig: Rig, via = VIA): Promise<{ peer: TcpPeer; heard: Heard }> {
  const peer = await TcpPeer.dial(t, rig.local);
  peer.send(request({ via }));
  return { peer, heard: await rig.heard.next() };
}

/** A request of ours towards a flow. */
function ask(rig: Rig, { message }: Heard, flow: Flow, method = 'OPTIONS', branch = 'z9hG4bKours') {
  const headers = message.headers.clone().remove('Via').setRaw('CSeq', `7 ${method}`);
  const errors: Error[] = [];
  const asked: Request = { ...(message as Request), method, headers };
  const packet = rig.transport.request(asked, flow, branch);
  packet.send((error) => errors.push(error));
  return { packet, errors };
}

/** The same as a REGISTER, for answering it. */
function registering({ message }: Heard): Request {
  return { ...(message as Request), headers: message.headers.clone().setRaw('CSeq', '1 REGISTER') };
}

async function gone(rig: Rig, connections = 0): Promise<void> {
  while (rig.transport.connections > connections) await setImmediate();
}

describe('SIP over TCP', { timeout: 20_000 }, () => {
  it('answers on the connection the request came on', async (t) => {
    const rig = await openRig(t);
    const { peer, heard } = await connected(t, rig, 'SIP/2.0/TCP 10.9.9.9:1234');
    assert.equal(heard.flow.transport, 'TCP');
    assert.deepEqual(heard.flow.remote, peer.local);
    assert.deepEqual(heard.flow.local, rig.local);
    rig.answer(heard);
    const text = await peer.until((so) => so.endsWith('\r\n\r\n'));
    assert.equal(headerValue(text, 'Via'), 'SIP/2.0/TCP 10.9.9.9:1234;branch=z9hG4bK1;received=127.0.0.1');
  });

  it('takes several messages of one segment and one message of several', async (t) => {
    const rig = await openRig(t);
    const peer = await TcpPeer.dial(t, rig.local);
    const third = request({ via: VIA, callId: 'three', body: 'body' });
    peer.send(request({ via: VIA, callId: 'one' }) + request({ via: VIA, callId: 'two' }) + third.slice(0, 50));
    for (const callId of ['one', 'two']) {
      assert.equal((await rig.heard.next()).message.headers.raw('Call-ID'), callId);
    }
    peer.send(third.slice(50));
    const { message } = await rig.heard.next();
    assert.equal(Buffer.from(message.body).toString(), 'body');
  });

  it('answers CRLFCRLF with CRLF, and a single CRLF with nothing', async (t) => {
    const rig = await openRig(t);
    const { peer, heard } = await connected(t, rig);
    peer.send('\r\n\r\n');
    assert.equal(await peer.until((text) => text.length >= 2), '\r\n');
    peer.send(`\r\n${request({ via: VIA })}`);
    await rig.heard.next();
    rig.answer(heard);
    assert.match(await peer.until((text) => text.length > 20), /^\r\nSIP\/2\.0 200/);
  });

  const useless: [string, string, RegExp][] = [
    ['no Content-Length', request({ via: VIA }).replace(/Content-Length: 0\r\n/, ''), /^SIP\/2\.0 400 /],
    ['too long a body', request({ via: VIA }).replace('Content-Length: 0', 'Content-Length: 70000'), /^SIP\/2\.0 513 /],
    ['garbage', '\x01\x02\x03 garbage\r\n\r\n', /^$/],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^$/],
    ['a response without Content-Length', 'SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x\r\n\r\n', /^$/],
  ];
  for (const [name, text, expected] of useless) {
    it(`closes a stream with ${name}, and others live on`, async (t) => {
      const rig = await openRig(t);
      const other = await connected(t, rig);
      const peer = await TcpPeer.dial(t, rig.local);
      peer.send(text + request({ via: VIA, callId: 'behind' }));
      assert.match(await peer.closed(), expected);
      other.peer.send(request({ via: VIA, callId: 'alive' }));
      assert.equal((await rig.heard.next()).message.headers.raw('Call-ID'), 'alive');
      await gone(rig, 1);
    });
  }

  it('refuses a malformed request and keeps the connection', async (t) => {
    const rig = await openRig(t);
    const peer = await TcpPeer.dial(t, rig.local);
    peer.send(request({ via: VIA }).replace('From: ', 'X-From: '));
    assert.match(await peer.until((text) => text.endsWith('\r\n\r\n')), /^SIP\/2\.0 400 .*From/);
    peer.send(request({ via: VIA }));
    await rig.heard.next();
  });

  it('closes a connection whose message does not get ready in time, not one that rests', async (t) => {
    const rig = await openRig(t);
    const resting = await connected(t, rig);
    const slow = await connected(t, rig);
    slow.peer.send('\r\n\r\nOPTIONS sip:x SIP/2.0\r\nVia: S');
    await slow.peer.until((text) => text === '\r\n');
    rig.clock.advance(DEFAULT_STREAM_OPTIONS.messageMs);
    await slow.peer.closed();
    await gone(rig, 1);
    resting.peer.send(request({ via: VIA, callId: 'rested' }));
    assert.equal((await rig.heard.next()).message.headers.raw('Call-ID'), 'rested');
  });

  it('closes a connection on which nothing was ever said', async (t) => {
    const rig = await openRig(t);
    const peer = await TcpPeer.dial(t, rig.local);
    while (rig.transport.connections === 0) await setImmediate();
    rig.clock.advance(DEFAULT_STREAM_OPTIONS.messageMs);
    assert.equal(await peer.closed(), '');
  });

  it('closes an idle connection, counting from its last use', async (t) => {
    const rig = await openRig(t);
    const { peer, heard } = await connected(t, rig);
    rig.answer({ ...heard, message: registering(heard) });
    const { idleMs } = DEFAULT_STREAM_OPTIONS;
    rig.clock.advance(idleMs - 1000);
    peer.send(request({ via: VIA }));
    await rig.heard.next();
    rig.clock.advance(idleMs - 1000);
    assert.equal(rig.transport.connections, 1);
    rig.clock.advance(1000);
    await peer.closed();
  });

  it('closes a connection that carried nothing for a user after 60 s of rest', async (t) => {
    const rig = await openRig(t);
    const stranger = await connected(t, rig);
    rig.answer(stranger.heard);
    const refused = await connected(t, rig);
    rig.answer({ ...refused.heard, message: registering(refused.heard) }, 401);
    const wanted = await connected(t, rig);
    ask(rig, wanted.heard, wanted.heard.flow);
    rig.clock.advance(STRANGER_IDLE_MS - 1);
    assert.equal(rig.transport.connections, 3);
    rig.clock.advance(1);
    assert.equal(rig.transport.connections, 1);
    await Promise.all([stranger.peer.closed(), refused.peer.closed()]);
  });

  it('gives the place of the oldest stranger to a new connection when all are taken, never a user’s', async (t) => {
    const streams = { ...DEFAULT_STREAM_OPTIONS, maxConnections: 2 };
    const rig = await openRig(t, { streams });
    const user = await connected(t, rig);
    rig.answer({ ...user.heard, message: registering(user.heard) });
    const stranger = await connected(t, rig);
    const next = await connected(t, rig);
    assert.equal(await stranger.peer.closed(), '');
    rig.answer({ ...next.heard, message: registering(next.heard) });
    const last = await TcpPeer.dial(t, rig.local);
    assert.equal(await last.closed(), '');
    assert.equal(rig.transport.connections, 2);
  });

  it('bounds the connections of one address and of all', async (t) => {
    const streams = { ...DEFAULT_STREAM_OPTIONS, maxPerAddress: 2 };
    const rig = await openRig(t, { streams });
    const first = await connected(t, rig);
    await connected(t, rig);
    const third = await TcpPeer.dial(t, rig.local);
    assert.equal(await third.closed(), '');
    assert.equal(rig.warnings.length, 1);
    first.peer.socket.end();
    await gone(rig, 1);
    await connected(t, rig);
  });

  it('drops a peer that does not read', async (t) => {
    const streams = { ...DEFAULT_STREAM_OPTIONS, maxPending: 100_000 };
    const rig = await openRig(t, { streams });
    const { peer, heard } = await connected(t, rig);
    peer.socket.pause();
    const body = Buffer.alloc(60_000, 'x');
    const response = { status: 200, reason: 'OK', headers: heard.message.headers, body };
    const packet = rig.transport.response(response, heard.flow);
    for (let sent = 0; sent < 1000 && rig.transport.connections === 1; sent++) packet.send(() => {});
    assert.equal(rig.transport.connections, 0);
    peer.socket.resume();
    await peer.closed();
  });

  it('survives peers that reset at once', async (t) => {
    const rig = await openRig(t);
    for (let count = 0; count < 20; count++) {
      const peer = await TcpPeer.dial(t, rig.local);
      peer.send(request({ via: VIA, callId: 'reset' }).slice(0, 20 * count));
      peer.socket.resetAndDestroy();
    }
    await connected(t, rig);
    await gone(rig, 1);
    assert.deepEqual(rig.bugs, []);
  });

  it('sends requests on the connection the peer opened', async (t) => {
    const rig = await openRig(t);
    const { peer, heard } = await connected(t, rig);
    const { packet, errors } = ask(rig, heard, heard.flow);
    const text = await peer.until((so) => so.endsWith('\r\n\r\n'));
    assert.equal(headerValue(text, 'Via'), `SIP/2.0/TCP 127.0.0.1:${rig.local.port};rport;branch=z9hG4bKours`);
    assert.equal(packet.reliable, true);
    assert.deepEqual(errors, []);
    assert.equal(rig.transport.connections, 1);
  });

  it('answers over a new connection to sent-by when the request’s is gone', async (t) => {
    const rig = await openRig(t);
    const phone = await TcpListener.open(t);
    const { peer, heard } = await connected(t, rig, `SIP/2.0/TCP 127.0.0.1:${phone.local.port}`);
    peer.socket.end();
    await gone(rig);
    rig.answer(heard);
    const answered = await phone.accepted.next();
    assert.match(await answered.until((text) => text.endsWith('\r\n\r\n')), /^SIP\/2\.0 200/);
  });

  it('says when a response cannot be delivered', async (t) => {
    const rig = await openRig(t);
    const phone = await TcpListener.open(t);
    const { port } = phone.local;
    const { peer, heard } = await connected(t, rig, `SIP/2.0/TCP 127.0.0.1:${port}`);
    phone.server.close();
    peer.socket.end();
    await gone(rig);
    const errors = rig.answer(heard);
    await gone(rig);
    assert.match(errors[0]?.message ?? '', new RegExp(`127\\.0\\.0\\.1:${port}: nobody listens`));
    assert.equal(errors.length, 1);
  });

  it('opens a connection to where the phone listens when its own is gone, and uses it again', async (t) => {
    const rig = await openRig(t);
    const phone = await TcpListener.open(t);
    const { peer, heard } = await connected(t, rig, `SIP/2.0/TCP 127.0.0.1:${phone.local.port}`);
    peer.socket.end();
    await gone(rig);
    ask(rig, heard, heard.flow, 'OPTIONS', 'z9hG4bKa');
    const reached = await phone.accepted.next();
    await reached.until((text) => text.includes('z9hG4bKa'));
    ask(rig, heard, heard.flow, 'OPTIONS', 'z9hG4bKb');
    await reached.until((text) => text.includes('z9hG4bKb'));
    reached.send(request({ via: VIA, callId: 'back' }));
    const back = await rig.heard.next();
    assert.deepEqual(back.flow.remote, phone.local);
    assert.deepEqual(back.flow.local, rig.local);
  });

  it('finds the phone’s newer connection by the port it listens on', async (t) => {
    const rig = await openRig(t);
    const via = 'SIP/2.0/TCP 127.0.0.1:40404';
    const first = await connected(t, rig, via);
    first.peer.socket.end();
    await gone(rig);
    const second = await connected(t, rig, via);
    ask(rig, first.heard, first.heard.flow);
    await second.peer.until((text) => text.includes('z9hG4bKours'));
  });

  it('does not believe a connection number alone', async (t) => {
    const rig = await openRig(t);
    const phone = await TcpListener.open(t);
    const { peer, heard } = await connected(t, rig);
    const { connection = 0, local } = heard.flow;
    const flow: Flow = { transport: 'TCP', local, remote: phone.local, connection };
    ask(rig, heard, flow);
    await (await phone.accepted.next()).until((text) => text.includes('z9hG4bKours'));
    assert.equal(peer.text, '');
  });

  it('sends over a new connection what the peer’s reset may have swallowed', async (t) => {
    const rig = await openRig(t);
    const phone = await TcpListener.open(t);
    const { peer, heard } = await connected(t, rig, `SIP/2.0/TCP 127.0.0.1:${phone.local.port}`);
    const { errors } = ask(rig, heard, heard.flow);
    peer.socket.resetAndDestroy();
    const reached = await phone.accepted.next();
    await reached.until((text) => text.includes('z9hG4bKours'));
    assert.deepEqual(errors, []);
  });

  it('leaves nothing behind when closed', async (t) => {
    const handles = () => process.getActiveResourcesInfo().filter((name) => /^(TCP|UDP)/.test(name)).length;
    const before = handles();
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const { peer: tcp, heard } = await connected(t, rig);
    ask(rig, heard, { transport: 'UDP', local: rig.local, remote: peer.local });
    await peer.inbox.next();
    rig.transport.close();
    await tcp.closed();
    peer.socket.unref();
    assert.equal(rig.clock.waiting, 0);
    assert.equal(rig.transport.connections, 0);
    // The peer's own UDP socket stays.
    while (handles() > before + 1) await setImmediate();
  });
});
