import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readSqn } from '../../src/aka/sequence.ts';
import { simAlgorithm } from '../../src/aka/sim-keys.ts';
import { parseAkaNonce } from '../../src/sip/message/aka-digest.ts';
import type { Request, Response } from '../../src/sip/message/message.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { challengeOf, credentials, type Phone } from '../support/phone.ts';
import { subscribed } from '../support/reg-event.ts';
import { cardAnswer, newCard } from '../support/sim-phone.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const BOB = '{impi: "bob", impu: "bob", pwd: "bob"},';
const K = '00112233445566778899aabbccddeeff';
const IMSI = '001010123456789';
const OPC = '000102030405060708090a0b0c0d0e0f';
const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const KEYS = { algo: 'milenage', k: octets(K), opc: octets(OPC) } as const;
const SECRETS = `K: "${K}", sim_algo: "milenage", opc: "${OPC}"`;
const CARD = `{imsi: "${IMSI}", ${SECRETS}},`;

function stateFile(t: TestContext): { path: string; setting: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lteims-state-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'lteims.db');
  return { path, setting: `ue_db_filename: "${path}",` };
}

const startKept = (t: TestContext, users: string, settings = '') => startLab(t, users, stateFile(t).setting + settings);

const bodyOf = (request: Request) => Buffer.from(request.body).toString();
const versionOf = (request: Request) => Number(/version="(\d+)"/.exec(bodyOf(request))?.[1]);
const cseqOf = (request: Request) => Number.parseInt(request.headers.raw('CSeq') ?? '', 10);
const contacts = (response: Response) => response.headers.rawAll('Contact');

function sqnOf(challenged: Response): number {
  const { rand, autn } = parseAkaNonce(challengeOf(challenged).nonce);
  const { ak } = simAlgorithm(KEYS).f2345(rand);
  return readSqn(autn.subarray(0, 6).map((octet, at) => octet ^ (ak[at] ?? 0)));
}

/** The next NOTIFY that is no repetition of `before` by the server that ends. */
async function laterNotify(phone: Phone, before: Request): Promise<Request> {
  for (;;) {
    const notify = await phone.request('NOTIFY');
    if (cseqOf(notify) !== cseqOf(before)) return notify;
  }
}

/** The contacts of a phone, as a REGISTER without one is told. */
async function asked(phone: Phone): Promise<readonly string[]> {
  return contacts(await phone.register({ headers: [] }));
}

