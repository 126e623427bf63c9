import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Lab, startLab } from '../support/lab.ts';
import { credentials, type Phone } from '../support/phone.ts';
import { CENTRE_URI, nextDeliver, nextOf, registerSms, rpData, submit, submitOf, take } from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';
const BOBS = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob", multi_sim: true},';

/** Two phones of one user; the one that registered last is tried first. */
async function twoHandsets(lab: Lab): Promise<{ first: Phone; second: Phone }> {
  const second = await lab.phone('bob');
  await registerSms(second);
  lab.clock.advance(1000);
  const first = await lab.phone('bob');
  await registerSms(first);
  return { first, second };
}

describe('while a handset is sent a message', () => {
  it('sms_flush: the next handset of the user is not sent it', async (t) => {
    const lab = await startLab(t, BOBS);
    const { first, second } = await twoHandsets(lab);
    lab.server.actions.sendSms('bob', 'forget it');
    const request = await first.request('MESSAGE');
    lab.server.actions.flushSms('bob');
    first.respond(request, 480);
    await first.settled();
    await second.settled();
    assert.ok(second.idle);
  });

  it('its RP-ACK comes and its 200 does not: the next handset of the user is not sent it', async (t) => {
    const lab = await startLab(t, BOBS);
    const { first, second } = await twoHandsets(lab);
    lab.server.actions.sendSms('bob', 'once');
    const [, reference = 0] = (await first.request('MESSAGE')).body;
    await first.authenticated('MESSAGE', 'bob', {
      headers: ['Content-Type: application/vnd.3gpp.sms'],
      body: Uint8Array.of(2, reference),
    });
    lab.clock.advance(32_000);
    await second.settled();
    assert.ok(second.idle);
    assert.equal(lab.server.counts().messages, 0);
  });

  it('the softphone goes that would be next: the message is tried again later', async (t) => {
    const lab = await startLab(t, BOBS, 'sms_retry_delay: 10,');
    const handset = await lab.phone('bob');
    await registerSms(handset);
    const softphone = await lab.phone('bob');
    await softphone.register();
    lab.server.actions.sendSms('bob', 'hello');
    const request = await handset.request('MESSAGE');
    await softphone.register({ headers: [`Contact: <${softphone.contact}>`, 'Expires: 0'] });
    handset.respond(request, 480);
    await handset.settled();
    lab.clock.advance(10_000);
    assert.equal((await take(handset)).text, 'hello');
    assert.equal(lab.server.counts().messages, 0);
  });
});

describe('a handset that registered for an emergency call', () => {
  it('is not sent short messages there', async (t) => {
    const lab = await startLab(t, BOBS);
    const usual = await lab.phone('bob');
    await registerSms(usual);
    lab.clock.advance(1000);
    const emergency = await lab.phone('bob');
    await emergency.register({ headers: [`Contact: <${emergency.contact};sos>;+g.3gpp.smsip`, 'Expires: 3600'] });
    lab.server.actions.sendSms('bob', 'hello');
    assert.equal((await nextDeliver(usual)).text, 'hello');
    await emergency.settled();
    assert.ok(emergency.idle);
  });
});

describe('a handset that never changes its Call-ID and SM-RP-MR', () => {
  it('has each of its messages taken', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await registerSms(alice);
    const { callId } = await submit(alice, '1002', 'one', 0, { reference: 1 });
    await nextOf(alice, 'ack');
    const headers = ['Content-Type: application/vnd.3gpp.sms'];
    const second = { uri: CENTRE_URI, callId, headers, body: rpData(0, submitOf('1002', 'two', { reference: 2 })) };
    alice.start('MESSAGE', second);
    const answer = credentials(await alice.response(407), 'MESSAGE', CENTRE_URI, 'alice', 'alice');
    alice.start('MESSAGE', { ...second, headers: [...headers, answer] });
    await alice.response(202);
    await nextOf(alice, 'ack');
    assert.equal(lab.server.counts().messages, 2);
  });
});
