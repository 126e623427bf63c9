import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bed } from '../e2e/sipp/bed.ts';
import {
  ACCEPT,
  ANSWERED,
  acknowledge,
  acknowledgeRefusal,
  BUSY,
  CANCELLED,
  cancel,
  DONE,
  expectRequest,
  expectStatus,
  hangUp,
  INVITED,
  invite,
  label,
  pause,
  RING,
  RINGING,
  repeated,
  TERMINATED,
  TRYING,
} from '../e2e/sipp/scenario.ts';
import { Sipp } from '../e2e/sipp/sipp.ts';
import { md5Users } from '../e2e/sipp/users.ts';
import { startCounted } from '../support/counted-server.ts';
import { eventually } from '../support/eventually.ts';

const ENDINGS = ['answered', 'busy', 'cancelled', 'unanswered', 'failed'] as const;
const CALLS = 400;
/** A second, of each ending. */
const RATE = 20;
/** Users of each ending and side; each calls again when its turn comes. */
const PAIRS = 40;

describe('2,000 calls at 100 a second that end in every way', () => {
  it('leave no call, port, transaction or timer behind', async (t) => {
    const users = ENDINGS.map((ending) => ({
      ending,
      callers: md5Users(`${ending}-from`, PAIRS),
      callees: md5Users(`${ending}-to`, PAIRS),
    }));
    const entries = users.flatMap(({ callers, callees }) => [...callers, ...callees].map(({ entry }) => entry));
    const config = { timer_t1: 0.1, timer_t2: 0.4, timer_t4: 0.5, auth_on_register_only: true };
    const started = await Sipp.against(t, () => startCounted(t, entries, config));
    if (started === undefined) return;
    const { sipp, host } = started;
    const beds: Bed[] = [];
    for (const { callers, callees } of users) beds.push(await Bed.register(sipp, callers, callees));
    const [answered, busy, cancelled, unanswered, failed] = beds;

    const load = { calls: CALLS, rate: RATE, most: CALLS };
    await Promise.all([
      answered?.run(
        [invite(1), RINGING, ANSWERED, acknowledge(1), pause(200), hangUp(2), expectStatus(200)],
        [INVITED, RING, ACCEPT, label(1), repeated('INVITE', 1), expectRequest('ACK'), expectRequest('BYE'), DONE],
        load,
      ),
      busy?.run(
        [invite(1), TRYING, expectStatus(486), acknowledgeRefusal(1)],
        [INVITED, BUSY, expectRequest('ACK')],
        load,
      ),
      cancelled?.run(
        [invite(1), RINGING, pause(300), cancel(1), expectStatus(200), expectStatus(487), acknowledgeRefusal(1)],
        [
          ...[INVITED, RING, expectRequest('CANCEL'), label(1), CANCELLED, TERMINATED, TRYING],
          ...[repeated('CANCEL', 1), expectRequest('ACK')],
        ],
        load,
      ),
      // Nobody is at the callee's address: 64·T1.
      unanswered?.call([invite(1), TRYING, expectStatus(480), acknowledgeRefusal(1)], load),
      failed?.call([invite(1), TRYING, expectStatus(404), acknowledgeRefusal(1)], { ...load, called: 'nobody' }),
    ]);

    await eventually(() => {
      // Challenges of registrations may still be answered.
      const { bindings, challenges: _, ...left } = host.server.counts();
      assert.equal(bindings, 2 * PAIRS * ENDINGS.length);
      for (const [what, count] of Object.entries(left)) assert.equal(count, 0, what);
      assert.equal(host.timers, bindings, 'each binding waits for its end, and nothing else waits');
      assert.deepEqual(host.server.actions.dialogs(), []);
    }, 45_000);
    assert.deepEqual(host.bugs, []);
  });
});