for (const killed of [true, false]) {
  describe(`after a ${killed ? 'kill' : 'stop'} and a start`, () => {
    it('a registration is there, with the time it has left', async (t) => {
      const lab = await startKept(t, ALICE);
      const alice = await lab.phone('alice');
      const params = ';video;+sip.instance="<urn:gsma:imei:35-209900-176148-0>";+g.3gpp.smsip;q=0.5';
      await alice.register({
        headers: [`Contact: "Alice \u00e9" <${alice.contact};x=1>${params}`, 'Expires: 3600', 'User-Agent: Phone/1'],
      });
      const [before] = lab.server.actions.users()[0]?.bindings ?? [];
      const again = await lab.restart({ killed, afterMs: 600_000 });
      const [after] = again.server.actions.users()[0]?.bindings ?? [];
      // The lab's clock moves on by 5 s while a server stops.
      assert.deepEqual(after, { ...before, expiresInS: 2995 });
      assert.deepEqual(await asked(alice), [`<${alice.contact};x=1>${params};expires=2995`]);
    });

    it('a phone refreshes the registration it has', async (t) => {
      const lab = await startKept(t, ALICE);
      const alice = await lab.phone('alice');
      const first = alice.start('REGISTER', { callId: 'r', headers: [`Contact: <${alice.contact}>`] });
      const challenged = await alice.response(401);
      const refresh = (nc: string) =>
        alice.start('REGISTER', {
          callId: 'r',
          headers: [
            `Contact: <${alice.contact}>;expires=600`,
            credentials(challenged, 'REGISTER', first.uri, 'alice', 'alice', nc),
          ],
        });
      refresh('00000001');
      await alice.response(200);
      const again = await lab.restart({ killed });
      // The challenge went with the process that made it.
      refresh('00000002');
      const anew = await alice.response(401);
      const header = credentials(anew, 'REGISTER', first.uri, 'alice', 'alice');
      alice.start('REGISTER', { callId: 'r', headers: [`Contact: <${alice.contact}>;expires=600`, header] });
      assert.deepEqual(contacts(await alice.response(200)), [`<${alice.contact}>;expires=600`]);
      assert.equal(again.server.counts().bindings, 1);
    });

    it('an older CSeq of the same Call-ID is refused', async (t) => {
      const lab = await startKept(t, '{impi: "alice", impu: "alice", authent_type: "none"},');
      const alice = await lab.phone('alice');
      const headers = [`Contact: <${alice.contact}>`];
      alice.start('REGISTER', { callId: 'r', cseq: 7, headers });
      await alice.response(200);
      await lab.restart({ killed });
      alice.start('REGISTER', { callId: 'r', cseq: 6, headers });
      await alice.response(500);
      alice.start('REGISTER', { callId: 'r', cseq: 8, headers });
      await alice.response(200);
    });

    it('a call reaches a phone that did nothing since', async (t) => {
      const lab = await startKept(t, ALICE + BOB);
      const alice = await lab.phone('alice');
      const bob = await lab.phone('bob');
      await alice.register();
      await bob.register();
      await lab.restart({ killed });
      const headers = [`Contact: <${bob.contact}>`];
      const first = bob.start('INVITE', { uri: 'sip:alice@ims.test', headers });
      const challenged = await bob.response(407);
      bob.ackRefusal(first, challenged);
      const header = credentials(challenged, 'INVITE', 'sip:alice@ims.test', 'bob', 'bob');
      bob.start('INVITE', { uri: 'sip:alice@ims.test', callId: first.callId, headers: [...headers, header] });
      const invite = await alice.request('INVITE');
      assert.equal(invite.uri, alice.contact);
      alice.respond(invite, 486);
    });

    it('a deregistration has stayed one', async (t) => {
      const lab = await startKept(t, ALICE);
      const alice = await lab.phone('alice');
      await alice.register();
      await alice.register({ headers: ['Contact: *', 'Expires: 0'] });
      const again = await lab.restart({ killed });
      assert.equal(again.server.counts().bindings, 0);
    });

    it('a contact keeps its name beside a second one', async (t) => {
      const lab = await startKept(t, '{impi: "alice", impu: "alice", pwd: "alice", multi_sim: true},');
      const alice = await lab.phone('alice');
      await alice.register();
      const again = await lab.restart({ killed });
      const other = await again.phone('alice');
      await other.register();
      const ids = again.server.actions.users()[0]?.bindings.map(({ id }) => id) ?? [];
      assert.equal(new Set(ids).size, 2);
      again.clock.advance(3_600_000);
      assert.equal(again.server.counts().bindings, 0);
    });

    it('a subscription goes on with the next version and CSeq, and takes refreshes', async (t) => {
      const lab = await startKept(t, ALICE);
      const alice = await lab.phone('alice');
      await alice.register();
      const { sent, to, notify } = await subscribed(alice, 6000);
      const again = await lab.restart({ killed });
      await alice.register();
      const next = await alice.request('NOTIFY');
      assert.equal(versionOf(next), versionOf(notify) + 1);
      assert.equal(cseqOf(next), cseqOf(notify) + 1);
      for (const name of ['From', 'To', 'Call-ID', 'Event']) {
        assert.equal(next.headers.raw(name), notify.headers.raw(name), name);
      }
      assert.match(next.headers.raw('Subscription-State') ?? '', /^active;expires=599\d$/);
      assert.match(bodyOf(next), /state="full"/);
      alice.respond(next, 200);
      alice.start('SUBSCRIBE', {
        uri: `sip:scscf@${lab.address}`,
        callId: sent.callId,
        from: sent.from,
        to,
        cseq: 100,
        headers: ['Event: reg', `Contact: <${alice.contact}>`, 'Expires: 0'],
      });
      await alice.response(200);
      alice.respond(await alice.request('NOTIFY'), 200);
      await alice.settled();
      assert.equal(again.server.counts().subscriptions, 0);
      assert.equal((await again.restart({ killed })).server.counts().subscriptions, 0);
    });

    it('a sequence number is never used twice', async (t) => {
      const lab = await startKept(t, CARD);
      const phone = await lab.phone(IMSI);
      const sqns: number[] = [];
      let present: Lab = lab;
      for (let run = 0; run < 3; run++) {
        for (let count = 0; count < 3; count++) {
          phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
          sqns.push(sqnOf(await phone.response(401)));
        }
        present = await present.restart({ killed });
      }
      assert.equal(new Set(sqns).size, 9);
      assert.deepEqual(
        sqns,
        sqns.toSorted((a, b) => a - b),
      );
    });
  });
}

