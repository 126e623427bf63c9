import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printRp } from '../../src/sms/rp.ts';
import { RP_CAUSE } from '../../src/sms/rp-causes.ts';
import { textParts } from '../../src/sms/text.ts';
import { octetData, ports } from '../../src/sms/user-data.ts';
import { startLab } from '../support/lab.ts';
import { commandOrSkip } from '../support/require-package.ts';
import { nextOf, nextStatusReport, refuseRp, registerSms, sendRpdu, submit, take } from '../support/sms-flow.ts';
import { decode, faultOf } from '../support/tshark.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice", msisdn: "15551001"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';

describe('Wireshark', () => {
  it('finds nothing wrong in what is sent for short messages, and reads the same', async (t) => {
    const tshark = commandOrSkip(t, 'tshark', 'tshark');
    if (tshark === undefined) return;
    const lab = await startLab(t, ALICE + BOB, 'p_called_party_id: true,');
    const alice = await lab.phone('alice');
    const bob = await lab.phone('bob');
    await registerSms(alice);
    await registerSms(bob);

    const texts = ['Hölä {€} ^~', 'Привет 😀 中', 'a'.repeat(160), ''];
    for (const [at, text] of texts.entries()) {
      await submit(alice, '1002', text, at, { reference: at, statusReport: at === 0 });
      await nextOf(alice, 'ack');
      await take(bob);
      if (at === 0) await nextStatusReport(alice);
    }
    const long = 'walk with Kings '.repeat(20);
    for (const userData of textParts(long, { reference: 9, bits: 16 })) {
      await submit(alice, '1002', '', 20, { userData });
      await nextOf(alice, 'ack');
      await take(bob);
    }
    const data = octetData(
      0xf5,
      [ports({ destination: 16_962, originator: 16_963, bits: 16 })],
      Uint8Array.of(1, 2, 3),
    );
    await submit(alice, '1002', '', 21, { userData: data });
    await nextOf(alice, 'ack');
    await take(bob);
    lab.server.actions.sendSms('bob', 'from a name', 'Lab 7');
    await take(bob);
    await submit(alice, '999', 'nobody', 22);
    await nextOf(alice, 'error');
    await sendRpdu(alice, Uint8Array.of(7, 23));
    await nextOf(alice, 'error');
    await sendRpdu(alice, printRp({ type: 'smma', reference: 24 }, 'handset'));
    await nextOf(alice, 'ack');
    await submit(alice, '1002', 'refused', 25, { statusReport: true });
    await nextOf(alice, 'ack');
    await refuseRp(bob, (await nextOf(bob, 'data')).rp.reference, RP_CAUSE.transferRejected);
    await nextStatusReport(alice);

    const from = { address: lab.address, port: 5060 };
    const datagrams = [alice, bob].flatMap(({ local, received }) =>
      received.map((octets) => ({ from, to: local, data: octets })),
    );
    const fields = [
      'sip.Method',
      'gsm_a.rp.msg_type',
      'gsm_sms.sms_text',
      'gsm_sms.tp-oa',
      'gsm_a.rp.rp_message_reference',
    ];
    const packets = await decode(t, tshark, datagrams, fields);
    assert.deepEqual(
      packets.map(faultOf).filter((fault) => fault !== undefined),
      [],
    );
    const rpdus = packets.filter((packet) => packet['gsm_a.rp.msg_type'] !== undefined);
    const sent = datagrams.filter((one) => Buffer.from(one.data).toString('latin1').startsWith('MESSAGE '));
    assert.equal(rpdus.length, sent.length);
    const read = packets.flatMap((packet) => packet['gsm_sms.sms_text'] ?? []);
    for (const text of texts.filter((one) => one !== ''))
      assert.ok(read.includes(text), `${text} not in ${read.join('|')}`);
    assert.ok(read.join('').includes(long), read.join('|'));
    const senders = new Set(packets.flatMap((packet) => packet['gsm_sms.tp-oa'] ?? []));
    assert.deepEqual(senders, new Set(['15551001', 'Lab 7']));
  });
});
