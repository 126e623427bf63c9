import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** At whose end something goes away: a test's context, or node:test's own functions for what serves a whole file. */
export interface Owner {
  after(act: () => unknown): void;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program started by a test, which does not outlive it. */
export class Child {
  /** Resolves when it has ended and all its output is here. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<() => void>();
  #output = '';
  #errors = '';

  constructor(t: Owner, command: string, args: readonly string[], cwd?: string) {
    this.#process = spawn(command, args, { ...(cwd !== undefined && { cwd }) });
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#wake();
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    // It may end with lines of ours unread.
    this.#process.stdin.on('error', () => {});
    this.ended = new Promise((done, fail) => {
      this.#process.on('error', fail);
      this.#process.on('close', (code, signal) => {
        this.#wake();
        done({ code, signal });
      });
    });
    // Whoever is interested awaits it too.
    this.ended.catch(() => {});
    t.after(() => {
      this.kill('SIGKILL');
      return this.ended.catch(() => {});
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** What it wrote to its standard output so far. */
  get output(): string {
    return this.#output;
  }

  /** What it wrote to its standard error so far. */
  get errors(): string {
    return this.#errors;
  }

  /** Writes to its standard input. */
  type(text: string): void {
    this.#process.stdin.write(text);
  }

  closeInput(): void {
    this.#process.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for a match in the standard output from `start` on. @throws Error when it ends, or `ms` pass, without one. */
  async until(pattern: RegExp, { start = 0, ms = 10_000 } = {}): Promise<RegExpExecArray> {
    const end = performance.now() + ms;
    for (;;) {
      const match = pattern.exec(this.#output.slice(start));
      if (match !== null) return match;
      const left = end - performance.now();
      if (!this.running || left <= 0) throw new Error(`no ${pattern} in its output:\n${this.#output}${this.#errors}`);
      await this.#change(left);
    }
  }

  /** Its exit code. @throws Error when it still runs after `ms` or a signal ended it. */
  async exitCode(ms = 5000): Promise<number> {
    let timeout: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timeout = setTimeout(() => fail(new Error(`still running after ${ms} ms:\n${this.#output}${this.#errors}`)), ms);
    });
    try {
      const { code, signal } = await Promise.race([this.ended, late]);
      if (code === null) throw new Error(`ended by ${signal}:\n${this.#output}${this.#errors}`);
      return code;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Milliseconds of processor time it has used, in steps of 10 (proc(5): utime and stime). */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // The second field, the name in parentheses, may hold anything; utime and stime are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  #change(ms: number): Promise<void> {
    return new Promise((done) => {
      const wake = () => {
        clearTimeout(timeout);
        this.#waiting.delete(wake);
        done();
      };
      const timeout = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
