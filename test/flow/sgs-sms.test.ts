import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IE, SGSAP } from '../support/mme.ts';
import { sctpOrSkip } from '../support/require-sctp.ts';
import { ALICE, attached, BOB, pending, startSgsLab } from '../support/sgs-lab.ts';
import { cpData, type Received, rpSubmit, SgsUe } from '../support/sgs-ue.ts';
import { acknowledgeRp, nextDeliver, registerSms } from '../support/sms-flow.ts';

describe('a short message over SGs', { timeout: 60_000 }, () => {
  it('goes from UE to UE: unitdata up, paging, service request, unitdata down, release', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [alice, bob] = await attached(mme, ALICE, BOB);
    assert.ok(alice !== undefined && bob !== undefined);
    const transaction = alice.submit('1002', 'hello bob', 42);
    await bob.answerPaging();
    assert.deepEqual(await alice.downlink(), Buffer.of(transaction | 0x80, 4));
    const answer = await alice.downlink();
    assert.deepEqual([...answer.subarray(3, 5)], [3, 42]);
    alice.uplink(Buffer.of(transaction, 4));
    const received = await bob.nextDeliver();
    assert.equal(received.text, 'hello bob');
    assert.equal(received.originator, '15551001');
    await alice.released();
    await bob.finish(received);
    await bob.released();
    assert.equal(pending(lab, 'bob'), 0);
    assert.equal(lab.server.counts().messages, 0);
    await mme.silent();
  });

  it('goes on while a radio connection lasts: one paging for all that wait', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    for (const text of ['1', '2', '3']) lab.server.actions.sendSms('bob', text);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    await bob.answerPaging();
    const transactions = new Set<number>();
    for (const text of ['1', '2', '3']) {
      const received: Received = await bob.nextDeliver();
      assert.equal(received.text, text);
      transactions.add(received.transaction);
      await bob.finish(received);
    }
    await bob.released();
    assert.equal(transactions.size, 3);
    assert.equal(pending(lab, 'bob'), 0);
  });

  it('crosses one in the other direction', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [alice] = await attached(mme, ALICE);
    assert.ok(alice !== undefined);
    lab.server.actions.sendSms('alice', 'down');
    await alice.answerPaging();
    const received = await alice.nextDeliver();
    const transaction = alice.submit('1002', 'up', 9);
    assert.deepEqual(await alice.downlink(), Buffer.of(transaction | 0x80, 4));
    assert.deepEqual([...(await alice.downlink()).subarray(3, 5)], [3, 9]);
    await alice.finish(received);
    alice.uplink(Buffer.of(transaction, 4));
    await alice.released();
    assert.deepEqual([pending(lab, 'alice'), pending(lab, 'bob')], [0, 1]);
  });

  it('is sent again while CP-ACK is missing, then tried again later (TC1*)', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, undefined, 'sms_retry_delay: 60,');
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.answerPaging();
    const first = await bob.downlink();
    for (let repetition = 0; repetition < 2; repetition++) {
      lab.clock.advance(10_000);
      assert.deepEqual(await bob.downlink(), first);
    }
    lab.clock.advance(10_000);
    await bob.released();
    assert.equal(pending(lab, 'bob'), 1);
    lab.clock.advance(60_000);
    const again = await bob.take();
    assert.equal(again.reference, first[4]);
    assert.equal(pending(lab, 'bob'), 0);
  });

  it('has arrived when its RP-ACK comes and CP-ACK was lost', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.answerPaging();
    const received = await bob.nextDeliver();
    bob.acknowledgeRp(received);
    assert.deepEqual(await bob.downlink(), Buffer.of(received.transaction, 4));
    await bob.released();
    assert.equal(pending(lab, 'bob'), 0);
    // What the UE repeats, not having heard us, is acknowledged again.
    bob.acknowledgeRp(received);
    assert.deepEqual(await bob.downlink(), Buffer.of(received.transaction, 4));
  });

  it('that a UE repeats is taken once', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [alice] = await attached(mme, ALICE);
    assert.ok(alice !== undefined);
    const rpdu = rpSubmit('1002', 'once', 3);
    alice.uplink(cpData(0x19, rpdu));
    assert.deepEqual(await alice.downlink(), Buffer.of(0x99, 4));
    assert.deepEqual([...(await alice.downlink()).subarray(0, 2)], [0x99, 1]);
    alice.uplink(cpData(0x19, rpdu));
    assert.deepEqual(await alice.downlink(), Buffer.of(0x99, 4));
    alice.uplink(Buffer.of(0x19, 4));
    await alice.released();
    assert.equal(pending(lab, 'bob'), 1);
  });

  it('for nobody is refused with RP-ERROR', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { mme } = await startSgsLab(t);
    const [alice] = await attached(mme, ALICE);
    assert.ok(alice !== undefined);
    const transaction = alice.submit('999', 'anybody there', 4);
    await alice.downlink();
    // RP-ERROR, cause 1: unassigned number.
    assert.deepEqual([...(await alice.downlink()).subarray(3, 7)], [5, 4, 1, 1]);
    alice.uplink(Buffer.of(transaction, 4));
    await alice.released();
  });

  it('whose NAS message makes no sense is answered CP-ERROR', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { mme } = await startSgsLab(t);
    const [alice] = await attached(mme, ALICE);
    assert.ok(alice !== undefined);
    alice.uplink(Buffer.of(0x09, 0x02));
    assert.deepEqual(await alice.downlink(), Buffer.of(0x89, 0x10, 97));
    await alice.released();
    alice.uplink(Buffer.of(0x09, 0x01, 5));
    assert.deepEqual(await alice.downlink(), Buffer.of(0x89, 0x10, 96));
    await alice.released();
    alice.uplink(Buffer.of(0x08));
    await alice.released();
  });
});

