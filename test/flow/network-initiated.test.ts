import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startLab } from '../support/lab.ts';
import { subscribed } from '../support/reg-event.ts';

const ALICE = '{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},';

async function watched(t: TestContext) {
  const lab = await startLab(t, ALICE);
  const alice = await lab.phone('alice');
  await alice.register();
  await subscribed(alice);
  return { lab, alice };
}

describe('the network deregisters a user', () => {
  for (const event of ['deactivated', 'rejected'] as const) {
    it(`${event}, and its phone is told so`, async (t) => {
      const { lab, alice } = await watched(t);
      assert.equal(lab.server.actions.unregister('tel:1001', event), 1);
      const notify = await alice.request('NOTIFY');
      assert.equal(notify.headers.raw('Subscription-State'), `terminated;reason=${event}`);
      const body = Buffer.from(notify.body).toString();
      assert.match(body, /<registration aor="sip:alice@ims.test" id="a100" state="terminated">/);
      assert.match(body, new RegExp(`state="terminated" event="${event}"`));
      assert.equal(lab.server.counts().bindings, 0);
      alice.respond(notify, 200);
    });
  }

  it('that nobody is: told so', async (t) => {
    const { lab } = await watched(t);
    assert.equal(lab.server.actions.unregister('nobody', 'rejected'), undefined);
  });
});

describe('the network wants a user authenticated anew', () => {
  it('shortens its registration and tells its phone, which registers again', async (t) => {
    const { lab, alice } = await watched(t);
    assert.equal(lab.server.actions.reauthenticate('alice', 60), 1);
    const notify = await alice.request('NOTIFY');
    assert.match(
      Buffer.from(notify.body).toString(),
      /state="partial"[\s\S]*state="active" event="shortened" expires="60"/,
    );
    alice.respond(notify, 200);
    await alice.settled();
    lab.clock.advance(30_000);
    assert.equal((await alice.register()).status, 200);
    alice.respond(await alice.request('NOTIFY'), 200);
    lab.clock.advance(60_000);
    assert.equal(lab.server.counts().bindings, 1);
  });

  it('and deregisters a phone that does not', async (t) => {
    const { lab, alice } = await watched(t);
    lab.server.actions.reauthenticate('alice', 60);
    alice.respond(await alice.request('NOTIFY'), 200);
    await alice.settled();
    lab.clock.advance(60_000);
    assert.equal(lab.server.counts().bindings, 0);
    const notify = await alice.request('NOTIFY');
    assert.match(Buffer.from(notify.body).toString(), /event="expired"/);
    alice.respond(notify, 200);
  });

  it('never lengthens a registration', async (t) => {
    const { lab, alice } = await watched(t);
    lab.server.actions.reauthenticate('alice', 999_999);
    await alice.settled();
    assert.ok(alice.idle);
  });
});
