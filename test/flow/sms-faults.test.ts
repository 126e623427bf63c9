import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RP_CAUSE } from '../../src/sms/rp-causes.ts';
import { startLab } from '../support/lab.ts';
import { acknowledgeRp, nextDeliver, nextOf, registerSms, submit, take } from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';

async function start(t: Parameters<typeof startLab>[0], settings: string) {
  const lab = await startLab(t, ALICE, settings);
  const alice = await lab.phone('alice');
  await registerSms(alice);
  return { lab, alice };
}

describe('sms_message_filter', () => {
  it('rp_data: ignore leaves a handset without RP-ACK', async (t) => {
    const { lab, alice } = await start(t, 'sms_message_filter: {rp_data: "ignore"},');
    await submit(alice, '1001', 'x');
    await alice.settled();
    assert.ok(alice.idle);
    assert.equal(lab.server.counts().messages, 0);
  });

  it('rp_data: reject answers RP-ERROR and stores nothing', async (t) => {
    const { lab, alice } = await start(t, 'sms_message_filter: {rp_data: "reject"},');
    await submit(alice, '1001', 'x', 8);
    const { rp } = await nextOf(alice, 'error');
    assert.deepEqual([rp.reference, rp.cause], [8, RP_CAUSE.transferRejected]);
    assert.equal(lab.server.counts().messages, 0);
  });

  it('rp_ack: ignore makes a message come again, and treat ends that while the server runs', async (t) => {
    const { lab, alice } = await start(t, 'sms_message_filter: {rp_ack: "ignore"}, sms_retry_delay: 10,');
    lab.server.actions.sendSms('alice', 'again and again');
    const first = await take(alice);
    await alice.settled();
    assert.ok(alice.idle);
    lab.clock.advance(50_000);
    const second = await nextDeliver(alice);
    assert.deepEqual([second.text, second.reference], [first.text, first.reference]);
    const filter = { ...lab.settings.sms_message_filter, rp_ack: 'treat' } as const;
    lab.server.configure({ ...lab.settings, sms_message_filter: filter });
    await acknowledgeRp(alice, second.reference);
    assert.equal(lab.server.counts().messages, 0);
  });

  it('rp_ack: reject answers RP-ERROR, and the message is not delivered', async (t) => {
    const { lab, alice } = await start(t, 'sms_message_filter: {rp_ack: "reject"},');
    lab.server.actions.sendSms('alice', 'x');
    const { reference } = await take(alice);
    const { rp } = await nextOf(alice, 'error');
    assert.deepEqual([rp.reference, rp.cause], [reference, RP_CAUSE.wrongState]);
    assert.equal(lab.server.counts().messages, 1);
  });
});

describe('sms_forced_rp_cause', () => {
  it('stands in each RP-ERROR, changed while the server runs', async (t) => {
    const { lab, alice } = await start(t, 'sms_forced_rp_cause: 38,');
    await submit(alice, '999', 'x');
    assert.equal((await nextOf(alice, 'error')).rp.cause, 38);
    lab.server.configure({ ...lab.settings, sms_forced_rp_cause: 255 });
    await submit(alice, '999', 'x');
    assert.equal((await nextOf(alice, 'error')).rp.cause, 255 & 127);
    lab.server.configure({ ...lab.settings, sms_forced_rp_cause: 0 });
    await submit(alice, '999', 'x');
    assert.equal((await nextOf(alice, 'error')).rp.cause, RP_CAUSE.unassignedNumber);
  });

  it('does nothing to what succeeds', async (t) => {
    const { alice } = await start(t, 'sms_forced_rp_cause: 38,');
    await submit(alice, '1001', 'x');
    await nextOf(alice, 'ack');
    await take(alice);
  });
});

describe('while the server runs', () => {
  it('sms_expires and sms_retry_delay change for what comes', async (t) => {
    const { lab, alice } = await start(t, '');
    lab.server.configure({ ...lab.settings, sms_retry_delay: 15, sms_expires: 20 });
    lab.server.actions.sendSms('alice', 'x');
    alice.respond(await alice.request('MESSAGE'), 480);
    await alice.settled();
    lab.clock.advance(15_000);
    alice.respond(await alice.request('MESSAGE'), 480);
    await alice.settled();
    lab.clock.advance(5000);
    assert.equal(lab.server.counts().messages, 0);
  });
});
