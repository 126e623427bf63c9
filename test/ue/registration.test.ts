import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { simAlgorithm } from '../../src/aka/sim-keys.ts';
import { checkAuts } from '../../src/aka/vector.ts';
import { parseAuts } from '../../src/sip/message/aka-digest.ts';
import { header } from '../../src/sip/message/build.ts';
import { verifyDigest } from '../../src/sip/message/digest.ts';
import { CONTACT, EXPIRES, MIN_EXPIRES } from '../../src/sip/message/header-types.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { Handset } from '../../src/ue/handset.ts';
import type { HandsetOptions } from '../../src/ue/options.ts';
import { accept, challenge, credentialsOf, DOMAIN, FRESH_SQN, MILENAGE, vector, XOR } from './home.ts';
import { answer, handsetParts, ScriptedServer } from './scripted-server.ts';

const MD5_NONCE = 'f00d';

async function open(t: TestContext, options: Partial<HandsetOptions> = {}) {
  const server = await ScriptedServer.open(t);
  const parts = handsetParts();
  const handset = await Handset.open(
    {
      impi: `alice@${DOMAIN}`,
      impu: `sip:alice@${DOMAIN}`,
      domain: DOMAIN,
      server: server.local,
      local: { address: '127.0.0.1', port: 0 },
      secrets: { password: 'secret' },
      ...options,
    },
    parts,
  );
  t.after(() => handset.close());
  return { server, handset, clock: parts.clock };
}

/** Challenges whoever shows no answer to `made`, and takes the answer that `password` proves. */
function demanding(made: Parameters<typeof challenge>[1], password: Uint8Array) {
  return (transaction: ServerTransaction) => {
    const credentials = credentialsOf(transaction);
    if ((credentials?.nonce ?? '') === '') challenge(transaction, made);
    else if (credentials !== undefined && verifyDigest(credentials, 'REGISTER', password)) accept(transaction);
    else transaction.respond(answer(transaction, 403));
  };
}

describe('registration with a password', () => {
  it('answers the challenge and learns what was registered', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = demanding(MD5_NONCE, Buffer.from('secret'));
    const result = await handset.register();
    assert.equal(result.status, 200);
    assert.equal(result.registered, true);
    assert.equal(result.granted, 600_000);
    assert.deepEqual(result.associated, [`sip:alice@${DOMAIN}`, 'tel:+1234']);
    assert.deepEqual(
      result.steps.map((step) => step.answer.kind),
      ['password'],
    );
    const [first, second] = server.all('REGISTER');
    assert.equal(first?.uri, `sip:${DOMAIN}`);
    assert.equal(first?.headers.has('Authorization'), false);
    assert.equal(first?.headers.has('Route'), false);
    assert.equal(first?.headers.raw('Call-ID'), second?.headers.raw('Call-ID'));
    assert.equal(second?.headers.raw('CSeq'), '2 REGISTER');
    const credentials = second && credentialsOf({ request: second });
    assert.equal(credentials?.opaque, 'ims');
    assert.equal(credentials?.nc, '00000001');
    assert.equal(credentials?.username, `alice@${DOMAIN}`);
  });

  it('says that it was refused with another password', async (t) => {
    const { server, handset } = await open(t, { secrets: { password: 'wrong' } });
    server.on.REGISTER = demanding(MD5_NONCE, Buffer.from('secret'));
    const result = await handset.register();
    assert.equal(result.status, 403);
    assert.equal(result.registered, false);
  });

  it('does not answer again a challenge that repeats, unless the nonce was stale', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = (transaction) => challenge(transaction, MD5_NONCE);
    assert.equal((await handset.register()).status, 401);
    assert.equal(server.all('REGISTER').length, 2);

    const second = await open(t);
    const { server: staleServer } = second;
    staleServer.on.REGISTER = (transaction) => {
      const nonce = credentialsOf(transaction)?.nonce;
      if (nonce === 'two') accept(transaction);
      else if (nonce === undefined) challenge(transaction, 'one');
      else challenge(transaction, 'two', { extra: ', stale=TRUE' });
    };
    assert.equal((await second.handset.register()).status, 200);
  });

  it('shows the last nonce with a higher count in the next REGISTER', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = demanding(MD5_NONCE, Buffer.from('secret'));
    await handset.register();
    const result = await handset.register();
    assert.equal(result.status, 200);
    assert.deepEqual(result.steps, []);
    const last = server.all('REGISTER').at(-1);
    assert.equal(last && credentialsOf({ request: last })?.nc, '00000002');
  });
});

