import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestResponse } from '../../src/sip/message/digest.ts';
import type { Response } from '../../src/sip/message/message.ts';
import { SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { startLab } from '../support/lab.ts';
import { challengeOf, credentials, type Phone } from '../support/phone.ts';
import { cardAnswer, newCard } from '../support/sim-phone.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const K = '00112233445566778899aabbccddeeff';
const KEYS = { algo: 'xor', k: Uint8Array.from(Buffer.from(K, 'hex')) } as const;

/** An answer in the form of RFC 2069, to which anything may be appended. */
function plainAnswer(challenged: Response, method: string, uri: string): string {
  const { realm, nonce } = challengeOf(challenged);
  const input = { username: 'alice', realm, password: Buffer.from('alice'), method, uri, nonce };
  const name = challenged.status === 401 ? 'Authorization' : 'Proxy-Authorization';
  return `${name}: Digest username="alice", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${digestResponse(input)}"`;
}

const contact = (phone: Phone) => [`Contact: <${phone.contact}>`];

describe('a captured answer', () => {
  it('without qop serves once, whatever count is appended to it', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    alice.start('REGISTER', { headers: contact(alice) });
    const answer = plainAnswer(await alice.response(401), 'REGISTER', 'sip:ims.test');
    alice.start('REGISTER', { headers: [...contact(alice), answer] });
    await alice.response(200);
    const eve = await lab.phone('alice', 240);
    for (const count of ['00000001', '00000005']) {
      eve.start('REGISTER', { headers: [...contact(eve), `${answer}, nc=${count}`] });
      await eve.response(401);
    }
    assert.deepEqual(
      lab.server.actions.users()[0]?.bindings.map(({ contact: uri }) => uri),
      [alice.contact],
    );
  });

  it('for one called user calls no other', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await lab.phone('alice');
    const headers = [...contact(alice), ...SDP_HEADER];
    const invite = (uri: string, answer: readonly string[]) =>
      alice.start('INVITE', { uri, headers: [...headers, ...answer], body: sdpOf(alice) });
    const first = invite('sip:bob@ims.test', []);
    const challenged = await alice.response(407);
    alice.ackRefusal(first, challenged);
    const answer = credentials(challenged, 'INVITE', 'sip:bob@ims.test', 'alice', 'alice');
    alice.ackRefusal(invite('sip:carol@ims.test', [answer]), await alice.response(403));
  });
});

describe('an identity that needs no proof', () => {
  it('does not let a stranger register the others of its user', async (t) => {
    const lab = await startLab(
      t,
      '{impi: "vip", impu: ["vip", {impu: "open", authentication: false}], pwd: "secret"},',
    );
    const eve = await lab.phone('open');
    eve.start('REGISTER', { headers: contact(eve) });
    await eve.response(401);
  });
});

describe('auto_create', () => {
  const USERS = `{impi: "template", imsi: "001010000000000", K: "${K}", impu: "template"},
    {imsi: "001010000000001", K: "ffeeddccbbaa99887766554433221100"},`;
  const register = async (phone: Phone, username: string, to: string, status: number) => {
    const empty = `Authorization: Digest username="${username}", realm="ims.test", nonce="", uri="sip:ims.test", response=""`;
    phone.start('REGISTER', { to: `<${to}>`, headers: [...contact(phone), empty] });
    return phone.response(status);
  };

  it('gives nobody the identity of a user there is', async (t) => {
    const lab = await startLab(t, USERS, 'auto_create: "template",');
    const eve = await lab.phone('001010000000001');
    await register(eve, '001010000000001@evil', 'sip:001010000000001@ims.test', 403);
    await register(eve, '001010000000001@elsewhere.test', 'sip:001010000000001@ims.test', 403);
  });

  it('keeps no user whose phone never answered', async (t) => {
    const lab = await startLab(t, USERS, 'auto_create: "template",');
    const eve = await lab.phone('eve');
    for (let number = 0; number < 20; number++) {
      const imsi = `0010199999999${String(number).padStart(2, '0')}`;
      await register(eve, `${imsi}@ims.test`, `sip:${imsi}@ims.test`, 401);
    }
    assert.equal(lab.server.actions.users().length, 2);
    const phone = await lab.phone('001019999999900');
    const impi = '001019999999900@ims.test';
    phone.start('REGISTER', { headers: contact(phone) });
    const answer = cardAnswer(newCard(KEYS), impi, await phone.response(401));
    phone.start('REGISTER', { headers: [...contact(phone), answer] });
    await phone.response(200);
    assert.equal(lab.server.actions.users().length, 3);
  });
});

describe('a binding', () => {
  it('cannot be the server itself', async (t) => {
    const lab = await startLab(t, ALICE);
    // The only phone that could: one at the server's own address.
    const alice = await lab.phone('alice', Number(lab.address.split('.')[3]));
    const answer = await alice.register({ headers: [`Contact: <sip:alice@${lab.address}:5060>`] });
    assert.equal(answer.status, 403);
  });

  it('of many phones with one SIM ends when there are too many, the oldest first', async (t) => {
    const lab = await startLab(t, '{impi: "bob", impu: "bob", authent_type: "none", multi_sim: true},');
    const bob = await lab.phone('bob');
    for (let number = 0; number < 70; number++) {
      bob.start('REGISTER', { headers: [`Contact: <sip:bob${number}@${bob.local.address}:${10_000 + number}>`] });
      await bob.response(200);
    }
    const bindings = lab.server.actions.users()[0]?.bindings ?? [];
    assert.equal(bindings.length, 64);
    assert.match(bindings[0]?.contact ?? '', /^sip:bob6@/);
  });
});
