import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { IE, nameOctets, SGSAP } from '../support/mme.ts';
import { sctpOrSkip } from '../support/require-sctp.ts';
import { ALICE, attached, BOB, pending, startSgsLab } from '../support/sgs-lab.ts';
import { cpData, rpSubmit, SgsUe } from '../support/sgs-ue.ts';

describe('over SGs, meanwhile', { timeout: 60_000 }, () => {
  it('sms_flush: a UE that answers its paging is sent nothing', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'forget it');
    await bob.paged();
    lab.server.actions.flushSms('bob');
    bob.serve();
    await bob.released();
    await mme.silent();
  });

  it('cp_data rejected: the transaction in the other direction goes on', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, undefined, 'sms_message_filter: {cp_data: "reject"},');
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'down');
    await bob.answerPaging();
    const received = await bob.nextDeliver();
    const transaction = bob.submit('1001', 'up');
    assert.deepEqual(await bob.downlink(), Buffer.of(transaction | 0x80, 0x10, 17));
    await mme.silent();
    const filter = { ...lab.settings.sms_message_filter, cp_data: 'treat' } as const;
    lab.server.configure({ ...lab.settings, sms_message_filter: filter });
    await bob.finish(received);
    await bob.released();
    assert.equal(pending(lab, 'bob'), 0);
  });

  it('another message in a transaction whose answer was not acknowledged: both are answered', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [alice] = await attached(mme, ALICE);
    assert.ok(alice !== undefined);
    for (const reference of [3, 4]) {
      alice.uplink(cpData(0x19, rpSubmit('1002', 'hello', reference)));
      assert.deepEqual(await alice.downlink(), Buffer.of(0x99, 4));
      assert.deepEqual([...(await alice.downlink()).subarray(3, 5)], [3, reference]);
    }
    await mme.silent();
    alice.uplink(Buffer.of(0x19, 4));
    await alice.released();
    assert.equal(pending(lab, 'bob'), 2);
  });

  it('the MME that a UE has left detaches it there, and only there', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    const other = await connect({ name: 'mme2.epc.test', local: '127.0.0.22' });
    await attached(mme, BOB);
    other.locationUpdate(BOB, 2);
    await other.next(SGSAP.locationUpdateAccept);
    mme.ofUe(SGSAP.imsiDetachIndication, BOB, [
      [IE.mmeName, nameOctets(mme.name)],
      [IE.nonEpsDetachType, Buffer.of(3)],
    ]);
    await mme.next(SGSAP.imsiDetachAck);
    await other.silent();
    lab.server.actions.sendSms('bob', 'hello');
    assert.equal((await new SgsUe(other, BOB).take()).text, 'hello');
    // What it sends through the old one it sends again, attached anew.
    new SgsUe(mme, BOB).submit('1001', 'hello');
    assert.deepEqual((await mme.next(SGSAP.releaseRequest)).elements.get(IE.sgsCause), Buffer.of(3));
  });
});

describe('an MME', { timeout: 60_000 }, () => {
  it('that is back before its end was noticed speaks for its UEs without telling its name', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    await attached(mme, ALICE);
    const back = await connect({ reset: false });
    await back.next(SGSAP.resetIndication);
    await new SgsUe(back, ALICE).send('1002', 'hello');
    assert.equal(pending(lab, 'bob'), 1);
    assert.deepEqual(
      lab.server.actions.mmes()?.map(({ name, ues }) => ({ name, ues })),
      [{ name: 'mme1.epc.test', ues: 1 }],
    );
  });

  it('that tells one name after the other is one', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    for (let count = 0; count < 20; count++) {
      mme.send(SGSAP.resetIndication, [[IE.mmeName, nameOctets(`mme${count}.test`)]]);
    }
    await eventually(() => assert.equal(lab.server.actions.mmes()?.[0]?.name, 'mme19.test'));
    assert.equal(lab.server.actions.mmes()?.length, 1);
  });

  it('that has gone is forgotten when its last UE is elsewhere', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    const other = await connect({ name: 'mme2.epc.test', local: '127.0.0.22' });
    await attached(other, BOB);
    other.drop();
    await eventually(() => assert.equal(lab.server.actions.mmes()?.[1]?.connected, false));
    await attached(mme, BOB);
    assert.deepEqual(
      lab.server.actions.mmes()?.map(({ name, ues }) => ({ name, ues })),
      [{ name: 'mme1.epc.test', ues: 1 }],
    );
  });
});