describe('a UE that cannot be reached over SGs', { timeout: 60_000 }, () => {
  it('is alerted for after an unanswered paging, and gets its message when it is active', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.paged();
    lab.clock.advance(10_000);
    await mme.next(SGSAP.alertRequest);
    lab.clock.advance(4000);
    await mme.next(SGSAP.alertRequest);
    mme.ofUe(SGSAP.alertAck, BOB);
    await mme.silent();
    lab.clock.advance(10_000);
    await mme.silent();
    mme.ofUe(SGSAP.ueActivityIndication, BOB);
    assert.equal((await bob.take()).text, 'hello');
  });

  it('that does not answer late is sent away', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.paged();
    lab.clock.advance(10_000);
    await mme.next(SGSAP.alertRequest);
    bob.serve();
    await bob.released();
    assert.equal(pending(lab, 'bob'), 1);
  });

  for (const [what, type, cause, isAssociated] of [
    ['PAGING-REJECT, IMSI detached for EPS services', SGSAP.pagingReject, 1, false],
    ['PAGING-REJECT, IMSI unknown', SGSAP.pagingReject, 3, false],
    ['PAGING-REJECT, IMSI implicitly detached', SGSAP.pagingReject, 5, false],
    ['UE-UNREACHABLE', SGSAP.ueUnreachable, 6, true],
    ['UE-UNREACHABLE, temporarily', SGSAP.ueUnreachable, 14, true],
  ] as const) {
    it(`keeps its messages: ${what}`, async (t) => {
      if (!(await sctpOrSkip(t))) return;
      const { lab, mme } = await startSgsLab(t, undefined, 'sms_retry_delay: 100,');
      const [bob] = await attached(mme, BOB);
      assert.ok(bob !== undefined);
      lab.server.actions.sendSms('bob', 'hello');
      await bob.paged();
      mme.ofUe(type, BOB, [[IE.sgsCause, Buffer.of(cause)]]);
      if (isAssociated) {
        await mme.next(SGSAP.alertRequest);
        mme.ofUe(SGSAP.alertAck, BOB);
      }
      await mme.silent();
      lab.clock.advance(100_000);
      if (isAssociated) {
        assert.equal((await bob.take()).text, 'hello');
        return;
      }
      await mme.silent();
      await bob.attach();
      assert.equal((await bob.take()).text, 'hello');
    });
  }

  it('may be lost in the middle: the message comes again with its reference', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, undefined, 'sms_retry_delay: 30,');
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.answerPaging();
    const first = await bob.nextDeliver();
    mme.ofUe(SGSAP.ueUnreachable, BOB, [[IE.sgsCause, Buffer.of(6)]]);
    await mme.next(SGSAP.alertRequest);
    mme.ofUe(SGSAP.alertAck, BOB);
    await mme.silent();
    lab.clock.advance(30_000);
    const second = await bob.take();
    assert.equal(second.reference, first.reference);
    assert.notEqual(second.transaction, first.transaction);
  });
});

