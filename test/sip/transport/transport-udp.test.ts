import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localAddresses } from '../../../src/net/local-addresses.ts';
import { isRequest, type Request } from '../../../src/sip/message/message.ts';
import type { Wire } from '../../../src/sip/transaction/wire.ts';
import { headerValue, openRig, request, response, UdpPeer } from './rig.ts';

const ipv6 = localAddresses().some(({ address }) => address === '::1');

describe('SIP over UDP', { timeout: 20_000 }, () => {
  it('hands a request up with its flow, and its answer comes back to the port it came from', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    peer.send(request({ via: 'SIP/2.0/UDP 10.1.2.3:5071;rport' }), rig.local);
    const heard = await rig.heard.next();
    assert.deepEqual(heard.flow, { transport: 'UDP', local: rig.local, remote: peer.local });
    assert.deepEqual(rig.answer(heard), []);
    const { text, from } = await peer.inbox.next();
    assert.deepEqual(from, rig.local);
    assert.match(text, /^SIP\/2\.0 200 OK\r\n/);
    const { port } = peer.local;
    assert.equal(
      headerValue(text, 'Via'),
      `SIP/2.0/UDP 10.1.2.3:5071;rport=${port};branch=z9hG4bK1;received=127.0.0.1`,
    );
  });

  it('answers a client without rport where it says it listens', async (t) => {
    const rig = await openRig(t);
    const sender = await UdpPeer.open(t);
    const listener = await UdpPeer.open(t);
    const via = `SIP/2.0/UDP 127.0.0.1:${listener.local.port};branch=z9hG4bK7`;
    sender.send(request({ via }), rig.local);
    rig.answer(await rig.heard.next());
    const { text, from } = await listener.inbox.next();
    assert.equal(headerValue(text, 'Via'), via);
    assert.deepEqual(from, rig.local);
  });

  it('answers to the source address, whatever name sent-by has, and never to maddr', async (t) => {
    const rig = await openRig(t);
    const sender = await UdpPeer.open(t);
    const stranger = await UdpPeer.open(t, '127.0.0.9', 0);
    sender.send(request({ via: `SIP/2.0/UDP phone.test;rport;maddr=127.0.0.9` }), rig.local);
    rig.answer(await rig.heard.next());
    assert.match((await sender.inbox.next()).text, /received=127\.0\.0\.1/);
    assert.equal(stranger.inbox.all.length, 0);
  });

  it('refuses a request whose answer would repeat more than it keeps', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const via = 'SIP/2.0/UDP 127.0.0.1;rport';
    peer.send(request({ via, callId: 'x'.repeat(17_000) }), rig.local);
    assert.match((await peer.inbox.next()).text, /^SIP\/2\.0 513 /);
    peer.send(
      request({ via, headers: Array<string>(64).fill('Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx') }),
      rig.local,
    );
    assert.match((await peer.inbox.next()).text, /^SIP\/2\.0 513 /);
    assert.equal(rig.heard.all.length, 0);
  });

  it('answers keep in the Via', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    peer.send(request({ via: 'SIP/2.0/UDP 127.0.0.1;keep;rport' }), rig.local);
    rig.answer(await rig.heard.next());
    assert.match((await peer.inbox.next()).text, /;keep=840;/);
  });

  it('drops keep-alives and STUN without a word', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const stun = Buffer.alloc(28);
    stun.writeUInt32BE(0x00010008, 0);
    stun.writeUInt32BE(0x2112a442, 4);
    for (const data of ['', '\r\n', '\r\n\r\n', '\r\n'.repeat(20), '\0', stun]) peer.send(data, rig.local);
    peer.send(request(), rig.local);
    const { message } = await rig.heard.next();
    assert.ok(isRequest(message));
    assert.equal(rig.taps.length, 1);
    assert.equal(peer.inbox.all.length, 0);
  });

  it('reads a request behind line ends', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    peer.send(`\r\n\r\n${request({ method: 'MESSAGE', body: 'hello' })}`, rig.local);
    assert.equal(Buffer.from((await rig.heard.next()).message.body).toString(), 'hello');
  });

  const refused: [string, string, RegExp][] = [
    ['without Call-ID', request().replace(/Call-ID: .*\r\n/, ''), /^SIP\/2\.0 400 .*Call-ID/],
    ['of another SIP version', request().replaceAll('SIP/2.0', 'SIP/7.0'), /^SIP\/2\.0 505 /],
    ['whose body is cut off', request({ body: 'abc' }).slice(0, -1), /^SIP\/2\.0 400 .*Content-Length/],
    ['with a method that is not its CSeq’s', request().replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'), /^SIP\/2\.0 400 /],
    ['for an unknown scheme', request().replace('sip:ims.test', 'nobody:ims.test'), /^SIP\/2\.0 416 /],
    ['with a malformed From', request().replace('<sip:a@ims.test>', '<sip:a@ims.test'), /^SIP\/2\.0 400 .*From/],
  ];
  for (const [name, text, expected] of refused) {
    it(`refuses a request ${name}, each time the same way`, async (t) => {
      const rig = await openRig(t);
      const peer = await UdpPeer.open(t);
      const asked = text.replace('UDP 127.0.0.1', 'UDP 127.0.0.1;rport');
      peer.send(asked, rig.local);
      peer.send(asked, rig.local);
      const first = await peer.inbox.next();
      assert.match(first.text, expected);
      assert.match(first.text, /z9hG4bK1/);
      assert.equal((await peer.inbox.next()).text, first.text);
      assert.equal(rig.heard.all.length, 0);
    });
  }

  it('puts a tag on the To of its refusals', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    for (const callId of ['one', 'two']) {
      const via = 'SIP/2.0/UDP 127.0.0.1;rport';
      peer.send(request({ callId, via }).replace('CSeq: 1', 'CSeq: x'), rig.local);
    }
    const to = [(await peer.inbox.next()).text, (await peer.inbox.next()).text].map((text) => headerValue(text, 'To'));
    assert.match(to[0] ?? '', /^<sip:b@ims\.test>;tag=.+/);
    assert.notEqual(to[0], to[1]);
  });

  it('answers neither a malformed ACK nor a malformed response nor garbage', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const via = 'SIP/2.0/UDP 127.0.0.1;rport';
    peer.send(request({ method: 'ACK', via }).replace('From: ', 'X-From: '), rig.local);
    peer.send(response(request({ via })).replace('CSeq: ', 'X-CSeq: '), rig.local);
    peer.send(response(request({ via })).replace('Via: ', 'X-Via: '), rig.local);
    peer.send(request({ via }).replace('Via: ', 'X-Via: '), rig.local);
    peer.send(request({ via }).replace('Via: SIP', 'Via: ?'), rig.local);
    peer.send(Buffer.alloc(1500, 0xff), rig.local);
    peer.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n', rig.local);
    peer.send(request({ via, callId: 'good' }), rig.local);
    const heard = await rig.heard.next();
    assert.equal(heard.message.headers.raw('Call-ID'), 'good');
    rig.answer(heard);
    assert.match((await peer.inbox.next()).text, /^SIP\/2\.0 200/);
    assert.deepEqual(rig.bugs, []);
  });

  it('hands a response up as it came', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const wire: Wire = rig.transport;
    const flow = { transport: 'UDP', local: rig.local, remote: peer.local } as const;
    const asked: Request = {
      method: 'OPTIONS',
      uri: 'sip:a',
      headers: await headersOf(rig, peer),
      body: Buffer.alloc(0),
    };
    const before = asked.headers.lines.length;
    wire.request(asked, flow, 'z9hG4bKours').send(assert.ifError);
    const { text } = await peer.inbox.next();
    const { address, port } = rig.local;
    assert.equal(headerValue(text, 'Via'), `SIP/2.0/UDP ${address}:${port};rport;branch=z9hG4bKours`);
    assert.equal(asked.headers.lines.length, before, 'the request itself is not changed');
    peer.send(response(text), rig.local);
    const heard = await rig.heard.next();
    assert.ok(!isRequest(heard.message));
    assert.equal(heard.message.headers.raw('Via'), headerValue(text, 'Via'));
    assert.deepEqual(heard.flow, flow);
  });

  it('tells the tap of each message with its octets', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const asked = request({ via: 'SIP/2.0/UDP 127.0.0.1;rport' });
    peer.send(asked, rig.local);
    rig.answer(await rig.heard.next());
    const { text } = await peer.inbox.next();
    const seen = rig.taps.map(({ dir, summary, octets, remote }) => ({
      dir,
      summary,
      text: Buffer.from(octets).toString('latin1'),
      remote,
    }));
    const remote = peer.local;
    assert.deepEqual(seen, [
      { dir: 'FROM', summary: 'OPTIONS sip:ims.test SIP/2.0', text: asked, remote },
      { dir: 'TO', summary: 'SIP/2.0 200 OK', text, remote },
    ]);
  });

  it('goes on after a bug above', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    rig.onMessage = () => {
      rig.onMessage = undefined;
      throw new Error('bug');
    };
    peer.send(request({ callId: 'first' }), rig.local);
    peer.send(request({ callId: 'second' }), rig.local);
    assert.equal((await rig.heard.next()).message.headers.raw('Call-ID'), 'second');
    assert.equal(rig.bugs.length, 1);
  });

  it('says when the address of a flow is not ours', async (t) => {
    const rig = await openRig(t);
    const peer = await UdpPeer.open(t);
    const flow = { transport: 'UDP', local: { address: '192.0.2.77', port: 5060 }, remote: peer.local } as const;
    const errors: Error[] = [];
    peer.send(request(), rig.local);
    const { message } = await rig.heard.next();
    rig.transport.request(message as Request, flow, 'z9hG4bKx').send((error) => errors.push(error));
    assert.match(errors[0]?.message ?? '', /192\.0\.2\.77:5060/);
  });

  it('answers from the address that was asked when it listens on a wildcard', async (t) => {
    const rig = await openRig(t, { sockets: [{ address: '0.0.0.0', port: 0 }] });
    const place = rig.transport.places.find(({ local }) => local.address === '127.0.0.1');
    assert.ok(place !== undefined);
    assert.ok(rig.transport.places.every(({ local }) => local.address !== '0.0.0.0'));
    const peer = await UdpPeer.open(t);
    peer.send(request({ via: 'SIP/2.0/UDP 127.0.0.1;rport' }), place.local);
    const heard = await rig.heard.next();
    assert.deepEqual(heard.flow.local, place.local);
    rig.answer(heard);
    assert.deepEqual((await peer.inbox.next()).from, place.local);
  });

  it('speaks IPv6', { skip: ipv6 ? false : 'no ::1 on this machine' }, async (t) => {
    const rig = await openRig(t, { sockets: [{ address: '::1', port: 0 }] });
    const peer = await UdpPeer.open(t, '::1');
    peer.send(request({ via: 'SIP/2.0/UDP [0:0::1]:5060;rport' }), rig.local);
    const heard = await rig.heard.next();
    rig.answer(heard);
    assert.match((await peer.inbox.next()).text, /Via: SIP\/2\.0\/UDP \[.*1\]:5060;rport=\d+;.*received=::1\r\n/);
    rig.transport.request(heard.message as Request, heard.flow, 'z9hG4bK6').send(assert.ifError);
    assert.match((await peer.inbox.next()).text, /Via: SIP\/2\.0\/UDP \[::1\]:\d+;rport;branch=z9hG4bK6\r\n/);
  });
});

/** Headers of a request that a peer has sent, without its Via. */
async function headersOf(rig: Awaited<ReturnType<typeof openRig>>, peer: UdpPeer): Promise<Request['headers']> {
  peer.send(request(), rig.local);
  return (await rig.heard.next()).message.headers.clone().remove('Via');
}
