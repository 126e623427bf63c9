/**
 * `npm run bench [-- [--markdown] GROUP...]`: what the server's parts and its procedures cost in CPU time. Absolute
 * figures are this machine's; ratios to the floor, measured in the same run, compare. `BENCH_PROFILE=DIR` keeps a CPU
 * profile of each server that is measured.
 */
import { akaBench } from './aka.ts';
import { echoCost } from './floor.ts';
import { messageBench, type Row } from './message.ts';
import { relayBench } from './relay.ts';
import { scaleBench, startBench } from './scale.ts';
import { callBench, registrationBench, smsBench } from './signalling.ts';
import { printTable, type Result, type Section } from './table.ts';

const SIMULTANEOUS_CALLS = [10, 100, 500];

/** By the name that chooses them, in the order they are run. `echo`: the cost of a datagram with bare sockets. */
const GROUPS: { readonly [name: string]: (echo: number) => Promise<Section> } = {
  floor: async (echo) => ({
    title: 'Floor',
    results: [{ name: 'a datagram sent back by bare sockets of Node', value: echo, unit: 'µs', floor: echo }],
  }),
  message: async () => ({ title: 'Messages', results: messageBench().map((row) => cost(row)) }),
  aka: async () => ({ title: 'Authentication', results: akaBench().map((row) => cost(row)) }),
  registration: async (echo) => ({ title: 'Registrations over UDP', results: await registrationBench(echo) }),
  call: async (echo) => ({ title: 'Calls over UDP', results: await callBench(echo) }),
  sms: async (echo) => ({ title: 'Short messages over UDP', results: await smsBench(echo) }),
  relay: async () => {
    const results: Result[] = [];
    for (const calls of SIMULTANEOUS_CALLS) {
      const rows = await relayBench(calls);
      const bare = rows[0] === undefined ? undefined : 1_000_000 / rows[0].perSecond;
      results.push(...rows.map((row) => cost(row, bare)));
    }
    return { title: 'Media', results };
  },
  scale: async (echo) => ({ title: 'Many users', results: await scaleBench(echo) }),
  start: async () => ({ title: 'Start with the stock configuration', results: await startBench() }),
};

function cost({ name, perSecond }: Row, floor?: number): Result {
  return { name, value: 1_000_000 / perSecond, unit: 'µs', ...(floor !== undefined && { floor }) };
}

const args = process.argv.slice(2);
const markdown = args.includes('--markdown');
const chosen = args.filter((arg) => arg !== '--markdown');
const unknown = chosen.filter((name) => !Object.hasOwn(GROUPS, name));
if (unknown.length > 0) {
  console.error(`no group ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`);
  process.exit(2);
}

const echo = await echoCost();
const sections: Section[] = [];
for (const [name, measure] of Object.entries(GROUPS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  if (process.stderr.isTTY) process.stderr.write(`measuring ${name}\r\x1b[K`);
  const section = await measure(echo);
  if (!markdown) console.log(`${printTable([section], false)}\n`);
  sections.push(section);
}
if (markdown) console.log(printTable(sections, true));
