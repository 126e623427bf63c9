import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ALGORITHM_PAIRS } from '../../src/ipsec/algorithm.ts';
import { Child } from '../support/child.ts';
import { MAIN, temporaryFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { configure, fleetSite, flown, fly, imsi, SIP_PORT, WAIT } from '../support/fleet-site.ts';
import type { FleetMember } from '../support/handset-fleet.ts';
import { inKernelLab } from '../support/kernel-lab.ts';
import { commandOrSkip } from '../support/require-package.ts';

async function assertNothingLeft(namespace: string): Promise<void> {
  for (const what of ['state', 'policy']) assert.equal(await ip(`-n ${namespace} xfrm ${what}`), '');
}

/** @returns what it prints. */
async function ip(args: string): Promise<string> {
  return (await promisify(execFile)('ip', args.split(' '))).stdout;
}

if (inKernelLab(import.meta.url)) {
  test('handsets with every pair of algorithms, UDP and TCP, IPv4 and IPv6', async (t) => {
    const ways = (['UDP', 'TCP'] as const).flatMap((transport) => [
      { transport, version: 'ipv4' as const },
      { transport, version: 'ipv6' as const },
    ]);
    const cases = ways.flatMap((way) => ALGORITHM_PAIRS.map((pair) => ({ ...way, pair })));
    const all = await fleetSite(t, cases.length);
    const { phone, server } = all;
    const members = cases.map(({ transport, version, pair }, index): FleetMember => {
      const algorithms = `${pair.integrity}/${pair.encryption}`;
      return {
        imsi: imsi(index),
        server: { address: server[version], port: SIP_PORT },
        local: phone[version],
        transport,
        algorithms,
      };
    });
    const report = await fly(all, members);
    t.diagnostic(`${members.length} handsets registered within ${report.registerMs} ms`);
    assert.deepEqual(report, { ...flown(members.length), registerMs: report.registerMs });
    await assertNothingLeft(phone.namespace);
    all.daemon.kill('SIGTERM');
    assert.equal(await all.daemon.exitCode(WAIT.ms), 0);
    await assertNothingLeft(server.namespace);
  });

  test('Wireshark reads a capture of Gm with the keys the log shows', async (t) => {
    const log = { log_filename: 'ims.log', log_options: 'ipsec.level=debug,ipsec.key=1' };
    const site = await fleetSite(t, 2, log);
    const { phone, server, folder } = site;
    const capture = join(folder, 'gm.pcap');
    const wire = server.start(t, 'tcpdump', '-U', '-n', '-i', server.device, '-w', capture);
    await eventually(() => assert.match(wire.errors, /listening on/));
    const members = ['hmac-sha-1-96/aes-cbc', 'hmac-md5-96/des-ede3-cbc'].map((algorithms, index): FleetMember => {
      const transport = index === 0 ? 'UDP' : 'TCP';
      const ends = { server: { address: server.ipv4, port: SIP_PORT }, local: phone.ipv4, transport } as const;
      return { imsi: imsi(index), algorithms, ...ends };
    });
    assert.deepEqual((await fly(site, members)).failures, []);
    wire.kill('SIGTERM');
    await wire.ended;
    const associations = readFileSync(join(folder, 'ims.log'), 'utf8').match(/"IPv[46]",.*/g) ?? [];
    const keys = associations.flatMap((line) => ['-o', `uat:esp_sa:${line}`]);
    const esp = ['-o', 'esp.enable_encryption_decode:TRUE', '-o', 'esp.enable_authentication_check:TRUE'];
    const fields = ['-T', 'fields', '-e', 'sip.Method', '-e', 'sip.Status-Code', '-e', 'esp.icv_bad'];
    const { stdout } = await promisify(execFile)('tshark', [
      '-n',
      '-r',
      capture,
      ...keys,
      ...esp,
      '-Y',
      'esp && sip',
      ...fields,
    ]);
    const seen = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    for (const method of ['REGISTER', 'SUBSCRIBE', 'NOTIFY', 'INVITE', 'BYE']) {
      assert.ok(
        seen.some(([name]) => name === method),
        `${method} in ${stdout}`,
      );
    }
    assert.ok(seen.some(([, status]) => status === '200'));
    assert.deepEqual(
      seen.filter(([, , bad]) => bad === '1' || bad === 'True'),
      [],
    );
  });

  test('a daemon that is killed and started again still reaches its phones, in the associations they have', async (t) => {
    const state = join(temporaryFolder(t), 'state.db');
    const { phone, server, folder, daemon } = await fleetSite(t, 2, { ue_db_filename: state });
    const config = join(folder, 'ims.cfg');
    const lteims = [process.execPath, '--enable-source-maps', MAIN] as const;
    const ue = (...args: readonly string[]) =>
      phone.start(t, ...lteims, 'ue', ...args, '--server', server.ipv4, '--ipsec');
    const callee = ue('answer', config, '--index', '0');
    await callee.until(/200 OK \(REGISTER\)/, WAIT);
    daemon.kill('SIGKILL');
    await daemon.ended;
    const again = server.start(t, ...lteims, config);
    await again.until(/Type 'help'/, WAIT);
    const caller = ue('call', config, imsi(0), '--index', '1', '--duration', '1');
    assert.equal(await caller.exitCode(WAIT.ms), 0, caller.output + caller.errors);
    callee.kill('SIGTERM');
    assert.equal(await callee.exitCode(WAIT.ms), 0);
  });

  test('the command line makes its way into a namespace, and out of it without leaving anything', async (t) => {
    if (commandOrSkip(t, 'tcpdump', 'tcpdump') === undefined) return;
    const config = configure(temporaryFolder(t), ['10.46.0.1'], 1);
    const namespace = 'ue-command';
    const lteims = (...args: readonly string[]) =>
      new Child(t, process.execPath, ['--enable-source-maps', MAIN, ...args]);
    const register = (...options: readonly string[]) => lteims('ue', 'register', config, '--ipsec', ...options);

    const nowhere = register('--netns', namespace);
    assert.equal(await nowhere.exitCode(WAIT.ms), 1);
    t.after(() => ip(`netns delete ${namespace}`));
    const recipe = nowhere.errors.split('\n').filter((line) => /^ +ip /.test(line));
    assert.ok(recipe.length > 0, nowhere.errors);
    for (const line of recipe) await ip(line.trim().slice('ip '.length));

    const daemon = lteims(config);
    await daemon.until(/Type 'help'/, WAIT);
    const here = register();
    assert.equal(await here.exitCode(WAIT.ms), 1);
    assert.match(here.errors, /10\.46\.0\.1 is of this network namespace, .* --netns/);

    const wire = new Child(t, 'tcpdump', ['-nnl', '--immediate-mode', '-i', `to-${namespace}`, 'ip and not icmp']);
    const staying = register('--netns', namespace, '--ipsec-algorithms', 'hmac-sha-1-96/aes-cbc');
    await staying.until(/security associations with hmac-sha-1-96 and aes-cbc: 10\.46\.0\.2:/, WAIT);
    await staying.until(/Staying registered/, WAIT);
    assert.match(await ip(`-n ${namespace} xfrm state`), /enc cbc\(aes\)/);
    staying.kill('SIGTERM');
    assert.equal(await staying.exitCode(WAIT.ms), 0);
    await assertNothingLeft(namespace);
    const [before, after] = wire.output.split(/^.* 401 Unauthorized$/m).map((part) => part.trim().split('\n'));
    assert.match(before?.join('\n') ?? '', /REGISTER/);
    const open = after?.filter((line) => !/: ESP\(/.test(line));
    assert.deepEqual([open, (after?.length ?? 0) >= 4], [[], true], wire.output);

    const deserted = register('--netns', namespace);
    await deserted.until(/Staying registered/, WAIT);
    daemon.kill('SIGKILL');
    await daemon.ended;
    deserted.kill('SIGINT');
    await deserted.until(/-> REGISTER.*\n(?:.*\n)*.*-> REGISTER.*\n(?:.*\n)*.*-> REGISTER/, WAIT);
    deserted.kill('SIGINT');
    assert.equal(await deserted.exitCode(WAIT.ms), 130);
    await assertNothingLeft(namespace);
  });
}
