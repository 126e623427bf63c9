import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { COMMANDS } from '../../src/control/index.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { IE, imsiOctets, nameOctets, SGSAP } from '../support/mme.ts';
import { sctpOrSkip } from '../support/require-sctp.ts';
import { ALICE, attached, BOB, pending, SGS_USERS, startSgsLab } from '../support/sgs-lab.ts';
import { SgsUe } from '../support/sgs-ue.ts';

const STRANGER = '001010000000099';

describe('location updates', { timeout: 60_000 }, () => {
  it('are accepted with the location area and a new TMSI; the UE is told the time once it has it', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    mme.locationUpdate(BOB);
    const first = await mme.next(SGSAP.locationUpdateAccept);
    await mme.silent();
    mme.ofUe(SGSAP.tmsiReallocationComplete, BOB);
    const information = (await mme.next(SGSAP.mmInformationRequest)).elements.get(IE.mmInformation);
    const date = new Date(lab.clock.wallNow());
    const swapped = (value: number) =>
      Number(
        `0x${String(value % 100)
          .padStart(2, '0')
          .replace(/(.)(.)/, '$2$1')}`,
      );
    assert.deepEqual(
      [...(information?.subarray(0, 4) ?? [])],
      [0x47, swapped(date.getUTCFullYear()), swapped(date.getUTCMonth() + 1), swapped(date.getUTCDate())],
    );
    // A normal update keeps the TMSI the UE confirmed; one without a valid TMSI gets another.
    mme.locationUpdate(BOB, 2);
    const second = await mme.next(SGSAP.locationUpdateAccept);
    assert.equal(second.elements.has(IE.mobileIdentity), false);
    mme.locationUpdate(BOB, 2, [[7, Buffer.of(0)]]);
    const third = await mme.next(SGSAP.locationUpdateAccept);
    assert.notDeepEqual(third.elements.get(IE.mobileIdentity), first.elements.get(IE.mobileIdentity));
    await mme.silent();
  });

  it('of somebody who is not in ue_db are refused', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { mme } = await startSgsLab(t);
    mme.locationUpdate(STRANGER);
    const refused = await mme.next(SGSAP.locationUpdateReject);
    assert.equal(refused.imsi, STRANGER);
    // IMSI unknown in HLR.
    assert.deepEqual(refused.elements.get(IE.rejectCause), Buffer.of(2));
  });

  it('without the confirmation of a TMSI count all the same', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    lab.server.actions.sendSms('bob', 'hello');
    mme.locationUpdate(BOB);
    await mme.next(SGSAP.locationUpdateAccept);
    await mme.silent();
    lab.clock.advance(40_000);
    assert.equal((await new SgsUe(mme, BOB).take()).text, 'hello');
  });

  it('bring what waited', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    lab.server.actions.sendSms('bob', 'hello');
    await mme.silent();
    const [bob] = await attached(mme, BOB);
    assert.equal((await bob?.take())?.text, 'hello');
  });

  it('interrupt a paging, which is made again', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'hello');
    await bob.paged();
    mme.locationUpdate(BOB, 2);
    await mme.next(SGSAP.locationUpdateAccept);
    assert.equal((await bob.take()).text, 'hello');
  });
});

describe('detaching', { timeout: 60_000 }, () => {
  for (const [what, indication, type, acknowledgement] of [
    ['from EPS services', SGSAP.epsDetachIndication, IE.epsDetachType, SGSAP.epsDetachAck],
    ['from non-EPS services', SGSAP.imsiDetachIndication, IE.nonEpsDetachType, SGSAP.imsiDetachAck],
  ] as const) {
    it(`${what} is acknowledged, in any state, and ends the association`, async (t) => {
      if (!(await sctpOrSkip(t))) return;
      const { lab, mme } = await startSgsLab(t);
      await attached(mme, BOB);
      for (const imsi of [BOB, BOB, STRANGER]) {
        mme.ofUe(indication, imsi, [
          [IE.mmeName, nameOctets(mme.name)],
          [type, Buffer.of(1)],
        ]);
        assert.equal((await mme.next(acknowledgement)).imsi, imsi);
      }
      lab.server.actions.sendSms('bob', 'hello');
      await mme.silent();
      assert.equal(pending(lab, 'bob'), 1);
    });
  }

  it('is what a UE is told that the VLR does not have', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    const alice = new SgsUe(mme, ALICE);
    alice.submit('1002', 'too early');
    const released = await alice.released();
    // IMSI unknown: the MME lets it attach anew.
    assert.deepEqual(released.elements.get(IE.sgsCause), Buffer.of(3));
    assert.equal(pending(lab, 'bob'), 0);
    await alice.attach();
    await alice.send('1002', 'now');
    assert.equal(pending(lab, 'bob'), 1);
  });
});

