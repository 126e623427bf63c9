import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  ACCEPT,
  ANSWERED,
  acknowledge,
  DONE,
  expectRequest,
  INVITED,
  invite,
  mark,
  RING,
  RINGING,
  register,
  scenario,
} from '../e2e/sipp/scenario.ts';
import { Sipp } from '../e2e/sipp/sipp.ts';
import { md5Users } from '../e2e/sipp/users.ts';
import { Child } from '../support/child.ts';
import { Daemon, MAIN, temporaryFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { loopbackAddress } from '../support/loopback.ts';

function started(t: TestContext, config: object): Child {
  const path = join(temporaryFolder(t), 'ims.cfg');
  writeFileSync(path, JSON.stringify({ domain: 'test.example', ue_db: [], ...config }));
  return new Child(t, process.execPath, [MAIN, path]);
}

async function refusesToStart(t: TestContext, address: string): Promise<void> {
  const child = started(t, { sip_addr: address });
  assert.equal(await child.exitCode(), 1);
  assert.ok(child.errors.includes(address.replace(/:\d+$/, '')), child.errors);
  assert.doesNotMatch(child.errors, /^ +at /m);
}

describe('daemon', () => {
  it('ends with an error when an address is not of this machine', (t) => refusesToStart(t, '203.0.113.77:5060'));

  it('says where MMEs connect and over which SCTP, or why they cannot', async (t) => {
    const address = loopbackAddress();
    const child = started(t, { sip_addr: address, sctp_addr: `${address}:${40_000 + (process.pid % 20_000)}` });
    await child.until(/\nSGs on 127\.\S+, (the kernel's SCTP|SCTP over raw sockets)\n|\nWarning: MMEs cannot connect/);
    child.type('mme\n');
    await child.until(/No MME connected/);
  });

  it('ends with an error when the UDP port is taken', async (t) => {
    const address = loopbackAddress();
    const taken = createSocket('udp4').bind(5060, address);
    t.after(() => taken.close());
    await once(taken, 'listening');
    await refusesToStart(t, `${address}:5060`);
  });

  it('ends with an error when the TCP port is taken', async (t) => {
    const address = loopbackAddress();
    const taken = createServer().listen(5060, address);
    t.after(() => taken.close());
    await once(taken, 'listening');
    await refusesToStart(t, `${address}:5060`);
  });

  it('serves without its log file when that cannot be written, and says so', async (t) => {
    const path = '/proc/none/ims.log';
    const daemon = await Daemon.start(t, { config: { log_filename: path } });
    assert.ok(`${daemon.child.output}${daemon.child.errors}`.includes(path));
    await daemon.stop();
  });

  it('runs the commands that come through a pipe', async (t) => {
    const users = md5Users('user', 2);
    const child = started(t, { sip_addr: loopbackAddress(), ue_db: users.map(({ entry }) => entry) });
    child.type('users\nquit\n');
    assert.equal(await child.exitCode(), 0);
    for (const { name } of users) assert.match(child.output, new RegExp(`${name} +unregistered`));
    for (const what of ['(ims)', '\u001b'])
      assert.ok(!child.output.includes(what), 'prompt and colours are for terminals');
  });

  it('goes on when its input ends', async (t) => {
    const daemon = await Daemon.start(t);
    daemon.child.closeInput();
    await daemon.answers();
    await daemon.stop();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends calls with BYE before it ends by ${signal}`, async (t) => {
      const [caller, callee] = md5Users('user', 2);
      assert.ok(caller !== undefined && callee !== undefined);
      const users = [caller.entry, callee.entry];
      const bed = await Sipp.against(t, () => Daemon.start(t, { users, config: { auth_on_register_only: true } }));
      if (bed === undefined) return;
      const { sipp, host: daemon } = bed;
      const [callerAddress, calleeAddress] = [loopbackAddress(), loopbackAddress()];
      for (const [address, { name, credentials }] of [
        [callerAddress, caller],
        [calleeAddress, callee],
      ] as const) {
        await sipp.run({ scenario: scenario(register(600)), calls: 1, address, lines: [[name, credentials]] });
      }
      const up = join(daemon.folder, 'up');
      const sides = [
        sipp.start({
          scenario: scenario(INVITED, RING, ACCEPT, expectRequest('ACK'), expectRequest('BYE'), DONE),
          calls: 1,
          address: calleeAddress,
        }),
        sipp.start({
          scenario: scenario(invite(1), RINGING, ANSWERED, acknowledge(1), mark(up), expectRequest('BYE'), DONE),
          calls: 1,
          address: callerAddress,
          lines: [[caller.name, caller.credentials, callee.name]],
        }),
      ];
      await eventually(() => assert(existsSync(up), 'the call is not up'));
      daemon.child.kill(signal);
      await Promise.all(sides.map((side) => side.complete()));
      assert.equal(await daemon.child.exitCode(), 0);
      assert.equal(daemon.child.errors, '');
    });
  }
});
