import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Request } from '../../src/sip/message/message.ts';
import { octetData } from '../../src/sms/user-data.ts';
import { startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';
import { nextDeliver, nextOf, registerSms, submit, take } from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice", auth_on_register_only: true},';
const BOB = '{impi: "bob", impu: ["bob", "tel:+1002"], pwd: "bob"},';
const PLAIN = 'Content-Type: text/plain;charset=UTF-8';

const textOf = ({ body }: Request) => Buffer.from(body).toString();

function page(phone: Phone, uri: string, body: string | Uint8Array, ...headers: readonly string[]): void {
  phone.start('MESSAGE', { uri, body, headers: headers.length === 0 ? [PLAIN] : headers });
}

async function softphones(lab: Awaited<ReturnType<typeof startLab>>): Promise<[Phone, Phone]> {
  const alice = await lab.phone('alice');
  const bob = await lab.phone('bob');
  await alice.register();
  await bob.register();
  return [alice, bob];
}

describe('a page-mode message', () => {
  it('goes from softphone to softphone as it is, and its answer back', async (t) => {
    const lab = await startLab(t, ALICE + BOB, 'p_called_party_id: true,');
    const [alice, bob] = await softphones(lab);
    page(alice, 'tel:+1-002', '<b>hi</b> ü', 'Content-Type: text/html', 'Subject: greeting');
    const request = await bob.request('MESSAGE');
    assert.equal(request.uri, bob.contact);
    assert.equal(textOf(request), '<b>hi</b> ü');
    const { headers } = request;
    assert.equal(headers.raw('Content-Type'), 'text/html');
    assert.equal(headers.raw('Subject'), 'greeting');
    assert.equal(headers.raw('Max-Forwards'), '69');
    assert.match(headers.raw('From') ?? '', /^<sip:alice@ims.test>;tag=\w+$/);
    assert.equal(headers.raw('To'), '<tel:+1002>');
    assert.deepEqual(headers.rawAll('P-Asserted-Identity'), ['<sip:alice@ims.test>', '<tel:1001>']);
    assert.equal(headers.raw('P-Called-Party-ID'), '<tel:+1002>');
    await alice.settled();
    assert.ok(alice.idle);
    bob.respond(request, 200);
    await alice.response(200);
  });

  it('is refused as its recipient refuses it', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const [alice, bob] = await softphones(lab);
    page(alice, 'sip:bob@ims.test', 'hi');
    bob.respond(await bob.request('MESSAGE'), 603);
    await alice.response(603);
    page(alice, 'sip:bob@ims.test', 'hi');
    await bob.request('MESSAGE');
    lab.clock.advance(32_000);
    await alice.response(480);
  });

  it('rings all phones of a user; the first to take it is enough', async (t) => {
    const lab = await startLab(t, `${ALICE}{impi: "bob", impu: "bob", pwd: "bob", multi_sim: true},`);
    const [alice, first] = await softphones(lab);
    const second = await lab.phone('bob');
    await second.register();
    page(alice, 'sip:bob@ims.test', 'hi');
    first.respond(await first.request('MESSAGE'), 486);
    second.respond(await second.request('MESSAGE'), 200);
    await alice.response(200);
    await alice.settled();
    assert.ok(alice.idle);
  });

  it('to nobody is 404, and what only a phone can take 480 when there is none', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await alice.register();
    page(alice, 'sip:zoe@ims.test', 'hi');
    await alice.response(404);
    page(alice, 'sip:bob@ims.test', '<isComposing/>', 'Content-Type: application/im-iscomposing+xml');
    await alice.response(480);
    page(alice, 'sip:bob@ims.test', 'hi', 'Content-Type: text/plain;charset=x-nothing');
    await alice.response(415);
    page(alice, 'sip:bob@ims.test', Uint8Array.of(0xff));
    await alice.response(400);
    assert.equal(lab.server.counts().messages, 0);
  });
});

describe('between softphones and handsets', () => {
  it('text becomes short messages', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await alice.register();
    const bob = await lab.phone('bob');
    await registerSms(bob);
    page(alice, 'sip:bob@ims.test', 'so long '.repeat(30));
    await alice.response(202);
    const parts = [await take(bob), await take(bob)];
    assert.equal(parts.map(({ text }) => text).join(''), 'so long '.repeat(30));
    assert.equal(parts[0]?.tpdu.originator.value, '1001');
    page(alice, 'sip:bob@ims.test', 'guess', PLAIN, 'Privacy: id');
    await alice.response(202);
    assert.equal((await take(bob)).tpdu.originator.value, 'Anonymous');
    page(alice, 'sip:bob@ims.test', Buffer.from('caf\u00e9', 'latin1'), 'Content-Type: text/plain;charset=iso-8859-1');
    await alice.response(202);
    assert.equal((await take(bob)).text, 'café');
  });

  it('short messages become text, and its answer finds the way back', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await alice.register();
    const bob = await lab.phone('bob');
    await registerSms(bob);
    await submit(bob, '1001', 'Grüße €', 1, { statusReport: true });
    await nextOf(bob, 'ack');
    const request = await alice.request('MESSAGE');
    assert.equal(textOf(request), 'Grüße €');
    assert.equal(request.headers.raw('Content-Type'), 'text/plain;charset=UTF-8');
    assert.match(request.headers.raw('From') ?? '', /^<sip:bob@ims.test>;tag=\w+$/);
    alice.respond(request, 200);
    const { rp } = await nextOf(bob, 'data');
    assert.equal(rp.userData[0], 0x06);
    assert.equal(lab.server.counts().messages, 1);
    const [, back = ''] = /<([^>]+)>/.exec(request.headers.raw('From') ?? '') ?? [];
    page(alice, back, 'thanks');
    await alice.response(202);
  });

  it('data waits for a phone that takes it', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await alice.register();
    const bob = await lab.phone('bob');
    await registerSms(bob);
    await submit(bob, '1001', '', 1, { userData: octetData(4, [], Uint8Array.of(1, 2, 3)) });
    await nextOf(bob, 'ack');
    await alice.settled();
    assert.ok(alice.idle);
    await registerSms(alice);
    const { tpdu } = await takeWithoutChallenge(alice);
    assert.deepEqual(tpdu.userData.octets, Uint8Array.of(1, 2, 3));
  });

  it('text for somebody who is away waits, and comes as text to a softphone', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await alice.register();
    page(alice, 'sip:bob@ims.test', 'later');
    await alice.response(202);
    lab.server.actions.sendSms('bob', 'news', 'Lab "7"');
    const bob = await lab.phone('bob');
    await bob.register();
    const first = await bob.request('MESSAGE');
    assert.equal(textOf(first), 'later');
    bob.respond(first, 200);
    const second = await bob.request('MESSAGE');
    assert.match(second.headers.raw('From') ?? '', /^"Lab \\"7\\"" <sip:Lab%20%227%22@ims.test>;tag=/);
    bob.respond(second, 200);
    await bob.settled();
    assert.equal(lab.server.counts().messages, 0);
  });

  async function takeWithoutChallenge(phone: Phone) {
    const delivered = await nextDeliver(phone);
    const headers = ['Content-Type: application/vnd.3gpp.sms'];
    phone.start('MESSAGE', { headers, body: Uint8Array.of(2, delivered.reference) });
    await phone.response(202);
    return delivered;
  }
});
