import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelChange } from '../../src/net/ports.ts';
import { ipCommand } from '../../src/net/xfrm/ip-command.ts';
import { systemKernel } from '../../src/net/xfrm/system-kernel.ts';
import { additions, removals, type SaSet } from '../net/xfrm/sa-set.ts';
import { inKernelLab } from '../support/kernel-lab.ts';
import { joinedNamespaces } from '../support/namespaces.ts';

const SETS = 1000;
/** What the event loop may stand still while the sets of a whole lab are wanted at once; the lab is slow. */
const LONGEST_STOP_MS = 5000;

/** The sets of so many phones, each with its own address. */
function manySets(server: string): SaSet[] {
  return Array.from({ length: SETS }, (_, n) => {
    const phone = `10.7.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`;
    return {
      uc: { address: phone, port: 5062 },
      us: { address: phone, port: 5063 },
      pc: { address: server, port: 5064 },
      ps: { address: server, port: 5065 },
      first: 0x1000 + 4 * n,
      integrity: 'hmac-sha-1-96',
      encryption: 'aes-cbc',
    };
  });
}

if (inKernelLab(import.meta.url, 900)) {
  test('a thousand sets wanted at once, each by itself', async (t) => {
    const { server } = await joinedNamespaces(t);
    const kernel = systemKernel(ipCommand(['ip', '-netns', server.namespace]));
    const sets = manySets(server.ipv4);
    const measure = async (what: string, act: () => Promise<unknown>) => {
      const start = performance.now();
      const cpu = process.cpuUsage();
      let longest = 0;
      let last = start;
      const watch = setInterval(() => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }, 1);
      await act();
      clearInterval(watch);
      const { user, system } = process.cpuUsage(cpu);
      const each = (ms: number) => `${(ms / SETS).toFixed(2)} ms`;
      const own = each((user + system) / 1000);
      t.diagnostic(
        `${what}: ${each(performance.now() - start)} a set, of which this process ${own}; longest stop ${longest.toFixed(0)} ms`,
      );
      assert.ok(longest < LONGEST_STOP_MS);
    };
    const all = (side: typeof additions | typeof removals) => () =>
      Promise.all(sets.map((set): Promise<void> => kernel.apply(side('server', set) satisfies KernelChange[])));

    await measure('adding', all(additions));
    assert.equal((await kernel.states()).length, 4 * SETS);
    await measure('removing', all(removals));
    assert.deepEqual(await kernel.states(), []);
    await measure('adding again', all(additions));
    await measure('flushing', () => kernel.flush());
    assert.equal(await server.run('ip', 'xfrm', 'state'), '');
    assert.equal(await server.run('ip', 'xfrm', 'policy'), '');
  });
}
