import { setImmediate as turn } from 'node:timers/promises';
import { XfrmError } from '../../../src/net/xfrm/failure.ts';
import type { IpResult } from '../../../src/net/xfrm/ip-command.ts';

/** `ip -batch -` as Batches meets it: stops at the first line that fails, says why, and not where. */
export class FakeIp {
  /** The lines of every batch, those that count left out. */
  readonly batches: string[][] = [];
  /** Lines done, in order. */
  readonly done: string[] = [];
  /** What it says of the lines that match. */
  readonly refusals = new Map<string, string>();
  /** It ends without a word of its own, at the line, after having done it or not. */
  hangsAt: string | undefined;
  running = 0;
  mostRunning = 0;

  readonly run = async (args: readonly string[], input = ''): Promise<IpResult> => {
    if (args.join(' ') !== '-batch -') throw new Error(`unexpected: ip ${args.join(' ')}`);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await turn();
    this.running--;
    const lines = input.trimEnd().split('\n');
    this.batches.push(lines.filter((line) => line !== 'xfrm state count'));
    let output = '';
    for (const line of lines) {
      if (line === 'xfrm state count') {
        output += '\t SAD count 7\n';
        continue;
      }
      if (this.hangsAt !== undefined && line.includes(this.hangsAt)) {
        throw new XfrmError('', { code: 'ETIMEDOUT', why: 'it hangs' });
      }
      const refusal = [...this.refusals].find(([part]) => line.includes(part))?.[1];
      if (refusal !== undefined) return { output, errors: `${refusal}\n`, ok: false };
      this.done.push(line);
    }
    return { output, errors: '', ok: true };
  };
}
