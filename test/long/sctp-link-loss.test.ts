import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { kernelSctp } from '../../src/net/sctp/kernel.ts';
import { systemCalls } from '../../src/net/sctp/system-calls.ts';
import { listen, netOf } from '../net/sctp/associations.ts';
import { inKernelLab } from '../support/kernel-lab.ts';

if (inKernelLab(import.meta.url, 300)) {
  describe('SCTP of the kernel', { timeout: 280_000 }, () => {
    it('gives up a peer whose link is gone', async (t) => {
      const ip = (...args: string[]) => execFileSync('ip', args);
      ip('netns', 'add', 'far');
      ip('link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there', 'netns', 'far');
      ip('address', 'add', '10.9.0.1/24', 'dev', 'here');
      ip('link', 'set', 'here', 'up');
      ip('-n', 'far', 'address', 'add', '10.9.0.2/24', 'dev', 'there');
      ip('-n', 'far', 'link', 'set', 'there', 'up');
      const net = netOf(kernelSctp(systemCalls()), assert.ifError);
      const { next } = await listen(t, net, { address: '10.9.0.1', port: 4747 });
      const client = join(import.meta.dirname, '../net/sctp/greeting-client.js');
      const child = spawn('ip', ['netns', 'exec', 'far', process.execPath, client, '10.9.0.1', '4747', '4000']);
      t.after(() => child.kill('SIGKILL'));
      const { peer } = await next();
      await peer.until(() => peer.messages.length === 1);
      ip('-n', 'far', 'link', 'set', 'there', 'down');
      const start = performance.now();
      await peer.until(() => peer.closed !== undefined);
      t.diagnostic(`noticed after ${Math.round((performance.now() - start) / 1000)} s`);
      assert.match(peer.closed?.error?.message ?? '', /lost the association with SCTP 10\.9\.0\.2:4000/);
    });
  });
}