describe('registration with a SIM', () => {
  for (const [name, keys] of [
    ['XOR', XOR],
    ['Milenage', MILENAGE],
  ] as const) {
    it(`answers with RES of ${name}`, async (t) => {
      const { server, handset } = await open(t, { secrets: { sim: keys } });
      const made = vector(keys);
      server.on.REGISTER = demanding(made, made.xres);
      const result = await handset.register();
      assert.equal(result.status, 200);
      assert.deepEqual(
        result.steps.map((step) => step.answer.kind),
        ['res'],
      );
      assert.equal(handset.sqn, FRESH_SQN);
    });
  }

  it('names itself in the first REGISTER, with the algorithm only when told to', async (t) => {
    const plain = await open(t, { secrets: { sim: XOR } });
    plain.server.on.REGISTER = (transaction) => accept(transaction);
    await plain.handset.register();
    const [first] = plain.server.requests;
    assert.deepEqual(first && credentialsOf({ request: first }), {
      scheme: 'Digest',
      username: `alice@${DOMAIN}`,
      realm: DOMAIN,
      nonce: '',
      uri: `sip:${DOMAIN}`,
      response: '',
    });

    const named = await open(t, { secrets: { sim: XOR }, firstAuthorization: { named: 'AKAv1-MD5' } });
    named.server.on.REGISTER = (transaction) => accept(transaction);
    await named.handset.register();
    const [other] = named.server.requests;
    assert.equal(other && credentialsOf({ request: other })?.algorithm, 'AKAv1-MD5');
  });

  it('answers a wrong MAC with an empty response and no AUTS, twice at most', async (t) => {
    const { server, handset } = await open(t, { secrets: { sim: MILENAGE } });
    const stranger = vector({ ...MILENAGE, k: Buffer.alloc(16, 7) });
    server.on.REGISTER = (transaction) => challenge(transaction, stranger);
    const result = await handset.register();
    assert.equal(result.status, 401);
    assert.deepEqual(
      result.steps.map((step) => step.answer.kind),
      ['mac-failure', 'mac-failure'],
    );
    const answers = server
      .all('REGISTER')
      .slice(1)
      .map((request) => credentialsOf({ request }));
    assert.equal(answers.length, 2);
    for (const credentials of answers) {
      assert.equal(credentials?.response, '');
      assert.equal(credentials?.auts, undefined);
    }
  });

  it('tells its sequence number when that of the server is used up, and then answers', async (t) => {
    const cardSqn = 32 * 1000;
    const { server, handset } = await open(t, { secrets: { sim: MILENAGE, sqn: cardSqn } });
    const next = vector(MILENAGE, cardSqn + 33);
    server.on.REGISTER = (transaction) => {
      const credentials = credentialsOf(transaction);
      if (credentials?.auts !== undefined) challenge(transaction, next);
      else if (credentials?.nonce === '') challenge(transaction, vector(MILENAGE));
      else demanding(next, next.xres)(transaction);
    };
    const result = await handset.register();
    assert.equal(result.status, 200);
    assert.deepEqual(
      result.steps.map((step) => step.answer.kind),
      ['sync-failure', 'res'],
    );
    const told = server.all('REGISTER')[1];
    const credentials = told && credentialsOf({ request: told });
    const auts = parseAuts(credentials?.auts ?? '');
    assert.equal(checkAuts(simAlgorithm(MILENAGE), vector(MILENAGE).rand, auts), cardSqn);
    assert(credentials !== undefined && verifyDigest(credentials, 'REGISTER', new Uint8Array(0)));
    assert.equal(handset.sqn, cardSqn + 33);
  });

  it('says why it cannot answer', async (t) => {
    const { server, handset } = await open(t, { secrets: { sim: XOR } });
    server.on.REGISTER = (transaction) => challenge(transaction, MD5_NONCE);
    const result = await handset.register();
    assert.equal(result.status, 401);
    assert.equal(server.all('REGISTER').length, 1);
    assert.equal(result.steps[0]?.answer.kind, 'unanswerable');
  });
});

