import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type HssUser, LIR, MAR, SAR, TestHss, UAR } from '../support/diameter/hss.ts';
import { LISTENING, serverAddress } from '../support/diameter/transport.ts';
import * as wire from '../support/diameter/wire.ts';
import { eventually } from '../support/eventually.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { challengeOf, credentials, type Phone } from '../support/phone.ts';
import { cardAnswer, newCard } from '../support/sim-phone.ts';

const K = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const OPC = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const IMSI = '001010123456789';
const IMPI = `${IMSI}@ims.test`;
const IMPU = `sip:${IMSI}@ims.test`;
const SIM: HssUser = { impi: IMPI, impus: [`!${IMPU}`, 'sip:+4930600@ims.test', 'tel:+4930600'], k: K };
const ha1 = (password: string) => hash('md5', `carol@ims.test:ims.test:${password}`, 'hex');
const CAROL: HssUser = {
  impi: 'carol@ims.test',
  impus: ['sip:carol@ims.test', 'tel:2001'],
  digest: { realm: 'ims.test', ha1: ha1('secret') },
};
const LOCAL = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';

interface Rig {
  readonly hss: TestHss;
  readonly lab: Lab;
}

async function rig(
  t: TestContext,
  users: readonly HssUser[] = [SIM, CAROL],
  local = LOCAL,
  settings = '',
): Promise<Rig> {
  const address = loopbackAddress();
  const hss = await TestHss.start(t, users, { address, ...LISTENING });
  const lab = await startLab(t, local, `cx_server_addr: "${serverAddress(address, hss.server.port)}", ${settings}`);
  await connected(lab);
  return { hss, lab };
}

async function connected(lab: Lab): Promise<void> {
  await eventually(() => assert.equal(lab.server.actions.cx().peer?.state, 'open'));
}

async function disconnected(lab: Lab): Promise<void> {
  await eventually(() => assert.equal(lab.server.actions.cx().peer?.state, 'closed'));
}

const AUTHORIZATION = `Authorization: Digest username="${IMPI}", realm="ims.test", nonce="", uri="sip:ims.test", response=""`;

/** A SIM phone registers from the first message on. */
async function registerSim(phone: Phone, card = newCard({ algo: 'xor', k: K }), headers: readonly string[] = []) {
  const contact = `Contact: <${phone.contact}>;expires=3600`;
  const { callId } = phone.start('REGISTER', { headers: [contact, AUTHORIZATION, ...headers] });
  const challenged = await phone.response(401);
  phone.start('REGISTER', { callId, headers: [contact, cardAnswer(card, IMPI, challenged), ...headers] });
  return phone.response(200);
}

/** Carol's phone, whose user name is its whole private identity. */
async function carol(phone: Phone, method: string, options: { headers?: readonly string[]; uri?: string } = {}) {
  const headers = options.headers ?? [`Contact: <${phone.contact}>;expires=3600`];
  const uri = options.uri ?? 'sip:ims.test';
  const first = phone.start(method, { uri, headers });
  const challenged = await phone.response(method === 'REGISTER' ? 401 : 407);
  const answer = credentials(challenged, method, uri, 'carol@ims.test', 'secret');
  phone.start(method, { uri, callId: first.callId, headers: [...headers, answer] });
  return phone;
}

const codes = (hss: TestHss) => hss.server.requests.map(({ code }) => code);

