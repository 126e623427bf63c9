import { loopbackAddress } from '../../support/loopback.ts';
import { register, type Step, scenario } from './scenario.ts';
import type { Sipp } from './sipp.ts';
import type { TestUser } from './users.ts';

type Steps = readonly (Step | readonly Step[])[];

interface Load {
  readonly calls?: number;
  /** Calls a second. */
  readonly rate?: number;
  /** Most at a time. */
  readonly most?: number;
  /** User part, instead of the caller's own callee. */
  readonly called?: string;
}

/** Callers and callees, each on a machine of their own, registered. */
export class Bed {
  readonly #sipp: Sipp;
  readonly #lines: readonly (readonly string[])[];
  readonly #callers: string;
  readonly #callees: string;

  private constructor(sipp: Sipp, callers: string, callees: string, lines: readonly (readonly string[])[]) {
    this.#sipp = sipp;
    this.#callers = callers;
    this.#callees = callees;
    this.#lines = lines;
  }

  static async register(sipp: Sipp, callers: readonly TestUser[], callees: readonly TestUser[]): Promise<Bed> {
    const lines = callers.map(({ name, credentials }, index) => [name, credentials, callees[index]?.name ?? '']);
    const bed = new Bed(sipp, loopbackAddress(), loopbackAddress(), lines);
    for (const [address, side] of [
      [bed.#callers, callers],
      [bed.#callees, callees],
    ] as const) {
      const own = side.map(({ name, credentials }) => [name, credentials]);
      await sipp.run({ scenario: scenario(register(600)), calls: side.length, rate: 200, address, lines: own });
    }
    return bed;
  }

  /** Runs both sides; no call may fail on either. */
  async run(caller: Steps, callee: readonly Step[], load: Load = {}): Promise<void> {
    const { calls = 1 } = load;
    const answering = this.#sipp.start({ scenario: scenario(...callee), calls, address: this.#callees });
    await Promise.all([answering.complete(), this.call(caller, load)]);
  }

  /** Runs only the callers. */
  async call(caller: Steps, { calls = 1, rate = 10, most = rate, called }: Load = {}): Promise<void> {
    const lines =
      called === undefined ? this.#lines : this.#lines.map(([name = '', proof = '']) => [name, proof, called]);
    await this.#sipp.run({ scenario: scenario(...caller), calls, rate, most, address: this.#callers, lines });
  }
}
