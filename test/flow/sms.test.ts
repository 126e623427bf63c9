import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURE } from '../../src/sms/failure.ts';
import { printRp } from '../../src/sms/rp.ts';
import { RP_CAUSE } from '../../src/sms/rp-causes.ts';
import { parseTpdu, type SubmitReport } from '../../src/sms/tpdu.ts';
import { contentOf, octetData, ports } from '../../src/sms/user-data.ts';
import { startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';
import {
  acknowledgeRp,
  nextDeliver,
  nextOf,
  nextStatusReport,
  refuseRp,
  registerSms,
  rpData,
  sendRpdu,
  submit,
  submitOf,
  take,
} from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice", msisdn: "15551001"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';
const CAROL = '{impi: "carol", impu: ["carol", "tel:+1003"], pwd: "carol"},';

async function handset(lab: Awaited<ReturnType<typeof startLab>>, name: string): Promise<Phone> {
  const phone = await lab.phone(name);
  await registerSms(phone);
  return phone;
}

function reportIn({ userData }: { readonly userData?: Uint8Array }, within: 'ack' | 'error'): SubmitReport {
  const report = parseTpdu(userData ?? new Uint8Array(0), 'network', within);
  assert.ok(report.type === 'submit-report');
  return report;
}

describe('a short message', () => {
  it('goes from handset to handset: 202, RP-ACK in a MESSAGE of its own, RP-DATA, RP-ACK', async (t) => {
    const lab = await startLab(t, ALICE + BOB, 'p_called_party_id: true,');
    const alice = await handset(lab, 'alice');
    const bob = await handset(lab, 'bob');

    const sent = await submit(alice, '1002', 'Grüße, 5 €', 42);
    const answered = await nextOf(alice, 'ack');
    assert.equal(answered.rp.reference, 42);
    assert.equal(answered.request.headers.raw('In-Reply-To'), sent.callId);
    assert.equal(answered.request.uri, alice.contact);
    assert.equal(reportIn(answered.rp, 'ack').timestamp.at, lab.clock.wallNow());

    const { request, tpdu, text, reference } = await nextDeliver(bob);
    assert.equal(request.uri, bob.contact);
    const { headers } = request;
    assert.equal(headers.raw('Accept-Contact'), '*;+g.3gpp.smsip;require;explicit');
    assert.equal(headers.raw('Request-Disposition'), 'no-fork');
    assert.equal(headers.raw('P-Asserted-Identity'), '<sip:ipsmgw@ims.test>');
    assert.match(headers.raw('From') ?? '', /^<sip:ipsmgw@ims.test>;tag=\w+$/);
    assert.equal(headers.raw('To'), '<sip:bob@ims.test>');
    assert.equal(headers.raw('P-Called-Party-ID'), headers.raw('To'));
    assert.equal(text, 'Grüße, 5 €');
    assert.deepEqual(tpdu.originator, { type: 'international', plan: 1, value: '15551001' });
    assert.equal(tpdu.timestamp.at, lab.clock.wallNow());
    assert.equal(tpdu.moreMessages, false);
    assert.equal(lab.server.counts().messages, 1);

    await acknowledgeRp(bob, reference, 'sip:ipsmgw@ims.test');
    await bob.settled();
    assert.ok(bob.idle);
    assert.equal(lab.server.counts().messages, 0);
  });

  for (const uri of ['sip:+19999@other.example;user=phone', 'tel:1002', 'sip:ims.test', 'sip:bob@ims.test']) {
    it(`is the service centre's whatever its Request-URI: ${uri}`, async (t) => {
      const lab = await startLab(t, ALICE + BOB);
      const alice = await handset(lab, 'alice');
      await sendRpdu(alice, rpData(1, submitOf('1001', 'to myself')), uri);
      await nextOf(alice, 'ack');
      assert.equal((await take(alice)).text, 'to myself');
    });
  }

  it('to a number nobody has gets RP-ERROR with a report of the failure', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await handset(lab, 'alice');
    const sent = await submit(alice, '+4712345', 'hello?', 9);
    const { request, rp } = await nextOf(alice, 'error');
    assert.equal(request.headers.raw('In-Reply-To'), sent.callId);
    assert.deepEqual([rp.reference, rp.cause], [9, RP_CAUSE.unassignedNumber]);
    assert.equal(reportIn(rp, 'error').failure, FAILURE.invalidDestination);
  });

  it('that cannot be read gets the error of its layer', async (t) => {
    const lab = await startLab(t, ALICE);
    const alice = await handset(lab, 'alice');
    await sendRpdu(alice, Uint8Array.of(0), 'tel:1', 400);
    const rows: readonly (readonly [Uint8Array, number])[] = [
      [Uint8Array.of(0, 5), RP_CAUSE.invalidMandatoryInformation],
      [Uint8Array.of(7, 5), RP_CAUSE.unknownMessageType],
      [rpData(5, submitOf('1001', 'cut').subarray(0, 10)), RP_CAUSE.semanticallyIncorrect],
      [rpData(5, Uint8Array.of(3, 0, 0)), RP_CAUSE.semanticallyIncorrect],
    ];
    for (const [rpdu, cause] of rows) {
      await sendRpdu(alice, rpdu);
      const { rp } = await nextOf(alice, 'error');
      assert.deepEqual([rp.reference, rp.cause], [5, cause]);
    }
  });

  it('of data for a program goes through as it is', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    const bob = await handset(lab, 'bob');
    const userData = octetData(0xf5, [ports({ destination: 2948, originator: 9200, bits: 16 })], Uint8Array.of(0, 255));
    await submit(alice, '1002', '', 1, { userData, protocol: 0x41, replyPath: true });
    const { tpdu } = await take(bob);
    assert.deepEqual(tpdu.userData, userData);
    assert.deepEqual([tpdu.protocol, tpdu.replyPath], [0x41, true]);
    assert.equal(contentOf(tpdu.userData).ports?.destination, 2948);
  });

  it('of the monitor comes from the server, in as many parts as it takes', async (t) => {
    const lab = await startLab(t, BOB);
    const bob = await handset(lab, 'bob');
    assert.equal(lab.server.actions.sendSms('nobody', 'x'), undefined);
    assert.equal(lab.server.actions.sendSms('tel:1002', `${'я'.repeat(67)}!`.repeat(2), '+4711'), 3);
    const parts = [await take(bob), await take(bob), await take(bob)];
    assert.equal(parts.map(({ text }) => text).join(''), `${'я'.repeat(67)}!`.repeat(2));
    assert.equal(parts[0]?.tpdu.originator.value, '4711');
    assert.deepEqual(
      parts.map(({ tpdu }) => tpdu.moreMessages),
      [true, true, false],
    );
    const [first, , last] = parts.map(({ tpdu }) => contentOf(tpdu.userData).concatenation);
    assert.deepEqual(last, { ...first, part: 3, parts: 3 });
    lab.server.actions.sendSms('bob', 'hi');
    assert.deepEqual((await take(bob)).tpdu.originator, { type: 'alphanumeric', plan: 0, value: 'IMS' });
  });

  it('of a user who is not registered is answered where it came from', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await lab.phone('alice');
    await submit(alice, '1002', 'to somebody who is away', 3);
    const { request, rp } = await nextOf(alice, 'ack');
    assert.equal(rp.reference, 3);
    assert.equal(request.uri, 'sip:alice@ims.test');
    assert.equal(lab.server.actions.users()[1]?.sms, 1);
  });

  it('is answered where the handset listens, not where it sent from', async (t) => {
    const lab = await startLab(t, '{impi: "alice", impu: ["alice", "tel:1001"], authent_type: "none"},');
    const alice = await lab.phone('alice', 210);
    alice.start('REGISTER', { headers: [`Contact: <${alice.contact}>;+g.3gpp.smsip`] });
    await alice.response(200);
    const otherPort = await lab.phone('alice', 210);
    const headers = ['Content-Type: application/vnd.3gpp.sms'];
    otherPort.start('MESSAGE', { headers, body: rpData(4, submitOf('999', 'x')) });
    await otherPort.response(202);
    assert.equal((await nextOf(alice, 'error')).rp.reference, 4);
  });

  it('is acknowledged by its recipient and nobody else', async (t) => {
    const lab = await startLab(t, ALICE + BOB + CAROL);
    const bob = await handset(lab, 'bob');
    const carol = await handset(lab, 'carol');
    lab.server.actions.sendSms('bob', 'for bob');
    const { reference } = await nextDeliver(bob);
    await acknowledgeRp(carol, reference);
    await acknowledgeRp(bob, reference + 1);
    assert.equal(lab.server.counts().messages, 1);
    await acknowledgeRp(bob, reference);
    assert.equal(lab.server.counts().messages, 0);
  });

  it('to an identity of one phone goes to that one of several with the same SIM', async (t) => {
    const users = `{impi: "bob", pwd: "bob", multi_sim: true, impu: ["bob",
      {impu: "tel:1002", imeisv: "3520990017614812"}, {impu: "tel:1003", imeisv: "3520990017614999"}]},`;
    const lab = await startLab(t, users);
    const first = await lab.phone('bob');
    const second = await lab.phone('bob');
    await registerSms(first, ';+g.3gpp.smsip;+sip.instance="<urn:gsma:imei:35209900-176148-0>"');
    await registerSms(second, ';+g.3gpp.smsip;+sip.instance="<urn:gsma:imei:35209900-176149-0>"');
    lab.server.actions.sendSms('tel:1002', 'one');
    assert.equal((await take(first)).text, 'one');
    lab.server.actions.sendSms('tel:1003', 'two');
    assert.equal((await take(second)).text, 'two');
  });

  it('that one phone does not take goes to another of the same user', async (t) => {
    const lab = await startLab(t, '{impi: "bob", pwd: "bob", multi_sim: true, impu: "bob"},');
    const [first, second] = [await lab.phone('bob'), await lab.phone('bob')];
    await registerSms(first, ';+g.3gpp.smsip;q=0.9');
    await registerSms(second, ';+g.3gpp.smsip;q=0.5');
    lab.server.actions.sendSms('bob', 'hello');
    first.respond(await first.request('MESSAGE'), 480);
    assert.equal((await take(second)).text, 'hello');
  });
});

