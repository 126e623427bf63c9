import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestResponse } from '../../src/sip/message/digest.ts';
import { CONTACT, MIN_EXPIRES, SERVICE_ROUTE } from '../../src/sip/message/header-types.ts';
import type { Response } from '../../src/sip/message/message.ts';
import { printUri } from '../../src/sip/message/uri.ts';
import { startLab } from '../support/lab.ts';
import { challengeOf, credentials, type Phone } from '../support/phone.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';

const contacts = (response: Response) => response.headers.rawAll('Contact');

describe('a phone registers with a password', () => {
  it('is challenged, answers and is bound, its identities listed in one line', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('REGISTER', { callId: 'r', headers: [`Contact: <${alice.contact}>`, 'Expires: 600000'] });
    const challenged = await alice.response(401);
    const { realm, algorithm, qop } = challengeOf(challenged);
    assert.deepEqual([realm, algorithm, qop], ['ims.test', 'MD5', ['auth']]);
    alice.start('REGISTER', {
      callId: 'r',
      headers: [
        `Contact: <${alice.contact}>;+g.3gpp.smsip;video`,
        'Expires: 600000',
        'Supported: path',
        credentials(challenged, 'REGISTER', 'sip:ims.test', 'alice', 'alice'),
      ],
    });
    const accepted = await alice.response(200);
    assert.equal(accepted.headers.raw('To'), challenged.headers.raw('To'));
    assert.deepEqual(contacts(accepted), [`<${alice.contact}>;+g.3gpp.smsip;video;expires=600000`]);
    assert.deepEqual(accepted.headers.rawAll('P-Associated-URI'), ['<sip:alice@ims.test>, <tel:1001>']);
    assert.equal(accepted.headers.all(SERVICE_ROUTE).length, 1);
    assert.deepEqual(accepted.headers.rawAll('Path'), [`<sip:${lab.address}:5060;lr>`]);
    assert.equal(lab.server.counts().bindings, 1);
  });

  it('is refused with 403 for a wrong password', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const answer = await alice.authenticated('REGISTER', 'wrong', { headers: [`Contact: <${alice.contact}>`] });
    assert.equal(answer.status, 403);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('is refused with 403 when nobody has the identity or the user name', async (t) => {
    const lab = await startLab(t, ALICE);
    const eve = await lab.phone('eve');
    eve.start('REGISTER', { headers: [`Contact: <${eve.contact}>`] });
    await eve.response(403);
    const header = 'Authorization: Digest username="eve", realm="ims.test", nonce="", uri="sip:ims.test", response=""';
    eve.start('REGISTER', { headers: [`Contact: <${eve.contact}>`, header] });
    await eve.response(403);
  });

  it('is refused with 403 when it registers an identity that is not its own', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    const header =
      'Authorization: Digest username="alice", realm="ims.test", nonce="", uri="sip:ims.test", response=""';
    alice.start('REGISTER', { to: '<sip:bob@ims.test>', headers: [`Contact: <${alice.contact}>`, header] });
    await alice.response(403);
  });

  it('may not answer the challenge of another user', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    alice.start('REGISTER', { headers: [`Contact: <${alice.contact}>`] });
    const challenged = await alice.response(401);
    const { nonce } = challengeOf(challenged);
    const bob = await lab.phone('bob');
    bob.start('REGISTER', {
      headers: [`Contact: <${bob.contact}>`, credentials(challenged, 'REGISTER', 'sip:ims.test', 'bob', 'bob')],
    });
    assert.notEqual(challengeOf(await bob.response(401)).nonce, nonce);
  });

  it('is challenged anew, as stale, when a nonce count is used again', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const send = (challenged: Response, nc: string) =>
      alice.start('REGISTER', {
        callId: 'r',
        headers: [
          `Contact: <${alice.contact}>`,
          credentials(challenged, 'REGISTER', 'sip:ims.test', 'alice', 'alice', nc),
        ],
      });
    alice.start('REGISTER', { callId: 'r', headers: [`Contact: <${alice.contact}>`] });
    const challenged = await alice.response(401);
    send(challenged, '00000001');
    await alice.response(200);
    send(challenged, '00000001');
    assert.equal(challengeOf(await alice.response(401)).stale, true);
    send(challenged, '00000002');
    await alice.response(200);
  });

  it('is challenged anew when the challenge is older than four minutes', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('REGISTER', { headers: [`Contact: <${alice.contact}>`] });
    const challenged = await alice.response(401);
    lab.clock.advance(241_000);
    alice.start('REGISTER', {
      headers: [`Contact: <${alice.contact}>`, credentials(challenged, 'REGISTER', 'sip:ims.test', 'alice', 'alice')],
    });
    await alice.response(401);
  });

  it('may leave qop out of its answer (RFC 2069)', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('REGISTER', { headers: [`Contact: <${alice.contact}>`] });
    const { nonce, realm } = challengeOf(await alice.response(401));
    const uri = 'sip:ims.test';
    const response = digestResponse({
      username: 'alice',
      realm,
      password: Buffer.from('alice'),
      method: 'REGISTER',
      uri,
      nonce,
    });
    const header = `Authorization: Digest username="alice",realm="${realm}",nonce="${nonce}",uri="${uri}",response="${response}"`;
    alice.start('REGISTER', { headers: [`Contact: <${alice.contact}>`, header] });
    await alice.response(200);
  });
});

