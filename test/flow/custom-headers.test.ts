import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { readableText } from '../../src/sip/message/message.ts';
import { acknowledge, invite, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { startLab } from '../support/lab.ts';

const USERS = `{impi: "alice", impu: "alice", pwd: "alice"}, {impi: "bob", impu: "bob", pwd: "bob"},`;
const BOB = 'sip:bob@ims.test';
const LAB = { name: 'X-Lab', value: 'Prüfstand 3' };
const TEXT = Buffer.from(LAB.value, 'utf8').toString('latin1');

async function registered(t: TestContext, header: object) {
  const settings = `custom_headers: [${JSON.stringify({ ...LAB, ...header })}],`;
  const lab = await startLab(t, USERS, settings);
  const [alice, bob] = [await lab.phone('alice'), await lab.phone('bob')];
  await bob.register();
  const accepted = await alice.register();
  return { lab, alice, bob, accepted };
}

describe('custom_headers', () => {
  it('are in every message, once, whoever makes it and however often it is sent', async (t) => {
    const { lab, alice, bob, accepted } = await registered(t, { methods: '*', codes: 0 });
    assert.deepEqual(accepted.headers.rawAll('X-Lab'), [TEXT]);
    assert.equal(readableText(TEXT), LAB.value);

    const { sent, invite: first } = await invite(alice, bob, BOB);
    lab.clock.advance(500);
    const repeated = await bob.request('INVITE');
    for (const { headers } of [first, repeated]) assert.deepEqual(headers.rawAll('x-lab'), [TEXT]);

    bob.respond(first, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    assert.deepEqual((await bob.request('ACK')).headers.rawAll('X-Lab'), [TEXT]);
    const answered = await alice.response(200);
    lab.clock.advance(500);
    for (const { headers } of [answered, await alice.response(200)]) assert.deepEqual(headers.rawAll('X-Lab'), [TEXT]);
    acknowledge(alice, sent, answered);
  });

  it('are in the refusal of a malformed request', async (t) => {
    const { alice } = await registered(t, { codes: 400 });
    alice.start('OPTIONS', { from: '<sip:alice' });
    const { headers } = await alice.response(400);
    assert.deepEqual(headers.rawAll('X-Lab'), [TEXT]);
    assert.equal(headers.raw('Server'), 'lteims/test');
  });

  it('are in the requests of their methods and the responses of their codes only', async (t) => {
    const { alice, bob, accepted } = await registered(t, { methods: ['invite', 'BYE'], codes: [180] });
    assert.equal(accepted.headers.has('X-Lab'), false);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    assert.equal(received.headers.raw('X-Lab'), TEXT);
    bob.respond(received, 180);
    assert.equal((await alice.response(180)).headers.raw('X-Lab'), TEXT);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    assert.equal((await bob.request('ACK')).headers.has('X-Lab'), false);
    const answered = await alice.response(200);
    assert.equal(answered.headers.has('X-Lab'), false);
    acknowledge(alice, sent, answered);
  });

  it('may take the place of our own name', async (t) => {
    const { accepted } = await registered(t, { name: 'Server', value: 'other/1', codes: 0 });
    assert.deepEqual(accepted.headers.rawAll('Server'), ['other/1']);
  });
});
