/** The real server without a monitor, as a process of its own. Argument: a configuration file. */
import { loadConfig } from '../../src/config/load.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemClock } from '../../src/core/system-clock.ts';
import { openLog } from '../../src/log/log.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { startServer } from '../../src/server.ts';
import { answerParent } from './process.ts';

/** What the child tells when it serves, in milliseconds. */
export interface ServerReady {
  readonly loadMs: number;
  readonly startMs: number;
}

function onBug(error: unknown): never {
  throw error;
}

const begin = performance.now();
const { settings, errors } = loadConfig(process.argv[2] ?? '');
if (settings === undefined) throw new Error(errors.map(({ message }) => message).join('; '));
const loaded = performance.now();
const clock = systemClock(onBug);
const log = openLog({
  clock,
  program: 'lteims',
  version: 'bench',
  ...(settings.log_filename !== undefined && { filename: settings.log_filename }),
  options: settings.log_options ?? '',
  console: (line) => console.error(line),
});
const readFile = (path: string) => {
  throw new Error(path);
};
const parts = {
  clock,
  random: systemRandom(),
  net: systemNet(onBug),
  log,
  readFile,
  onBug,
  quit: () => process.exit(),
};
await startServer(settings, 'bench', parts);
const ready: ServerReady = { loadMs: loaded - begin, startMs: performance.now() - loaded };
answerParent(ready);
