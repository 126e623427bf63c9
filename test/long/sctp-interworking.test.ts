import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { kernelSctp } from '../../src/net/sctp/kernel.ts';
import { systemCalls } from '../../src/net/sctp/system-calls.ts';
import { connected, netOf } from '../net/sctp/associations.ts';
import { whyNoRawSockets } from '../net/sctp/raw-sockets.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { inKernelLab } from '../support/kernel-lab.ts';

/** What `tc` needs to drop and to complete packets. */
const MODULES = ['sch_ingress', 'cls_u32', 'act_gact', 'act_csum'];

if (inKernelLab(import.meta.url)) {
  const reason = whyNoRawSockets();
  describe('our stack and the kernel', { timeout: 120_000, skip: reason !== undefined && `skipped: ${reason}` }, () => {
    it('understand each other', async (t) => {
      const folder = temporaryFolder(t);
      mkdirSync(join(folder, 'lib'));
      symlinkSync('/usr/lib/uml/modules', join(folder, 'lib/modules'));
      execFileSync('modprobe', ['-d', folder, '-a', ...MODULES]);
      const ip = (...args: string[]) => execFileSync('ip', args);
      ip('netns', 'add', 'raw');
      ip('link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there', 'netns', 'raw');
      ip('address', 'add', '10.8.0.1/24', 'dev', 'here');
      ip('link', 'set', 'here', 'up');
      ip('-n', 'raw', 'address', 'add', '10.8.0.2/24', 'dev', 'there');
      ip('-n', 'raw', 'link', 'set', 'there', 'up');
      const filter = (namespace: readonly string[], device: string, ...rule: string[]) => {
        const tc = (...args: string[]) => {
          const [command = '', ...rest] = [...namespace, 'tc', ...args];
          execFileSync(command, rest);
        };
        tc('qdisc', 'add', 'dev', device, 'clsact');
        const sctp = ['match', 'ip', 'protocol', '132', '0xff'];
        tc('filter', 'add', 'dev', device, 'egress', 'protocol', 'ip', 'u32', ...sctp, ...rule);
      };
      // The kernel on that side would abort what it does not know: its ABORTs (the first chunk, behind both headers) stay there.
      filter(['ip', 'netns', 'exec', 'raw'], 'there', 'match', 'u8', '6', '0xff', 'at', '32', 'action', 'drop');
      // Between namespaces the kernel leaves the checksum out; between machines it does not.
      filter([], 'here', 'action', 'csum', 'sctp');

      const server = join(import.meta.dirname, '../net/sctp/echo-server.js');
      const child = spawn('ip', ['netns', 'exec', 'raw', process.execPath, server, '10.8.0.2', '4848'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.after(() => child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      const net = netOf(kernelSctp(systemCalls()), assert.ifError);
      const { association, peer } = await connected(t, net, { address: '10.8.0.2', port: 4848 });
      const sizes = Array.from({ length: 60 }, (_, index) => 1 + ((index * 97) % 3000));
      for (const [index, size] of sizes.entries()) association.send(Buffer.alloc(size, index));
      await peer.until(() => peer.messages.length === sizes.length || peer.closed !== undefined);
      assert.deepEqual(
        peer.messages,
        sizes.map((size, index) => Buffer.alloc(size, index)),
      );
      association.shutdown();
      await peer.until(() => peer.closed !== undefined);
      assert.deepEqual(peer.closed, { error: undefined });
    });
  });
}
