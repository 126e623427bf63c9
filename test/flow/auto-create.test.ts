import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startLab } from '../support/lab.ts';
import { cardAnswer, newCard } from '../support/sim-phone.ts';

const K = '00112233445566778899aabbccddeeff';
const TEMPLATE = `{impi: "template", imsi: "001010000000000", K: "${K}", impu: "template"},`;
const KEYS = { algo: 'xor', k: Uint8Array.from(Buffer.from(K, 'hex')) } as const;
const IMSI = '001019999999999';
const IMPI = `${IMSI}@ims.test`;

describe('auto_create', () => {
  it('makes a user of an unknown IMSI, with the keys of the user it names', async (t) => {
    const lab = await startLab(t, TEMPLATE, 'auto_create: "template",');
    const phone = await lab.phone(IMSI);
    const headers = [`Contact: <${phone.contact}>`];
    phone.start('REGISTER', { headers });
    const answer = cardAnswer(newCard(KEYS), IMPI, await phone.response(401));
    phone.start('REGISTER', { headers: [...headers, answer] });
    const accepted = await phone.response(200);
    assert.equal(accepted.headers.raw('P-Associated-URI'), `<sip:${IMSI}@ims.test>`);
    assert.deepEqual(
      lab.server.actions.users().map(({ impi }) => impi),
      ['template', IMPI],
    );
  });

  it('leaves names that are no IMSI refused', async (t) => {
    const lab = await startLab(t, TEMPLATE, 'auto_create: "template",');
    const phone = await lab.phone('stranger');
    phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
    await phone.response(403);
  });

  it('is off unless it is set', async (t) => {
    const lab = await startLab(t, TEMPLATE);
    const phone = await lab.phone(IMSI);
    phone.start('REGISTER', { headers: [`Contact: <${phone.contact}>`] });
    await phone.response(403);
  });
});
