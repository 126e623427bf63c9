import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { Bed } from './sipp/bed.ts';
import {
  ACCEPT,
  ANSWERED,
  acceptOffer,
  acknowledge,
  acknowledgeRefusal,
  BUSY,
  CALLEE_HANGS_UP,
  CANCELLED,
  cancel,
  DONE,
  expectRequest,
  expectStatus,
  hangUp,
  INVITED,
  invite,
  pause,
  provenInvite,
  RING,
  RINGING,
  reinvite,
  type Step,
  TERMINATED,
  TRYING,
} from './sipp/scenario.ts';
import { Sipp } from './sipp/sipp.ts';
import { md5Users } from './sipp/users.ts';

/** Callers and callees against a daemon of their own; undefined, the test skipped, without SIPp. */
async function start(t: TestContext, pairs: number, config: object): Promise<{ bed: Bed; daemon: Daemon } | undefined> {
  const callers = md5Users('caller', pairs);
  const callees = md5Users('callee', pairs);
  const users = [...callers, ...callees, ...md5Users('absent', 1)].map(({ entry }) => entry);
  const started = await Sipp.against(t, () =>
    Daemon.start(t, { users, config: { log_options: 'all.level=error', ...config } }),
  );
  if (started === undefined) return undefined;
  const { sipp, host: daemon } = started;
  const bed = await Bed.register(sipp, callers, callees);
  assert.equal((await daemon.usage()).registered, 2 * pairs);
  return { bed, daemon };
}

const ANSWERING: readonly Step[] = [INVITED, RING, ACCEPT, expectRequest('ACK'), expectRequest('BYE'), DONE];

/** @param sequence CSeq of the INVITE that is answered. */
async function completes(
  t: TestContext,
  calls: number,
  opening: readonly Step[],
  sequence: number,
  config: object,
): Promise<void> {
  const started = await start(t, 100, config);
  if (started === undefined) return;
  const { bed, daemon } = started;
  const sockets = daemon.sockets();
  const before = daemon.child.cpuMs();
  const closing = [acknowledge(sequence), pause(100), hangUp(sequence + 1), expectStatus(200)];
  await bed.run([opening, RINGING, ANSWERED, closing], ANSWERING, { calls, rate: 100 });
  const each = Math.round(((daemon.child.cpuMs() - before) / calls) * 1000);
  t.diagnostic(`processor time of the server: ${each} µs for each call`);
  assert.deepEqual(await daemon.usage(), { registered: 200, dialogs: 0 });
  await eventually(() => assert.equal(daemon.sockets(), sockets, 'sockets after the calls'));
  await daemon.stop();
}

describe('calls by SIPp', () => {
  it('completes 1,000 calls of users who prove each INVITE', (t) => completes(t, 1000, provenInvite(), 2, {}));

  it('completes 300 calls where only REGISTER is challenged', (t) =>
    completes(t, 300, [invite(1)], 1, { auth_on_register_only: true }));

  it('lets calls end in every other way, and nothing is left of them', async (t) => {
    const started = await start(t, 10, { auth_on_register_only: true });
    if (started === undefined) return;
    const { bed, daemon } = started;
    const sockets = daemon.sockets();
    const taken: readonly Step[] = [invite(1), ...RINGING, ANSWERED, acknowledge(1)];

    for (const [title, called, status] of [
      ['nobody has the number', 'nobody', 404],
      ['the callee is not registered', 'absent1000', 480],
    ] as const) {
      await t.test(title, () => bed.call([invite(1), TRYING, expectStatus(status), acknowledgeRefusal(1)], { called }));
    }

    await t.test('the callee is busy', () =>
      bed.run([invite(1), TRYING, expectStatus(486), acknowledgeRefusal(1)], [INVITED, BUSY, expectRequest('ACK')]),
    );

    await t.test('the caller cancels while it rings', () =>
      bed.run(
        [invite(1), RINGING, cancel(1), expectStatus(200), expectStatus(487), acknowledgeRefusal(1)],
        [INVITED, RING, expectRequest('CANCEL'), CANCELLED, TERMINATED, TRYING, expectRequest('ACK')],
      ),
    );

    await t.test('the callee hangs up', () =>
      bed.run(
        [taken, expectRequest('BYE'), DONE],
        [INVITED, RING, ACCEPT, expectRequest('ACK'), CALLEE_HANGS_UP, expectStatus(200)],
      ),
    );

    await t.test('hold, resume, the caller hangs up', () =>
      bed.run(
        [
          taken,
          reinvite(2, 'sendonly'),
          TRYING,
          expectStatus(200),
          acknowledge(2),
          reinvite(3, 'sendrecv'),
          TRYING,
          expectStatus(200),
          acknowledge(3),
          hangUp(4),
          expectStatus(200),
        ],
        [
          INVITED,
          RING,
          ACCEPT,
          expectRequest('ACK'),
          expectRequest('INVITE'),
          acceptOffer('recvonly'),
          expectRequest('ACK'),
          expectRequest('INVITE'),
          acceptOffer('sendrecv'),
          expectRequest('ACK'),
          expectRequest('BYE'),
          DONE,
        ],
      ),
    );

    assert.equal((await daemon.usage()).dialogs, 0);
    await eventually(() => assert.equal(daemon.sockets(), sockets, 'sockets after the calls'));
    await daemon.stop();
  });
});
