import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, parseChallenge } from '../../src/sip/message/authorization.ts';
import { header, makeRequest } from '../../src/sip/message/build.ts';
import { verifyDigest } from '../../src/sip/message/digest.ts';
import {
  CALL_ID,
  CONTACT,
  CSEQ,
  FROM,
  MAX_FORWARDS,
  parseNameAddr,
  TO,
  tagOf,
} from '../../src/sip/message/header-types.ts';
import type { Request } from '../../src/sip/message/message.ts';
import type { ServerTransaction } from '../../src/sip/transaction/user.ts';
import { Handset } from '../../src/ue/handset.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { DOMAIN } from './home.ts';
import { answer, handsetParts, ScriptedServer } from './scripted-server.ts';

const ALICE_AT = loopbackAddress();
const BOB_AT = loopbackAddress();

const PORT = 5060;

function options(name: string, address: string, server: string) {
  return {
    impi: `${name}@${DOMAIN}`,
    impu: `sip:${name}@${DOMAIN}`,
    domain: DOMAIN,
    server: { address: server, port: PORT },
    local: { address, port: PORT },
    secrets: { password: 'secret' },
  };
}

/** Two handsets that are each other's server. */
async function pair(t: TestContext) {
  const parts = handsetParts();
  const alice = await Handset.open(options('alice', ALICE_AT, BOB_AT), parts);
  const bob = await Handset.open(options('bob', BOB_AT, ALICE_AT), parts);
  t.after(() => {
    alice.close();
    bob.close();
  });
  return { alice, bob, clock: parts.clock };
}

async function connected(t: TestContext) {
  const both = await pair(t);
  const outgoing = await both.alice.call('bob');
  const incoming = await both.bob.nextCall();
  incoming.ring();
  incoming.answer();
  await outgoing.answered();
  await incoming.acknowledged();
  return { ...both, outgoing, incoming };
}

/** A handset and a server that does what the test says. */
async function withServer(t: TestContext) {
  const server = await ScriptedServer.open(t);
  const parts = handsetParts();
  const alice = await Handset.open(
    { ...options('alice', '127.0.0.1', '127.0.0.1'), server: server.local, local: { address: '127.0.0.1', port: 0 } },
    parts,
  );
  t.after(() => alice.close());
  return { server, alice, clock: parts.clock };
}

const SDP = Buffer.from(
  ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 4000 RTP/AVP 8 0', ''].join(
    '\r\n',
  ),
);
const CONTACT_HERE = header(CONTACT, parseNameAddr('<sip:server@127.0.0.1:5999>'));

function accepted(transaction: ServerTransaction, toTag: string) {
  const type = header({ name: 'Content-Type', list: false, parse: (raw) => raw, print: String }, 'application/sdp');
  return answer(transaction, 200, { toTag, headers: [CONTACT_HERE, type], body: SDP });
}

