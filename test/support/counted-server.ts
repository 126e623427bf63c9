import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readFromMemory } from '../../src/config/source.ts';
import type { Clock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemClock } from '../../src/core/system-clock.ts';
import { openLog } from '../../src/log/log.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { type Server, startServer } from '../../src/server.ts';
import { loopbackAddress } from './loopback.ts';

/** The whole server inside the test's process, in real time, with everything it holds open to be counted. */
export interface CountedServer {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
  readonly server: Server;
  /** Calls of the clock that wait. */
  readonly timers: number;
  /** What should not have been. */
  readonly bugs: readonly unknown[];
}

/** @param config properties besides, or instead of, those every test needs. */
export async function startCounted(t: TestContext, users: readonly object[], config: object): Promise<CountedServer> {
  const address = loopbackAddress();
  const domain = 'test.example';
  const text = JSON.stringify({ sip_addr: [`${address}:5060`], domain, ...config, ue_db: users });
  const { settings, errors } = loadConfig('/ims.cfg', { read: readFromMemory({ '/ims.cfg': text }) });
  assert.deepEqual(errors, []);
  if (settings === undefined) throw new Error('no settings');
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  let timers = 0;
  const real = systemClock(onBug);
  const clock: Clock = {
    ...real,
    schedule(at, run) {
      let isOpen = true;
      timers++;
      const done = () => {
        if (isOpen) timers--;
        isOpen = false;
      };
      const scheduled = real.schedule(at, () => {
        done();
        run();
      });
      return {
        at,
        cancel() {
          done();
          scheduled.cancel();
        },
      };
    },
  };
  const log = openLog({
    clock: real,
    program: 'lteims',
    version: 'test',
    options: 'all.level=error',
    console: () => {},
  });
  const server = await startServer(settings, 'test', {
    clock,
    random: systemRandom(),
    net: systemNet(onBug),
    log,
    readFile: (name) => ({ path: name, text: '' }),
    onBug,
    quit: () => {},
  });
  t.after(() => server.stop());
  return {
    address,
    port: 5060,
    domain,
    server,
    bugs,
    get timers() {
      return timers;
    },
  };
}
