import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type HeaderValue, header, makeRequest } from '../../src/sip/message/build.ts';
import {
  CALL_ID,
  CONTACT,
  CSEQ,
  EXPIRES,
  FROM,
  MAX_FORWARDS,
  parseNameAddr,
  SUBSCRIPTION_STATE,
  TO,
} from '../../src/sip/message/header-types.ts';
import type { Response } from '../../src/sip/message/message.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { Handset } from '../../src/ue/handset.ts';
import { accept, DOMAIN } from './home.ts';
import { answer, handsetParts, ScriptedServer } from './scripted-server.ts';

const CONTACT_HERE = header(CONTACT, parseNameAddr('<sip:scscf@127.0.0.1:5999>'));

async function open(t: TestContext) {
  const server = await ScriptedServer.open(t);
  const handset = await Handset.open(
    {
      impi: `alice@${DOMAIN}`,
      impu: `sip:alice@${DOMAIN}`,
      domain: DOMAIN,
      server: server.local,
      local: { address: '127.0.0.1', port: 0 },
      secrets: {},
    },
    handsetParts(),
  );
  t.after(() => handset.close());
  server.on.REGISTER = (transaction) => accept(transaction, 3600);
  return { server, handset };
}

function acceptSubscribe(transaction: ServerTransaction): void {
  const expires = transaction.request.headers.get(EXPIRES) ?? 0;
  transaction.respond(
    answer(transaction, 200, { toTag: 'notifier', headers: [CONTACT_HERE, header(EXPIRES, expires)] }),
  );
}

/** NOTIFY in the dialog of the SUBSCRIBE. */
function notify(server: ScriptedServer, number: number, state: string, body: string): Promise<Response> {
  const [subscribe] = server.all('SUBSCRIBE');
  assert(subscribe !== undefined);
  const { headers } = subscribe;
  const contact = headers.get(CONTACT);
  const target = contact === undefined || contact === '*' ? '' : headers.raw('Contact')?.replace(/^<|>.*$/g, '');
  const values: HeaderValue[] = [
    header(MAX_FORWARDS, 70),
    header(FROM, parseNameAddr(`${headers.raw('To')};tag=notifier`)),
    header(TO, parseNameAddr(headers.raw('From') ?? '')),
    header(CALL_ID, headers.raw('Call-ID') ?? ''),
    header(CSEQ, { number, method: 'NOTIFY' }),
    header(SUBSCRIPTION_STATE, SUBSCRIPTION_STATE.parse(state)),
    CONTACT_HERE,
  ];
  return server.send(makeRequest('NOTIFY', target ?? '', values, Buffer.from(body)));
}

function regInfo(handset: Handset, state: string, event: string): string {
  const { address, port } = handset.local;
  return `<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="3" state="full">
  <registration aor="sip:alice@${DOMAIN}" id="a100" state="active">
    <contact id="c1" state="${state}" event="${event}" expires="99"><uri>sip:alice@${address}:${port}</uri></contact>
  </registration>
</reginfo>`;
}

describe('a subscription to the registration', () => {
  it('asks as a phone does and collects what it is told', async (t) => {
    const { server, handset } = await open(t);
    server.on.SUBSCRIBE = acceptSubscribe;
    const { outcome, subscription } = await handset.subscribe();
    assert.equal(outcome.status, 200);
    const [request] = server.all('SUBSCRIBE');
    assert.equal(request?.uri, `sip:alice@${DOMAIN}`);
    assert.equal(request?.headers.raw('Event'), 'reg');
    assert.equal(request?.headers.raw('Accept'), 'application/reginfo+xml');
    const answered = await notify(server, 1, 'active;expires=60', regInfo(handset, 'active', 'registered'));
    assert.equal(answered.status, 200);
    const { state, expires, info } = await subscription.next();
    assert.deepEqual([state, expires, info?.version], ['active', 60, 3]);
    const [registration] = info?.registrations ?? [];
    assert.equal(registration?.aor, `sip:alice@${DOMAIN}`);
    assert.deepEqual(registration?.contacts, [
      { id: 'c1', uri: `sip:alice@127.0.0.1:${handset.local.port}`, state: 'active', event: 'registered', expires: 99 },
    ]);
  });

  it('takes a NOTIFY that overtakes the 200', async (t) => {
    const { server, handset } = await open(t);
    let held: ServerTransaction | undefined;
    const arrived = new Promise<void>((resolve) => {
      server.on.SUBSCRIBE = (transaction) => {
        held = transaction;
        resolve();
      };
    });
    const subscribing = handset.subscribe();
    await arrived;
    assert.equal((await notify(server, 1, 'active;expires=60', '')).status, 200);
    assert(held !== undefined);
    acceptSubscribe(held);
    const { subscription } = await subscribing;
    assert.equal((await subscription.next()).state, 'active');
  });

  it('is refreshed and ended in its dialog, after which NOTIFY gets 481', async (t) => {
    const { server, handset } = await open(t);
    server.on.SUBSCRIBE = acceptSubscribe;
    const { subscription } = await handset.subscribe({ expires: 100 });
    await subscription.subscribe(200);
    await subscription.unsubscribe();
    const [first, second, third] = server.all('SUBSCRIBE');
    assert.equal(second?.uri, 'sip:scscf@127.0.0.1:5999');
    assert.equal(second?.headers.raw('To'), `${first?.headers.raw('To')};tag=notifier`);
    assert.equal(second?.headers.get(CSEQ)?.number, 2);
    assert.equal(third?.headers.get(EXPIRES), 0);
    assert.equal((await notify(server, 1, 'terminated;reason=timeout', '')).status, 200);
    assert.equal((await subscription.next()).reason, 'timeout');
    assert.equal((await notify(server, 2, 'active', '')).status, 481);
  });

  it('begins the registration again when the network deactivates it, and ends it when it rejects', async (t) => {
    const { server, handset } = await open(t);
    server.on.SUBSCRIBE = acceptSubscribe;
    await handset.register({ stay: true });
    await handset.subscribe();
    const again = new Promise((resolve) => {
      handset.registration.onRefresh = resolve;
    });
    await notify(server, 1, 'active;expires=60', regInfo(handset, 'terminated', 'deactivated'));
    await again;
    assert.equal(server.all('REGISTER').length, 2);
    assert.equal(handset.registration.registered, true);
    await notify(server, 2, 'active;expires=60', regInfo(handset, 'terminated', 'rejected'));
    assert.equal(handset.registration.registered, false);
    assert.equal(handset.registration.refreshAt, undefined);
  });
});
