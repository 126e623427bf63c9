import assert from 'node:assert/strict';
import { silent } from '../../src/core/logger.ts';
import type { ProtectedPorts } from '../../src/core/protection.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Offer } from '../../src/ipsec/agreement.ts';
import { algorithmPair } from '../../src/ipsec/algorithm.ts';
import { Associations, type Preparation, type Prepared, type SetRecord } from '../../src/ipsec/associations.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeKernel } from '../support/fake-kernel.ts';

export const OURS = '192.0.2.1';
export const HANDSET = '192.0.2.9';
export const PORTS: ProtectedPorts = {
  address: OURS,
  serverPorts: [6001, 6002],
  clientPorts: [7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008],
};
export const HOUR = 3_600_000;

export function offerOf(spi: number, portC: number, portS = 5000): Offer {
  const algorithms = algorithmPair('hmac-sha-1-96', 'aes-cbc') ?? assert.fail();
  return { algorithms, spiC: spi, spiS: spi + 1, portC, portS };
}

export interface RigOptions {
  readonly kernel?: FakeKernel;
  readonly clock?: FakeClock;
  readonly records?: Map<number, SetRecord>;
}

/** The associations of a server, with what they tell others written down. */
export class Rig {
  readonly clock: FakeClock;
  readonly kernel: FakeKernel;
  readonly associations: Associations;
  /** What the state file holds. */
  readonly records: Map<number, SetRecord>;
  /** Sets the transport was told to let go, and how many states were in the kernel then. */
  readonly removed: { readonly set: number; readonly states: number }[] = [];

  constructor({ kernel, clock, records }: RigOptions = {}) {
    this.clock = clock ?? new FakeClock();
    this.kernel = kernel ?? new FakeKernel();
    this.records = records ?? new Map<number, SetRecord>();
    this.associations = new Associations({
      clock: this.clock,
      random: systemRandom(),
      kernel: this.kernel,
      logger: silent,
      t1Ms: 500,
      keep: {
        put: (record) => this.records.set(record.set, structuredClone(record)),
        delete: ({ set }) => assert.ok(this.records.delete(set), `set ${set} was not kept`),
      },
      onRemoved: (set) => {
        assert.equal(this.associations.responsePath(set), undefined);
        this.removed.push({ set, states: this.kernel.live.length });
      },
    });
  }

  static async started(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    assert.equal(await rig.associations.start(), undefined);
    rig.associations.opened(PORTS);
    await rig.settled();
    return rig;
  }

  /** Until the kernel has answered and everybody has heard it. */
  async settled(): Promise<void> {
    await this.kernel.settled();
    this.clock.advance(0);
    await this.kernel.settled();
  }

  ask(preparation: Partial<Preparation> & { readonly offer: Offer }): { outcome: Prepared | Error | undefined } {
    const answer: { outcome: Prepared | Error | undefined } = { outcome: undefined };
    const whole = {
      key: 'alice 1',
      owner: 'alice',
      local: OURS,
      remote: HANDSET,
      ck: new Uint8Array(16).fill(1),
      ik: new Uint8Array(16).fill(2),
    };
    this.associations.prepare({ ...whole, ...preparation }, (outcome) => {
      assert.equal(answer.outcome, undefined, 'answered twice');
      answer.outcome = outcome;
    });
    assert.equal(answer.outcome, undefined, 'answered on the spot');
    return answer;
  }

  /** @throws when there is no set. */
  async prepare(preparation: Partial<Preparation> & { readonly offer: Offer }): Promise<Prepared> {
    const answer = this.ask(preparation);
    await this.settled();
    const { outcome } = answer;
    if (outcome instanceof Error) throw outcome;
    return outcome ?? assert.fail('not answered');
  }

  /** The words of the refusal. */
  async refusal(preparation: Partial<Preparation> & { readonly offer: Offer }): Promise<string> {
    const answer = this.ask(preparation);
    await this.settled();
    assert.ok(answer.outcome instanceof Error, 'a set was made');
    return answer.outcome.message;
  }

  /** A handset that has registered for an hour. */
  async register(preparation: Partial<Preparation> & { readonly offer: Offer }): Promise<Prepared> {
    const prepared = await this.prepare(preparation);
    this.associations.authenticated(prepared.set, this.clock.now() + HOUR);
    await this.settled();
    return prepared;
  }

  /** What came from the handset's client port. */
  arrives(set: number, offer: Offer) {
    const port = this.associations.responsePath(set)?.local.port ?? 0;
    return this.associations.incoming({ address: OURS, port }, { address: HANDSET, port: offer.portC });
  }

  /** Nothing is held, here or in the kernel. */
  assertEmpty(): void {
    const { associations, kernel, records, clock } = this;
    assert.deepEqual(associations.counts, { associations: 0, sets: 0, unproven: 0, attempts: 0, taken: 0 });
    assert.deepEqual([kernel.live, kernel.policies, associations.list(), [...records]], [[], [], [], []]);
    assert.equal(clock.waiting, 0);
  }
}
