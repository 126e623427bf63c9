import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTpdu } from '../../src/sms/tpdu.ts';
import { startLab } from '../support/lab.ts';
import { acknowledgeRp, nextDeliver, nextOf, registerSms, submit } from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice", msisdn: "15551001"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';

describe('a short message', () => {
  it('goes from handset to handset: 202, RP-ACK in a MESSAGE of its own, RP-DATA, RP-ACK', async (t) => {
    const lab = await startLab(t, ALICE + BOB, 'p_called_party_id: true,');
    const alice = await lab.phone('alice');
    const bob = await lab.phone('bob');
    await registerSms(alice);
    await registerSms(bob);

    const sent = await submit(alice, '1002', 'Grüße, 5 €', 42);
    const answered = await nextOf(alice, 'ack');
    assert.equal(answered.rp.reference, 42);
    assert.equal(answered.request.headers.raw('In-Reply-To'), sent.callId);
    assert.equal(answered.request.uri, alice.contact);
    const report = parseTpdu(answered.rp.userData ?? new Uint8Array(0), 'network', 'ack');
    assert.ok(report.type === 'submit-report');

    const { request, tpdu, text, reference } = await nextDeliver(bob);
    assert.equal(request.uri, bob.contact);
    const { headers } = request;
    assert.equal(headers.raw('Accept-Contact'), '*;+g.3gpp.smsip;require;explicit');
    assert.equal(headers.raw('Request-Disposition'), 'no-fork');
    assert.equal(headers.raw('P-Asserted-Identity'), '<sip:ipsmgw@ims.test>');
    assert.match(headers.raw('From') ?? '', /^<sip:ipsmgw@ims.test>;tag=\w+$/);
    assert.equal(headers.raw('To'), '<sip:bob@ims.test>');
    assert.equal(headers.raw('P-Called-Party-ID'), '<tel:1002>');
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
});