describe('MMEs', { timeout: 60_000 }, () => {
  it('are told of a restart of the VLR once, again while they do not acknowledge', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, connect } = await startSgsLab(t);
    const mme = await connect({ name: 'mme2.epc.test', local: '127.0.0.22', reset: false });
    await mme.next(SGSAP.resetIndication);
    for (let repetition = 0; repetition < 2; repetition++) {
      lab.clock.advance(4000);
      await mme.next(SGSAP.resetIndication);
    }
    lab.clock.advance(10_000);
    await mme.silent();
  });

  it('that were reset have no UEs any more', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    const other = await connect({ name: 'mme2.epc.test', local: '127.0.0.22' });
    const [bob] = await attached(mme, BOB);
    const [alice] = await attached(other, ALICE);
    assert.ok(alice !== undefined && bob !== undefined);
    mme.send(SGSAP.resetIndication, [[IE.mmeName, nameOctets(mme.name)]]);
    const acknowledged = await mme.next(SGSAP.resetAck);
    assert.deepEqual(acknowledged.elements.get(IE.vlrName), nameOctets('vlr.ims.test'));
    lab.server.actions.sendSms('bob', 'later');
    lab.server.actions.sendSms('alice', 'now');
    await mme.silent();
    assert.equal((await alice.take()).text, 'now');
    await bob.attach();
    assert.equal((await bob.take()).text, 'later');
  });

  it('hand UEs over to each other', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    const other = await connect({ name: 'mme2.epc.test', local: '127.0.0.22' });
    await attached(mme, BOB);
    other.locationUpdate(BOB, 2);
    await other.next(SGSAP.locationUpdateAccept);
    lab.server.actions.sendSms('bob', 'hello');
    assert.equal((await new SgsUe(other, BOB).take()).text, 'hello');
    await mme.silent();
    assert.deepEqual(
      lab.server.actions.mmes()?.map(({ name, connected, ues }) => ({ name, connected, ues })),
      [
        { name: 'mme1.epc.test', connected: true, ues: 0 },
        { name: 'mme2.epc.test', connected: true, ues: 1 },
      ],
    );
    const lines = COMMANDS.mme.run({}, lab.server.actions).print(Number.POSITIVE_INFINITY);
    assert.match(lines[2] ?? '', /mme2\.epc\.test +127\.0\.0\.22:\d+ +connected +1$/);
  });

  it('that lose their link keep their UEs, which get their messages when it is back', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    lab.server.actions.sendSms('bob', 'hello');
    await bob?.paged();
    mme.drop();
    await eventually(() => assert.equal(lab.server.actions.mmes()?.[0]?.connected, false));
    assert.equal(pending(lab, 'bob'), 1);
    // From another port, known again by its address; it was told of the restart before.
    const back = await connect({ reset: false });
    assert.equal((await new SgsUe(back, BOB).take()).text, 'hello');
    assert.equal(lab.server.actions.mmes()?.length, 1);
  });

  it('are known again by name from another address', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme, connect } = await startSgsLab(t);
    await attached(mme, BOB);
    mme.drop();
    await eventually(() => assert.equal(lab.server.actions.mmes()?.[0]?.connected, false));
    lab.server.actions.sendSms('bob', 'hello');
    const back = await connect({ local: '127.0.0.33' });
    assert.equal((await new SgsUe(back, BOB).take()).text, 'hello');
    assert.equal(lab.server.actions.mmes()?.length, 1);
  });

  it('without UEs are forgotten', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t);
    mme.drop();
    await eventually(() => assert.deepEqual(lab.server.actions.mmes(), []));
  });
});