describe('a handset that has no room', () => {
  it('gets the message when it says that it has some again', async (t) => {
    const lab = await startLab(t, BOB);
    const bob = await handset(lab, 'bob');
    lab.server.actions.sendSms('bob', 'much');
    const { reference } = await nextDeliver(bob);
    await refuseRp(bob, reference, RP_CAUSE.memoryExceeded, FAILURE.memoryExceeded);
    await bob.settled();
    assert.ok(bob.idle);
    const smma = await sendRpdu(bob, printRp({ type: 'smma', reference: 77 }, 'handset'));
    const { request, rp } = await nextOf(bob, 'ack');
    assert.deepEqual([rp.reference, request.headers.raw('In-Reply-To')], [77, smma.callId]);
    assert.equal((await take(bob)).text, 'much');
    assert.equal(lab.server.counts().messages, 0);
  });

  it('gets it again after sms_retry_delay', async (t) => {
    const lab = await startLab(t, BOB, 'sms_retry_delay: 30,');
    const bob = await handset(lab, 'bob');
    lab.server.actions.sendSms('bob', 'much');
    const { reference } = await nextDeliver(bob);
    await refuseRp(bob, reference, RP_CAUSE.memoryExceeded);
    lab.clock.advance(29_999);
    await bob.settled();
    assert.ok(bob.idle);
    lab.clock.advance(1);
    assert.equal((await take(bob)).reference, reference);
  });
});

