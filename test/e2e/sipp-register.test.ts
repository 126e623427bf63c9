import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { register, scenario } from './sipp/scenario.ts';
import { Sipp } from './sipp/sipp.ts';
import { md5Users, simUsers, type TestUser } from './sipp/users.ts';

function sippAgainst(t: TestContext, users: readonly TestUser[]) {
  const config = { log_options: 'all.level=error' };
  return Sipp.against(t, () => Daemon.start(t, { users: users.map(({ entry }) => entry), config }));
}

function linesOf(users: readonly TestUser[]): (readonly string[])[] {
  return users.map(({ name, credentials }) => [name, credentials]);
}

describe('registrations by SIPp', () => {
  it('registers 1,000 users with passwords, refreshes and ends their registrations', async (t) => {
    const users = md5Users('user', 1000);
    const started = await sippAgainst(t, users);
    if (started === undefined) return;
    const { sipp, host: daemon } = started;
    const run = { calls: users.length, rate: 400, address: loopbackAddress(), lines: linesOf(users) };

    const before = daemon.child.cpuMs();
    await sipp.run({ ...run, scenario: scenario(register(600)) });
    const each = ((daemon.child.cpuMs() - before) / users.length) * 1000;
    t.diagnostic(`processor time of the server: ${each} µs for each registration`);
    assert.equal((await daemon.usage()).registered, 1000);

    await sipp.run({ ...run, scenario: scenario(register(600), register(600, 3), register(0, 5)) });
    assert.equal((await daemon.usage()).registered, 0);
    await daemon.stop();
  });

  it('registers 100 users with SIM cards, refreshes and ends their registrations', async (t) => {
    const users = simUsers(100);
    const started = await sippAgainst(t, users);
    if (started === undefined) return;
    const { sipp, host: daemon } = started;
    const run = { calls: users.length, rate: 100, address: loopbackAddress(), lines: linesOf(users) };
    await sipp.run({ ...run, scenario: scenario(register(600), register(600, 3)) });
    assert.equal((await daemon.usage()).registered, 100);
    await sipp.run({ ...run, scenario: scenario(register(0)) });
    assert.equal((await daemon.usage()).registered, 0);
    await daemon.stop();
  });

  it('registers users of both kinds over TCP', async (t) => {
    const users = [...md5Users('user', 100), ...simUsers(50)];
    const started = await sippAgainst(t, users);
    if (started === undefined) return;
    const { sipp, host: daemon } = started;
    const run = { calls: users.length, rate: 150, address: loopbackAddress(), lines: linesOf(users) };
    await sipp.run({ ...run, transport: 'TCP', scenario: scenario(register(600), register(600, 3)) });
    assert.equal((await daemon.usage()).registered, 150);
    await sipp.run({ ...run, transport: 'TCP', scenario: scenario(register(0)) });
    assert.equal((await daemon.usage()).registered, 0);
    await daemon.stop();
  });
});
