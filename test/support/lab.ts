import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readFromMemory } from '../../src/config/source.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type Log, openLog } from '../../src/log/log.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { type Server, startServer } from '../../src/server.ts';
import { FakeClock } from './fake-clock.ts';
import { Phone } from './phone.ts';

/** The whole server on real loopback sockets, with a clock that only the test moves. */
export interface Lab {
  readonly server: Server;
  readonly clock: FakeClock;
  readonly log: Log;
  /** Where the server listens. */
  readonly address: string;
  /** A phone at an address of its own, `127.x.y.HOST`; closed with the test. */
  phone(name: string, host?: number, port?: number): Promise<Phone>;
  /** A phone on the IPv6 loopback address. */
  phone6(name: string): Promise<Phone>;
  /** Faults that should not have been. */
  readonly bugs: readonly unknown[];
}

/** Each test process has its own corner of the loopback range, so that files run side by side. */
const CORNER = `127.${100 + (process.pid % 100)}.${1 + (Math.floor(process.pid / 100) % 250)}`;
let servers = 0;

/**
 * @param users entries of ue_db, as in a configuration file.
 * @param settings further properties.
 * @param socket properties of the first SIP socket besides its address; BOUND stands for the lab's address.
 * @param more further addresses to listen on, IPv6 ones without a port: they get one of this test.
 */
export async function startLab(
  t: TestContext,
  users: string,
  settings = '',
  socket = '',
  more: readonly string[] = [],
): Promise<Lab> {
  const address = `${CORNER}.${1 + (servers++ % 200)}`;
  const port6 = 20_000 + (process.pid % 20_000) + servers;
  const others = more.map((one) => `"${one}:${port6}"`);
  // With bind_addr the lab's own address is bound and a documentation address (RFC 5737) is shown.
  const shown = socket.includes('BOUND') ? '192.0.2.1' : address;
  const text = `sip_addr: [{addr: "${shown}", ${socket.replace('BOUND', address)}}, ${others.join(', ')}], domain: "ims.test", timer_t1: 0.5, timer_t2: 4, timer_t4: 5,
    ${settings} ue_db: [${users}]`;
  const loaded = loadConfig('/lab/ims.cfg', { read: readFromMemory({ '/lab/ims.cfg': text }) });
  assert.deepEqual(loaded.errors, []);
  if (loaded.settings === undefined) throw new Error('no settings');
  const clock = new FakeClock();
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  const log = openLog({ clock, program: 'lteims', version: 'test', options: 'all.level=debug', console: () => {} });
  const parts = { clock, random: systemRandom(), net: systemNet(onBug), log, onBug, quit: () => {} };
  const server = await startServer(loaded.settings, 'test', parts);
  const phones: Phone[] = [];
  t.after(async () => {
    for (const phone of phones) phone.close();
    const stopped = server.stop();
    clock.advance(5000);
    await stopped;
    assert.deepEqual(bugs, []);
  });
  return {
    server,
    clock,
    log,
    address,
    bugs,
    async phone(name, host = 201 + phones.length, port = 0) {
      const phone = await Phone.open(name, `${CORNER}.${host}`, { address, port: 5060 }, port);
      phones.push(phone);
      return phone;
    },
    async phone6(name) {
      const phone = await Phone.open(name, '::1', { address: '::1', port: port6 });
      phones.push(phone);
      return phone;
    },
  };
}
