import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import { printEndpoint } from '../../src/core/endpoint.ts';
import { parseAkaNonce } from '../../src/sip/message/aka-digest.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { challengeOf } from '../support/phone.ts';
import { SecurePhone, serverSide } from '../support/secure-phone.ts';
import { newCard } from '../support/sim-phone.ts';

const K = '00112233445566778899aabbccddeeff';
const IMSI = '001010123456789';
const IMPI = `${IMSI}@ims.test`;
const XOR: SimKeys = { algo: 'xor', k: Uint8Array.from(Buffer.from(K, 'hex')) };
const USERS = `{imsi: "${IMSI}", K: "${K}"}, {impi: "bob", pwd: "bob", authent_type: "MD5", impu: ["sip:bob", "tel:1235"]}`;
const OLD_SET_MS = 64 * 500;

async function site(t: TestContext, settings = '', users = USERS) {
  const kernel = new FakeKernel();
  const lab = await startLab(t, users, settings, '', [], { kernel });
  return { kernel, lab, phone: await securePhone(lab, 21) };
}

function securePhone(lab: Lab, host: number, card = newCard(XOR)): Promise<SecurePhone> {
  return SecurePhone.make(card, IMPI, (port) => lab.phone(IMSI, host, port));
}

describe('a phone registers with a security agreement (TS 33.203 §7.2)', () => {
  it('its challenge names the associations, and the kernel has them', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const theirs = serverSide(challenged);
    assert.match(theirs.text, /^ipsec-3gpp;/);
    assert.match(theirs.text, /alg=hmac-sha-1-96/);
    assert.match(theirs.text, /ealg=aes-cbc/);
    assert.ok(theirs.portS !== 5060 && theirs.portC !== 5060 && theirs.portS !== theirs.portC);
    const { address } = phone.clear.local;
    const way = (source: string, destination: string) => ({ source, destination });
    const of = (portUe: number) => printEndpoint({ address, port: portUe });
    const our = (port: number) => printEndpoint({ address: lab.address, port });
    assert.deepEqual(
      kernel.live.map(({ source, destination }) => way(printEndpoint(source), printEndpoint(destination))),
      [
        way(of(side.client.local.port), our(theirs.portS)),
        way(our(theirs.portS), of(side.client.local.port)),
        way(our(theirs.portC), of(side.server.local.port)),
        way(of(side.server.local.port), our(theirs.portC)),
      ],
    );
    assert.deepEqual(
      kernel.live.filter(({ destination }) => destination.address === lab.address).map(({ spi }) => spi),
      [theirs.spiS, theirs.spiC],
    );
    assert.equal(kernel.live[0]?.integrity.key.length, 20);
    assert.equal(kernel.live[0]?.encryption.key.length, 16);
  });

  it('is accepted inside, at port_us when it asks for no rport, and shown port_ps everywhere', async (t) => {
    const { lab, phone } = await site(t);
    const { theirs, accepted } = await phone.register(await phone.side());
    const our = `${lab.address}:${theirs.portS}`;
    assert.equal(accepted.headers.raw('Service-Route'), `<sip:${our};lr>`);
    assert.equal(lab.server.counts().bindings, 1);
    const [user] = lab.server.actions.users();
    assert.equal(user?.bindings[0]?.ipsec, true);
  });

  it('with rport it is answered where it sends from', async (t) => {
    const { phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const theirs = serverSide(challenged);
    side.client.aim(theirs.portS);
    side.client.start('REGISTER', {
      callId: phone.callId,
      cseq: 900,
      headers: [
        `Security-Verify: ${theirs.text}`,
        `Security-Client: ${side.text}`,
        `Contact: <${side.server.contact}>`,
        phone.answer(challenged),
      ],
    });
    await side.client.response(200);
  });

  it('AKAv2 protects with the derived keys', async (t) => {
    const { kernel, phone } = await site(t, '', `{imsi: "${IMSI}", K: "${K}", authent_type: "AKAv2"}`);
    phone.offer(await phone.side('alg=hmac-md5-96;ealg=aes-cbc'));
    const { rand, autn } = parseAkaNonce(challengeOf(await phone.clear.response(401)).nonce);
    const keys = newCard(XOR).authenticate(rand, autn);
    assert.ok(keys.kind === 'success');
    // RFC 4169 §3.
    const derived = (key: Uint8Array, name: string) =>
      createHmac('md5', key).update(`http-digest-akav2-${name}`).digest('hex');
    const hex = (key: Uint8Array | undefined) => Buffer.from(key ?? []).toString('hex');
    const [state] = kernel.live;
    assert.equal(hex(state?.integrity.key), derived(keys.ik, 'integritykey'));
    assert.equal(hex(state?.encryption.key), derived(keys.ck, 'cipherkey'));
  });

  it('a request towards it leaves port_pc for port_us, its Via names port_ps and asks for no rport', async (t) => {
    const { lab, phone } = await site(t);
    const side = await phone.side();
    const { theirs } = await phone.register(side);
    side.client.start('SUBSCRIBE', {
      uri: phone.clear.uri,
      sentBy: printEndpoint(side.server.local),
      headers: [
        'Event: reg',
        'Expires: 600',
        `Contact: <${side.server.contact}>`,
        'Require: sec-agree',
        'Proxy-Require: sec-agree',
        `Security-Verify: ${theirs.text}`,
      ],
    });
    await side.server.response(200);
    const notify = await side.server.request('NOTIFY');
    const via = notify.headers.raw('Via') ?? '';
    assert.ok(via.includes(`${lab.address}:${theirs.portS};`), via);
    assert.ok(!via.includes('rport'), via);
    assert.equal(side.server.lastSource, theirs.portC);
  });
});

