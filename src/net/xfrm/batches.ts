/**
 * One `ip -batch -` at a time; changes that come meanwhile wait and share the next one. `ip` ends a batch at its first error
 * and does not say where: so each line is followed by a command that prints one line, and the printed ones are the lines
 * passed. What failed belongs to the next line's owner; the others resume after it.
 */
import type { Line } from './change-line.ts';
import { type Cause, causeOf, XfrmError } from './failure.ts';
import type { IpResult, RunIp } from './ip-command.ts';

/** Lines of a batch: as many as do not keep the first owner waiting for the last one's. */
const MOST_LINES = 512;
const MARK = 'xfrm state count';
const MARKS = /^\s*SAD count /gm;

/** One owner's lines, and how far they are. */
interface Job {
  lines: readonly Line[];
  passed: number;
  /** Why it fails; its lines are then those that take back what it had added. */
  failure?: XfrmError;
  readonly done: () => void;
  readonly fail: (error: XfrmError) => void;
}

export class Batches {
  readonly #ip: RunIp;
  #waiting: Job[] = [];
  /** Whoever comes next starts after this. */
  #turn: Promise<unknown> = Promise.resolve();
  #scheduled = false;

  constructor(ip: RunIp) {
    this.#ip = ip;
  }

  /** @throws XfrmError of its first line that failed, after taking back those before. */
  apply(lines: readonly Line[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    return new Promise((done, fail) => {
      this.#waiting.push({ lines, passed: 0, done, fail });
      this.#schedule();
    });
  }

  /** Runs one command of its own in its turn. @returns what it printed. @throws XfrmError */
  run(what: string, args: readonly string[]): Promise<string> {
    return this.#inTurn(async () => {
      const { ok, output, errors } = await this.#ip(args);
      if (!ok) throw new XfrmError(`cannot ${what}`, causeOf(errors));
      return output;
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    void this.#inTurn(() => this.#batch());
  }

  async #batch(): Promise<void> {
    this.#scheduled = false;
    const jobs = this.#take();
    const lines = jobs.flatMap((job) => job.lines.slice(job.passed));
    try {
      this.#settle(jobs, await this.#ip(['-batch', '-'], lines.map(({ text }) => `${text}\n${MARK}\n`).join('')));
    } catch (error) {
      // How far it came is not known: whatever may have been added is taken back.
      for (const job of jobs) this.#takeBack(job, job.lines.length, causeIn(error));
    }
    this.#waiting = [...jobs.filter((job) => !this.#finish(job)), ...this.#waiting];
    this.#schedule();
  }

  #take(): Job[] {
    let lines = 0;
    const end = this.#waiting.findIndex((job, index) => {
      lines += job.lines.length - job.passed;
      return index > 0 && lines > MOST_LINES;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  #settle(jobs: readonly Job[], { output, errors }: IpResult): void {
    let marks = output.match(MARKS)?.length ?? 0;
    for (const job of jobs) {
      const step = Math.min(marks, job.lines.length - job.passed);
      marks -= step;
      job.passed += step;
      if (job.passed === job.lines.length) continue;
      const cause = causeOf(errors);
      this.#failed(job, cause);
      // What follows was not tried; only a cause that is not this line's own would meet it too.
      if (cause.general !== true) return;
    }
  }

  #failed(job: Job, cause: Cause): void {
    const line = job.lines[job.passed];
    if (job.failure !== undefined || (line?.removes === true && cause.code === 'ESRCH')) job.passed++;
    else this.#takeBack(job, job.passed, cause);
  }

  /** From here on the job undoes what it has added. */
  #takeBack(job: Job, passed: number, cause: Cause): void {
    const line = job.lines[job.passed];
    job.failure ??= new XfrmError(`cannot ${line?.what ?? 'change the kernel'}`, cause);
    job.lines = job.lines
      .slice(0, passed)
      .flatMap(({ undo }) => undo ?? [])
      .reverse();
    job.passed = 0;
  }

  #finish(job: Job): boolean {
    if (job.passed < job.lines.length) return false;
    if (job.failure === undefined) job.done();
    else job.fail(job.failure);
    return true;
  }
}

function causeIn(error: unknown): Cause {
  if (error instanceof XfrmError) return error;
  return { why: error instanceof Error ? error.message : String(error) };
}