describe('after a restart', () => {
  it('a card that was resynchronised is challenged with what it takes', async (t) => {
    const lab = await startKept(t, CARD);
    const phone = await lab.phone(IMSI);
    const card = newCard(KEYS, 2 ** 30);
    const register = async (header: readonly string[]) => {
      phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`, ...header] });
      return (await phone.next()) as Response;
    };
    const impi = `${IMSI}@ims.test`;
    const resynchronised = await register([cardAnswer(card, impi, await register([]))]);
    assert.equal((await register([cardAnswer(card, impi, resynchronised)])).status, 200);
    await lab.restart({ killed: true });
    assert.equal((await register([cardAnswer(card, impi, await register([]))])).status, 200);
  });

  it('a registration that ended meanwhile is gone, and its watcher is told', async (t) => {
    const lab = await startKept(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    const { notify } = await subscribed(alice, 60_000);
    const again = await lab.restart({ killed: true, afterMs: 3_600_001 });
    assert.equal(again.server.counts().bindings, 0);
    const last = await alice.request('NOTIFY');
    assert.equal(last.headers.raw('Subscription-State'), 'terminated;reason=timeout');
    assert.match(bodyOf(last), /event="expired"/);
    assert.equal(versionOf(last), versionOf(notify) + 1);
    alice.respond(last, 200);
    await alice.settled();
    const third = await again.restart({ killed: true });
    assert.deepEqual([third.server.counts().bindings, third.server.counts().subscriptions], [0, 0]);
  });

  it('a registration that has time left ends in its time', async (t) => {
    const lab = await startKept(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    const again = await lab.restart({ killed: true, afterMs: 1_000_000 });
    assert.equal(again.clock.now(), 0);
    again.clock.advance(2_594_000);
    assert.equal(again.server.counts().bindings, 1);
    again.clock.advance(2000);
    assert.equal(again.server.counts().bindings, 0);
  });

  it('a watcher that did not answer its NOTIFY is told again, in full', async (t) => {
    const lab = await startKept(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    await subscribed(alice);
    await alice.register();
    const unanswered = await alice.request('NOTIFY');
    const again = await lab.restart({ killed: true });
    const told = await laterNotify(alice, unanswered);
    assert.equal(versionOf(told), versionOf(unanswered) + 1);
    assert.match(bodyOf(told), /state="full"/);
    alice.respond(told, 200);
    await alice.settled();
    await again.restart({ killed: true });
    await alice.settled();
    assert.ok(alice.idle);
  });

  it('a watcher still learns that the network ended its registration', async (t) => {
    const lab = await startKept(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    await subscribed(alice);
    lab.server.actions.unregister('alice', 'deactivated');
    const unanswered = await alice.request('NOTIFY');
    await lab.restart({ killed: true });
    const told = await laterNotify(alice, unanswered);
    assert.equal(told.headers.raw('Subscription-State'), 'terminated;reason=deactivated');
    alice.respond(told, 200);
  });

  it('users that left ue_db have left, the others have not', async (t) => {
    const lab = await startKept(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    const bob = await lab.phone('bob');
    await alice.register();
    await subscribed(alice);
    await bob.register();
    const without = await lab.restart({ killed: true, users: BOB });
    assert.deepEqual([without.server.counts().bindings, without.server.counts().subscriptions], [1, 0]);
    await bob.settled();
    const again = await without.restart({ killed: true, users: ALICE + BOB });
    assert.equal(again.server.counts().bindings, 1);
  });

  it('a user made by auto_create is there', async (t) => {
    const template = `{impi: "template", imsi: "001010000000000", ${SECRETS}, impu: "template"},`;
    const lab = await startKept(t, template, 'auto_create: "template",');
    const phone = await lab.phone(IMSI);
    const register = async (header: readonly string[]) => {
      phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`, ...header] });
      return (await phone.next()) as Response;
    };
    const answer = cardAnswer(newCard(KEYS), `${IMSI}@ims.test`, await register([]));
    assert.equal((await register([answer])).status, 200);
    const again = await lab.restart({ killed: true });
    assert.equal(again.server.counts().bindings, 1);
  });
});

describe('without ue_db_filename', () => {
  it('nothing is written and nothing survives', async (t) => {
    const { path } = stateFile(t);
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    await alice.register();
    assert.equal((await lab.restart()).server.counts().bindings, 0);
    assert.equal(existsSync(path), false);
  });
});