describe('a refresh', () => {
  it('with a new Security-Client is challenged and makes a new set with another port_pc; the old one goes after 64*T1', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const first = await phone.side();
    const { theirs } = await phone.register(first);
    const second = await phone.side();
    first.client.aim(theirs.portS);
    phone.offerInside(second, first, theirs);
    const challenged = await first.server.response(401);
    const renewed = serverSide(challenged);
    assert.notEqual(renewed.portC, theirs.portC);
    assert.equal(renewed.portS, theirs.portS);
    assert.equal(kernel.live.length, 8);
    phone.inside(second, renewed, [`Security-Client: ${second.text}`, phone.answer(challenged), 'Expires: 3600']);
    await second.server.response(200);
    // Seen to use the new set.
    second.client.aim(renewed.portS);
    second.client.start('OPTIONS', { uri: 'sip:ims.test', sentBy: printEndpoint(second.server.local) });
    await second.server.response(200);
    assert.equal(kernel.live.length, 8);
    lab.clock.advance(OLD_SET_MS + 1);
    await kernel.settled();
    assert.equal(kernel.live.length, 4);
    assert.ok(kernel.live.some(({ spi }) => spi === renewed.spiS));
  });

  it('without one is not challenged, repeats its last answer, and extends the set', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const theirs = serverSide(challenged);
    const answer = phone.answer(challenged);
    phone.inside(side, theirs, [`Security-Client: ${side.text}`, answer, 'Expires: 3600']);
    await side.server.response(200);
    lab.clock.advance(3_000_000);
    phone.inside(side, theirs, [answer, 'Expires: 3600']);
    await side.server.response(200);
    lab.clock.advance(3_000_000);
    await kernel.settled();
    assert.equal(kernel.live.length, 4);
    assert.equal(lab.server.counts().bindings, 1);
  });

  it('a set ends with the registration it carried', async (t) => {
    const { kernel, lab, phone } = await site(t);
    await phone.register(await phone.side());
    lab.clock.advance(3_600_000 + OLD_SET_MS + 1000);
    await kernel.settled();
    assert.deepEqual(kernel.live, []);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('a deregistration is not challenged, and is answered before its associations go', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    const { theirs } = await phone.register(side);
    phone.inside(side, theirs, ['Expires: 0']);
    await side.server.response(200);
    assert.equal(lab.server.counts().bindings, 0);
    lab.clock.advance(9000);
    await kernel.settled();
    assert.equal(kernel.live.length, 4);
    lab.clock.advance(OLD_SET_MS);
    await kernel.settled();
    assert.deepEqual(kernel.live, []);
  });

  it('a card that is out of step gets associations from the newest Security-Client', async (t) => {
    const { kernel, lab } = await site(t, '', `{imsi: "${IMSI}", K: "${K}", sim_algo: "milenage", opc: "${K}"}`);
    const card = newCard({ algo: 'milenage', k: XOR.k, opc: XOR.k }, 2 ** 30);
    const ahead = await securePhone(lab, 22, card);
    ahead.offer(await ahead.side());
    const first = await ahead.clear.response(401);
    const side = await ahead.side();
    ahead.offer(side, ahead.clear, [ahead.answer(first)]);
    const challenged = await ahead.clear.response(401);
    const theirs = serverSide(challenged);
    await kernel.settled();
    assert.ok(kernel.live.some(({ source }) => source.port === side.client.local.port));
    ahead.inside(side, theirs, [`Security-Client: ${side.text}`, ahead.answer(challenged)]);
    await side.server.response(200);
  });
});

