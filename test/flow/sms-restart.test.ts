import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { temporaryFolder } from '../support/daemon.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { credentials, type Phone } from '../support/phone.ts';
import {
  acknowledgeRp,
  CENTRE_URI,
  nextDeliver,
  nextOf,
  nextStatusReport,
  registerSms,
  rpData,
  submit,
  submitOf,
  take,
} from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';

const startKept = (t: TestContext, users: string) =>
  startLab(t, users, `ue_db_filename: "${join(temporaryFolder(t), 'state.db')}",`);

async function handset(lab: Lab, name: string): Promise<Phone> {
  const phone = await lab.phone(name);
  await registerSms(phone);
  return phone;
}

/** A handset that has RP-DATA and has not answered it. */
async function busyHandset(lab: Lab): Promise<{ bob: Phone; reference: number }> {
  const bob = await handset(lab, 'bob');
  lab.server.actions.sendSms('bob', 'under way');
  const { reference } = await nextDeliver(bob);
  await bob.settled();
  return { bob, reference };
}

for (const killed of [true, false]) {
  describe(`after a ${killed ? 'kill' : 'stop'} and a start`, () => {
    it('messages wait in their order, with what they were sent with', async (t) => {
      const lab = await startKept(t, ALICE + BOB);
      const alice = await handset(lab, 'alice');
      for (const [at, text] of ['first', 'zweite ü', 'я'].entries()) {
        await submit(alice, '1002', text, at, { reference: at, statusReport: at === 0 });
        await nextOf(alice, 'ack');
      }
      await alice.settled();
      const again = await lab.restart({ killed, afterMs: 60_000 });
      const bob = await handset(again, 'bob');
      const delivered = await take(bob);
      assert.equal(delivered.text, 'first');
      assert.equal(delivered.tpdu.originator.value, '1001');
      assert.equal((await nextStatusReport(alice)).reference, 0);
      assert.deepEqual([(await take(bob)).text, (await take(bob)).text], ['zweite ü', 'я']);
      assert.equal(again.server.counts().messages, 0);
      assert.equal((await again.restart({ killed })).server.counts().messages, 0);
    });

    it('the RP-ACK of a handset still counts, and its message is not sent again', async (t) => {
      const lab = await startKept(t, BOB);
      const { bob, reference } = await busyHandset(lab);
      const again = await lab.restart({ killed });
      await acknowledgeRp(bob, reference);
      assert.equal(again.server.counts().messages, 0);
      again.clock.advance(600_000);
      await bob.settled();
      assert.ok(bob.idle);
    });

    it('a handset that says nothing more gets its message again, the same one', async (t) => {
      const lab = await startKept(t, BOB);
      const { bob, reference } = await busyHandset(lab);
      const again = await lab.restart({ killed });
      // T2 and twice T1, in which it would have repeated its RP-ACK; then sms_retry_delay.
      again.clock.advance(4999);
      await bob.settled();
      assert.ok(bob.idle);
      again.clock.advance(60_001);
      const delivered = await take(bob);
      assert.deepEqual([delivered.reference, delivered.text], [reference, 'under way']);
    });

    it('the next message has another reference', async (t) => {
      const lab = await startKept(t, BOB);
      const { bob, reference } = await busyHandset(lab);
      await acknowledgeRp(bob, reference);
      const again = await lab.restart({ killed });
      again.server.actions.sendSms('bob', 'next');
      const delivered = await nextDeliver(bob);
      assert.equal(delivered.reference, reference + 1);
      await acknowledgeRp(bob, reference);
      assert.equal(again.server.counts().messages, 1);
      await acknowledgeRp(bob, delivered.reference);
    });

    it('what was flushed has stayed so', async (t) => {
      const lab = await startKept(t, BOB);
      lab.server.actions.sendSms('bob', '1');
      const bob = await lab.phone('bob');
      await bob.settled();
      lab.server.actions.flushSms('bob');
      await bob.settled();
      assert.equal((await lab.restart({ killed })).server.counts().messages, 0);
    });
  });
}

describe('after a restart', () => {
  it('a message that expired meanwhile is gone, and its sender is told', async (t) => {
    const lab = await startKept(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    await submit(alice, '1002', 'brief', 1, { statusReport: true, validity: { form: 'relative', value: 0 } });
    await nextOf(alice, 'ack');
    await alice.settled();
    const again = await lab.restart({ killed: true, afterMs: 400_000 });
    again.clock.advance(0);
    const report = await nextStatusReport(alice);
    assert.equal(report.status, 0x46);
    assert.equal(report.timestamp.at, lab.clock.wallNow() - 5000);
    assert.equal(again.server.counts().messages, 0);
  });

  it('a submission whose 202 was lost is taken once', async (t) => {
    const lab = await startKept(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    const sent = await submit(alice, '1002', 'once', 1);
    await nextOf(alice, 'ack');
    await alice.settled();
    const again = await lab.restart({ killed: true });
    const body = rpData(1, submitOf('1002', 'once'));
    const headers = ['Content-Type: application/vnd.3gpp.sms'];
    const repetition = { uri: CENTRE_URI, callId: sent.callId, headers, body };
    alice.start('MESSAGE', { ...repetition, branch: 'z9hG4bKonce' });
    const challenged = await alice.response(407);
    const answer = credentials(challenged, 'MESSAGE', CENTRE_URI, 'alice', 'alice');
    alice.start('MESSAGE', { ...repetition, branch: 'z9hG4bKtwice', headers: [...headers, answer] });
    await alice.response(202);
    assert.equal((await nextOf(alice, 'ack')).rp.reference, 1);
    assert.equal(again.server.counts().messages, 1);
  });

  it('messages of users that left ue_db are gone, the others are not', async (t) => {
    const lab = await startKept(t, ALICE + BOB);
    lab.server.actions.sendSms('alice', 'a');
    lab.server.actions.sendSms('bob', 'b');
    await (await lab.phone('bob')).settled();
    const again = await lab.restart({ killed: true, users: BOB });
    assert.equal(again.server.counts().messages, 1);
  });
});