describe('a phone whose keys the HSS has', () => {
  it('registers with AKA: authorised, challenged, assigned; its identities come from the profile', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await lab.phone(IMSI);
    const accepted = await registerSim(phone);
    assert.deepEqual(accepted.headers.rawAll('P-Associated-URI'), ['<sip:+4930600@ims.test>, <tel:+4930600>']);
    assert.deepEqual(codes(hss), [UAR, MAR, UAR, SAR]);
    const [uar, mar, , sar] = hss.server.requests as [
      wire.WireMessage,
      wire.WireMessage,
      wire.WireMessage,
      wire.WireMessage,
    ];
    for (const one of [uar, mar, sar]) {
      assert.equal(wire.text(one, 1), IMPI);
      assert.equal(wire.text(one, 601), IMPU);
      assert.equal(wire.number(one, 277), 1);
      assert.equal(wire.number(wire.groups(one, 260)[0] as wire.WireAvp, 258), 16_777_216);
    }
    assert.deepEqual([wire.text(uar, 600), wire.number(uar, 623)], ['ims.test', 0]);
    assert.equal(wire.text(wire.groups(mar, 612)[0] as wire.WireAvp, 608), 'Digest-AKAv1-MD5');
    assert.deepEqual([wire.number(mar, 607), wire.text(mar, 602)], [1, 'sip:ims.amarisoft.com']);
    assert.deepEqual([wire.number(sar, 614), wire.number(sar, 624)], [1, 0]);
    assert.equal(hss.registered.get(IMPI), 'registered');
  });

  it('registers with AKAv2 when the HSS gives it', async (t) => {
    const { hss, lab } = await rig(t, [{ ...SIM, scheme: 'Digest-AKAv2-MD5' }]);
    const phone = await lab.phone(IMSI);
    const contact = `Contact: <${phone.contact}>`;
    phone.start('REGISTER', { callId: 'v2', headers: [contact, `${AUTHORIZATION}, algorithm=AKAv2-MD5`] });
    const challenged = await phone.response(401);
    assert.equal(challengeOf(challenged).algorithm, 'AKAv2-MD5');
    const answer = cardAnswer(newCard({ algo: 'xor', k: K }), IMPI, challenged);
    phone.start('REGISTER', { callId: 'v2', headers: [contact, answer] });
    await phone.response(200);
    const asked = wire.groups(hss.server.requests[1] as wire.WireMessage, 612)[0] as wire.WireAvp;
    assert.equal(wire.text(asked, 608), 'Digest-AKAv2-MD5');
  });

  it('is resynchronised by the HSS when its card is ahead', async (t) => {
    const { hss, lab } = await rig(t, [{ ...SIM, opc: OPC }]);
    const phone = await lab.phone(IMSI);
    const card = newCard({ algo: 'milenage', k: K, opc: OPC }, 0x100000);
    const contact = `Contact: <${phone.contact}>`;
    phone.start('REGISTER', { callId: 's', headers: [contact, AUTHORIZATION] });
    const first = await phone.response(401);
    phone.start('REGISTER', { callId: 's', headers: [contact, cardAnswer(card, IMPI, first)] });
    const second = await phone.response(401);
    phone.start('REGISTER', { callId: 's', headers: [contact, cardAnswer(card, IMPI, second)] });
    await phone.response(200);
    const [, again] = hss.server.requests.filter(({ code }) => code === MAR);
    const authorization = wire.all(wire.groups(again as wire.WireMessage, 612)[0] as wire.WireAvp, 610)[0];
    assert.equal(authorization?.length, 30);
    assert.equal(
      authorization?.subarray(0, 16).toString('base64'),
      Buffer.from(challengeOf(first).nonce, 'base64').subarray(0, 16).toString('base64'),
    );
  });

  it('registers with a password of which the HSS gives a digest, asked for when the phone has no SIM', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await carol(await lab.phone('carol'), 'REGISTER');
    const accepted = await phone.response(200);
    assert.equal(accepted.headers.raw('P-Associated-URI'), '<sip:carol@ims.test>, <tel:2001>');
    const asked = wire.groups(hss.server.requests[1] as wire.WireMessage, 612)[0] as wire.WireAvp;
    assert.equal(wire.text(asked, 608), 'Unknown');
    // Later requests are challenged with what is known, without the HSS: it is asked only for who is called.
    hss.server.close();
    await disconnected(lab);
    await carol(phone, 'INVITE', { uri: 'sip:nobody@ims.test' });
    await phone.response(504);
  });

  it('may have an entry in ue_db without keys', async (t) => {
    const { lab } = await rig(t, [SIM], `{imsi: "${IMSI}", impu: ["tel:+4930600"], 100rel: false},`);
    const phone = await lab.phone(IMSI);
    const accepted = await registerSim(phone);
    assert.deepEqual(accepted.headers.rawAll('P-Associated-URI'), ['<sip:+4930600@ims.test>, <tel:+4930600>']);
  });

  it('is refused, not believed, when it answers wrong; the HSS hears of it', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await lab.phone('carol');
    phone.start('REGISTER', { callId: 'w', headers: [`Contact: <${phone.contact}>`] });
    const challenged = await phone.response(401);
    const wrong = credentials(challenged, 'REGISTER', 'sip:ims.test', 'carol@ims.test', 'wrong');
    phone.start('REGISTER', { callId: 'w', headers: [`Contact: <${phone.contact}>`, wrong] });
    await phone.response(403);
    await eventually(() => assert.deepEqual(hss.assignments, ['authentication failure']));
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('that never answers its challenge is reported in four minutes', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await lab.phone('carol');
    phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
    await phone.response(401);
    lab.clock.advance(25_000);
    for (let step = 0; step < 9; step++) {
      await connected(lab);
      lab.clock.advance(25_000);
    }
    await eventually(() => assert.deepEqual(hss.assignments, ['authentication timeout']));
  });

  it('is no stranger after a restart', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'lteims-cx-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const { hss, lab } = await rig(t, [SIM], '', `ue_db_filename: "${join(folder, 'state')}",`);
    const phone = await lab.phone(IMSI);
    const card = newCard({ algo: 'xor', k: K });
    await registerSim(phone, card);
    const again = await lab.restart();
    await connected(again);
    assert.equal(again.server.counts().bindings, 1);
    assert.deepEqual(hss.assignments, ['registration']);
    await registerSim(phone, card);
    assert.deepEqual(hss.assignments, ['registration', 're-registration']);
  });
});

