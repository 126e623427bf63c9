/** What grows with the number of users and what does not, and how the daemon starts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loopbackAddress } from '../../test/support/loopback.ts';
import { costOf, median, ROUNDS } from './load.ts';
import { Phones } from './phones.ts';
import { register } from './registrations.ts';
import { inFolder, withPhones, withServer } from './server.ts';
import type { Result } from './table.ts';
import { userEntries } from './users.ts';

const SIZES = [100, 10_000, 100_000];
const REGISTRATIONS = 2000;
/** Prime, so that users are taken in no order and each in its turn. */
const STRIDE = 7919;
const MEBIBYTE = 2 ** 20;

/** @param echo the floor, see floor.ts. */
export async function scaleBench(echo: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const size of SIZES) {
    const of = `of ${size.toLocaleString('en')} users`;
    await withServer(userEntries(size, 'MD5'), async (server) => {
      const { loadMs, startMs } = server.process.ready;
      const value = await withPhones(server, (phones) =>
        costOf(server.process, (index, done) => register(phones, (index * STRIDE) % size, () => done()), REGISTRATIONS),
      );
      const { octets } = await server.process.usage();
      results.push(
        { name: `registration, MD5, ${of}`, value, unit: 'µs', floor: 2 * echo },
        { name: `configuration ${of} read, server started`, value: loadMs + startMs, unit: 'ms' },
        {
          name: `memory ${of}, ${(ROUNDS * REGISTRATIONS).toLocaleString('en')} registrations later`,
          value: octets / MEBIBYTE,
          unit: 'MiB',
        },
      );
    });
  }
  return results;
}

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const STOCK = fileURLToPath(new URL('../../../config/ims.cfg', import.meta.url));
const STARTS = 3;
const ASK_EVERY_MS = 2;
const SETTLED_MS = 1000;

/** The daemon as a user starts it, on an address of its own. */
export async function startBench(): Promise<Result[]> {
  const starts: { firstAnswerMs: number; octets: number }[] = [];
  for (let count = 0; count < STARTS; count++) starts.push(await inFolder(startOnce));
  return [
    { name: 'start to first answered REGISTER', value: median(starts.map((one) => one.firstAnswerMs)), unit: 'ms' },
    { name: 'memory when idle', value: median(starts.map((one) => one.octets)) / MEBIBYTE, unit: 'MiB' },
  ];
}

async function startOnce(folder: string): Promise<{ firstAnswerMs: number; octets: number }> {
  const address = loopbackAddress();
  const path = join(folder, 'ims.cfg');
  const own = { sip_addr: address, com_addr: `${address}:9003`, log_filename: join(folder, 'ims.log') };
  writeFileSync(path, `{ include "${STOCK}", ${JSON.stringify(own).slice(1)}`);
  const phones = Phones.open(loopbackAddress(), { address, port: 5060 });
  const begin = performance.now();
  const daemon = spawn(process.execPath, [MAIN, path], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(daemon, 'exit');
  try {
    const answered = new Promise<number>((resolve) => {
      phones.expect('start', () => resolve(performance.now() - begin));
    });
    const asking = setInterval(() => phones.send(firstRegister(phones.at)), ASK_EVERY_MS);
    const failed = ended.then(([code]) => {
      throw new Error(`the daemon ended with ${code}`);
    });
    const firstAnswerMs = await Promise.race([answered, failed]).finally(() => clearInterval(asking));
    await wait(SETTLED_MS);
    return { firstAnswerMs, octets: residentOctets(daemon.pid ?? 0) };
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    phones.close();
  }
}

function residentOctets(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

function firstRegister(at: string): string {
  return (
    `REGISTER sip:ims.mnc001.mcc001.3gppnetwork.org SIP/2.0\r\nVia: SIP/2.0/UDP ${at};rport;branch=z9hG4bKstart\r\n` +
    'Max-Forwards: 70\r\nFrom: <sip:sipclient@ims.mnc001.mcc001.3gppnetwork.org>;tag=start\r\n' +
    'To: <sip:sipclient@ims.mnc001.mcc001.3gppnetwork.org>\r\nCall-ID: start\r\nCSeq: 1 REGISTER\r\n' +
    `Contact: <sip:sipclient@${at}>\r\nContent-Length: 0\r\n\r\n`
  );
}
