import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { loopbackAddress } from '../support/loopback.ts';
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
  register,
  reinvite,
  type Step,
  scenario,
  TERMINATED,
  TRYING,
} from './sipp/scenario.ts';
import { Sipp } from './sipp/sipp.ts';
import { md5Users, type TestUser } from './sipp/users.ts';

type Steps = readonly (Step | readonly Step[])[];

interface Load {
  readonly calls?: number;
  /** Calls a second. */
  readonly rate?: number;
  /** User part, instead of the caller's own callee. */
  readonly called?: string;
}

/** Callers and callees, each on a machine of their own, registered. */
class Bed {
  readonly daemon: Daemon;
  readonly #sipp: Sipp;
  readonly #lines: readonly (readonly string[])[];
  readonly #callers = loopbackAddress();
  readonly #callees = loopbackAddress();

  private constructor(sipp: Sipp, daemon: Daemon, callers: readonly TestUser[], callees: readonly TestUser[]) {
    this.daemon = daemon;
    this.#sipp = sipp;
    this.#lines = callers.map(({ name, credentials }, index) => [name, credentials, callees[index]?.name ?? '']);
  }

  /** Undefined, the test skipped, without SIPp. */
  static async make(t: TestContext, pairs: number, config: object = {}): Promise<Bed | undefined> {
    const callers = md5Users('caller', pairs);
    const callees = md5Users('callee', pairs);
    const users = [...callers, ...callees, ...md5Users('absent', 1)].map(({ entry }) => entry);
    const started = await Sipp.against(t, () =>
      Daemon.start(t, { users, config: { log_options: 'all.level=error', ...config } }),
    );
    if (started === undefined) return undefined;
    const bed = new Bed(started.sipp, started.daemon, callers, callees);
    for (const [address, side] of [
      [bed.#callers, callers],
      [bed.#callees, callees],
    ] as const) {
      const lines = side.map(({ name, credentials }) => [name, credentials]);
      await started.sipp.run({ scenario: scenario(register(600)), calls: pairs, rate: 200, address, lines });
    }
    assert.equal((await bed.daemon.usage()).registered, 2 * pairs);
    return bed;
  }

  /** Runs both sides; no call may fail on either. */
  async run(caller: Steps, callee: readonly Step[], load: Load = {}): Promise<void> {
    const { calls = 1 } = load;
    const answering = this.#sipp.start({ scenario: scenario(...callee), calls, address: this.#callees });
    await Promise.all([answering.complete(), this.call(caller, load)]);
  }

  /** Runs only the callers. */
  async call(caller: Steps, { calls = 1, rate = 10, called }: Load = {}): Promise<void> {
    const lines =
      called === undefined ? this.#lines : this.#lines.map(([name = '', proof = '']) => [name, proof, called]);
    await this.#sipp.run({ scenario: scenario(...caller), calls, rate, address: this.#callers, lines });
  }
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
  const bed = await Bed.make(t, 100, config);
  if (bed === undefined) return;
  const { daemon } = bed;
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
    const bed = await Bed.make(t, 10, { auth_on_register_only: true });
    if (bed === undefined) return;
    const { daemon } = bed;
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
