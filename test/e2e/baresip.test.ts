import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { commandOrSkip } from '../support/require-package.ts';
import { Softphone, type SoftphoneOptions, shareOf } from './baresip.ts';

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

interface Lab {
  readonly daemon: Daemon;
  readonly command: string;
}

/** A daemon with two users; undefined, the test skipped, without baresip. */
async function startDaemon(t: TestContext, more: readonly string[] = []): Promise<Lab | undefined> {
  const command = commandOrSkip(t, 'baresip', 'baresip-core');
  if (command === undefined) return undefined;
  const users = ['alice', 'bob'].map((name) => ({
    impi: name,
    impu: [name],
    authent_type: 'MD5',
    pwd: `${name}-secret`,
  }));
  const daemon = await Daemon.start(t, { users, more, config: { echo: 'tel:666' } });
  return { daemon, command };
}

function startPhone(
  t: TestContext,
  { daemon, command }: Lab,
  name: 'alice' | 'bob',
  options: Partial<SoftphoneOptions> = {},
): Promise<Softphone> {
  const tone = name === 'alice' ? ALICE_SAYS : BOB_SAYS;
  return Softphone.start(t, command, daemon, { name, password: `${name}-secret`, tone, ...options });
}

interface Counted {
  readonly type: string;
  /** RTP packets. */
  readonly received: number;
  readonly sent: number;
}

/** The media of the calls as the monitor shows them, a list for each dialog. */
async function mediaOf(daemon: Daemon): Promise<readonly (readonly Counted[])[]> {
  const dialogs: Counted[][] = [];
  for (const line of await daemon.ask('dialog')) {
    const [, type = '', received, sent] = /^Media (\w+) .* RTP \S+ (\d+) in (\d+) out /.exec(line) ?? [];
    if (type !== '') dialogs.at(-1)?.push({ type, received: Number(received), sent: Number(sent) });
    else if (/^[0-9a-f]{16} /.test(line)) dialogs.push([]);
  }
  return dialogs;
}

async function statesOf(daemon: Daemon): Promise<readonly string[]> {
  return (await daemon.ask('dialog')).flatMap((line) => /^[0-9a-f]{16} +(\w+) /.exec(line)?.[1] ?? []);
}

/** Audio and video pass in both directions on so many dialogs. */
async function passes(daemon: Daemon, dialogs: number): Promise<void> {
  const before = await mediaOf(daemon);
  await eventually(async () => {
    const now = await mediaOf(daemon);
    assert.deepEqual(
      now.map((media) => media.map(({ type }) => type)),
      Array.from({ length: dialogs }, () => ['audio', 'video']),
    );
    for (const [index, media] of now.entries()) {
      for (const [at, { received, sent }] of media.entries()) {
        const was = before[index]?.[at] ?? { received: 0, sent: 0 };
        assert.ok(received > was.received + 3 && sent > was.sent + 3, JSON.stringify([before, now]));
      }
    }
  }, 10_000);
}

/** @param six whether alice speaks IPv6. */
async function call(t: TestContext, transport: 'udp' | 'tcp', six = false): Promise<void> {
  const server6 = `[::1]:${20_000 + (process.pid % 20_000)}`;
  const lab = await startDaemon(t, six ? [server6] : []);
  if (lab === undefined) return;
  const { daemon } = lab;
  const sockets = daemon.sockets();
  const [alice, bob] = await Promise.all([
    startPhone(t, lab, 'alice', { transport, ...(six && { server6 }) }),
    startPhone(t, lab, 'bob', { transport }),
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

  it('has an audio and video call, holds and resumes it', async (t) => {
    const lab = await startDaemon(t);
    if (lab === undefined) return;
    const { daemon } = lab;
    const [alice, bob] = await Promise.all([
      startPhone(t, lab, 'alice', { video: true }),
      startPhone(t, lab, 'bob', { video: true }),
    ]);
    await eventually(async () => assert.equal((await daemon.usage()).registered, 2));
    alice.dial(`sip:bob@${daemon.domain}`);
    await bob.sees('CALL_INCOMING');
    bob.accept();
    await Promise.all([alice.sees('CALL_ESTABLISHED'), bob.sees('CALL_ESTABLISHED')]);
    await passes(daemon, 2);
    await Promise.all([hears(alice, BOB_SAYS), hears(bob, ALICE_SAYS)]);

    alice.hold();
    await eventually(async () => assert.deepEqual(await statesOf(daemon), ['hold', 'hold']));
    alice.resume();
    await eventually(async () => assert.deepEqual(await statesOf(daemon), ['start', 'start']));
    await passes(daemon, 2);
    bob.hangUp();
    await Promise.all([alice.sees('CALL_CLOSED'), bob.sees('CALL_CLOSED')]);
    await daemon.stop();
  });

  it('hears and sees itself at the echo, over a hold too', async (t) => {
    const lab = await startDaemon(t);
    if (lab === undefined) return;
    const { daemon } = lab;
    const alice = await startPhone(t, lab, 'alice', { video: true });
    await eventually(async () => assert.equal((await daemon.usage()).registered, 1));
    alice.dial(`sip:666@${daemon.domain}`);
    await alice.sees('CALL_ESTABLISHED');
    await passes(daemon, 1);
    await hears(alice, ALICE_SAYS);
    alice.hold();
    await eventually(async () => assert.deepEqual(await statesOf(daemon), ['hold']));
    alice.resume();
    await eventually(async () => assert.deepEqual(await statesOf(daemon), ['start']));
    await passes(daemon, 1);
    alice.hangUp();
    await eventually(async () => assert.equal((await daemon.usage()).dialogs, 0));
    await daemon.stop();
  });

  it('is called by the server and hears itself', async (t) => {
    const lab = await startDaemon(t);
    if (lab === undefined) return;
    const { daemon } = lab;
    const bob = await startPhone(t, lab, 'bob');
    await eventually(async () => assert.equal((await daemon.usage()).registered, 1));
    assert.match((await daemon.ask('mt_call bob')).join(), /Call started/);
    await bob.sees('CALL_INCOMING');
    bob.accept();
    await bob.sees('CALL_ESTABLISHED');
    await hears(bob, BOB_SAYS);
    const session = /^([0-9a-f]{16}) /m.exec((await daemon.ask('dialog')).join('\n'))?.[1];
    await daemon.ask(`dialog_set ${session} stop`);
    await bob.sees('CALL_CLOSED');
    await daemon.stop();
  });
});