describe('a registration that stays', () => {
  for (const [granted, dueS] of [
    [3600, 3000],
    [1201, 601],
    [1200, 600],
    [60, 30],
  ] as const) {
    it(`is refreshed ${dueS} s after ${granted} s were granted`, async (t) => {
      const { server, handset, clock } = await open(t);
      server.on.REGISTER = (transaction) => accept(transaction, granted);
      await handset.register({ stay: true });
      clock.advance(dueS * 1000 - 1);
      assert.equal(handset.registration.refreshAt, clock.now() + 1);
      const refreshed = new Promise((resolve) => {
        handset.registration.onRefresh = resolve;
      });
      clock.advance(1);
      await refreshed;
      assert.equal(server.all('REGISTER').length, 2);
      assert.equal(handset.registration.refreshAt, clock.now() + dueS * 1000);
    });
  }

  it('is tried again when the server is away, and given up when it refuses', async (t) => {
    const { server, handset, clock } = await open(t);
    let status = 200;
    server.on.REGISTER = (transaction) => {
      if (status === 200) accept(transaction, 600);
      else transaction.respond(answer(transaction, status));
    };
    await handset.register({ stay: true });
    const refresh = async (ms: number) => {
      const told = new Promise<number>((resolve) => {
        handset.registration.onRefresh = (result) => resolve(result.status);
      });
      clock.advance(ms);
      return told;
    };
    status = 503;
    assert.equal(await refresh(300_000), 503);
    assert.equal(handset.registration.refreshAt, clock.now() + 30_000);
    assert.equal(await refresh(30_000), 503);
    assert.equal(handset.registration.refreshAt, clock.now() + 60_000);
    status = 403;
    assert.equal(await refresh(60_000), 403);
    assert.equal(handset.registration.refreshAt, undefined);
    assert.equal(handset.registration.registered, false);
  });

  it('is not refreshed when nobody asked for it', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = (transaction) => accept(transaction);
    await handset.register();
    assert.equal(handset.registration.refreshAt, undefined);
  });

  it('ends with deregister', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = (transaction) => accept(transaction);
    await handset.register({ stay: true });
    const result = await handset.deregister();
    assert.equal(result.status, 200);
    assert.equal(server.all('REGISTER').at(-1)?.headers.get(EXPIRES), 0);
    assert.equal(handset.registration.registered, false);
    assert.equal(handset.registration.refreshAt, undefined);
  });
});

describe('REGISTER', () => {
  it('follows a 423 once, unless told not to', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = (transaction) => {
      if ((transaction.request.headers.get(EXPIRES) ?? 0) >= 300) accept(transaction);
      else transaction.respond(answer(transaction, 423, { headers: [header(MIN_EXPIRES, 300)] }));
    };
    assert.equal((await handset.register({ expires: 10 })).granted, 300);
    assert.equal((await handset.register({ expires: 10, obeyMinExpires: false })).status, 423);
  });

  it('carries the contacts and headers a test wants, and is sent once', async (t) => {
    const { server, handset } = await open(t);
    server.on.REGISTER = (transaction) => challenge(transaction, MD5_NONCE);
    const contacts = ['<sip:a@192.0.2.1>;q=0.5', '<sip:b@192.0.2.1>;expires=60'];
    const result = await handset.sendRegister({ contacts, edit: ({ headers }) => headers.setRaw('X-Lab', '3') });
    assert.equal(result.status, 401);
    await handset.sendRegister({ contacts: ['*'], expires: 0 });
    const [first, second, ...more] = server.all('REGISTER');
    assert.deepEqual(first?.headers.rawAll('Contact'), contacts);
    assert.equal(first?.headers.raw('X-Lab'), '3');
    assert.equal(second?.headers.get(CONTACT), '*');
    assert.deepEqual(more, []);
  });

  it('shows the phone in Contact', async (t) => {
    const { server, handset } = await open(t, { imei: '353020111234567', features: ['audio', '+g.3gpp.smsip'] });
    server.on.REGISTER = (transaction) => accept(transaction);
    await handset.register();
    const { address, port } = handset.local;
    assert.equal(
      server.requests[0]?.headers.raw('Contact'),
      `<sip:alice@${address}:${port}>;+sip.instance="<urn:gsma:imei:35302011-123456-0>";audio;+g.3gpp.smsip`,
    );
  });

  it('goes over TCP when the handset is told so', async (t) => {
    const { server, handset } = await open(t, { transport: 'TCP' });
    server.on.REGISTER = demanding(MD5_NONCE, Buffer.from('secret'));
    assert.equal((await handset.register()).status, 200);
    assert.equal(server.flow?.transport, 'TCP');
    assert(handset.journal.entries.every(({ transport }) => transport === 'TCP'));
  });

  it('ends as 408 when nobody answers, and as 503 when the handset is closed meanwhile', async (t) => {
    const { server, handset, clock } = await open(t);
    server.on.REGISTER = () => {};
    const first = handset.register();
    clock.advance(32_000);
    const result = await first;
    assert.equal(result.status, 408);
    assert.deepEqual(result.failure, { kind: 'timeout' });
    const second = handset.register();
    handset.close();
    assert.equal((await second).status, 503);
    assert.equal(clock.waiting, 0);
  });
});
