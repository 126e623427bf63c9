import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import { startLab } from '../support/lab.ts';
import { challengeOf, type Phone } from '../support/phone.ts';
import { cardAnswer, newCard } from '../support/sim-phone.ts';

const K = '00112233445566778899aabbccddeeff';
const OPC = '000102030405060708090a0b0c0d0e0f';
const IMSI = '001010123456789';
const IMPI = `${IMSI}@ims.test`;
const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

const XOR: SimKeys = { algo: 'xor', k: octets(K) };
const MILENAGE: SimKeys = { algo: 'milenage', k: octets(K), opc: octets(OPC) };
const TUAK: SimKeys = { algo: 'tuak', k: octets(K), topc: octets(OPC + OPC) };

const user = (keys: string) => `{imsi: "${IMSI}", K: "${K}", ${keys}},`;
const MILENAGE_USER = user(`sim_algo: "milenage", opc: "${OPC}"`);

async function challenge(phone: Phone, headers: readonly string[] = []) {
  phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, ...headers] });
  return phone.response(401);
}

describe('a phone registers with a SIM card', () => {
  const cards: readonly (readonly [string, string, SimKeys])[] = [
    ['XOR', user(''), XOR],
    ['Milenage with OPc', MILENAGE_USER, MILENAGE],
    ['Milenage with OP', user(`sim_algo: "miln", op: "${OPC}"`), { algo: 'milenage', k: octets(K), op: octets(OPC) }],
    ['TUAK', user(`sim_algo: "tuak", topc: "${OPC}${OPC}"`), TUAK],
    ['RES of 4 octets', user(`sim_algo: "milenage", opc: "${OPC}", res_len: 4`), { ...MILENAGE, resLength: 4 }],
  ];
  for (const [name, entry, keys] of cards) {
    it(name, async (t) => {
      const lab = await startLab(t, entry);
      const phone = await lab.phone(IMSI);
      const challenged = await challenge(phone);
      assert.equal(challengeOf(challenged).algorithm, 'AKAv1-MD5');
      const header = cardAnswer(newCard(keys), IMPI, challenged);
      phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, header] });
      const accepted = await phone.response(200);
      assert.equal(accepted.headers.raw('P-Associated-URI'), `<sip:${IMSI}@ims.test>`);
    });
  }

  it('and its keys are logged where the log asks for them, nowhere else', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const logged = () => lab.log.ring.read({ from: 0 })?.records.flatMap(({ data }) => data) ?? [];
    await challenge(phone);
    assert.deepEqual(
      logged().filter((line) => /^(?:CK|IK|XRES|RAND|AUTN) /.test(line)),
      [],
    );
    lab.log.configure('ims.key=1,ims.crypto=1');
    const { nonce } = challengeOf(await challenge(phone));
    const shown = (name: string) => logged().find((line) => line.startsWith(`${name} `)) ?? '';
    const [rand, autn] = [shown('RAND'), shown('AUTN')].map((line) => line.split(' ')[1]);
    assert.equal(nonce, Buffer.from(`${rand}${autn}`, 'hex').toString('base64'));
    for (const name of ['CK', 'IK', 'XRES']) assert.match(shown(name), /^\w+ (?:[0-9a-f]{2}){8,16}$/);
  });

  it('AKAv2 when the entry demands it', async (t) => {
    const lab = await startLab(t, user(`sim_algo: "milenage", opc: "${OPC}", authent_type: "AKAv2"`));
    const phone = await lab.phone(IMSI);
    const challenged = await challenge(phone);
    assert.equal(challengeOf(challenged).algorithm, 'AKAv2-MD5');
    const header = cardAnswer(newCard(MILENAGE), IMPI, challenged);
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, header] });
    await phone.response(200);
  });

  it('never with MD5, whether its request names no algorithm or that one', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const empty = `Authorization: Digest username="${IMPI}", realm="ims.test", nonce="", uri="sip:ims.test", response=""`;
    assert.equal(challengeOf(await challenge(phone, [empty])).algorithm, 'AKAv1-MD5');
    phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`, `${empty}, algorithm=MD5`] });
    await phone.response(403);
  });

  it('with AKAv2 when it names that and the entry demands AKAv1 only', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const named = `Authorization: Digest username="${IMPI}", realm="ims.test", nonce="", uri="sip:ims.test", response="", algorithm=AKAv2-MD5`;
    assert.equal(challengeOf(await challenge(phone, [named])).algorithm, 'AKAv2-MD5');
  });

  it('is offered no qop where authent_qop is none', async (t) => {
    const lab = await startLab(t, user(`sim_algo: "milenage", opc: "${OPC}", authent_qop: "none"`));
    const phone = await lab.phone(IMSI);
    assert.equal(challengeOf(await challenge(phone)).qop, undefined);
  });

  it('is not challenged where authentication is false or authent_type none', async (t) => {
    const lab = await startLab(
      t,
      '{impi: "a", impu: [{impu: "alice", authentication: false}], pwd: "a"}, {impi: "b", impu: "bob", authent_type: "none"},',
    );
    for (const name of ['alice', 'bob']) {
      const phone = await lab.phone(name);
      phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
      await phone.response(200);
    }
  });
});

describe('a card', () => {
  it('whose sequence number is ahead is resynchronised in the same transaction', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const card = newCard(MILENAGE, 2 ** 30);
    const first = await challenge(phone);
    const header = cardAnswer(card, IMPI, first);
    assert.match(header, /auts=/);
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, header] });
    const second = await phone.response(401);
    assert.equal(challengeOf(second).algorithm, 'AKAv1-MD5');
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, cardAnswer(card, IMPI, second)] });
    await phone.response(200);
  });

  it('that refuses our AUTN ends the registration with 403', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const header = cardAnswer(newCard({ ...MILENAGE, k: octets(OPC) }), IMPI, await challenge(phone));
    assert.match(header, /response=""/);
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, header] });
    await phone.response(403);
  });

  it('with another K whose RES differs is refused with 403', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const header = cardAnswer(newCard(MILENAGE), IMPI, await challenge(phone));
    const wrong = header.replace(/response="./, (text) => `response="${text.endsWith('0') ? '1' : '0'}`);
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, wrong] });
    await phone.response(403);
  });

  it('with an AUTS that is not its own is refused with 403', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const challenged = await challenge(phone);
    const header = cardAnswer(newCard(MILENAGE, 2 ** 30), IMPI, challenged);
    const forged = header.replace(/auts="[^"]*"/, `auts="${Buffer.alloc(14).toString('base64')}"`);
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, forged] });
    await phone.response(403);
  });

  it('answers one challenge once: a second use is challenged anew', async (t) => {
    const lab = await startLab(t, MILENAGE_USER);
    const phone = await lab.phone(IMSI);
    const header = cardAnswer(newCard(MILENAGE), IMPI, await challenge(phone));
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, header] });
    await phone.response(200);
    phone.start('REGISTER', { callId: 'r', headers: [`Contact: <${phone.contact}>`, header] });
    await phone.response(401);
  });
});
