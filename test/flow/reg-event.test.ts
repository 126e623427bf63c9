import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Request } from '../../src/sip/message/message.ts';
import { type Lab, startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';
import { subscribed } from '../support/reg-event.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';

const bodyOf = (request: Request) => Buffer.from(request.body).toString();
const stateOf = (request: Request) => request.headers.raw('Subscription-State');

async function registered(t: TestContext, settings = ''): Promise<{ lab: Lab; alice: Phone }> {
  const lab = await startLab(t, ALICE, settings);
  const alice = await lab.phone('alice');
  await alice.register();
  return { lab, alice };
}

describe('a phone subscribes to its registration', () => {
  it('and is told at once what is bound, in full', async (t) => {
    const { lab, alice } = await registered(t);
    const { sent, to, notify } = await subscribed(alice);
    const { headers } = notify;
    assert.equal(headers.raw('From'), to);
    assert.equal(headers.raw('To'), sent.from);
    assert.equal(headers.raw('Call-ID'), sent.callId);
    assert.equal(headers.raw('Event'), 'reg');
    assert.equal(stateOf(notify), 'active;expires=600');
    assert.equal(headers.raw('Content-Type'), 'application/reginfo+xml');
    assert.equal(notify.uri, alice.contact);
    const body = bodyOf(notify);
    assert.match(body, /<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="0" state="full">/);
    assert.match(body, /<registration aor="sip:alice@ims.test" id="a100" state="active">/);
    assert.match(body, /<registration aor="tel:1001" id="a101" state="active">/);
    assert.match(body, /state="active" event="registered" expires="3600"/);
    assert.match(body, /state="active" event="created" expires="3600"/);
    assert.equal(body.split(`<uri>${alice.contact}</uri>`).length, 3);
    assert.equal(lab.server.counts().subscriptions, 1);
  });

  it('for the time of subscribe_expires where that is shorter', async (t) => {
    const { alice } = await registered(t, 'subscribe_expires: 100,');
    assert.equal(stateOf((await subscribed(alice, 6000)).notify), 'active;expires=100');
  });

  it('and is told when another contact replaces its own', async (t) => {
    const { lab, alice } = await registered(t);
    await subscribed(alice);
    const other = await lab.phone('alice');
    await other.register();
    const notify = await alice.request('NOTIFY');
    assert.match(bodyOf(notify), /version="1" state="partial"/);
    assert.match(bodyOf(notify), new RegExp(`state="active" event="registered"[\\s\\S]*<uri>${other.contact}</uri>`));
    assert.match(bodyOf(notify), new RegExp(`state="terminated" event="rejected">\\s*<uri>${alice.contact}</uri>`));
    alice.respond(notify, 200);
  });

  it('and is told the end when its registration ends, then nothing is left', async (t) => {
    const { lab, alice } = await registered(t);
    await subscribed(alice);
    await alice.register({ headers: [`Contact: <${alice.contact}>;expires=0`] });
    const notify = await alice.request('NOTIFY');
    assert.match(stateOf(notify) ?? '', /^terminated;reason=noresource/);
    assert.match(bodyOf(notify), /<registration aor="sip:alice@ims.test" id="a100" state="terminated">/);
    assert.match(bodyOf(notify), /state="terminated" event="unregistered"/);
    alice.respond(notify, 200);
    await alice.settled();
    assert.equal(lab.server.counts().subscriptions, 0);
    assert.equal(lab.server.counts().dialogs, 0);
  });

  it('and is told once of a contact that its REGISTER ends twice', async (t) => {
    const { alice } = await registered(t);
    await subscribed(alice);
    const ended = `<${alice.contact}>;expires=0`;
    await alice.register({ headers: [`Contact: ${ended}, ${ended}`] });
    const notify = await alice.request('NOTIFY');
    // Once for each of the two identities.
    assert.equal(bodyOf(notify).split('event="unregistered"').length, 3);
    alice.respond(notify, 200);
  });

  it('and is told of the expiry of its registration', async (t) => {
    const { lab, alice } = await registered(t);
    await subscribed(alice, 6000);
    lab.clock.advance(3_600_000);
    const notify = await alice.request('NOTIFY');
    assert.match(stateOf(notify) ?? '', /^terminated;reason=timeout/);
    assert.match(bodyOf(notify), /event="expired"/);
    alice.respond(notify, 200);
  });

  it('refreshes and ends inside the dialog', async (t) => {
    const { lab, alice } = await registered(t);
    const { sent, to } = await subscribed(alice);
    const inside = (cseq: number, expires: number) =>
      alice.start('SUBSCRIBE', {
        uri: `sip:scscf@${lab.address}`,
        callId: sent.callId,
        from: sent.from,
        to,
        cseq,
        headers: ['Event: reg', `Contact: <${alice.contact}>`, `Expires: ${expires}`],
      });
    lab.clock.advance(300_000);
    inside(10, 600);
    assert.equal((await alice.response(200)).headers.raw('Expires'), '600');
    const refreshed = await alice.request('NOTIFY');
    assert.equal(stateOf(refreshed), 'active;expires=600');
    assert.match(bodyOf(refreshed), /state="full"/);
    alice.respond(refreshed, 200);
    await alice.settled();
    inside(11, 0);
    await alice.response(200);
    const last = await alice.request('NOTIFY');
    assert.match(stateOf(last) ?? '', /^terminated;reason=timeout/);
    alice.respond(last, 200);
    await alice.settled();
    inside(12, 600);
    await alice.response(481);
  });

  it('ends with a last NOTIFY when it is not refreshed', async (t) => {
    const { lab, alice } = await registered(t);
    await subscribed(alice, 60);
    lab.clock.advance(60_000);
    const last = await alice.request('NOTIFY');
    assert.match(stateOf(last) ?? '', /^terminated;reason=timeout/);
    alice.respond(last, 200);
  });

  it('keeps its registration when it does not answer NOTIFY', async (t) => {
    const { lab, alice } = await registered(t);
    await subscribed(alice);
    await alice.register();
    await alice.request('NOTIFY');
    lab.clock.advance(40_000);
    assert.equal(lab.server.counts().subscriptions, 0);
    assert.equal(lab.server.counts().bindings, 1);
  });

  it('is refused with 403 for the registration of somebody else, and without one', async (t) => {
    const lab = await startLab(t, `${ALICE}{impi: "bob", impu: "bob", pwd: "bob"},`);
    const alice = await lab.phone('alice');
    const headers = ['Event: reg', `Contact: <${alice.contact}>`, 'Expires: 60'];
    assert.equal((await alice.authenticated('SUBSCRIBE', 'alice', { uri: alice.uri, headers })).status, 403);
    await alice.register();
    assert.equal((await alice.authenticated('SUBSCRIBE', 'alice', { uri: 'sip:bob@ims.test', headers })).status, 403);
  });
});