describe('messages that make no sense', { timeout: 60_000 }, () => {
  const imsi = Buffer.concat([Buffer.of(IE.imsi, 8), imsiOctets(BOB)]);
  for (const [what, octets, cause, named] of [
    ['an unknown type', Buffer.concat([Buffer.of(99), imsi]), 12, true],
    ['no IMSI', Buffer.of(SGSAP.serviceRequest, IE.serviceIndicator, 1, 2), 8, false],
    ['no service indicator', Buffer.concat([Buffer.of(SGSAP.serviceRequest), imsi]), 8, true],
    ['an IMSI of letters', Buffer.of(SGSAP.ueActivityIndication, IE.imsi, 3, 0x19, 0xab, 0xcd), 9, false],
    ['an element beyond its end', Buffer.concat([Buffer.of(SGSAP.alertAck), imsi, Buffer.of(99, 9, 1)]), 9, true],
  ] as const) {
    it(`are answered STATUS: ${what}`, async (t) => {
      if (!(await sctpOrSkip(t))) return;
      const { mme } = await startSgsLab(t);
      mme.sendOctets(octets);
      const status = await mme.next(SGSAP.status);
      assert.deepEqual(status.elements.get(IE.sgsCause), Buffer.of(cause));
      assert.deepEqual(status.elements.get(IE.erroneousMessage), octets);
      assert.equal(status.imsi, named ? BOB : undefined);
    });
  }

  it('are ignored where they have no answer', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { mme } = await startSgsLab(t);
    mme.sendOctets(Buffer.of(SGSAP.status));
    mme.send(SGSAP.status, [
      [IE.sgsCause, Buffer.of(12)],
      [IE.erroneousMessage, Buffer.of(1)],
    ]);
    mme.ofUe(SGSAP.pagingRequest, BOB);
    mme.ofUe(SGSAP.alertAck, BOB);
    mme.ofUe(SGSAP.moCsfbIndication, BOB);
    mme.ofUe(SGSAP.tmsiReallocationComplete, BOB);
    // A paging needs more than an IMSI.
    await mme.next(SGSAP.status);
    await mme.silent();
  });

  it('are no hindrance: elements that are unknown, repeated or of other messages', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { mme } = await startSgsLab(t);
    mme.locationUpdate(BOB, 1, [
      [200, Buffer.of(1, 2, 3)],
      [IE.locationUpdateType, Buffer.of(9)],
      [IE.nas, Buffer.of(9)],
    ]);
    await mme.next(SGSAP.locationUpdateAccept);
  });

  it('of any kind leave the server as it was', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const { mme } = await startSgsLab(t);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const types = Object.values(SGSAP);
    for (let count = 0; count < 400; count++) {
      const body = Buffer.from(Array.from({ length: random(30) }, () => random(random(2) === 0 ? 256 : 48)));
      const own = random(2) === 0 ? imsi : Buffer.alloc(0);
      mme.sendOctets(Buffer.concat([Buffer.of(types[random(types.length)] ?? 0), own, body]));
      if (random(4) === 0) bob.uplink(Buffer.concat([Buffer.of(random(256), random(3) * 3 + 1), body]));
    }
    // All of it is dealt with when this one is.
    mme.send(250, [[IE.imsi, imsiOctets(STRANGER)]]);
    await eventually(() => assert.ok(mme.received.some((octets) => octets.includes(imsiOctets(STRANGER)))), 10_000);
    assert.equal(mme.closed, undefined);
  });
});

describe('a restart of the server', { timeout: 60_000 }, () => {
  it('loses no message, and does not deliver one twice whose acknowledgement comes after it', async (t) => {
    if (!(await sctpOrSkip(t))) return;
    const file = join(temporaryFolder(t), 'state.db');
    const { lab, mme, connect } = await startSgsLab(t, SGS_USERS, `ue_db_filename: "${file}",`);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    lab.server.actions.sendSms('bob', 'first');
    lab.server.actions.sendSms('bob', 'second');
    await bob.answerPaging();
    const first = await bob.nextDeliver();
    const again = await lab.restart({ killed: true });
    const back = await connect();
    const ue = new SgsUe(back, BOB);
    ue.acknowledgeRp(first);
    assert.deepEqual((await ue.released()).elements.get(IE.sgsCause), Buffer.of(3));
    assert.equal(pending(again, 'bob'), 1);
    await ue.attach();
    const second = await ue.take();
    assert.equal(second.text, 'second');
    assert.equal(pending(again, 'bob'), 0);
  });
});
