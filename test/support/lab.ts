import assert from 'node:assert/strict';
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';
import { readFromMemory } from '../../src/config/source.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type Log, openLog } from '../../src/log/log.ts';
import type { Kernel } from '../../src/net/ports.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { type Server, startServer } from '../../src/server.ts';
import { FakeClock } from './fake-clock.ts';
import { Phone } from './phone.ts';

/** The whole server on real loopback sockets, with a clock that only the test moves. */
export interface Lab {
  readonly server: Server;
  /** What it was started with. */
  readonly settings: Settings;
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
  /** Ends the server and starts another at the same addresses; phones keep their sockets. */
  restart(options?: Restart): Promise<Lab>;
}

export interface Restart {
  /** Milliseconds nobody serves. */
  readonly afterMs?: number;
  /** Entries of ue_db, where they are others now. */
  readonly users?: string;
  /** The state file is found as it is at this instant, as if the process had been killed. */
  readonly killed?: boolean;
  /** There is no IPsec any more. */
  readonly withoutIpsec?: boolean;
}

/** Each test process has its own corner of the loopback range, so that files run side by side. */
const CORNER = `127.${100 + (process.pid % 100)}.${1 + (Math.floor(process.pid / 100) % 250)}`;
let servers = 0;

/**
 * @param users entries of ue_db, as in a configuration file.
 * @param settings further properties; OWN stands for the lab's address.
 * @param socket properties of the first SIP socket besides its address; BOUND stands for the lab's address.
 * @param more further addresses to listen on, IPv6 ones without a port: they get one of this test.
 * @param around a kernel where there shall be IPsec; files that the configuration and commands may name.
 */
export async function startLab(
  t: TestContext,
  users: string,
  settings = '',
  socket = '',
  more: readonly string[] = [],
  around: { readonly kernel?: Kernel; readonly files?: Files } = {},
): Promise<Lab> {
  const address = `${CORNER}.${1 + (servers++ % 200)}`;
  const port6 = 20_000 + (process.pid % 20_000) + servers;
  const others = more.map((one) => `"${one}:${port6}"`);
  // With bind_addr the lab's own address is bound and a documentation address (RFC 5737) is shown.
  const shown = socket.includes('BOUND') ? '192.0.2.1' : address;
  const config = (
    entries: string,
  ) => `sip_addr: [{addr: "${shown}", ${socket.replace('BOUND', address)}}, ${others.join(', ')}], domain: "ims.test", timer_t1: 0.5, timer_t2: 4, timer_t4: 5,
    ${settings.replaceAll('OWN', address)} ue_db: [${entries}]`;
  const phones: Phone[] = [];
  t.after(() => {
    for (const phone of phones) phone.close();
  });
  const site = { address, port6, config, phones, files: {}, ...around };
  return launch(t, site, users, new FakeClock());
}

function placed(files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`/lab/${name}`, text]));
}

interface Site {
  readonly address: string;
  readonly port6: number;
  readonly config: (users: string) => string;
  readonly phones: Phone[];
  readonly kernel?: Kernel;
  readonly files: Files;
}

/** Text by name, beside the configuration. */
type Files = { readonly [name: string]: string };

async function launch(t: TestContext, site: Site, users: string, clock: FakeClock): Promise<Lab> {
  const { address, port6, phones, kernel } = site;
  const text = site.config(users);
  const loaded = loadConfig('/lab/ims.cfg', { read: readFromMemory({ '/lab/ims.cfg': text, ...placed(site.files) }) });
  assert.deepEqual(loaded.errors, []);
  const { settings } = loaded;
  if (settings === undefined) throw new Error('no settings');
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  const log = openLog({ clock, program: 'lteims', version: 'test', options: 'all.level=debug', console: () => {} });
  const readFile = (name: string) => {
    const found = site.files[name];
    if (found === undefined) throw new Error('no such file');
    return { path: name, text: found };
  };
  const parts = {
    clock,
    random: systemRandom(),
    net: systemNet(onBug),
    log,
    readFile,
    onBug,
    quit: () => {},
    ...(kernel && { kernel: answering(kernel, clock) }),
  };
  const server = await startServer(settings, 'test', parts);
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopped ??= server.stop();
    clock.advance(5000);
    await stopped;
    assert.deepEqual(bugs, []);
  };
  t.after(stop);
  return {
    server,
    settings,
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
    async restart({ afterMs = 0, users: entries = users, killed = false, withoutIpsec = false } = {}) {
      const putBack = killed ? photograph(settings.ue_db_filename) : () => {};
      await stop();
      putBack();
      const { kernel: _, ...bare } = site;
      return launch(t, withoutIpsec ? bare : site, entries, new FakeClock(clock.wallNow() + afterMs));
    },
  };
}

/** Whoever asks the kernel hears of it by way of the clock, which stands still: at this very instant, in this case. */
function answering(kernel: Kernel, clock: FakeClock): Kernel {
  return {
    async apply(changes) {
      await kernel.apply(changes).finally(() => setImmediate(() => clock.advance(0)));
    },
    flush: () => kernel.flush(),
    states: () => kernel.states(),
    capabilities: () => kernel.capabilities(),
  };
}

/** Copies a state file as it is now; what is returned puts the copy in its place. */
function photograph(path = ''): () => void {
  const files = [path, `${path}-wal`].filter((file) => existsSync(file));
  for (const file of files) copyFileSync(file, `${file}.copy`);
  return () => {
    for (const file of files) renameSync(`${file}.copy`, file);
  };
}
