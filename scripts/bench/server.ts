/** Servers that are measured: each with a configuration and an address of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { loopbackAddress } from '../../test/support/loopback.ts';
import { Phones } from './phones.ts';
import { BenchProcess } from './process.ts';
import type { ServerReady } from './server-child.ts';
import { DOMAIN } from './users.ts';

export interface BenchServer {
  readonly endpoint: Endpoint;
  readonly process: BenchProcess<ServerReady>;
}

/** Gives `use` a folder that is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lteims-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs the server with these users while `use` lasts.
 * @param config properties besides.
 */
export function withServer<T>(
  users: readonly object[],
  use: (server: BenchServer) => Promise<T>,
  config: object = {},
): Promise<T> {
  return inFolder(async (folder) => {
    const endpoint = { address: loopbackAddress(), port: 5060 };
    const settings = {
      sip_addr: endpoint.address,
      domain: DOMAIN,
      // What is kept for 64·T1 comes and goes within the measurement, as it does in a server that runs for long.
      timer_t1: 0.1,
      timer_t2: 0.8,
      timer_t4: 1,
      ...config,
      ue_db: users,
    };
    const path = join(folder, 'ims.cfg');
    writeFileSync(path, JSON.stringify(settings));
    const process = await BenchProcess.start<ServerReady>('./server-child.js', [path], profiling());
    try {
      return await use({ endpoint, process });
    } finally {
      await process.stop();
    }
  });
}

/** Gives `use` the socket of phones that talk to this server. */
export async function withPhones<T>({ endpoint }: BenchServer, use: (phones: Phones) => Promise<T>): Promise<T> {
  const phones = Phones.open(loopbackAddress(), endpoint);
  try {
    return await use(phones);
  } finally {
    phones.close();
  }
}

/** `BENCH_PROFILE=DIR` leaves a CPU profile of each server there. */
function profiling(): readonly string[] {
  const folder = process.env.BENCH_PROFILE;
  return folder === undefined ? [] : ['--enable-source-maps', '--cpu-prof', `--cpu-prof-dir=${folder}`];
}
