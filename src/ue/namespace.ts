/**
 * The network namespace of a handset with IPsec: security associations belong to a namespace, so that a handset and a server
 * in one would each find the other's.
 */
import { isInNamespace, namespaceExists, runInNamespace } from '../net/network-namespace.ts';

/**
 * Runs this command again in the namespace, unless it is there already: then undefined, else the exit code. Rejects with
 * an Error in words, with the commands that make the namespace when there is none.
 */
export async function enterNamespace(name: string): Promise<number | undefined> {
  if (!namespaceExists(name))
    throw new Error(`there is no network namespace ${name}; as root, this makes one:\n${recipe(name)}`);
  return isInNamespace(name) ? undefined : runInNamespace(name);
}

/** Linux bounds the names of interfaces. */
const LONGEST_DEVICE = 15;

/** Commands that make a namespace and join it with this one. */
function recipe(name: string): string {
  const device = `to-${name}`.slice(0, LONGEST_DEVICE);
  return [
    `ip netns add ${name}`,
    `ip link add ${device} up type veth peer name eth0 netns ${name}`,
    `ip address add 10.46.0.1/24 dev ${device}`,
    `ip -n ${name} address add 10.46.0.2/24 dev eth0`,
    `ip -n ${name} link set eth0 up`,
  ]
    .map((command) => `  ${command}\n`)
    .join('');
}
