import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Child, type Owner } from './child.ts';

const run = promisify(execFile);
let count = 0;

/** A network namespace of a test, with addresses of its own, from RFC 1918 and RFC 4193. */
export class Side {
  readonly namespace: string;
  readonly device: string;
  readonly ipv4: string;
  readonly ipv6: string;

  constructor(name: string, host: number) {
    this.namespace = `${name}${count}`;
    this.device = `veth-${name}${count}`;
    this.ipv4 = `10.7.0.${host}`;
    this.ipv6 = `fd07::${host}`;
  }

  /** What runs `command` here, to be given to a spawn: program and arguments. */
  command(...command: readonly string[]): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.namespace, ...command];
  }

  /** Runs a command to its end. @returns its standard output. @throws Error with its standard error when it fails. */
  async run(...command: readonly string[]): Promise<string> {
    const [program, ...args] = this.command(...command);
    return (await run(program, args)).stdout;
  }

  /** Starts a command, which ends with its owner. */
  start(owner: Owner, ...command: readonly string[]): Child {
    const [program, ...args] = this.command(...command);
    return new Child(owner, program, args);
  }

  /** Gives it another address of the joint network: 10.7.x.y or fd07::x. */
  async addAddress(address: string): Promise<void> {
    const prefix = address.includes(':')
      ? [`${address}/64`, 'dev', this.device, 'nodad']
      : [`${address}/16`, 'dev', this.device];
    await this.run('ip', 'address', 'add', ...prefix);
  }
}

/** Two namespaces joined by a cable, deleted with their owner. Needs root: see kernel-lab.ts. */
export async function joinedNamespaces(owner: Owner): Promise<{ readonly phone: Side; readonly server: Side }> {
  count++;
  const server = new Side('server', 1);
  const phone = new Side('phone', 2);
  const sides = [server, phone];
  owner.after(() =>
    batch(
      [],
      sides.map(({ namespace }) => `netns delete ${namespace}`),
    ),
  );
  const [one, two] = sides.map(({ device, namespace }) => `name ${device} netns ${namespace}`);
  await batch([], [...sides.map(({ namespace }) => `netns add ${namespace}`), `link add ${one} type veth peer ${two}`]);
  await Promise.all(
    sides.map(({ namespace, device, ipv4, ipv6 }) =>
      batch(
        ['-netns', namespace],
        [
          'link set lo up',
          `link set ${device} up`,
          `address add ${ipv4}/16 dev ${device}`,
          // Without the wait for another who has it (RFC 4862 §5.4).
          `address add ${ipv6}/64 dev ${device} nodad`,
        ],
      ),
    ),
  );
  return { phone, server };
}

async function batch(options: readonly string[], lines: readonly string[]): Promise<void> {
  const done = run('ip', [...options, '-batch', '-']);
  done.child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
  await done;
}