describe('the HSS hears why a registration', () => {
  const ends: readonly (readonly [string, string, (lab: Lab, phone: Phone) => Promise<void>])[] = [
    [
      'is refreshed',
      're-registration',
      async (_lab, phone) => void (await carol(phone, 'REGISTER').then((one) => one.response(200))),
    ],
    [
      'ends: the user wants it',
      'user deregistration',
      async (_lab, phone) => {
        const headers = [`Contact: <${phone.contact}>;expires=0`];
        await carol(phone, 'REGISTER', { headers }).then((one) => one.response(200));
      },
    ],
    [
      'ends: time is over',
      'timeout deregistration',
      async (lab) => {
        lab.clock.advance(20_000);
        await connected(lab);
        lab.clock.advance(20_000);
        await connected(lab);
        lab.clock.advance(21_000);
      },
    ],
    [
      'ends: the administrator wants it',
      'administrative deregistration',
      async (lab) => void lab.server.actions.unregister('tel:2001', 'rejected'),
    ],
  ];
  for (const [what, assignment, end] of ends) {
    it(what, async (t) => {
      const { hss, lab } = await rig(t);
      const phone = await lab.phone('carol');
      await carol(phone, 'REGISTER', { headers: [`Contact: <${phone.contact}>;expires=60`] });
      await phone.response(200);
      await end(lab, phone);
      await eventually(() => assert.deepEqual(hss.assignments, ['registration', assignment]));
    });
  }

  it('ended, also when it was away just then', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await carol(await lab.phone('carol'), 'REGISTER');
    await phone.response(200);
    hss.server.cut();
    await disconnected(lab);
    lab.server.actions.unregister('tel:2001', 'rejected');
    assert.deepEqual(hss.assignments, ['registration']);
    lab.clock.advance(1100);
    await eventually(() => assert.deepEqual(hss.assignments, ['registration', 'administrative deregistration']));
  });
});

describe('what the HSS says no to', () => {
  const refusals: readonly (readonly [string, number, (hss: TestHss, request: wire.WireMessage) => Buffer, number])[] =
    [
      ['a user it does not know', UAR, (hss, request) => hss.experimental(request, 5001), 403],
      ['an identity that is another user’s', UAR, (hss, request) => hss.experimental(request, 5002), 403],
      ['a user that is not authorised', UAR, (hss, request) => hss.server.answer(request, [wire.avp(268, 5003)]), 403],
      ['one that roams', UAR, (hss, request) => hss.experimental(request, 5004), 403],
      ['a scheme it does not have', MAR, (hss, request) => hss.experimental(request, 5006), 403],
      ['anything, unable to comply', UAR, (hss, request) => hss.server.answer(request, [wire.avp(268, 5012)]), 500],
      ['a MAA without a vector', MAR, (hss, request) => hss.success(request), 500],
      ['too busy', UAR, (hss, request) => hss.server.error(request, 3004), 504],
      ['an answer without a result', UAR, (hss, request) => hss.server.answer(request, []), 500],
    ];
  for (const [what, command, react, status] of refusals) {
    it(`${what}: ${status}`, async (t) => {
      const { hss, lab } = await rig(t);
      hss.server.on(command, (request) => react(hss, request));
      const phone = await lab.phone('carol');
      phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
      const refused = await phone.response(status);
      assert.equal(refused.headers.has('Retry-After'), status === 504);
      assert.equal(lab.server.counts().bindings, 0);
    });
  }

  for (const [what, profile] of [
    ['that is no XML', 'IMSSubscription'],
    ['of nobody', '<IMSSubscription><PrivateID>carol@ims.test</PrivateID></IMSSubscription>'],
    ['with entities', '<!DOCTYPE x [<!ENTITY a "b">]><IMSSubscription>&a;</IMSSubscription>'],
  ] as const) {
    it(`a profile ${what}: 500, and the HSS is told that the user is not registered`, async (t) => {
      const { hss, lab } = await rig(t);
      const types: (number | undefined)[] = [];
      hss.server.on(SAR, (request) => {
        types.push(wire.number(request, 614));
        return hss.success(request, types.length === 1 ? [wire.tgpp(606, profile)] : []);
      });
      const phone = await carol(await lab.phone('carol'), 'REGISTER');
      await phone.response(500);
      await eventually(() => assert.deepEqual(types, [1, 8]));
      assert.equal(lab.server.counts().bindings, 0);
    });
  }
});

