/** What `ip -s xfrm state list` prints of the states, read back (iproute2, ip/ipxfrm.c). */
import type { StateUsage } from '../ports.ts';

export interface ListedState {
  readonly reqid: number;
  readonly usage: StateUsage;
}

const HEAD = /^src (\S+) dst (\S+)\n\s+proto esp spi 0x([0-9a-f]+)\S* reqid (\d+)/;
const CURRENT = /lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)/;
const DROPPED = /stats:\s+replay-window \d+ replay (\d+) failed (\d+)/;

/** The ESP states of a list. */
export function readStates(list: string): ListedState[] {
  return list.split(/^(?=src )/m).flatMap((text) => {
    const head = HEAD.exec(text);
    if (head === null) return [];
    const [, source = '', destination = '', spi = '', reqid] = head;
    const [, octets, packets] = CURRENT.exec(text) ?? [];
    const [, replayed, failed] = DROPPED.exec(text) ?? [];
    const usage = {
      source,
      destination,
      spi: Number.parseInt(spi, 16),
      packets: Number(packets ?? 0),
      octets: Number(octets ?? 0),
      replayed: Number(replayed ?? 0),
      failed: Number(failed ?? 0),
    };
    return { reqid: Number(reqid), usage };
  });
}
