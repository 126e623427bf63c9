import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tpAddress } from '../../src/sms/address.ts';
import { FAILURE } from '../../src/sms/failure.ts';
import { RP_CAUSE } from '../../src/sms/rp-causes.ts';
import type { Command } from '../../src/sms/tpdu.ts';
import { printTpdu } from '../../src/sms/tpdu-printing.ts';
import { startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';
import {
  acknowledgeRp,
  nextDeliver,
  nextOf,
  nextStatusReport,
  registerSms,
  rpData,
  sendRpdu,
  submit,
  take,
} from '../support/sms-flow.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';
const BOB = '{impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},';
const HOUR_MS = 3_600_000;

type Lab = Awaited<ReturnType<typeof startLab>>;

async function handset(lab: Lab, name: string): Promise<Phone> {
  const phone = await lab.phone(name);
  await registerSms(phone);
  return phone;
}

const pending = (lab: Lab) => lab.server.actions.users().find(({ impi }) => impi === 'bob')?.sms;

describe('messages for somebody who is away', () => {
  it('come at registration, in their order and one at a time', async (t) => {
    const lab = await startLab(t, BOB);
    for (const text of ['1', '2', '3']) lab.server.actions.sendSms('bob', text);
    assert.equal(pending(lab), 3);
    const bob = await handset(lab, 'bob');
    for (const [text, more] of [
      ['1', true],
      ['2', true],
      ['3', false],
    ] as const) {
      const delivered = await nextDeliver(bob);
      assert.deepEqual([delivered.text, delivered.tpdu.moreMessages], [text, more]);
      await bob.settled();
      assert.ok(bob.idle, 'a second one before the first was acknowledged');
      await acknowledgeRp(bob, delivered.reference);
    }
    assert.equal(pending(lab), 0);
  });

  it('wait while only a phone without the service is registered', async (t) => {
    const lab = await startLab(t, BOB);
    lab.server.actions.sendSms('bob', 'hello');
    const bob = await lab.phone('bob');
    const volte = ';+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"';
    await registerSms(bob, volte);
    await bob.settled();
    assert.ok(bob.idle);
    await registerSms(bob, `${volte};+g.3gpp.smsip`);
    assert.equal((await take(bob)).text, 'hello');
  });

  it('are forgotten after sms_expires, and their sender is told', async (t) => {
    const lab = await startLab(t, ALICE + BOB, 'sms_expires: 3600,');
    const alice = await handset(lab, 'alice');
    const long = { statusReport: true, validity: { form: 'relative', value: 255 } } as const;
    await submit(alice, '1002', 'in vain', 1, long);
    await nextOf(alice, 'ack');
    await alice.settled();
    lab.clock.advance(HOUR_MS - 1);
    assert.equal(pending(lab), 1);
    await registerSms(alice);
    lab.clock.advance(1);
    assert.equal(pending(lab), 0);
    assert.equal((await nextStatusReport(alice)).status, 0x46);
  });

  it('are forgotten when they say', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    const until = { at: lab.clock.wallNow() + 20_000, zoneMinutes: 120 };
    await submit(alice, '1002', 'five minutes', 1, { validity: { form: 'relative', value: 0 } });
    await nextOf(alice, 'ack');
    await submit(alice, '1002', '20 s', 2, { validity: { form: 'absolute', until } });
    await nextOf(alice, 'ack');
    await submit(alice, '1002', '30 s', 3, {
      validity: { form: 'enhanced', octets: Uint8Array.of(2, 30, 0, 0, 0, 0, 0) },
    });
    await nextOf(alice, 'ack');
    const left = [20_000, 10_000, 270_000].map((ms) => {
      lab.clock.advance(ms);
      return pending(lab);
    });
    assert.deepEqual(left, [2, 1, 0]);
  });

  it('are tried once when they say so', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    const once = { form: 'enhanced', octets: Uint8Array.of(0x40, 0, 0, 0, 0, 0, 0) } as const;
    await submit(alice, '1002', 'now or never', 1, { validity: once, statusReport: true });
    assert.equal(pending(lab), 0);
    await nextOf(alice, 'ack');
    assert.equal((await nextStatusReport(alice)).status, 0x43);
  });

  it('are forgotten by sms_flush, which begins none of them', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const bob = await handset(lab, 'bob');
    for (const text of ['1', '2', '3']) lab.server.actions.sendSms('bob', text);
    const { reference } = await nextDeliver(bob);
    assert.equal(lab.server.actions.flushSms('nobody'), undefined);
    assert.equal(lab.server.actions.flushSms('tel:1002'), 3);
    assert.equal(lab.server.actions.flushSms('bob'), 0);
    await acknowledgeRp(bob, reference);
    await bob.settled();
    assert.ok(bob.idle);
    lab.server.actions.sendSms('bob', '4');
    assert.equal((await take(bob)).text, '4');
  });
});