describe('a status report', () => {
  it('says when a message was delivered', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    const bob = await handset(lab, 'bob');
    const submittedAt = lab.clock.wallNow();
    await submit(alice, '1002', 'tell me', 1, { statusReport: true, reference: 200 });
    await nextOf(alice, 'ack');
    const { tpdu, reference } = await nextDeliver(bob);
    assert.equal(tpdu.statusReport, true);
    await bob.settled();
    await alice.settled();
    lab.clock.advance(10_000);
    await acknowledgeRp(bob, reference);
    const report = await nextStatusReport(alice);
    assert.deepEqual([report.reference, report.status], [200, 0]);
    assert.deepEqual([report.timestamp.at, report.discharge.at], [submittedAt, submittedAt + 10_000]);
    assert.equal(report.recipient.value, '1002');
    await alice.settled();
    assert.ok(alice.idle);
    assert.equal(lab.server.counts().messages, 0);
  });

  it('says when the handset refused it for good', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    const bob = await handset(lab, 'bob');
    await submit(alice, '1002', 'spam', 1, { statusReport: true });
    await nextOf(alice, 'ack');
    await refuseRp(bob, (await nextDeliver(bob)).reference, RP_CAUSE.protocolError, 0x81);
    assert.equal((await nextStatusReport(alice)).status, 0x42);
    assert.equal(lab.server.counts().messages, 0);
  });
});