describe('a call between two handsets', () => {
  it('rings, is answered, carries sound both ways and is hung up', async (t) => {
    const { alice, bob } = await pair(t);
    const outgoing = await alice.call('bob');
    const incoming = await bob.nextCall();
    assert.equal(incoming.caller, `sip:alice@${DOMAIN}`);
    assert.equal(incoming.invite.uri, `sip:bob@${DOMAIN}`);
    assert.equal(incoming.invite.headers.raw('Route'), `<sip:${BOB_AT}:5060;lr>`);
    incoming.ring();
    assert.equal((await outgoing.ringing()).status, 180);
    incoming.answer();
    assert.equal((await outgoing.answered()).status, 200);
    await incoming.acknowledged();
    outgoing.media.burst(5);
    incoming.media.burst(7);
    await incoming.media.heard(5);
    await outgoing.media.heard(7);
    assert.deepEqual(outgoing.media.counts, {
      sent: { packets: 5, octets: 5 * 172 },
      received: { packets: 7, octets: 7 * 172 },
      lost: 0,
      sources: 1,
    });
    const bye = await outgoing.hangUp();
    assert.equal(bye.status, 200);
    const { by, why } = await incoming.ended();
    assert.deepEqual({ by, why }, { by: 'peer', why: 'hung up' });
    assert.equal((await outgoing.ended()).by, 'us');
    assert.equal(alice.calls.size + bob.calls.size, 0);
  });

  it('plays the tone by the clock, 50 packets a second', async (t) => {
    const { outgoing, incoming, clock } = await connected(t);
    outgoing.media.play('tone');
    clock.advance(1000);
    assert.equal(outgoing.media.counts.sent.packets, 51);
    await incoming.media.heard(51);
    outgoing.media.play('silence');
    clock.advance(1000);
    assert.equal(outgoing.media.counts.sent.packets, 51);
  });

  it('echoes', async (t) => {
    const { outgoing, incoming } = await connected(t);
    incoming.media.play('echo');
    outgoing.media.burst(3);
    assert.equal((await outgoing.media.heard(3)).received.packets, 3);
  });

  it('is refused', async (t) => {
    const { alice, bob } = await pair(t);
    const outgoing = await alice.call('bob');
    (await bob.nextCall()).refuse(486);
    const end = await outgoing.ended();
    assert.deepEqual([end.by, end.status, end.why], ['peer', 486, '486 Busy Here']);
    await assert.rejects(outgoing.answered(), /the call ended: 486 Busy Here/);
    await bob.journal.expectRequest('ACK');
  });

  it('is given up while it rings', async (t) => {
    const { alice, bob } = await pair(t);
    const outgoing = await alice.call('bob');
    const incoming = await bob.nextCall();
    incoming.ring();
    await outgoing.ringing();
    const end = await outgoing.cancel('SIP;cause=487');
    assert.deepEqual([end.by, end.status], ['us', 487]);
    const other = await incoming.ended();
    assert.deepEqual([other.by, other.status, other.reason], ['peer', 487, 'SIP;cause=487']);
  });

  it('is hung up by BYE when the answer crosses the CANCEL', async (t) => {
    const { alice, bob } = await pair(t);
    const outgoing = await alice.call('bob');
    const incoming = await bob.nextCall();
    incoming.ring();
    await outgoing.ringing();
    incoming.answer();
    await outgoing.cancel();
    assert.equal((await incoming.ended()).by, 'peer');
    await bob.journal.expectRequest('BYE');
  });

  it('is held and resumed', async (t) => {
    const { outgoing, incoming } = await connected(t);
    assert.equal((await outgoing.hold()).status, 200);
    assert.equal(incoming.session.heldByPeer, true);
    incoming.media.burst(1);
    assert.equal(incoming.media.counts.sent.packets, 0);
    outgoing.media.burst(1);
    await incoming.media.heard(1);
    assert.equal((await outgoing.resume()).status, 200);
    assert.equal(incoming.session.heldByPeer, false);
    incoming.media.burst(2);
    await outgoing.media.heard(2);
  });

  it('may offer in the answer', async (t) => {
    const { alice, bob } = await pair(t);
    const outgoing = await alice.call('bob', { offer: false });
    const incoming = await bob.nextCall();
    assert.equal(incoming.invite.body.length, 0);
    incoming.answer();
    await outgoing.answered();
    await incoming.acknowledged();
    incoming.media.burst(2);
    outgoing.media.burst(1);
    await outgoing.media.heard(2);
    await incoming.media.heard(1);
  });

  it('is refused with 488 without a common codec', async (t) => {
    const { alice, bob } = await pair(t);
    const outgoing = await alice.call('bob', { sdp: (own) => own.replace('RTP/AVP 0 8', 'RTP/AVP 96') });
    (await bob.nextCall()).answer();
    assert.equal((await outgoing.ended()).status, 488);
  });

  it('is answered by itself where that is wanted', async (t) => {
    const { alice, bob } = await pair(t);
    bob.autoAnswer = { sound: 'echo' };
    const outgoing = await alice.call('bob');
    await outgoing.ringing();
    await outgoing.answered();
    outgoing.media.burst(4);
    await outgoing.media.heard(4);
    await outgoing.hangUp();
  });

  it('repeats its 200 until the ACK comes, and ends the call when none does', async (t) => {
    const { server, alice, clock } = await withServer(t);
    const { incoming, invite } = await calledBy(server, alice);
    let answers = 0;
    alice.journal.onEntry = ({ dir, message }) => {
      if (dir === 'TO' && 'status' in message && message.status === 200) answers++;
    };
    incoming.answer();
    clock.advance(500);
    clock.advance(1000);
    assert.equal(answers, 3);
    server.on.BYE = (transaction) => transaction.respond(answer(transaction, 200));
    clock.advance(32_000);
    const end = await incoming.ended();
    assert.equal(end.by, 'us');
    assert.equal((await invite).status, 200);
  });
});