describe('a handset that does not answer', () => {
  it('the MESSAGE is sent it again after the retry delay, with the same reference', async (t) => {
    const lab = await startLab(t, BOB, 'sms_retry_delay: 10,');
    const bob = await handset(lab, 'bob');
    lab.server.actions.sendSms('bob', 'hello');
    const first = await bob.request('MESSAGE');
    // Timer F is 64·T1.
    lab.clock.advance(32_000);
    await bob.settled();
    bob.drain();
    lab.clock.advance(10_000);
    const again = await nextDeliver(bob);
    assert.notEqual(again.request.headers.raw('Call-ID'), first.headers.raw('Call-ID'));
    assert.equal(again.reference, first.body[1]);
  });

  it('the RP-DATA is sent it again after TR1N and the retry delay; a late RP-ACK counts', async (t) => {
    const lab = await startLab(t, BOB, 'sms_retry_delay: 10,');
    const bob = await handset(lab, 'bob');
    lab.server.actions.sendSms('bob', 'hello');
    const first = await nextDeliver(bob);
    await bob.settled();
    lab.clock.advance(50_000);
    const again = await nextDeliver(bob);
    assert.equal(again.reference, first.reference);
    await bob.settled();
    lab.clock.advance(40_000);
    await acknowledgeRp(bob, first.reference);
    assert.equal(pending(lab), 0);
    lab.clock.advance(HOUR_MS / 2);
    await bob.settled();
    assert.ok(bob.idle);
  });

  it('keeps its message until it is reached by another registration', async (t) => {
    const lab = await startLab(t, BOB, 'sms_retry_delay: 3000,');
    const bob = await handset(lab, 'bob');
    lab.server.actions.sendSms('bob', 'hello');
    bob.respond(await bob.request('MESSAGE'), 480);
    await bob.settled();
    await registerSms(bob);
    assert.equal((await take(bob)).text, 'hello');
  });
});

describe('references', () => {
  it('wrap after 255 and are each used by one message', async (t) => {
    const lab = await startLab(t, '{impi: "bob", impu: "bob", pwd: "bob", auth_on_register_only: true},');
    const bob = await handset(lab, 'bob');
    const references: number[] = [];
    for (let count = 0; count < 300; count++) {
      lab.server.actions.sendSms('bob', String(count));
      const request = await bob.request('MESSAGE');
      bob.respond(request, 200);
      const reference = request.body[1] ?? -1;
      references.push(reference);
      const headers = ['Content-Type: application/vnd.3gpp.sms'];
      bob.start('MESSAGE', { headers, body: Uint8Array.of(2, reference) });
      await bob.response(202);
    }
    assert.deepEqual(
      references,
      Array.from({ length: 300 }, (_, count) => count % 256),
    );
    assert.equal(pending(lab), 0);
  });
});

describe('SMS-COMMAND', () => {
  const command = (options: Partial<Command>) =>
    rpData(
      9,
      printTpdu({
        type: 'command',
        statusReport: true,
        hasHeader: false,
        reference: 50,
        protocol: 0,
        command: 0,
        messageNumber: 5,
        destination: tpAddress('1002'),
        data: new Uint8Array(0),
        ...options,
      }),
    );

  it('takes back a message that waits, once', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    await submit(alice, '1002', 'regretted', 1, { reference: 5, statusReport: true });
    await nextOf(alice, 'ack');
    await sendRpdu(alice, command({ command: 2 }));
    assert.equal(pending(lab), 0);
    await nextOf(alice, 'ack');
    assert.equal((await nextStatusReport(alice)).status, 0x47);
    await sendRpdu(alice, command({ command: 2 }));
    const refused = await nextOf(alice, 'error');
    assert.equal(refused.rp.userData?.[1], FAILURE.commandCannotBeActioned);
  });

  it('asks what became of a message', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    await submit(alice, '1002', 'hello', 1, { reference: 5 });
    await nextOf(alice, 'ack');
    await sendRpdu(alice, command({}));
    await nextOf(alice, 'ack');
    const report = await nextStatusReport(alice);
    assert.deepEqual([report.ofCommand, report.reference, report.status], [true, 50, 0x22]);
    await sendRpdu(alice, command({ messageNumber: 6 }));
    await nextOf(alice, 'ack');
    assert.equal((await nextStatusReport(alice)).status, 0x49);
  });

  it('switches the status report of a message on', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    await submit(alice, '1002', 'hello', 1, { reference: 5 });
    await nextOf(alice, 'ack');
    await sendRpdu(alice, command({ command: 3 }));
    await nextOf(alice, 'ack');
    await take(await handset(lab, 'bob'));
    assert.equal((await nextStatusReport(alice)).reference, 5);
  });

  it('of a kind nobody knows is refused', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    await sendRpdu(alice, command({ command: 200 }));
    const { rp } = await nextOf(alice, 'error');
    assert.deepEqual([rp.cause, rp.userData?.[1]], [RP_CAUSE.facilityNotImplemented, FAILURE.commandUnsupported]);
  });
});

describe('a message that asks for duplicates to be refused', () => {
  it('is refused while the first one waits', async (t) => {
    const lab = await startLab(t, ALICE + BOB);
    const alice = await handset(lab, 'alice');
    await submit(alice, '1002', 'once', 1, { reference: 5 });
    await nextOf(alice, 'ack');
    await submit(alice, '1002', 'once', 2, { reference: 5, rejectDuplicates: true });
    const { rp } = await nextOf(alice, 'error');
    assert.equal(rp.userData?.[1], FAILURE.duplicate);
    await submit(alice, '1002', 'another', 3, { reference: 6, rejectDuplicates: true });
    await nextOf(alice, 'ack');
    assert.equal(pending(lab), 2);
  });
});
