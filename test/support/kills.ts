import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { Daemon } from './daemon.ts';
import { RegistrationLoad } from './registration-load.ts';

const USERS = 100;

/** Kills a daemon with a state file this often while its users register; none may lose what they were told. */
export async function killUnderLoad(t: TestContext, kills: number): Promise<void> {
  const names = Array.from({ length: USERS }, (_, at) => `user${at}`);
  const users = names.map((name) => ({ impi: name, impu: [name], authent_type: 'none' }));
  const config = { log_options: 'all.level=error', ue_db_filename: 'state.db' };
  const daemon = await Daemon.start(t, { users, config });
  const load = await RegistrationLoad.open({ address: daemon.address, port: daemon.port }, names);
  t.after(() => load.close());
  for (let kill = 1; kill <= kills; kill++) {
    const answers = load.answers;
    load.start();
    const instantMs = Math.round(20 + Math.random() * 480);
    await after(instantMs);
    daemon.child.kill('SIGKILL');
    await daemon.child.ended;
    load.stop();
    await daemon.startAgain(t);
    t.diagnostic(`kill ${kill} after ${instantMs} ms and ${load.answers - answers} answers`);
    assert.deepEqual(await load.lost(), []);
  }
  assert.ok(load.answers > USERS, `${load.answers} answers: that is no load`);
  assert.deepEqual(
    readdirSync(daemon.folder).filter((name) => name.includes('damaged')),
    [],
  );
  await daemon.stop();
}