describe('users of ue_db', () => {
  it('never leave the machine', async (t) => {
    const { hss, lab } = await rig(t);
    const alice = await lab.phone('alice');
    await alice.register({ headers: [`Contact: <${alice.contact}>`] });
    assert.deepEqual(codes(hss), []);
  });

  it('do not lose an identity to a user of the HSS', async (t) => {
    const thief = { ...CAROL, impus: ['sip:carol@ims.test', 'tel:1001'] };
    const { lab } = await rig(t, [thief]);
    const phone = await carol(await lab.phone('carol'), 'REGISTER');
    const accepted = await phone.response(200);
    assert.equal(accepted.headers.raw('P-Associated-URI'), '<sip:carol@ims.test>');
  });

  it('are not registered by a user of the HSS', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await lab.phone('carol');
    phone.start('REGISTER', {
      to: '<sip:alice@ims.test>',
      headers: [
        `Contact: <${phone.contact}>`,
        'Authorization: Digest username="carol@ims.test", realm="ims.test", nonce="", uri="sip:ims.test", response=""',
      ],
    });
    await phone.response(403);
    assert.deepEqual(codes(hss), []);
  });
});

describe('an HSS that is away', () => {
  it('leaves new phones with 504 and Retry-After', async (t) => {
    const { hss, lab } = await rig(t);
    hss.server.close();
    await disconnected(lab);
    const phone = await lab.phone('carol');
    phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
    const refused = await phone.response(504);
    assert.ok(Number(refused.headers.raw('Retry-After')) >= 1);
    const alice = await lab.phone('alice');
    assert.equal((await alice.register({ headers: [`Contact: <${alice.contact}>`] })).status, 200);
  });

  it('because it never answers, likewise', async (t) => {
    const { hss, lab } = await rig(t);
    hss.server.on(UAR, () => undefined);
    const phone = await lab.phone('carol');
    phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
    await hss.server.next(UAR);
    lab.clock.advance(6000);
    await phone.response(504);
  });

  it('disturbs nobody who is registered: passwords are proven without it, SIM phones are believed where they are', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await carol(await lab.phone('carol'), 'REGISTER');
    await phone.response(200);
    const sim = await lab.phone(IMSI);
    await registerSim(sim);
    hss.server.close();
    await disconnected(lab);
    await carol(phone, 'REGISTER');
    await phone.response(200);
    sim.start('REGISTER', { headers: [`Contact: <${sim.contact}>;expires=3600`, AUTHORIZATION] });
    await sim.response(200);
    assert.equal(lab.server.counts().bindings, 2);
    // Anything but a refresh of what it has is not believed, and not from anywhere else.
    sim.start('REGISTER', { headers: ['Contact: <sip:elsewhere@192.0.2.5>', AUTHORIZATION] });
    await sim.response(504);
    const other = await lab.phone(IMSI);
    other.start('REGISTER', { headers: [`Contact: <${sim.contact}>`, AUTHORIZATION] });
    await other.response(504);
  });
});

