import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { printDiagnostic } from './config/diagnostic.ts';
import { loadConfig } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { readFromDisk } from './config/source.ts';
import { startMonitor } from './control/monitor.ts';
import { printEndpoint } from './core/endpoint.ts';
import { systemRandom } from './core/random.ts';
import { systemClock } from './core/system-clock.ts';
import { openLog } from './log/log.ts';
import { checkLogOptions } from './log/options.ts';
import { systemNet } from './net/system-net.ts';
import { systemKernel } from './net/xfrm/system-kernel.ts';
import { unfulfillable, withoutEffect } from './not-served.ts';
import { type Server, startServer } from './server.ts';
import { addUeCommand } from './ue/command.ts';

/** The command line: `lteims [--check] CONFIG`, `lteims ue …`. Exit codes: 0 done, 1 refused in words, 2 wrong use. */
const PACKAGE = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
const PROGRAM = 'lteims';

const program = new Command(PROGRAM)
  .description('IMS server for LTE labs: P-CSCF, I-CSCF, S-CSCF and HSS in one process')
  .version(version)
  .argument('<config>', 'configuration file, config/ims.cfg for one')
  .option('--check', 'only check the configuration')
  .showHelpAfterError(`Example: ./${PROGRAM} config/ims.cfg`)
  .exitOverride()
  .action(async (config: string, { check }: { check?: boolean }) => {
    const settings = readConfiguration(config);
    if (settings === undefined) process.exitCode = 1;
    else if (check === true) console.log(`${config}: no errors`);
    else await run(settings, dirname(resolve(config)));
  });

addUeCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

/** Prints everything that is wrong with it. */
function readConfiguration(path: string): Settings | undefined {
  const { settings, errors, warnings } = loadConfig(resolve(path), { checks: { log_options: checkLogOptions } });
  for (const diagnostic of [...warnings, ...errors]) console.error(printDiagnostic(diagnostic));
  return settings;
}

function banner(settings: Settings, { listening, withoutIpsec, sgs, withoutSgs }: Server): readonly string[] {
  const idle = withoutEffect(settings);
  return [
    `${PROGRAM} ${version}: ${settings.ue_db.length} users, SIP on ${listening.map(printEndpoint).join(', ')}`,
    ...(sgs === undefined
      ? []
      : [
          `SGs on ${printEndpoint(sgs.local)}, ${sgs.stack === 'kernel' ? "the kernel's SCTP" : 'SCTP over raw sockets'}`,
        ]),
    ...(withoutSgs === undefined ? [] : [`Warning: MMEs cannot connect for SMS over SGs: ${withoutSgs}`]),
    ...interfaces(settings),
    ...(settings.log_filename === undefined ? [] : [`Log: ${settings.log_filename}`]),
    ...(withoutIpsec === undefined ? [] : [`Warning: phones get no IPsec: ${withoutIpsec}`]),
    ...(idle.length === 0 ? [] : [`Not served by this version, without effect: ${idle.join(', ')}`]),
    "Type 'help' for the commands, 'quit' or Ctrl-C to stop.",
  ];
}

/** Where the HSS and the PCRF are looked for; whether they are there, the log and the commands cx and rx say. */
function interfaces({ cx_server_addr: cx, rx_server_addr: rx }: Settings): readonly string[] {
  const named = [
    ...(cx === undefined ? [] : [['Cx', cx] as const]),
    ...(rx === undefined ? [] : [['Rx', rx] as const]),
  ];
  return named.map(([name, server]) => `${name} to ${printEndpoint(server)} over ${server.transport}`);
}

async function run(settings: Settings, folder: string): Promise<void> {
  const demand = unfulfillable(settings);
  if (demand !== undefined) throw new Error(demand);
  let print = (line: string) => console.log(line);
  const onBug = (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    print(`Error: an internal fault, please report it: ${text}`);
    log.logger('ims').error(text);
  };
  const clock = systemClock(onBug);
  const log = openLog({
    clock,
    program: PROGRAM,
    version,
    ...(settings.log_filename !== undefined && { filename: settings.log_filename }),
    ...(settings.log_json_filename !== undefined && { jsonFilename: settings.log_json_filename }),
    options: settings.log_options ?? '',
    later: true,
    console: (line) => print(line),
  });
  // A fault of ours in one message must not end the calls of everybody else.
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  process.on('exit', () => log.flush());

  let stopping = false;
  const quit = () => {
    if (stopping) process.exit(1);
    stopping = true;
    void server.stop().finally(() => {
      log.logger('ims').info('stopped');
      monitor.close();
      log.close();
      process.exit(0);
    });
  };
  const server = await startServer(settings, version, {
    clock,
    random: systemRandom(),
    net: systemNet(onBug),
    kernel: systemKernel(),
    log,
    readFile(name) {
      const path = resolve(folder, name);
      return { path, text: readFromDisk(path) };
    },
    onBug,
    quit,
  });
  log.openFiles();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, quit);
  for (const line of banner(settings, server)) print(line);
  const monitor = startMonitor({ actions: server.actions, input: process.stdin, output: process.stdout });
  print = (line) => monitor.print(line);
}