describe('a binding', () => {
  it('is granted binding_expires when the phone names no time', async (t) => {
    const lab = await startLab(t, ALICE, 'binding_expires: 1234,');
    const alice = await lab.phone('alice');
    const accepted = await alice.register({ headers: [`Contact: <${alice.contact}>`] });
    assert.match(contacts(accepted)[0] ?? '', /;expires=1234$/);
  });

  it('is granted 864000 s at the most', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const accepted = await alice.register({ headers: [`Contact: <${alice.contact}>;expires=4000000`] });
    assert.match(contacts(accepted)[0] ?? '', /;expires=864000$/);
  });

  it('too short is refused with 423 and the shortest time', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const refused = await alice.register({ headers: [`Contact: <${alice.contact}>`, 'Expires: 3'] });
    assert.equal(refused.status, 423);
    assert.equal(refused.headers.get(MIN_EXPIRES), 10);
  });

  it('ends when its time is over', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register({ headers: [`Contact: <${alice.contact}>`, 'Expires: 60'] });
    lab.clock.advance(59_000);
    assert.equal(lab.server.counts().bindings, 1);
    lab.clock.advance(1_000);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('is refreshed by a later REGISTER', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register({ headers: [`Contact: <${alice.contact}>`, 'Expires: 60'] });
    lab.clock.advance(50_000);
    await alice.register({ headers: [`Contact: <${alice.contact}>`, 'Expires: 60'] });
    lab.clock.advance(50_000);
    assert.equal(lab.server.counts().bindings, 1);
  });

  it('is not changed by an older CSeq of the same Call-ID', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const headers = [`Contact: <${alice.contact}>`];
    assert.equal((await alice.register({ callId: 'same', headers })).status, 200);
    // Until its transaction is forgotten the same CSeq would be a merged request.
    lab.clock.advance(40_000);
    alice.start('REGISTER', { callId: 'same', cseq: 1, branch: 'z9hG4bKold', headers });
    const challenged = await alice.response(401);
    const answer = credentials(challenged, 'REGISTER', 'sip:ims.test', 'alice', 'alice');
    alice.start('REGISTER', { callId: 'same', cseq: 2, branch: 'z9hG4bKold2', headers: [...headers, answer] });
    await alice.response(500);
  });

  it('takes the place of the older ones of a user, unless multi_sim is set', async (t) => {
    const multi = '{impi: "bob", impu: "bob", pwd: "bob", multi_sim: true},';
    const lab = await startLab(t, ALICE + multi);
    for (const [name, count] of [
      ['alice', 1],
      ['bob', 2],
    ] as const) {
      const first = await lab.phone(name);
      const second = await lab.phone(name);
      await first.register();
      const accepted = await second.register();
      assert.equal(accepted.headers.all(CONTACT).length, count);
      assert.ok(contacts(accepted).some((contact) => contact.includes(second.contact)));
    }
  });

  it('of a phone with multi_sim is told apart by its IMEI, wherever the phone is', async (t) => {
    const lab = await startLab(t, '{impi: "bob", impu: "bob", pwd: "bob", multi_sim: true},');
    const tagged = (phone: Phone, imei: string) => ({
      headers: [`Contact: <${phone.contact}>;+sip.instance="<urn:gsma:imei:${imei}>"`],
    });
    const [first, moved, second] = [await lab.phone('bob'), await lab.phone('bob'), await lab.phone('bob')];
    await first.register(tagged(first, '35-209900-176148-0'));
    await moved.register(tagged(moved, '35-209900-176148-0'));
    const accepted = await second.register(tagged(second, '35-209900-999999-0'));
    assert.deepEqual(
      accepted.headers.all(CONTACT).map((contact) => (contact === '*' ? '' : printUri(contact.uri))),
      [moved.contact, second.contact],
    );
  });

  it('may come with others in one REGISTER, each with its preference', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const accepted = await alice.register({
      headers: [`Contact: <${alice.contact}>;q=0.5, <sip:alice@192.0.2.9:5070>;q=1.0;expires=60`, 'Expires: 120'],
    });
    assert.deepEqual(contacts(accepted), [
      `<${alice.contact}>;q=0.5;expires=120`,
      '<sip:alice@192.0.2.9:5070>;q=1.0;expires=60',
    ]);
  });

  it('that no SIP request can reach is refused', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    assert.equal((await alice.register({ headers: ['Contact: <mailto:alice@ims.test>'] })).status, 400);
  });
});

describe('a phone deregisters', () => {
  it('one contact with expires=0', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    const answer = await alice.register({ headers: [`Contact: <${alice.contact}>;expires=0`] });
    assert.equal(answer.status, 200);
    assert.deepEqual(contacts(answer), []);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('all contacts with *', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register({ headers: [`Contact: <${alice.contact}>, <sip:alice@192.0.2.9>`] });
    assert.equal(lab.server.counts().bindings, 2);
    assert.equal((await alice.register({ headers: ['Contact: *', 'Expires: 0'] })).status, 200);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('is refused * without Expires: 0, or beside another contact', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    assert.equal((await alice.register({ headers: ['Contact: *', 'Expires: 60'] })).status, 400);
    alice.start('REGISTER', { headers: [`Contact: *, <${alice.contact}>`, 'Expires: 0'] });
    await alice.response(400);
  });

  it('asks what is bound without a Contact', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    const answer = await alice.register({ headers: [] });
    assert.deepEqual(contacts(answer), [`<${alice.contact}>;expires=3600`]);
  });
});