describe('an INVITE', () => {
  it('is sent again with an answer when it is challenged', async (t) => {
    const { server, alice } = await withServer(t);
    server.on.INVITE = (transaction) => {
      const credentials = transaction.request.headers.get(PROXY_AUTHORIZATION);
      if (credentials === undefined) {
        const challenge = parseChallenge(`Digest realm="${DOMAIN}", nonce="n1", algorithm=MD5, qop="auth"`);
        transaction.respond(answer(transaction, 407, { headers: [header(PROXY_AUTHENTICATE, challenge)] }));
      } else if (verifyDigest(credentials, 'INVITE', Buffer.from('secret')))
        transaction.respond(accepted(transaction, 'x'));
      else transaction.respond(answer(transaction, 403));
    };
    const call = await alice.call('tel:1235');
    await call.answered();
    assert.deepEqual(
      call.steps.map((step) => step.status),
      [407],
    );
    const [first, second] = server.all('INVITE');
    assert.equal(first?.uri, 'tel:1235');
    assert.equal(first?.headers.raw('Call-ID'), second?.headers.raw('Call-ID'));
    assert.equal(second?.headers.get(CSEQ)?.number, 2);
  });

  it('ends the calls of forks that answer later', async (t) => {
    const { server, alice } = await withServer(t);
    server.on.BYE = (transaction) => transaction.respond(answer(transaction, 200));
    let invite: ServerTransaction | undefined;
    server.on.INVITE = (transaction) => {
      invite = transaction;
      transaction.respond(accepted(transaction, 'first'));
    };
    const call = await alice.call('bob');
    await call.answered();
    const second = await forkAnswer(server, invite, alice);
    assert.equal(tagOf(second.headers.get(TO)), 'second');
    assert.equal(call.over, false);
  });

  it('ends as 408 when nobody answers', async (t) => {
    const { server, alice, clock } = await withServer(t);
    server.on.INVITE = () => {};
    const call = await alice.call('bob');
    clock.advance(32_000);
    const end = await call.ended();
    assert.deepEqual([end.by, end.status], ['nobody', 408]);
  });
});

describe('requests inside a call', () => {
  it('are answered: OPTIONS, INFO and UPDATE with 200, others with 405, unknown dialogs with 481', async (t) => {
    const { outgoing, incoming, alice } = await connected(t);
    for (const method of ['OPTIONS', 'INFO', 'UPDATE']) {
      assert.equal((await outgoing.request(method)).status, 200);
    }
    assert.equal((await incoming.request('REFER')).status, 405);
    const to = `<sip:bob@${DOMAIN}>;tag=nobody`;
    const lost = await alice.request('BYE', `sip:bob@${DOMAIN}`, { edit: ({ headers }) => headers.setRaw('To', to) });
    assert.equal(lost.status, 481);
  });
});

/** The server calls the handset; the INVITE's final response is awaited apart. */
async function calledBy(server: ScriptedServer, alice: Handset) {
  server.on.OPTIONS = (transaction) => transaction.respond(answer(transaction, 200));
  await alice.request('OPTIONS', `sip:${DOMAIN}`);
  const { address, port } = alice.local;
  const request = makeRequest(
    'INVITE',
    `sip:alice@${address}:${port}`,
    [
      header(MAX_FORWARDS, 70),
      header(FROM, parseNameAddr(`<sip:bob@${DOMAIN}>;tag=b`)),
      header(TO, parseNameAddr(`<sip:alice@${DOMAIN}>`)),
      header(CALL_ID, 'c1'),
      header(CSEQ, { number: 1, method: 'INVITE' }),
      CONTACT_HERE,
    ],
    SDP,
  );
  const invite = server.send(request);
  return { incoming: await alice.nextCall(), invite };
}

/** Answers an INVITE once more, as another fork would, past the transaction layer; gives the BYE that follows. */
async function forkAnswer(
  server: ScriptedServer,
  invite: ServerTransaction | undefined,
  alice: Handset,
): Promise<Request> {
  assert(invite !== undefined);
  const bye = new Promise<Request>((resolve) => {
    const before = server.on.BYE;
    server.on.BYE = (transaction) => {
      before?.(transaction);
      resolve(transaction.request);
    };
  });
  server.respondStateless(accepted(invite, 'second'), invite.flow);
  await alice.journal.expect((message) => tagOf(message.headers.tryGet(TO)) === 'second');
  return bye;
}
