import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFromMemory } from '../../src/config/source.ts';
import { identityOfUser } from '../../src/ue/handset-user.ts';
import { readUserFile } from '../../src/ue/user-file.ts';

function read(text: string, others: Readonly<Record<string, string>> = {}) {
  return readUserFile('/lab/ims.cfg', readFromMemory({ '/lab/ims.cfg': text, ...others }));
}

const USERS = `ue_db: [
  { impi: "sip", impu: ["sip", "tel:1234"], pwd: "secret", domain: "one.org" },
  { sim_algo: "milenage", imsi: "001010123456789", K: "00112233445566778899aabbccddeeff",
    opc: "000102030405060708090A0B0C0D0E0F", sqn: "0000000000ff", domain: "two.org" },
  { imsi: "001010000000001", K: "00112233445566778899aabbccddeeff", impu: "tel:600", domain: "two.org" },
]`;

describe('the file of users', () => {
  it('is read without the rest of a configuration', () => {
    const { users, server } = read(USERS);
    assert.deepEqual(
      users.map(({ impi }) => impi),
      ['sip', '001010123456789@two.org', '001010000000001@two.org'],
    );
    assert.equal(server, undefined);
  });

  it('is read with one, through an include', () => {
    const text = `{ sip_addr: ["0.0.0.0", "192.0.2.1"], domain: "top.org", log_options: "x", include "ue.cfg", }`;
    const { users, server, domain } = read(text, { '/lab/ue.cfg': USERS });
    assert.equal(users.length, 3);
    assert.deepEqual(server, { address: '127.0.0.1', port: 5060 });
    assert.equal(domain, 'top.org');
  });

  it('names the server as it is reached from here', () => {
    const server = (address: string) => read(`sip_addr: "${address}", ${USERS}`).server;
    assert.deepEqual(server('[::]:5070'), { address: '::1', port: 5070 });
    assert.deepEqual(server('192.0.2.1'), { address: '192.0.2.1', port: 5060 });
  });

  it('is refused in words that name the place', () => {
    assert.throws(() => read('ue_db: [{ impi: "a", K: "12" }]'), /ims\.cfg:1:\d+: ue_db\[0\]\.K: /);
    assert.throws(() => read('ue_db: ['), /ims\.cfg:1/);
    assert.throws(() => read('domain: "a.org"'), /no users/);
    assert.throws(() => read('ue_db: [{ impi: "a", pwd: "b" }]'), /a has no domain/);
    assert.throws(() => readUserFile('/none', readFromMemory({})), /none.*no such file/);
  });
});

describe('the handset of a user', () => {
  const [password, sim, tel] = read(USERS).users.map((user) => identityOfUser(user, 'top.org'));

  it('has the password and the first SIP identity', () => {
    assert.deepEqual(password, {
      impi: 'sip',
      impu: 'sip:sip@one.org',
      domain: 'one.org',
      secrets: { password: 'secret' },
    });
  });

  it('has the SIM and the identity that follows from the IMSI', () => {
    assert.equal(sim?.impu, 'sip:001010123456789@two.org');
    assert.equal(sim?.secrets.sqn, 255);
    assert.equal(sim?.secrets.sim?.algo, 'milenage');
    assert.equal(tel?.impu, 'sip:001010000000001@two.org');
    assert.equal(tel?.secrets.sim?.algo, 'xor');
  });
});
