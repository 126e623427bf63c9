/** A process of its own whose CPU time is measured apart from that of the load it is under. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Usage {
  /** Of all its threads since it was started, garbage collector and compiler included. */
  readonly cpuMicroseconds: number;
  /** Resident memory. */
  readonly octets: number;
}

/** Child's side: tells that it is ready, then its usage whenever it is asked, and ends with its parent. */
export function answerParent(ready: object): void {
  process.on('message', () => process.send?.(usage()));
  process.on('disconnect', () => process.exit());
  process.send?.(ready);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMicroseconds: user + system, octets: process.memoryUsage.rss() };
}

/** Parent's side. `ready` is what the child told first. */
export class BenchProcess<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.ready = ready;
  }

  /** @param script beside this one. @param options for Node. Rejects when the child ends before it is ready. */
  static async start<Ready>(
    script: string,
    args: readonly string[],
    options: readonly string[] = [],
  ): Promise<BenchProcess<Ready>> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv: [...options] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${script} ended with ${code}`);
    });
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Ready];
    ended.catch(() => {});
    return new BenchProcess(child, ready);
  }

  async usage(): Promise<Usage> {
    this.#child.send('usage');
    const [answer] = (await once(this.#child, 'message')) as [Usage];
    return answer;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
