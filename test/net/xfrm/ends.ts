import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Kernel } from '../../../src/net/ports.ts';
import { ipCommand } from '../../../src/net/xfrm/ip-command.ts';
import { systemKernel } from '../../../src/net/xfrm/system-kernel.ts';
import { eventually } from '../../support/eventually.ts';
import { joinedNamespaces, type Side } from '../../support/namespaces.ts';
import { FarEnd } from './far-end.ts';
import { additions, removals, type SaSet } from './sa-set.ts';

export interface End {
  readonly side: Side;
  readonly kernel: Kernel;
  readonly far: FarEnd;
}

export interface Ends {
  readonly phone: End;
  readonly server: End;
}

/** Two joined namespaces for all tests of a file, with a process in each; what a test leaves in the kernels is removed. */
export async function makeEnds(): Promise<Ends> {
  const { phone, server } = await joinedNamespaces({ after });
  const end = (side: Side) => ({
    side,
    kernel: systemKernel(ipCommand(['ip', '-netns', side.namespace])),
    far: new FarEnd({ after }, side),
  });
  const ends = { phone: end(phone), server: end(server) };
  afterEach(async () => {
    for (const { kernel, far } of [ends.phone, ends.server]) {
      await kernel.flush();
      await far.heard();
    }
  });
  return ends;
}

let ports = 10_000;
let numbers = 0x1000;
/** A set of ports and numbers of its own. */
export function newSet({ phone, server }: Ends, changes: Partial<SaSet> & { readonly family?: 4 | 6 } = {}): SaSet {
  const { family = 4, ...rest } = changes;
  const [ue, p] = family === 4 ? [phone.side.ipv4, server.side.ipv4] : [phone.side.ipv6, server.side.ipv6];
  const at = (address: string): Endpoint => ({ address, port: ports++ });
  numbers += 4;
  return {
    uc: at(ue),
    us: at(ue),
    pc: at(p),
    ps: at(p),
    first: numbers,
    integrity: 'hmac-sha-1-96',
    encryption: 'aes-cbc',
    ...rest,
  };
}

export async function establish({ phone, server }: Ends, ...sets: readonly SaSet[]): Promise<void> {
  await server.kernel.apply(sets.flatMap((set) => additions('server', set)));
  await phone.kernel.apply(sets.flatMap((set) => additions('phone', set)));
}

export async function abolish({ phone, server }: Ends, ...sets: readonly SaSet[]): Promise<void> {
  await server.kernel.apply(sets.flatMap((set) => removals('server', set)));
  await phone.kernel.apply(sets.flatMap((set) => removals('phone', set)));
}

/** The kernel has no state and no policy. */
export async function nothingLeft({ side }: End): Promise<void> {
  assert.equal(await side.run('ip', 'xfrm', 'state'), '');
  assert.equal(await side.run('ip', 'xfrm', 'policy'), '');
}

/** Does something and waits until these counters of /proc/net/xfrm_stat have grown at least so far by it. */
export async function counted(
  side: Side,
  growth: Readonly<Record<string, number>>,
  act: () => Promise<unknown>,
): Promise<void> {
  const read = async () => {
    const counters = await side.run('cat', '/proc/net/xfrm_stat');
    return Object.keys(growth).map((name) => Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(counters)?.[1]));
  };
  const before = await read();
  await act();
  await eventually(async () => {
    const after = await read();
    Object.entries(growth).forEach(([name, least], index) => {
      const grown = (after[index] ?? 0) - (before[index] ?? 0);
      assert.ok(grown >= least, `${name} grew by ${grown}, not ${least}`);
    });
  });
}
