/**
 * `lteims ue`: a simulated handset on the command line.
 *
 *     lteims ue register config/ims.cfg                      the first user registers and stays registered
 *     lteims ue answer config/ims.cfg --impi sipclient2      answers calls and echoes what it hears
 *     lteims ue call config/ims.cfg 1235 --impi sipclient    calls, sends a tone, says what came back
 *     lteims ue register config/ims.cfg --ipsec --netns ue   the same through IPsec, in network namespace `ue`
 *
 * Exit codes: 0 it worked, 1 refused or failed, 2 wrong use.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { UserSettings } from '../config/settings/user.ts';
import { type Endpoint, parseEndpoint } from '../core/endpoint.ts';
import { MalformedError } from '../core/errors.ts';
import type { TransportName } from '../core/flow.ts';
import { systemRandom } from '../core/random.ts';
import { systemClock } from '../core/system-clock.ts';
import type { AlgorithmPair } from '../ipsec/algorithm.ts';
import type { Net } from '../net/ports.ts';
import { systemNet } from '../net/system-net.ts';
import { systemKernel } from '../net/xfrm/system-kernel.ts';
import { answer, call, register } from './actions.ts';
import { enterNamespace } from './namespace.ts';
import { Run, type RunParts } from './run.ts';
import { parseAlgorithmPairs } from './security-offer.ts';
import { readUserFile, type UserFile } from './user-file.ts';

interface CommonOptions {
  readonly server?: Endpoint;
  readonly impi?: string;
  readonly index?: number;
  readonly local?: Endpoint;
  readonly transport: 'udp' | 'tcp';
  readonly ipsec?: true;
  readonly ipsecAlgorithms?: readonly AlgorithmPair[];
  readonly netns?: string;
  readonly verbose?: true;
}

const SIP_PORT = 5060;
const DEFAULT_DURATION_S = 5;
const MOST_NAMED = 20;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What shells say of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

/** Adds `ue` and its subcommands. @param parts what a handset is built on; by default the machine's own. */
export function addUeCommand(program: Command, parts: Partial<RunParts> = {}): void {
  const ue = program.command('ue').description('simulated handset: registers, calls and answers as a phone does');

  add(ue, 'register', 'register, and stay registered until Ctrl-C', { isDefault: true })
    .option('--once', 'end after the first registration, which stays at the server')
    .action(async (file: string, options: CommonOptions & { once?: true }, command: Command) => {
      await run(command, file, options, parts, (one) => register(one, { once: options.once === true }));
    });

  add(ue, 'call', 'register, call, send a tone and hang up; 0 when answered and sound came both ways')
    .argument('<uri>', 'whom to call: a SIP or tel URI, or a number or name of the home domain')
    .option('--duration <seconds>', 'how long to talk', number(0.1), DEFAULT_DURATION_S)
    .action(async (file: string, target: string, options: CommonOptions & { duration: number }, command: Command) => {
      await run(command, file, options, parts, (one) => call(one, { target, duration: options.duration }));
    });

  add(ue, 'answer', 'register and answer calls; what is heard is sent back')
    .option('--count <calls>', 'end after so many calls', integer(1))
    .option('--tone', 'send a tone instead of what is heard')
    .action(async (file: string, options: CommonOptions & { count?: number; tone?: true }, command: Command) => {
      const sound = options.tone === true ? 'tone' : 'echo';
      await run(command, file, options, parts, (one) => answer(one, { count: options.count, sound }));
    });
}

function add(ue: Command, name: string, description: string, options = {}): Command {
  return ue
    .command(name, options)
    .description(description)
    .argument('<file>', 'configuration, or file with ue_db, that has the SIM or password of the handset')
    .option('--server <address>', 'SIP address of the server; default: the first sip_addr of the file', endpoint)
    .option('--impi <name>', 'user by impi, with or without its domain; default: the first one')
    .option('--index <number>', 'user by its place in ue_db, from 0', integer(0))
    .option('--local <address>', 'address of the handset; default: one the server can be reached from', localEndpoint)
    .addOption(new Option('--transport <name>', 'what requests go over').choices(['udp', 'tcp']).default('udp'))
    .option('--ipsec', 'register through IPsec; needs root, and --netns where the server runs on this machine')
    .option('--ipsec-algorithms <pairs>', 'offer these alone, hmac-sha-1-96/aes-cbc,hmac-md5-96/null for one', pairs)
    .option('--netns <name>', 'run in this network namespace')
    .option('-v, --verbose', 'print whole messages');
}

