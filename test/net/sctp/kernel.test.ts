import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { kernelSctp } from '../../../src/net/sctp/kernel.ts';
import { systemSctp } from '../../../src/net/sctp/sctp.ts';
import { systemCalls } from '../../../src/net/sctp/system-calls.ts';
import { temporaryFolder } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { inKernelLab } from '../../support/kernel-lab.ts';
import { commandOrSkip } from '../../support/require-package.ts';
import { connected, listen, netOf, PPID, testAssociations } from './associations.ts';
import { Peer } from './peer.ts';

if (inKernelLab(import.meta.url)) {
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => void bugs.push(error);
  const net = netOf(kernelSctp(systemCalls()), onBug);

  for (const address of ['127.0.0.1', '::1']) {
    describe(`SCTP of the kernel, ${address}`, { timeout: 120_000 }, () => testAssociations(net, address, 0));
  }

  describe('SCTP of the kernel', { timeout: 120_000 }, () => {
    it('is preferred', async (t) => {
      const { listener } = await listen(t, systemSctp(onBug), { address: '127.0.0.1', port: 0 });
      assert.equal(listener.stack, 'kernel');
    });

    it('says that nobody listens', async () => {
      const peer = new Peer();
      net.connectSctp({ remote: { address: '127.0.0.1', port: 9 }, ppid: 0 }, peer);
      await peer.until(() => peer.closed !== undefined);
      assert.match(peer.closed?.error?.message ?? '', /cannot connect to SCTP 127\.0\.0\.1:9: nobody listens there/);
    });

    it('connects from the address it is told', async (t) => {
      const { local, next } = await listen(t, net, { address: '127.0.0.1', port: 0 });
      const peer = new Peer();
      const from = { address: '127.0.0.7', port: 3999 };
      const association = net.connectSctp({ remote: local, local: from, ppid: 0 }, peer);
      assert.deepEqual((await next()).association.remote, from);
      association.abort();
    });

    it('sends the payload protocol identifier', async (t) => {
      const command = commandOrSkip(t, 'tcpdump', 'tcpdump');
      if (command === undefined) return;
      const capture = join(temporaryFolder(t), 'ppid.pcap');
      const tcpdump = spawn(
        command,
        ['--immediate-mode', '-Z', 'root', '-i', 'lo', '-U', '-w', capture, 'sctp', 'port', '4646'],
        { stdio: 'pipe' },
      );
      await once(tcpdump.stderr, 'data');
      const { local, next } = await listen(t, net, { address: '127.0.0.1', port: 4646 });
      const client = await connected(t, net, local);
      const server = await next();
      client.association.send(Buffer.from('there'));
      await server.peer.until(() => server.peer.messages.length === 1);
      server.association.send(Buffer.from('back'));
      await client.peer.until(() => client.peer.messages.length === 1);
      client.association.shutdown();
      await client.peer.until(() => client.peer.closed !== undefined);
      // It leaves out what it has not read yet when it is ended.
      await eventually(() => assert.deepEqual(identifiersIn(readFileSync(capture)), [PPID, PPID]));
      tcpdump.kill('SIGINT');
      await once(tcpdump, 'exit');
    });

    it('notices that a peer restarted, and serves it anew', async (t) => {
      const ip = (...args: string[]) => execFileSync('ip', args);
      for (const name of ['first', 'second']) ip('netns', 'add', name);
      ip('link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there', 'netns', 'first');
      ip('address', 'add', '10.9.0.1/24', 'dev', 'here');
      ip('link', 'set', 'here', 'up');
      const phone = (namespace: string) => {
        ip('-n', namespace, 'address', 'add', '10.9.0.2/24', 'dev', 'there');
        ip('-n', namespace, 'link', 'set', 'there', 'up');
        const client = join(import.meta.dirname, 'greeting-client.js');
        const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, client, '10.9.0.1', '4747', '4000']);
        t.after(() => child.kill('SIGKILL'));
      };
      const { next } = await listen(t, net, { address: '10.9.0.1', port: 4747 });
      phone('first');
      const before = await next();
      await before.peer.until(() => before.peer.messages.length === 1);
      // The machine it ran on is gone without a word, and comes back with the same address and port.
      ip('-n', 'first', 'link', 'set', 'there', 'netns', 'second');
      phone('second');
      const after = await next();
      assert.match(before.peer.closed?.error?.message ?? '', /10\.9\.0\.2:4000 restarted/);
      await after.peer.until(() => after.peer.messages.length === 1);
      assert.deepEqual(after.association.remote, before.association.remote);
      after.association.send(Buffer.from('welcome back'));
      after.association.abort();
    });

    it('was used without a fault', () => assert.deepEqual(bugs, []));
  });
}

/** Payload protocol identifiers of the DATA chunks in a capture of the loopback interface (Ethernet, IPv4). */
function identifiersIn(pcap: Buffer): number[] {
  const found: number[] = [];
  for (let at = 24; at < pcap.length; at += 16 + pcap.readUInt32LE(at + 8)) {
    const packet = pcap.subarray(at + 16, at + 16 + pcap.readUInt32LE(at + 8));
    const sctp = packet.subarray(14 + ((packet[14] as number) & 15) * 4);
    for (let chunk = 12; chunk + 4 <= sctp.length; chunk += Math.ceil(sctp.readUInt16BE(chunk + 2) / 4) * 4) {
      if (sctp[chunk] === 0) found.push(sctp.readUInt32BE(chunk + 12));
    }
  }
  return found;
}