describe('the way of a short message', { timeout: 60_000 }, () => {
  it('is IMS where the phone takes it there, else SGs', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    const phone = await lab.phone('bob');
    await registerSms(phone);
    lab.server.actions.sendSms('bob', 'by IMS');
    const delivered = await nextDeliver(phone);
    assert.equal(delivered.text, 'by IMS');
    await acknowledgeRp(phone, delivered.reference);
    await mme.silent();
    await registerSms(phone, '');
    lab.server.actions.sendSms('bob', 'by SGs');
    assert.equal((await bob.take()).text, 'by SGs');
    await phone.settled();
    assert.ok(phone.idle);
  });

  it('is SGs at once when the phone refuses it over IMS', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    const phone = await lab.phone('bob');
    await registerSms(phone);
    lab.server.actions.sendSms('bob', 'hello');
    phone.respond(await phone.request('MESSAGE'), 480);
    assert.equal((await bob.take()).text, 'hello');
    assert.equal(pending(lab, 'bob'), 0);
  });

  it('is only SGs with force_sms_over_sg', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const users = `{impi: "bob", imsi: "${BOB}", impu: ["bob"], pwd: "bob", force_sms_over_sg: true},`;
    const { lab, mme } = await startSgsLab(t, users);
    const phone = await lab.phone('bob');
    await registerSms(phone);
    lab.server.actions.sendSms('bob', 'hello');
    await phone.settled();
    assert.ok(phone.idle);
    const [bob] = await attached(mme, BOB);
    assert.equal((await bob?.take())?.text, 'hello');
  });

  it('leads to the phone an identity stands for, with multi_sim', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const users = `{impi: "bob", imsi: "${BOB}", pwd: "bob", multi_sim: true, impu: [
      {impu: "red", imeisv: "3500000000000101"}, {impu: "blue", imeisv: "3500000000000202"}]},`;
    const { lab, mme } = await startSgsLab(t, users);
    const red = new SgsUe(mme, BOB, '3500000000000199');
    const blue = new SgsUe(mme, BOB, '3500000000000299');
    await red.attach();
    await blue.attach();
    lab.server.actions.sendSms('red', 'to the red one');
    await red.paged();
    blue.serve();
    await mme.silent();
    red.serve();
    const received = await red.nextDeliver();
    assert.equal(received.text, 'to the red one');
    await red.finish(received);
    await red.released();
    // Only the wrong one answers.
    lab.server.actions.sendSms('red', 'again');
    await red.paged();
    blue.serve();
    await mme.silent();
    lab.clock.advance(10_000);
    await red.released();
    assert.equal(pending(lab, 'bob'), 1);
  });
});

describe('faults on demand over SGs', { timeout: 60_000 }, () => {
  it('cp_data: ignored, or rejected with the cause set', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, undefined, 'sms_message_filter: {cp_data: "ignore"},');
    const [alice] = await attached(mme, ALICE);
    alice?.submit('1002', 'hello');
    await mme.silent();
    assert.equal(pending(lab, 'bob'), 0);

    const other = await startSgsLab(t, undefined, 'sms_message_filter: {cp_data: "reject"}, sms_forced_cp_cause: 22,');
    const [ue] = await attached(other.mme, ALICE);
    assert.ok(ue !== undefined);
    const transaction = ue.submit('1002', 'hello');
    assert.deepEqual(await ue.downlink(), Buffer.of(transaction | 0x80, 0x10, 22));
    await ue.released();
    assert.equal(pending(other.lab, 'bob'), 0);
  });

  it('cp_ack: ignored, or rejected', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, undefined, 'sms_message_filter: {cp_ack: "ignore"},');
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.answerPaging();
    const received = await bob.nextDeliver();
    bob.acknowledgeCp(received);
    await mme.silent();
    lab.clock.advance(10_000);
    assert.equal((await bob.nextDeliver()).transaction, received.transaction);

    const other = await startSgsLab(t, undefined, 'sms_message_filter: {cp_ack: "reject"},');
    const [ue] = await attached(other.mme, BOB);
    assert.ok(ue !== undefined);
    other.lab.server.actions.sendSms('bob', 'hello');
    await ue.answerPaging();
    const refused = await ue.nextDeliver();
    ue.acknowledgeCp(refused);
    assert.deepEqual(await ue.downlink(), Buffer.of(refused.transaction, 0x10, 17));
    await ue.released();
    assert.equal(pending(other.lab, 'bob'), 1);
  });

  it('rp_ack: ignored, the CP layer goes on', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, undefined, 'sms_message_filter: {rp_ack: "ignore"},');
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.answerPaging();
    await bob.finish(await bob.nextDeliver());
    await bob.released();
    assert.equal(pending(lab, 'bob'), 1);
  });
});