async function run(
  command: Command,
  path: string,
  options: CommonOptions,
  parts: Partial<RunParts>,
  act: (run: Run) => Promise<number>,
): Promise<void> {
  const there = options.netns === undefined ? undefined : await enterNamespace(options.netns);
  if (there !== undefined) {
    process.exitCode = there;
    return;
  }
  const file = readUserFile(path);
  const user = chooseUser(command, file, options);
  const server = options.server ?? file.server;
  if (server === undefined) return command.error(`error: ${path} has no sip_addr: name the server with --server`);
  const transport: TransportName = options.transport === 'tcp' ? 'TCP' : 'UDP';
  const { local, ipsecAlgorithms: algorithms } = options;
  const ipsec = options.ipsec === true || algorithms !== undefined;
  const machine = systemParts();
  if (ipsec && parts.kernel === undefined && isOwn(server, machine.net)) throw new Error(oneNamespace(server));
  const opened = await Run.open(
    {
      user,
      server,
      domain: file.domain,
      transport,
      verbose: options.verbose === true,
      ...(local !== undefined && { local }),
      ...(ipsec && { ipsec: algorithms === undefined ? {} : { algorithms } }),
    },
    { ...machine, ...parts, interrupted: parts.interrupted ?? interruption() },
  );
  if (parts.interrupted === undefined) releaseAlways(opened);
  process.exitCode = await act(opened);
  await opened.handset.released;
}

/** Whatever ends the program, the kernel is to forget its security associations. */
function releaseAlways({ handset, parts }: Run): void {
  const end = (code: number) => {
    handset.close();
    void handset.released.finally(() => process.exit(code));
  };
  process.once('uncaughtException', (error) => {
    console.error(error);
    end(1);
  });
  void parts.interrupted.then(() => {
    for (const signal of SIGNALS) process.once(signal, () => end(INTERRUPTED));
  });
}

/** The server and the handset would each find the other's security associations for their own. */
function oneNamespace({ address }: Endpoint): string {
  return (
    `the server's address ${address} is of this network namespace, and with IPsec a handset needs one of its own: ` +
    'add --netns and a name'
  );
}

function isOwn({ address }: Endpoint, net: Net): boolean {
  return net.localAddresses().some((own) => own.address === address);
}

/** A person waits as long as the protocol does, so patience has no end here. */
function systemParts(): Omit<RunParts, 'interrupted'> {
  const onBug = (error: unknown) => {
    throw error;
  };
  return {
    net: systemNet(onBug),
    kernel: systemKernel(),
    clock: systemClock(onBug),
    random: systemRandom(),
    patienceMs: Number.POSITIVE_INFINITY,
    print: (line) => console.log(line),
  };
}

/** The first Ctrl-C ends in order, the second at once. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
}

function chooseUser(command: Command, { users }: UserFile, { impi, index }: CommonOptions): UserSettings {
  if (impi !== undefined && index !== undefined) command.error('error: --impi and --index name two users');
  const chosen = impi === undefined ? users[index ?? 0] : users.find((user) => isNamed(user, impi));
  if (chosen !== undefined) return chosen;
  const names = users.slice(0, MOST_NAMED).map((user, at) => `  ${at}  ${user.impi}`);
  return command.error(`error: no such user; the file has\n${names.join('\n')}`);
}

function isNamed(user: UserSettings, name: string): boolean {
  return user.impi === name || user.impi.split('@', 1)[0] === name;
}

function endpoint(text: string): Endpoint {
  const read = parseEndpoint(text, SIP_PORT);
  if (read === undefined) throw new InvalidArgumentError('192.0.2.1, 192.0.2.1:5060 or [2001:db8::1]:5060 expected.');
  return read;
}

function localEndpoint(text: string): Endpoint {
  const read = parseEndpoint(text, 0);
  if (read === undefined) throw new InvalidArgumentError('192.0.2.1, 192.0.2.1:5060 or [2001:db8::1]:5060 expected.');
  return read;
}

function pairs(text: string): readonly AlgorithmPair[] {
  try {
    return parseAlgorithmPairs(text);
  } catch (error) {
    throw error instanceof MalformedError ? new InvalidArgumentError(error.message) : error;
  }
}

function integer(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < least) throw new InvalidArgumentError(`${least} or more expected.`);
    return Number(text);
  };
}

function number(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,9}(\.\d+)?$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`${least} or more expected.`);
    return Number(text);
  };
}
