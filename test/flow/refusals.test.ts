import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startLab } from '../support/lab.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const SIM = '{imsi: "001010123456789", K: "00112233445566778899aabbccddeeff"},';

describe('what is not served gets its definite answer', () => {
  const methods: readonly (readonly [string, number])[] = [
    ['PUBLISH', 405],
    ['REFER', 405],
    ['INFO', 405],
    ['UPDATE', 405],
    ['PRACK', 405],
    ['NOTIFY', 405],
    ['BYE', 405],
    ['STEAL', 501],
  ];
  for (const [method, status] of methods) {
    it(`${method} outside a dialog: ${status}`, async (t) => {
      const lab = await startLab(t, ALICE);
      const alice = await lab.phone('alice');
      alice.start(method, { uri: 'sip:bob@ims.test' });
      const refused = await alice.response(status);
      if (status === 405) assert.match(refused.headers.rawAll('Allow').join(), /INVITE/);
    });
  }

  for (const method of ['BYE', 'INFO', 'INVITE', 'SUBSCRIBE', 'NOTIFY', 'UPDATE']) {
    it(`${method} inside a dialog nobody knows: 481`, async (t) => {
      const lab = await startLab(t, ALICE);
      const alice = await lab.phone('alice');
      alice.start(method, { uri: 'sip:bob@ims.test', to: '<sip:bob@ims.test>;tag=gone' });
      await alice.response(481);
    });
  }

  for (const event of ['message-summary', 'presence', 'conference']) {
    it(`SUBSCRIBE for ${event}: 489 with Allow-Events`, async (t) => {
      const lab = await startLab(t, ALICE);
      const alice = await lab.phone('alice');
      alice.start('SUBSCRIBE', {
        uri: alice.uri,
        headers: [`Event: ${event}`, `Contact: <${alice.contact}>`, 'Expires: 60'],
      });
      assert.equal((await alice.response(489)).headers.raw('Allow-Events'), 'reg');
    });
  }

  it('SUBSCRIBE without Event: 489', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('SUBSCRIBE', { uri: alice.uri, headers: [`Contact: <${alice.contact}>`] });
    await alice.response(489);
  });

  it('Require of an extension that is not there: 420 with Unsupported', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('REGISTER', {
      headers: ['Require: sec-agree', 'Proxy-Require: sec-agree', `Contact: <${alice.contact}>`],
    });
    assert.equal((await alice.response(420)).headers.raw('Unsupported'), 'sec-agree');
  });

  it('a Request-URI of an unknown scheme: 416', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('INVITE', { uri: 'http://ims.test', to: '<sip:bob@ims.test>' });
    await alice.response(416);
  });

  it('a call that may be forwarded no further: 483', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    alice.send(`INVITE sip:bob@ims.test SIP/2.0
      Via: SIP/2.0/UDP ${alice.local.address}:${alice.local.port};branch=z9hG4bKmf;rport
      From: <${alice.uri}>;tag=a
      To: <sip:bob@ims.test>
      Call-ID: mf
      CSeq: 1 INVITE
      Max-Forwards: 0`);
    await alice.response(483);
  });
});

describe('OPTIONS', () => {
  it('to the server tells what it can do', async (t) => {
    const lab = await startLab(t, ALICE);
    const stranger = await lab.phone('stranger');
    stranger.start('OPTIONS');
    const answer = await stranger.response(200);
    assert.match(answer.headers.raw('Allow') ?? '', /REGISTER/);
    assert.match(answer.headers.raw('Accept') ?? '', /application\/sdp/);
    assert.equal(answer.headers.raw('Allow-Events'), 'reg');
  });
  it('to a user of ours is answered, to nobody 404', async (t) => {
    const lab = await startLab(t, ALICE);
    const stranger = await lab.phone('stranger');
    stranger.start('OPTIONS', { uri: 'sip:1001@ims.test' });
    await stranger.response(200);
    stranger.start('OPTIONS', { uri: 'sip:nobody@ims.test' });
    await stranger.response(404);
  });
});

describe('nobody acts for a user without proof', () => {
  it('a caller with a password is challenged with 407, and refused with 403 for a wrong one', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const refused = await alice.authenticated('INVITE', 'wrong', {
      uri: 'sip:1001@ims.test',
      headers: [`Contact: <${alice.contact}>`],
    });
    assert.equal(refused.status, 403);
  });

  it('a caller with a SIM card that is not registered from its address is refused with 403', async (t) => {
    const lab = await startLab(t, SIM);
    const eve = await lab.phone('001010123456789');
    eve.start('INVITE', { uri: 'sip:1001@ims.test', headers: [`Contact: <${eve.contact}>`] });
    await eve.response(403);
  });

  it('a caller nobody knows is refused with 403', async (t) => {
    const lab = await startLab(t, ALICE);
    const eve = await lab.phone('eve');
    eve.start('INVITE', { uri: 'sip:1001@ims.test', headers: [`Contact: <${eve.contact}>`] });
    await eve.response(403);
  });

  it('P-Asserted-Identity of a phone proves nothing', async (t) => {
    const lab = await startLab(t, ALICE);
    const eve = await lab.phone('eve');
    eve.start('INVITE', {
      uri: 'sip:1001@ims.test',
      headers: [`Contact: <${eve.contact}>`, 'P-Asserted-Identity: <sip:alice@ims.test>'],
    });
    await eve.response(403);
  });

  it('P-Preferred-Identity is challenged as its user', async (t) => {
    const lab = await startLab(t, ALICE);
    const eve = await lab.phone('eve');
    eve.start('INVITE', {
      uri: 'sip:1001@ims.test',
      headers: [`Contact: <${eve.contact}>`, 'P-Preferred-Identity: <tel:1001>'],
    });
    await eve.response(407);
  });

  it('with auth_on_register_only a registered address is enough, another is challenged', async (t) => {
    const lab = await startLab(t, ALICE, 'auth_on_register_only: true,');
    const alice = await lab.phone('alice');
    await alice.register();
    alice.start('INVITE', { uri: 'sip:nobody@ims.test', headers: [`Contact: <${alice.contact}>`] });
    await alice.response(404);
    const eve = await lab.phone('alice', 250);
    eve.start('INVITE', { uri: 'sip:nobody@ims.test', headers: [`Contact: <${eve.contact}>`] });
    await eve.response(403);
  });
});