describe('what the HSS orders', () => {
  it('ends a registration: for good, or so that the phone registers anew; others stay', async (t) => {
    for (const [reason, event] of [
      [0, 'rejected'],
      [2, 'deactivated'],
    ] as const) {
      const { hss, lab } = await rig(t);
      const phone = await carol(await lab.phone('carol'), 'REGISTER');
      await phone.response(200);
      const sim = await lab.phone(IMSI);
      await registerSim(sim);
      await carol(phone, 'SUBSCRIBE', {
        uri: 'sip:carol@ims.test',
        headers: [`Contact: <${phone.contact}>`, 'Event: reg'],
      });
      await phone.response(200);
      phone.respond(await phone.request('NOTIFY'), 200);
      const rta = await hss.terminate('carol@ims.test', reason);
      assert.equal(wire.number(rta, 268), 2001);
      const notify = await phone.request('NOTIFY');
      assert.match(notify.body.toString(), new RegExp(`state="terminated" event="${event}"`));
      assert.equal(lab.server.counts().bindings, 1);
      // The HSS knows: it is not told.
      assert.deepEqual(hss.assignments, ['registration', 'registration']);
      // Twice, and for a user nobody knows.
      assert.equal(wire.number(await hss.terminate('carol@ims.test', reason), 268), 2001);
      const unknown = await hss.terminate('nobody@ims.test', reason);
      assert.equal(wire.number(wire.groups(unknown, 297)[0] as wire.WireAvp, 298), 5001);
    }
  });

  it('ends a registration by one of its identities', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await carol(await lab.phone('carol'), 'REGISTER');
    await phone.response(200);
    await hss.terminate('carol@ims.test', 2, ['sip:other@ims.test']);
    assert.equal(lab.server.counts().bindings, 1);
    await hss.terminate('carol@ims.test', 2, ['tel:2001']);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('gives a user another profile, which its phone hears of; a bad one changes nothing', async (t) => {
    const { hss, lab } = await rig(t);
    const phone = await carol(await lab.phone('carol'), 'REGISTER');
    await phone.response(200);
    await carol(phone, 'SUBSCRIBE', {
      uri: 'sip:carol@ims.test',
      headers: [`Contact: <${phone.contact}>`, 'Event: reg'],
    });
    await phone.response(200);
    phone.respond(await phone.request('NOTIFY'), 200);
    const ppa = await hss.push(
      'carol@ims.test',
      hss.profileOf({ ...CAROL, impus: ['sip:carol@ims.test', 'tel:2002'] }),
    );
    assert.equal(wire.number(ppa, 268), 2001);
    const notify = await phone.request('NOTIFY');
    assert.match(notify.body.toString(), /aor="tel:2002"/);
    const refused = await hss.push('carol@ims.test', '<IMSSubscription/>');
    assert.equal(wire.number(wire.groups(refused, 297)[0] as wire.WireAvp, 298), 5009);
    const unknown = await hss.push('nobody@ims.test', hss.profileOf({ ...CAROL, impi: 'nobody@ims.test' }));
    assert.equal(wire.number(wire.groups(unknown, 297)[0] as wire.WireAvp, 298), 5001);
    phone.respond(notify, 200);
    const again = await carol(phone, 'REGISTER');
    assert.equal((await again.response(200)).headers.raw('P-Associated-URI'), '<sip:carol@ims.test>, <tel:2002>');
  });
});

describe('a call to somebody nobody here knows', () => {
  async function calls(t: TestContext, called: string, prepare: (hss: TestHss) => void = () => {}) {
    const { hss, lab } = await rig(t);
    prepare(hss);
    const alice = await lab.phone('alice');
    await alice.register({ headers: [`Contact: <${alice.contact}>`] });
    const answer = await alice.authenticated('INVITE', 'alice', {
      uri: called,
      headers: [`Contact: <${alice.contact}>`],
    });
    return { hss, lab, status: answer.status };
  }

  it('finds a user of the HSS who is not registered: its profile is fetched, once', async (t) => {
    const { hss, lab, status } = await calls(t, 'tel:2001');
    assert.equal(status, 480);
    assert.deepEqual(codes(hss), [LIR, SAR]);
    assert.deepEqual(hss.assignments, ['unregistered user']);
    assert.equal(lab.server.actions.cx().users, 1);
  });

  it('finds nobody: 404', async (t) => {
    const { hss, status } = await calls(t, 'tel:9999');
    assert.equal(status, 404);
    assert.deepEqual(codes(hss), [LIR]);
  });

  it('finds one without services, or one of another S-CSCF: 480', async (t) => {
    const none = await calls(t, 'tel:2001', (hss) => hss.server.on(LIR, (request) => hss.experimental(request, 5003)));
    assert.equal(none.status, 480);
    const elsewhere = await calls(t, 'tel:2001', (hss) => {
      hss.server.on(LIR, (request) => hss.success(request, [wire.tgpp(602, 'sip:scscf.elsewhere.test')]));
    });
    assert.equal(elsewhere.status, 480);
    assert.deepEqual(elsewhere.hss.assignments, []);
  });
});
