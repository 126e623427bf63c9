import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import type { Response } from '../../src/sip/message/message.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { type ClientSide, SecurePhone, type ServerSide, serverSide } from '../support/secure-phone.ts';
import { newCard } from '../support/sim-phone.ts';

const K = '00112233445566778899aabbccddeeff';
const IMSI = '001010123456789';
const IMPI = `${IMSI}@ims.test`;
const XOR: SimKeys = { algo: 'xor', k: Uint8Array.from(Buffer.from(K, 'hex')) };
const USERS = `{imsi: "${IMSI}", K: "${K}"}`;
/** Whatever was only to fade is gone by then. */
const FADED_MS = 60_000;

async function site(t: TestContext, settings = '', socket = '') {
  const kernel = new FakeKernel();
  const lab = await startLab(t, USERS, settings, socket, [], { kernel });
  return { kernel, lab, phone: await securePhone(lab, 21) };
}

function securePhone(lab: Lab, host: number): Promise<SecurePhone> {
  return SecurePhone.make(newCard(XOR), IMPI, (port) => lab.phone(IMSI, host, port));
}

/** The phone is registered, and a refresh in these associations is heard. */
async function assertServed(lab: Lab, phone: SecurePhone, side: ClientSide, theirs: ServerSide): Promise<void> {
  assert.equal(lab.server.counts().bindings, 1);
  phone.inside(side, theirs, ['Expires: 3600']);
  await side.server.response(200);
}

describe('whoever was told 200 keeps the associations it was told it in', () => {
  it('when it deregisters, and registers at once in the same', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    const { theirs } = await phone.register(side);
    phone.inside(side, theirs, ['Expires: 0']);
    await side.server.response(200);
    phone.inside(side, theirs, ['Expires: 3600']);
    const challenged: Response = await side.server.response(401);
    phone.inside(side, theirs, ['Expires: 3600', phone.answer(challenged)]);
    await side.server.response(200);
    lab.clock.advance(FADED_MS);
    await kernel.settled();
    await assertServed(lab, phone, side, theirs);
  });

  it('when it answers a challenge that another one followed', async (t) => {
    const { kernel, lab, phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    phone.offer(await phone.side());
    await phone.clear.response(401);
    const theirs = serverSide(challenged);
    phone.inside(side, theirs, [`Security-Client: ${side.text}`, phone.answer(challenged), 'Expires: 3600']);
    await side.server.response(200);
    lab.clock.advance(FADED_MS);
    await kernel.settled();
    await assertServed(lab, phone, side, theirs);
  });
});

describe('a card that refuses the network inside its associations', () => {
  it('is believed: the REGISTER that says so is no refresh', async (t) => {
    const { lab, phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const theirs = serverSide(challenged);
    const answer = phone.answer(challenged);
    phone.inside(side, theirs, [`Security-Client: ${side.text}`, answer, 'Expires: 3600']);
    await side.server.response(200);
    phone.inside(side, theirs, [answer.replace(/response="[0-9a-f]+"/, 'response=""'), 'Expires: 3600']);
    await side.server.response(403);
    assert.equal(lab.server.counts().bindings, 1);
  });
});

describe('where handsets see another address than the one they reach', () => {
  it('there are no associations: who requires them is answered 420, who does not is served in clear', async (t) => {
    const { lab, phone } = await site(t, '', 'bind_addr: "BOUND"');
    const side = await phone.side();
    phone.offer(side);
    assert.equal((await phone.clear.response(420)).headers.raw('Unsupported'), 'sec-agree');
    const register = (authorization: string) =>
      phone.clear.start('REGISTER', {
        callId: 'c',
        headers: [`Contact: <${phone.clear.contact}>`, `Security-Client: ${side.text}`, authorization],
      });
    register(`Authorization: Digest username="${IMPI}", realm="ims.test", nonce="", uri="sip:ims.test", response=""`);
    register(phone.answer(await phone.clear.response(401)));
    await phone.clear.response(200);
    assert.equal(lab.server.counts().bindings, 1);
  });
});

describe('a stranger who has read the first REGISTER', () => {
  it('keeps no phone from answering by sending what comes next before it does', async (t) => {
    const { lab, phone } = await site(t);
    const side = await phone.side();
    phone.offer(side);
    const challenged = await phone.clear.response(401);
    const { headers } = challenged;
    const mallory = await lab.phone('mallory', 66);
    mallory.start('REGISTER', {
      callId: headers.raw('Call-ID') ?? '',
      cseq: Number.parseInt(headers.raw('CSeq') ?? '', 10) + 1,
      from: headers.raw('From') ?? '',
      to: `<sip:${IMSI}@ims.test>`,
    });
    await mallory.response(401);
    const answer = [`Security-Client: ${side.text}`, phone.answer(challenged), 'Expires: 3600'];
    phone.inside(side, serverSide(challenged), answer);
    await side.server.response(200);
  });
});

describe('a registration whose associations are gone ends, and its phone may register anew', () => {
  function stateFile(t: TestContext): string {
    const directory = mkdtempSync(join(tmpdir(), 'lteims-ipsec-'));
    t.after(() => rmSync(directory, { recursive: true }));
    return `ue_db_filename: "${join(directory, 'state.db')}",`;
  }

  it('after a restart without IPsec', async (t) => {
    const { lab, phone } = await site(t, stateFile(t));
    await phone.register(await phone.side());
    const bare = await lab.restart({ withoutIpsec: true });
    assert.equal(bare.server.counts().bindings, 0);
  });

  it('after a restart, when the kernel does not take them again', async (t) => {
    const { kernel, lab, phone } = await site(t, stateFile(t));
    await phone.register(await phone.side());
    kernel.fail('no buffer space');
    const again = await lab.restart();
    await kernel.settled();
    assert.equal(again.server.counts().bindings, 0);
    await phone.register(await phone.side());
    assert.equal(again.server.counts().bindings, 1);
  });
});
