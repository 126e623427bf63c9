/**
 * A program: many handsets with IPsec in one process, for the network namespace it is started in. Its argument is a Fleet
 * in JSON; it prints a FleetReport in JSON and ends. Handsets call each other two by two.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SimKeys } from '../../src/aka/sim-keys.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { TransportName } from '../../src/core/flow.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemClock } from '../../src/core/system-clock.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { systemKernel } from '../../src/net/xfrm/system-kernel.ts';
import { Handset } from '../../src/ue/handset.ts';
import { parseAlgorithmPairs } from '../../src/ue/security-offer.ts';
import { registrationVerdict } from '../../src/ue/verdict.ts';

export interface FleetMember {
  readonly imsi: string;
  readonly server: Endpoint;
  readonly local: string;
  readonly transport: TransportName;
  /** As `--ipsec-algorithms`; absent: all the kernel has. */
  readonly algorithms?: string;
}

export interface Fleet {
  readonly domain: string;
  /** Of every card, which are XOR ones, in hexadecimal. */
  readonly k: string;
  readonly members: readonly FleetMember[];
}

export interface FleetReport {
  /** How many succeeded with each step. */
  readonly registered: number;
  /** A NOTIFY came to port_us. */
  readonly notified: number;
  /** Called and heard, or was called and heard. */
  readonly called: number;
  /** Registered again with another set. */
  readonly refreshed: number;
  readonly deregistered: number;
  /** Each once, in words. */
  readonly failures: readonly string[];
  readonly registerMs: number;
}

/** Its own file, once compiled. */
export const FLEET = fileURLToPath(import.meta.url);

/** A kernel in user mode is slow. */
const PATIENCE_MS = 60_000;

async function run({ domain, k, members }: Fleet): Promise<FleetReport> {
  const sim: SimKeys = { algo: 'xor', k: Buffer.from(k, 'hex') };
  const parts = {
    net: systemNet(rethrow),
    kernel: systemKernel(),
    clock: systemClock(rethrow),
    random: systemRandom(),
    patienceMs: PATIENCE_MS,
  };
  const handsets = await Promise.all(
    members.map(({ imsi, server, local, transport, algorithms }) =>
      Handset.open(
        {
          impi: `${imsi}@${domain}`,
          impu: `sip:${imsi}@${domain}`,
          domain,
          server,
          local: { address: local, port: 0 },
          transport,
          secrets: { sim },
          ipsec: algorithms === undefined ? {} : { algorithms: parseAlgorithmPairs(algorithms) },
        },
        parts,
      ),
    ),
  );
  const failures = new Set<string>();
  /** How many of them did it. */
  const each = async (
    what: string,
    among: readonly Handset[],
    act: (handset: Handset) => Promise<string | undefined>,
  ) => {
    const done = await Promise.all(
      among.map(async (handset) => {
        try {
          const wrong = await act(handset);
          if (wrong === undefined) return true;
          failures.add(`${what}: ${wrong}`);
        } catch (error) {
          failures.add(`${what}: ${error instanceof Error ? error.message : String(error)}`);
        }
        return false;
      }),
    );
    return done.filter(Boolean).length;
  };
  const register = async (handset: Handset) => {
    const result = await handset.register({ stay: true });
    return result.registered ? undefined : registrationVerdict(result, handset.options);
  };

  const start = performance.now();
  const registered = await each('register', handsets, register);
  const registerMs = Math.round(performance.now() - start);
  const notified = await each('subscribe', handsets, async (handset) => {
    const { subscription } = await handset.subscribe();
    await subscription.next();
    return undefined;
  });
  const callers = handsets.filter((_, index) => index % 2 === 0 && index + 1 < handsets.length);
  const called = await each('call', callers, async (caller) => {
    const callee = handsets[handsets.indexOf(caller) + 1] as Handset;
    const call = await caller.call(callee.options.impu);
    const incoming = await callee.nextCall();
    incoming.ring();
    incoming.answer();
    await call.answered();
    call.media.burst(3);
    await incoming.media.heard(3);
    await call.hangUp();
    await incoming.ended();
    return undefined;
  });
  const refreshed = await each('refresh', handsets, async (handset) => {
    const before = handset.local;
    const wrong = await register(handset);
    return wrong ?? (handset.local.port === before.port ? undefined : 'another port_us');
  });
  const deregistered = await each('deregister', handsets, async (handset) => {
    const { status } = await handset.deregister();
    return status === 200 ? undefined : `${status}`;
  });
  for (const handset of handsets) handset.close();
  await Promise.all(handsets.map(({ released }) => released));
  return { registered, notified, called: 2 * called, refreshed, deregistered, failures: [...failures], registerMs };
}

function rethrow(error: unknown): never {
  throw error;
}

if (process.argv[1] === FLEET) {
  const fleet = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Fleet;
  console.log(JSON.stringify(await run(fleet)));
}
