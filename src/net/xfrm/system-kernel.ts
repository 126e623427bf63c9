/** The IPsec of the machine's kernel, set up by `ip xfrm` of iproute2. */
import type { Kernel } from '../ports.ts';
import { Batches } from './batches.ts';
import { findCapabilities } from './capabilities.ts';
import { BLOCK_PRIORITY, isOurReqid, lineOf, PROTECT_PRIORITY } from './change-line.ts';
import { ipCommand, type RunIp } from './ip-command.ts';
import { readStates } from './state-list.ts';

export function systemKernel(ip: RunIp = ipCommand(['ip'])): Kernel {
  const batches = new Batches(ip);
  const apply: Kernel['apply'] = async (changes) => batches.apply(changes.map(lineOf));
  const ours = async () => {
    const list = await batches.run('list the states', ['-s', 'xfrm', 'state', 'list', 'nokeys']);
    return readStates(list).flatMap(({ reqid, usage }) => (isOurReqid(reqid) ? usage : []));
  };
  return {
    apply,
    async flush() {
      // Policies first: one without its state would have the kernel ask for one at the next packet.
      for (const priority of [PROTECT_PRIORITY, BLOCK_PRIORITY]) {
        await batches.run('delete the policies', ['xfrm', 'policy', 'deleteall', 'priority', String(priority)]);
      }
      await apply((await ours()).map(({ destination, spi }) => ({ type: 'deleteState', destination, spi })));
    },
    states: ours,
    capabilities: () => findCapabilities(apply),
  };
}