describe('what is refused', () => {
  it('bidding down: a Security-Verify that is not what was said is answered 494', async (t) => {
    const { lab, phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const theirs = serverSide(challenged);
    const answer = phone.answer(challenged);
    const weaker = { ...theirs, text: theirs.text.replace('aes-cbc', 'null') };
    phone.inside(side, weaker, [`Security-Client: ${side.text}`, answer]);
    const refused = await side.server.response(494);
    assert.equal(refused.headers.raw('Security-Server'), theirs.text);
    assert.equal(lab.server.counts().bindings, 0);
    // In another form it is the same.
    const form = theirs.text.split(';').reverse().slice(0, -1).join(' ; ').toUpperCase();
    phone.inside(side, { ...theirs, text: `IPSEC-3GPP ; ${form}` }, [`Security-Client: ${side.text}`, answer]);
    await side.server.response(200);
  });

  it('a Security-Client that is not the one of the first REGISTER is answered 494', async (t) => {
    const { phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const other = side.text.replace(/spi-c=\d+/, 'spi-c=4711');
    phone.inside(side, serverSide(challenged), [`Security-Client: ${other}`, phone.answer(challenged)]);
    await side.server.response(494);
  });

  it('an answer in clear to a challenge with an agreement is answered 494', async (t) => {
    const { lab, phone } = await site(t);
    phone.offer(await phone.side());
    const challenged = await phone.clear.response(401);
    phone.clear.start('REGISTER', {
      callId: phone.callId,
      cseq: 999,
      headers: [`Contact: <${phone.clear.contact}>`, phone.answer(challenged)],
    });
    await phone.clear.response(494);
    assert.equal(lab.server.counts().bindings, 0);
  });

  it('a request in clear that claims a protected user is answered 403', async (t) => {
    const { phone } = await site(t);
    await phone.register(await phone.side());
    for (const method of ['SUBSCRIBE', 'INVITE']) {
      phone.clear.start(method, {
        uri: method === 'INVITE' ? 'tel:1235' : phone.clear.uri,
        headers: [`Contact: <${phone.clear.contact}>`, 'Event: reg'],
      });
      await phone.clear.response(403);
    }
  });

  it('whoever reads what goes to a phone can neither answer it in clear nor act in its dialog', async (t) => {
    const { lab, phone } = await site(t);
    const side = await phone.side();
    await phone.register(side);
    const subscribe = side.client.start('SUBSCRIBE', {
      uri: phone.clear.uri,
      sentBy: printEndpoint(side.server.local),
      headers: ['Event: reg', 'Expires: 600', `Contact: <${side.server.contact}>`],
    });
    const accepted = await side.server.response(200);
    const notify = await side.server.request('NOTIFY');
    phone.clear.respond(notify, 200);
    await phone.clear.settled();
    lab.clock.advance(500);
    assert.equal((await side.server.request('NOTIFY')).headers.raw('CSeq'), notify.headers.raw('CSeq'));
    phone.clear.start('SUBSCRIBE', {
      callId: subscribe.callId,
      cseq: 500,
      from: subscribe.from,
      to: accepted.headers.raw('To') ?? '',
      headers: ['Event: reg', 'Expires: 0'],
    });
    await phone.clear.response(403);
    assert.equal(lab.server.counts().subscriptions, 1);
  });

  it("another user's name inside somebody's associations is answered 403", async (t) => {
    const { phone } = await site(t);
    const side = await phone.side();
    await phone.register(side);
    side.client.start('INVITE', { uri: 'tel:1235', from: '<sip:bob@ims.test>;tag=x', headers: ['Contact: <sip:x@y>'] });
    await side.client.response(403);
  });

  it('a request in associations nobody has registered through yet is answered 403', async (t) => {
    const { phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    side.client.aim(serverSide(await phone.clear.response(401)).portS);
    side.client.start('SUBSCRIBE', { uri: phone.clear.uri, headers: ['Event: reg', 'Contact: <sip:x@y>'] });
    await side.client.response(403);
  });

  it('nobody without associations is heard at a protected port', async (t) => {
    const { lab, phone } = await site(t);
    const { theirs } = await phone.register(await phone.side());
    const stranger = await lab.phone('mallory', 66);
    stranger.aim(theirs.portS);
    stranger.start('OPTIONS');
    stranger.aim(theirs.portC);
    stranger.start('OPTIONS');
    stranger.aim(5060);
    await stranger.settled();
    assert.deepEqual(stranger.drain(), []);
  });

  const cases: readonly (readonly [string, string, string, number, string | undefined])[] = [
    ['nothing in common', '', 'alg=hmac-sha-256-128;ealg=aes-cbc', 420, 'sec-agree'],
    ['IPsec is off', 'ipsec: false,', 'alg=hmac-sha-1-96;ealg=aes-cbc', 420, 'sec-agree'],
    ['only null', '', 'alg=null;ealg=null', 420, 'sec-agree'],
  ];
  for (const [name, settings, mechanism, status, unsupported] of cases) {
    it(`a phone that requires an agreement, and ${name}: ${status}`, async (t) => {
      const { phone } = await site(t, settings);
      phone.offer(await phone.side(mechanism));
      const refused = await phone.clear.response(status);
      assert.equal(refused.headers.raw('Unsupported'), unsupported);
    });
  }

  it('ipsec_required: a phone that offers nothing is answered 421', async (t) => {
    const { phone } = await site(t, 'ipsec_required: true,');
    phone.clear.start('REGISTER', { headers: [`Contact: <${phone.clear.contact}>`] });
    const refused = await phone.clear.response(421);
    assert.equal(refused.headers.raw('Require'), 'sec-agree');
  });

  it('a user with a password gets no associations: without keys there are none', async (t) => {
    const { kernel, lab } = await site(t);
    const bob = await lab.phone('bob');
    const offer = `Security-Client: ipsec-3gpp;alg=hmac-md5-96;spi-c=1000;spi-s=1001;port-c=4000;port-s=4001`;
    const accepted = await bob.register({ headers: [`Contact: <${bob.contact}>`, offer] });
    assert.equal(accepted.status, 200);
    assert.deepEqual(kernel.live, []);
    bob.start('REGISTER', { headers: [`Contact: <${bob.contact}>`, offer, 'Require: sec-agree'] });
    await bob.response(420);
  });
});

describe('whatever goes wrong', () => {
  it('a stranger who claims a registered user touches none of its associations', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    const { theirs } = await phone.register(side);
    const before = kernel.live.map(({ spi }) => spi);
    const stranger = await securePhone(lab, 66);
    stranger.offer(await stranger.side());
    await stranger.clear.response(401);
    const live = kernel.live.map(({ spi }) => spi);
    assert.ok(before.every((spi) => live.includes(spi)));
    phone.inside(side, theirs, ['Expires: 3600']);
    await side.server.response(200);
    // The stranger's associations end by themselves.
    lab.clock.advance(4 * 60_000 + 1);
    await kernel.settled();
    assert.deepEqual(
      kernel.live.map(({ spi }) => spi),
      before,
    );
  });

  it('a kernel that refuses is a refused registration, and the next one succeeds', async (t) => {
    const { kernel, phone } = await site(t);
    kernel.fail('no buffer space');
    phone.offer(await phone.side());
    const refused = await phone.clear.response(503);
    assert.ok(refused.headers.raw('Retry-After') !== undefined);
    assert.deepEqual(kernel.live, []);
    await phone.register(await phone.side());
    assert.equal(kernel.live.length, 4);
  });

  it('a server that stops leaves nothing in the kernel, and tells phones to register again', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    await phone.register(side);
    side.client.start('SUBSCRIBE', {
      uri: phone.clear.uri,
      sentBy: printEndpoint(side.server.local),
      headers: ['Event: reg', 'Expires: 600', `Contact: <${side.server.contact}>`],
    });
    await side.server.response(200);
    side.client.respond(await side.server.request('NOTIFY'), 200);
    await phone.clear.settled();
    const stopped = lab.server.stop();
    const farewell = await side.server.request('NOTIFY');
    assert.match(farewell.headers.raw('Subscription-State') ?? '', /^terminated/);
    assert.match(farewell.body.toString(), /event="deactivated"/);
    lab.clock.advance(1000);
    await stopped;
    assert.deepEqual([kernel.live, kernel.policies, kernel.blocks], [[], [], []]);
  });

  it('a restart with a state file strands no phone: its associations go on behind the sequence numbers they had', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'lteims-ipsec-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const { kernel, lab, phone } = await site(t, `ue_db_filename: "${join(directory, 'state.db')}",`);
    const side = await phone.side();
    const { theirs } = await phone.register(side);
    const before = kernel.live.map(({ spi, integrity }) => [spi, integrity.key]);
    const again = await lab.restart({ killed: true });
    await kernel.settled();
    assert.deepEqual(
      kernel.live.map(({ spi, integrity }) => [spi, integrity.key]),
      before,
    );
    assert.deepEqual(
      kernel.live.map(({ destination, lastSequence }) => [destination.address === lab.address, lastSequence ?? 0]),
      [
        [true, 0],
        [false, 2 ** 20],
        [false, 2 ** 20],
        [true, 0],
      ],
    );
    phone.inside(side, theirs, ['Expires: 3600']);
    await side.server.response(200);
    assert.equal(again.server.counts().bindings, 1);
  });
});
