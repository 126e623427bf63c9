import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { Daemon } from './daemon.ts';
import { eventually } from './eventually.ts';
import { SmsLoad } from './sms-load.ts';

const PAIRS = 50;
const names = (kind: string) => Array.from({ length: PAIRS }, (_, at) => `${kind}${at}`);

/**
 * Has short messages stored and then delivered while a daemon is killed again and again: none may be lost, come twice
 * or out of its order.
 * @param each messages to each of 50 users.
 */
export async function killUnderMessages(t: TestContext, each: number, kills: number): Promise<void> {
  const users = ['from', 'to'].flatMap(names).map((name) => ({ impi: name, impu: [name], authent_type: 'none' }));
  const timers = { timer_t1: 0.1, timer_t2: 0.4, timer_t4: 0.5, sms_retry_delay: 1 };
  const config = { log_options: 'all.level=error', ue_db_filename: 'state.db', ...timers };
  const daemon = await Daemon.start(t, { users, config });
  const pairs = names('from').map((name) => [name, name.replace('from', 'to')] as const);
  const load = await SmsLoad.open({ address: daemon.address, port: daemon.port }, pairs, each);
  t.after(() => load.close());
  const total = PAIRS * each;

  /** How many of the kills came while there was work to do. */
  let hits = 0;
  const kill = async (count: number, progress: () => number) => {
    for (let kill = 0; kill < count; kill++) {
      await after(Math.round(10 + Math.random() * 300));
      if (progress() < total) hits++;
      daemon.child.kill('SIGKILL');
      await daemon.child.ended;
      await daemon.startAgain(t);
    }
  };

  load.send();
  await kill(Math.floor(kills / 2), () => load.acknowledged);
  await eventually(() => assert.ok(load.idle && load.acknowledged === total, `${load.acknowledged} taken`), 120_000);
  load.register();
  await kill(Math.ceil(kills / 2), () => load.delivered);
  await eventually(() => assert.ok(load.idle && load.delivered === total, `${load.delivered} delivered`), 120_000);

  t.diagnostic(`${hits} of ${kills} kills hit ${total} messages`);
  assert.deepEqual(load.problems, []);
  assert.ok(hits > kills / 2, `${hits} of ${kills} kills: that is no load`);
  await daemon.stop();
}
