import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_STREAM_OPTIONS } from '../../../src/sip/transport/connection.ts';
import { ASSOCIATION, ProtectedRig } from './protected-rig.ts';
import { headerValue, request, response, TcpPeer } from './rig.ts';

const WHOLE = (text: string) => text.endsWith('\r\n\r\n');

describe('SIP over TCP with security associations', { timeout: 20_000 }, () => {
  it('hands a request at port_ps up with the set it came in, and answers on its connection', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { peer, heard } = await lab.dials(set);
    const { connection, ...flow } = heard.flow;
    assert.ok(connection !== undefined);
    assert.deepEqual(flow, {
      transport: 'TCP',
      local: set.ps,
      remote: set.uc.local,
      protected: { association: ASSOCIATION, set: set.set },
    });
    assert.deepEqual(lab.rig.answer(heard), []);
    assert.match(await peer.until(WHOLE), /^SIP\/2\.0 200/);
  });

  it('drops the connection of anybody else', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const stranger = await TcpPeer.dial(t, set.ps);
    stranger.send(request({ via: 'SIP/2.0/TCP 127.0.0.1' }));
    assert.equal(await stranger.closed(), '');
    assert.equal(lab.rig.transport.connections, 0);
    assert.equal(lab.rig.heard.all.length, 0);
  });

  it('does not listen on port_pc', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    await assert.rejects(TcpPeer.dial(t, set.pc, set.us.local), { code: 'ECONNREFUSED' });
  });

  it('drops a connection with the first message after its set is gone', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { peer } = await lab.dials(set);
    lab.remove(set);
    peer.send(request({ via: 'SIP/2.0/TCP 127.0.0.2' }));
    assert.equal(await peer.closed(), '');
    assert.equal(lab.rig.heard.all.length, 1);
  });

  it('answers CRLFCRLF', async (t) => {
    const lab = await ProtectedRig.open(t);
    const { peer } = await lab.dials(await lab.agree());
    peer.send('\r\n\r\n');
    assert.equal(await peer.until((text) => text.length >= 2), '\r\n');
  });

  it('answers on a connection from port_pc to port_us when the request’s is gone, and uses it again', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const handset = await lab.listens(set);
    const { peer, heard } = await lab.dials(set);
    peer.socket.destroy();
    await lab.connections(0);
    await lab.agree();
    lab.rig.answer(heard);
    const ours = await handset.accepted.next();
    assert.equal(ours.socket.remotePort, set.pc.port, 'in the set of the request');
    await ours.until(WHOLE);
    lab.rig.answer(heard, 486);
    assert.match(await ours.until((text) => text.includes(' 486 ')), /^SIP\/2\.0 200[\s\S]*SIP\/2\.0 486/);
    assert.equal(lab.rig.transport.connections, 1);
  });

  it('answers in the set the handset has now when the request’s is gone, and says when there is none', async (t) => {
    const lab = await ProtectedRig.open(t);
    const old = await lab.agree();
    const { peer, heard } = await lab.dials(old);
    const now = await lab.agree();
    const handset = await lab.listens(now);
    lab.remove(old);
    lab.rig.transport.removed(old.set);
    await peer.closed();
    lab.rig.answer(heard);
    const ours = await handset.accepted.next();
    assert.equal(ours.socket.remotePort, now.pc.port);
    await ours.until(WHOLE);
    lab.remove(now);
    lab.rig.transport.removed(now.set);
    const [error] = lab.rig.answer(heard);
    assert.match(error?.message ?? '', /security associations with 127\.0\.0\.2:\d+ are gone/);
  });

  it('refuses a malformed request on its connection', async (t) => {
    const lab = await ProtectedRig.open(t);
    const { peer } = await lab.dials(await lab.agree());
    peer.send(request({ via: 'SIP/2.0/TCP 127.0.0.2' }).replace('From: ', 'X-From: '));
    assert.match(await peer.until(WHOLE), /^SIP\/2\.0 400 /);
  });

  it('sends requests on the connection the handset opened, with port_ps and no rport in their Via', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { peer, heard } = await lab.dials(set);
    const { packet, errors } = lab.sends(heard);
    const text = await peer.until(WHOLE);
    assert.equal(headerValue(text, 'Via'), `SIP/2.0/TCP 127.0.0.1:${set.ps.port};branch=z9hG4bKours`);
    assert.equal(packet.reliable, true);
    assert.deepEqual(errors, []);
    assert.equal(lab.rig.transport.connections, 1);
  });

  it('sends requests on another connection of the set when the flow’s is gone', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const first = await lab.dials(set);
    first.peer.socket.destroy();
    await lab.connections(0);
    const second = await lab.dials(set);
    lab.sends(first.heard);
    await second.peer.until((text) => text.includes('z9hG4bKours'));
  });

  it('reopens a connection that the handset ended from port_pc to port_us, and uses it again', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const handset = await lab.listens(set);
    const { peer, heard } = await lab.dials(set);
    for (const branch of ['z9hG4bKa', 'z9hG4bKb']) {
      peer.socket.end();
      for (const { socket } of handset.accepted.all) socket.end();
      await lab.connections(0);
      const { errors } = lab.sends(heard, branch);
      const ours = await handset.accepted.next();
      assert.deepEqual(ours.socket.remotePort, set.pc.port);
      const text = await lab.answers(ours, branch);
      assert.equal(headerValue(text, 'Via'), `SIP/2.0/TCP 127.0.0.1:${set.ps.port};branch=${branch}`);
      lab.sends(heard, `${branch}2`);
      await lab.answers(ours, `${branch}2`);
      assert.equal(lab.rig.transport.connections, 1);
      assert.deepEqual(errors, []);
    }
  });

  it('hands up what comes on a connection of its own making, with port_ps as ours', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const handset = await lab.listens(set);
    const { peer, heard } = await lab.dials(set);
    peer.socket.destroy();
    await lab.connections(0);
    lab.sends(heard);
    const ours = await handset.accepted.next();
    ours.send(response(await ours.until(WHOLE)));
    const { flow } = await lab.rig.heard.next();
    assert.deepEqual(flow.local, set.ps);
    assert.deepEqual(flow.remote, set.us.local);
    assert.equal(flow.bound, undefined);
    assert.deepEqual(flow.protected, { association: ASSOCIATION, set: set.set });
    const last = lab.rig.taps.at(-1);
    assert.deepEqual([last?.local, last?.remote], [set.pc, set.us.local]);
  });

  it('goes over UDP, inside the set, to a handset that takes no connection', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { peer, heard } = await lab.dials(set);
    peer.socket.destroy();
    await lab.connections(0);
    const { errors } = lab.sends(heard);
    const { text, from } = await set.us.inbox.next();
    assert.deepEqual(from, set.pc);
    assert.equal(headerValue(text, 'Via'), `SIP/2.0/UDP 127.0.0.1:${set.ps.port};branch=z9hG4bKours`);
    assert.deepEqual(errors, []);
  });

  it('leaves the connections of an old set when the handset has a new one', async (t) => {
    const lab = await ProtectedRig.open(t);
    const old = await lab.agree();
    const { peer, heard } = await lab.dials(old);
    const now = await lab.agree();
    const handset = await lab.listens(now);
    lab.sends(heard);
    assert.equal((await handset.accepted.next()).socket.remotePort, now.pc.port);
    assert.equal(peer.text, '');
    lab.rig.answer(heard);
    assert.match(await peer.until(WHOLE), /^SIP\/2\.0 200/, 'answers still go on them');
  });

  it('resets the connections of a set that is removed, and no others', async (t) => {
    const lab = await ProtectedRig.open(t);
    const old = await lab.agree();
    const first = await lab.dials(old);
    const now = await lab.agree();
    const second = await lab.dials(now);
    const resets: unknown[] = [];
    first.peer.socket.on('error', (error: NodeJS.ErrnoException) => resets.push(error.code));
    lab.remove(old);
    lab.rig.transport.removed(old.set);
    await first.peer.closed();
    assert.deepEqual(resets, ['ECONNRESET']);
    lab.sends(first.heard);
    await second.peer.until((text) => text.includes('z9hG4bKours'));
    assert.equal(lab.rig.transport.connections, 1);
  });

  it('sends again in the new set what the removal of the old one may have lost', async (t) => {
    const lab = await ProtectedRig.open(t);
    const old = await lab.agree();
    const { peer, heard } = await lab.dials(old);
    const { errors } = lab.sends(heard);
    await peer.until(WHOLE);
    const now = await lab.agree();
    const handset = await lab.listens(now);
    lab.remove(old);
    lab.rig.transport.removed(old.set);
    const ours = await handset.accepted.next();
    await ours.until((text) => text.includes('z9hG4bKours'));
    assert.deepEqual(errors, []);
  });

  it('says that a request is lost when the last set is removed', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { errors } = lab.sends((await lab.dials(set)).heard);
    lab.remove(set);
    lab.rig.transport.removed(set.set);
    assert.match(errors[0]?.message ?? '', /are gone/);
    assert.equal(errors.length, 1);
  });

  it('never mixes connections in clear with protected ones', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const handset = await lab.listens(set);
    const clear = await TcpPeer.dial(t, lab.rig.local, { address: '127.0.0.2', port: 0 });
    clear.send(request({ via: `SIP/2.0/TCP 127.0.0.2:${set.us.local.port}` }));
    const heard = await lab.rig.heard.next();
    const flow = { ...heard.flow, protected: { association: ASSOCIATION, set: set.set } };
    lab.sends({ ...heard, flow });
    const ours = await handset.accepted.next();
    await ours.until((text) => text.includes('z9hG4bKours'));
    assert.equal(clear.text, '');
    lab.sends(heard, 'z9hG4bKclear');
    await clear.until((text) => text.includes('z9hG4bKclear'));
    assert.ok(!ours.text.includes('z9hG4bKclear'));
  });

  it('bounds the connections of one handset', async (t) => {
    const lab = await ProtectedRig.open(t, { streams: { ...DEFAULT_STREAM_OPTIONS, maxPerAddress: 1 } });
    await lab.dials(await lab.agree());
    const { uc, ps } = await lab.agree();
    const second = await TcpPeer.dial(t, ps, uc.local);
    assert.equal(await second.closed(), '');
  });

  it('knows its protected ports as its own', async (t) => {
    const lab = await ProtectedRig.open(t);
    const { serverPorts, clientPorts, address } = lab.ports;
    const { transport, local } = lab.rig;
    for (const port of [...serverPorts, ...clientPorts, local.port]) assert.ok(transport.isOurs({ address, port }));
    assert.ok(!transport.isOurs({ address, port: 9 }));
    assert.deepEqual(
      transport.places.map((place) => place.local),
      [local],
    );
  });
});
