import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow } from '../../../src/core/flow.ts';
import { isRequest } from '../../../src/sip/message/message.ts';
import { ASSOCIATION, ProtectedRig } from './protected-rig.ts';
import { headerValue, request, response, UdpPeer } from './rig.ts';

const WHOLE = (text: string) => text.endsWith('\r\n\r\n');

describe('SIP over UDP with security associations', { timeout: 20_000 }, () => {
  it('hands a request at port_ps up with the set it came in', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { flow } = await lab.asks(set);
    assert.deepEqual(flow, {
      transport: 'UDP',
      local: set.ps,
      remote: set.uc.local,
      protected: { association: ASSOCIATION, set: set.set },
    });
  });

  it('drops what comes to port_ps from anybody else, and from the handset once its set is gone', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const stranger = await UdpPeer.open(t, '127.0.0.2');
    stranger.send(request({ via: 'SIP/2.0/UDP 127.0.0.2;rport', callId: 'stranger' }), set.ps);
    assert.equal((await lab.asks(set, true)).message.headers.raw('Call-ID'), 'call');
    lab.remove(set);
    const next = await lab.agree();
    set.uc.send(request({ callId: 'late' }), set.ps);
    next.uc.send(request({ callId: 'next' }), set.ps);
    next.uc.send(request({ callId: 'right' }), next.ps);
    assert.equal((await lab.rig.heard.next()).message.headers.raw('Call-ID'), 'right');
    assert.equal(stranger.inbox.all.length, 0);
  });

  it('answers a request with rport from port_ps to where it came from', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    assert.deepEqual(lab.rig.answer(await lab.asks(set, true)), []);
    const { text, from } = await set.uc.inbox.next();
    assert.match(text, /^SIP\/2\.0 200/);
    assert.deepEqual(from, set.ps);
  });

  it('answers a request without rport from port_pc to port_us of the set it came in', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const heard = await lab.asks(set);
    await lab.agree();
    assert.deepEqual(lab.rig.answer(heard), []);
    const { text, from } = await set.us.inbox.next();
    assert.match(text, /^SIP\/2\.0 200/);
    assert.deepEqual(from, set.pc);
  });

  it('does not send an answer to wherever the Via of a handset points', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    lab.rig.answer(await lab.asks(set, false, { via: 'SIP/2.0/UDP 127.0.0.2:9' }));
    assert.match((await set.us.inbox.next()).text, /^SIP\/2\.0 200/);
  });

  for (const rport of [false, true]) {
    it(`answers in the set the handset has now when the request’s is gone, rport ${rport}`, async (t) => {
      const lab = await ProtectedRig.open(t);
      const old = await lab.agree();
      const heard = await lab.asks(old, rport);
      const now = await lab.agree();
      lab.remove(old);
      assert.deepEqual(lab.rig.answer(heard), []);
      assert.deepEqual((await now.us.inbox.next()).from, now.pc);
      assert.equal(old.uc.inbox.all.length + old.us.inbox.all.length, 0);
    });

    it(`sends no answer in clear when all sets are gone, rport ${rport}`, async (t) => {
      const lab = await ProtectedRig.open(t);
      const set = await lab.agree();
      const heard = await lab.asks(set, rport);
      lab.remove(set);
      const [error] = lab.rig.answer(heard);
      assert.match(error?.message ?? '', /security associations with 127\.0\.0\.2:\d+ are gone/);
      assert.equal(lab.rig.taps.filter(({ dir }) => dir === 'TO').length, 0);
    });
  }

  it('sends a request from port_pc to port_us, with port_ps and no rport in its Via', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const { errors, packet } = lab.sends(await lab.asks(set));
    const { text, from } = await set.us.inbox.next();
    assert.deepEqual(from, set.pc);
    assert.equal(headerValue(text, 'Via'), `SIP/2.0/UDP 127.0.0.1:${set.ps.port};branch=z9hG4bKours`);
    assert.deepEqual(errors, []);
    assert.equal(packet.reliable, false);
  });

  it('sends requests, and repeats of requests, in the set the handset has by then', async (t) => {
    const lab = await ProtectedRig.open(t);
    const old = await lab.agree();
    const heard = await lab.asks(old);
    const { packet } = lab.sends(heard);
    const first = await old.us.inbox.next();
    const now = await lab.agree();
    packet.send(assert.ifError);
    const repeat = await now.us.inbox.next();
    assert.deepEqual(repeat.from, now.pc);
    assert.equal(repeat.text, first.text, 'a repeat is the same message');
    lab.sends(heard, 'z9hG4bKnew');
    const { text } = await now.us.inbox.next();
    assert.equal(headerValue(text, 'Via'), `SIP/2.0/UDP 127.0.0.1:${now.ps.port};branch=z9hG4bKnew`);
  });

  it('sends a request on a flow from before a restart', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const heard = await lab.asks(set);
    const local = { address: '127.0.0.1', port: 5062 };
    const flow: Flow = { ...heard.flow, local, protected: { association: ASSOCIATION, set: 0 } };
    lab.sends({ ...heard, flow });
    assert.deepEqual((await set.us.inbox.next()).from, set.pc);
  });

  it('says when there are no associations to send a request in', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const heard = await lab.asks(set);
    lab.remove(set);
    for (const transport of ['UDP', 'TCP'] as const) {
      const { errors } = lab.sends({ ...heard, flow: { ...heard.flow, transport } });
      assert.match(errors[0]?.message ?? '', /security associations with 127\.0\.0\.2:\d+ are gone/);
      assert.equal(errors.length, 1);
    }
  });

  it('takes responses at port_ps and at port_pc, and requests at port_ps alone', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    lab.sends(await lab.asks(set));
    const answer = response((await set.us.inbox.next()).text);
    set.us.send(request({ via: 'SIP/2.0/UDP 127.0.0.2;rport' }), set.pc);
    set.us.send(answer, set.pc);
    const atClient = await lab.rig.heard.next();
    assert.ok(!isRequest(atClient.message));
    assert.deepEqual(atClient.flow.protected, { association: ASSOCIATION, set: set.set });
    set.uc.send(answer, set.ps);
    const atServer = await lab.rig.heard.next();
    assert.ok(!isRequest(atServer.message));
    assert.deepEqual(atServer.flow.local, set.ps);
    assert.equal(set.us.inbox.all.length, 1, 'the request at port_pc was not answered');
  });

  it('drops a response at port_pc that comes from elsewhere than port_us', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    lab.sends(await lab.asks(set));
    const answer = response((await set.us.inbox.next()).text);
    set.uc.send(answer, set.pc);
    await lab.asks(set);
    assert.equal(lab.rig.heard.all.length, 2);
  });

  it('refuses a malformed request the same way', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const malformed = (rport: string) =>
      request({ via: `SIP/2.0/UDP 127.0.0.2:${set.us.local.port}${rport}` }).replace('From: ', 'X-From: ');
    set.uc.send(malformed(''), set.ps);
    const plain = await set.us.inbox.next();
    assert.match(plain.text, /^SIP\/2\.0 400 /);
    assert.deepEqual(plain.from, set.pc);
    set.uc.send(malformed(';rport'), set.ps);
    assert.deepEqual((await set.uc.inbox.next()).from, set.ps);
  });

  it('drops keep-alives at both ports without a word', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    for (const text of ['\r\n\r\n', '\0']) {
      set.uc.send(text, set.ps);
      set.us.send(text, set.pc);
    }
    await lab.asks(set);
    assert.equal(lab.rig.taps.length, 1);
    assert.equal(set.uc.inbox.all.length + set.us.inbox.all.length, 0);
  });

  it('tells the tap between which ports each message went', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const heard = await lab.asks(set);
    lab.rig.answer(heard);
    lab.sends(heard);
    assert.deepEqual(
      lab.rig.taps.map(({ dir, local, remote }) => [dir, local.port, remote.port]),
      [
        ['FROM', set.ps.port, set.uc.local.port],
        ['TO', set.pc.port, set.us.local.port],
        ['TO', set.pc.port, set.us.local.port],
      ],
    );
  });

  it('sends a long request over TCP to a handset that spoke TCP, bound to port_pc, else over UDP', async (t) => {
    const lab = await ProtectedRig.open(t);
    const set = await lab.agree();
    const heard = await lab.asks(set);
    lab.sends(heard, 'z9hG4bKa', 2000);
    assert.match((await set.us.inbox.next()).text, /Via: SIP\/2\.0\/UDP .*z9hG4bKa/, 'it never spoke TCP');
    const handset = await lab.listens(set);
    const { peer } = await lab.dials(set);
    lab.sends(heard, 'z9hG4bKb', 2000);
    assert.match(await lab.answers(peer, 'z9hG4bKb'), /Via: SIP\/2\.0\/TCP /);
    peer.socket.destroy();
    await lab.connections(0);
    lab.sends(heard, 'z9hG4bKc', 2000);
    const ours = await handset.accepted.next();
    assert.equal(ours.socket.remotePort, set.pc.port);
    assert.match(await lab.answers(ours, 'z9hG4bKc'), /Via: SIP\/2\.0\/TCP /);
    ours.socket.destroy();
    handset.server.close();
    await lab.connections(0);
    const { errors } = lab.sends(heard, 'z9hG4bKd', 2000);
    const { text, from } = await set.us.inbox.next();
    assert.deepEqual(from, set.pc);
    assert.match(headerValue(text, 'Via') ?? '', /^SIP\/2\.0\/UDP .*z9hG4bKd/);
    assert.deepEqual(errors, []);
  });

  it('keeps SIP in clear as it is beside', async (t) => {
    const lab = await ProtectedRig.open(t);
    await lab.agree();
    const peer = await UdpPeer.open(t);
    peer.send(request({ via: 'SIP/2.0/UDP 127.0.0.1;rport' }), lab.rig.local);
    const heard = await lab.rig.heard.next();
    assert.equal(heard.flow.protected, undefined);
    lab.rig.answer(heard);
    assert.deepEqual((await peer.inbox.next()).from, lab.rig.local);
    lab.sends(heard);
    const { text, from } = await peer.inbox.next();
    assert.deepEqual(from, lab.rig.local);
    assert.match(headerValue(text, 'Via') ?? '', /;rport;/);
    assert.ok(WHOLE(text));
  });
});
