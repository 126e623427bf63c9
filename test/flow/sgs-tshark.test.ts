import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IE, nameOctets, SGSAP } from '../support/mme.ts';
import { commandOrSkip } from '../support/require-package.ts';
import { sctpOrSkip } from '../support/require-sctp.ts';
import { ALICE, attached, BOB, SGS_USERS, startSgsLab } from '../support/sgs-lab.ts';
import { decode, faultOf } from '../support/tshark.ts';

describe('Wireshark', { timeout: 60_000 }, () => {
  it('finds nothing wrong in what is sent over SGs, and reads the same', async (t) => {
    const tshark = commandOrSkip(t, 'tshark', 'tshark');
    if (tshark === undefined || !(await sctpOrSkip(t))) return;
    const { lab, mme } = await startSgsLab(t, SGS_USERS, 'sms_forced_cp_cause: 22,');
    const [alice] = await attached(mme, ALICE);
    assert.ok(alice !== undefined);
    await alice.send('1002', 'from alice', 5);
    const [bob] = await attached(mme, BOB);
    assert.ok(bob !== undefined);
    await bob.take();
    lab.server.actions.sendSms('bob', 'Schöne Grüße {€}', 'Lab 7');
    await bob.answerPaging();
    await bob.downlink();
    mme.ofUe(SGSAP.ueUnreachable, BOB, [[IE.sgsCause, Buffer.of(6)]]);
    await mme.next(SGSAP.alertRequest);
    mme.ofUe(SGSAP.alertAck, BOB);
    alice.submit('999', 'nobody');
    await alice.downlink();
    await alice.downlink();
    alice.uplink(Buffer.of(0x19, 0x10, 17));
    await alice.released();
    alice.uplink(Buffer.of(0x29, 0x55));
    await alice.downlink();
    await alice.released();
    mme.locationUpdate('001010000000099');
    await mme.next(SGSAP.locationUpdateReject);
    mme.locationUpdate(ALICE, 2);
    await mme.next(SGSAP.locationUpdateAccept);
    for (const [indication, type, acknowledgement] of [
      [SGSAP.epsDetachIndication, IE.epsDetachType, SGSAP.epsDetachAck],
      [SGSAP.imsiDetachIndication, IE.nonEpsDetachType, SGSAP.imsiDetachAck],
    ] as const) {
      mme.ofUe(indication, ALICE, [
        [IE.mmeName, nameOctets(mme.name)],
        [type, Buffer.of(1)],
      ]);
      await mme.next(acknowledgement);
    }
    alice.submit('1002', 'detached');
    await alice.released();
    // Wireshark reads the message that is quoted too, so that one must be in order but for its type.
    mme.ofUe(99, ALICE);
    await mme.next(SGSAP.status);
    mme.send(SGSAP.resetIndication, [[IE.mmeName, nameOctets(mme.name)]]);
    await mme.next(SGSAP.resetAck);

    const from = { address: lab.address, port: 29_118 };
    const to = { address: '127.0.0.1', port: 4000 };
    const datagrams = mme.received.map((data) => ({ from, to, data, protocol: 'SCTP' as const }));
    const fields = ['sgsap.msg_type', 'e212.imsi', 'sgsap.vlr_name', 'gsm_sms.sms_text', 'gsm_sms.tp-oa', 'gsm_a.lac'];
    const packets = await decode(t, tshark, datagrams, fields);
    assert.deepEqual(
      packets.map(faultOf).filter((fault) => fault !== undefined),
      [],
    );
    const types = packets.map((packet) => Number(packet['sgsap.msg_type']?.[0]));
    assert.deepEqual(
      types,
      mme.received.map(([type]) => type),
    );
    const ours = [1, 7, 10, 11, 13, 18, 20, 21, 22, 26, 27, 29];
    assert.deepEqual(
      [...new Set(types)].sort((a, b) => a - b),
      ours,
    );
    const all = (field: string) => new Set(packets.flatMap((packet) => packet[field] ?? []));
    assert.deepEqual(all('gsm_sms.sms_text'), new Set(['from alice', 'Schöne Grüße {€}']));
    assert.deepEqual(all('gsm_sms.tp-oa'), new Set(['15551001', 'Lab 7']));
    assert.deepEqual(all('sgsap.vlr_name'), new Set(['vlr.ims.test']));
    assert.ok(all('e212.imsi').has(BOB));
    assert.deepEqual(all('gsm_a.lac'), new Set(['0x0007']));
  });
});
