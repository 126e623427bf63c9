import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { commandOrSkip } from '../support/require-package.ts';
import { Softphone, shareOf } from './baresip.ts';

/** Hertz of the tones each side says. Whole numbers of their periods fit in the window, so they do not blur. */
const ALICE_SAYS = 400;
const BOB_SAYS = 1000;
/** Half a second. */
const WINDOW = 4000;

async function hears(softphone: Softphone, tone: number): Promise<void> {
  await eventually(() => {
    const samples = softphone.heard();
    assert(samples.length >= 2 * WINDOW, `only ${samples.length} samples heard`);
    const share = shareOf(tone, samples.subarray(-WINDOW));
    assert(share > 0.9, `the tone of ${tone} Hz has ${share.toFixed(2)} of the power`);
  }, 10_000);
}

/** @param six whether alice speaks IPv6. */
async function call(t: TestContext, transport: 'udp' | 'tcp', six = false): Promise<void> {
  const command = commandOrSkip(t, 'baresip', 'baresip-core');
  if (command === undefined) return;
  const users = ['alice', 'bob'].map((name) => ({
    impi: name,
    impu: [name],
    authent_type: 'MD5',
    pwd: `${name}-secret`,
  }));
  const server6 = `[::1]:${20_000 + (process.pid % 20_000)}`;
  const daemon = await Daemon.start(t, { users, ...(six && { more: [server6] }) });
  const sockets = daemon.sockets();
  const [alice, bob] = await Promise.all([
    Softphone.start(t, command, daemon, {
      name: 'alice',
      password: 'alice-secret',
      tone: ALICE_SAYS,
      transport,
      ...(six && { server6 }),
    }),
    Softphone.start(t, command, daemon, { name: 'bob', password: 'bob-secret', tone: BOB_SAYS, transport }),
  ]);
  await eventually(async () => assert.equal((await daemon.usage()).registered, 2));

  alice.dial(`sip:bob@${daemon.domain}`);
  await bob.sees('CALL_INCOMING');
  await alice.sees('CALL_RINGING');
  bob.accept();
  await Promise.all([alice.sees('CALL_ESTABLISHED'), bob.sees('CALL_ESTABLISHED')]);
  assert.equal((await daemon.usage()).dialogs, 2);
  await Promise.all([hears(alice, BOB_SAYS), hears(bob, ALICE_SAYS)]);
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const relay = one.address.includes(':') ? 'c=IN IP6 ::1' : `c=IN IP4 ${daemon.address}`;
    assert.ok(one.trace.includes(relay), 'sends its media to the relay');
    if (!six) assert.ok(!one.trace.includes(`c=IN IP4 ${other.address}`), 'does not learn where the other one is');
  }
  alice.hangUp();
  await Promise.all([alice.sees('CALL_CLOSED'), bob.sees('CALL_CLOSED')]);
  await eventually(async () => assert.equal((await daemon.usage()).dialogs, 0));

  await Promise.all([alice.quit(), bob.quit()]);
  await eventually(async () => assert.equal((await daemon.usage()).registered, 0));
  await eventually(() => assert.equal(daemon.sockets(), sockets, 'sockets after the call'));
  await daemon.stop();
}

describe('baresip', () => {
  it('registers and hears another one, both ways, over UDP', (t) => call(t, 'udp'));
  it('registers and hears another one, both ways, over TCP', (t) => call(t, 'tcp'));
  it('on IPv6 hears one on IPv4, both ways', (t) => call(t, 'udp', true));
});
