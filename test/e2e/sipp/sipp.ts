import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Child } from '../../support/child.ts';
import { temporaryFolder } from '../../support/daemon.ts';
import { commandOrSkip } from '../../support/require-package.ts';

export interface Run {
  readonly scenario: string;
  /** How many times it runs before SIPp ends. */
  readonly calls: number;
  /** Starts a second. Not for a scenario that waits for calls. */
  readonly rate?: number;
  /** Most that run at a time; as many as start in a second unless told. */
  readonly most?: number;
  /** Local address, which stands for the handsets' machine; port 5060. */
  readonly address: string;
  readonly transport?: 'UDP' | 'TCP';
  /** One for each call, in order, again from the start when they are used up: what `[field0]` and so on stand for. */
  readonly lines?: readonly (readonly string[])[];
}

/**
 * SIPp copies a key without its end and reads on in its stack: when an address there has an octet 0x5b, a "[", it takes
 * it for a keyword and ends before its first call. One start in seventy does, where addresses are random.
 */
const MOST_TRIES = 3;
const NOT_STARTED = 255;

/** The server it calls. */
export interface SippHost {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
}

/** SIPp against one server. */
export class Sipp {
  readonly #t: TestContext;
  readonly #command: string;
  readonly #host: SippHost;

  private constructor(t: TestContext, command: string, host: SippHost) {
    this.#t = t;
    this.#command = command;
    this.#host = host;
  }

  /** Undefined, the test skipped, without SIPp. */
  static async against<H extends SippHost>(
    t: TestContext,
    start: () => Promise<H>,
  ): Promise<{ sipp: Sipp; host: H } | undefined> {
    const command = commandOrSkip(t, 'sipp', 'sip-tester');
    if (command === undefined) return undefined;
    const host = await start();
    return { sipp: new Sipp(t, command, host), host };
  }

  /** Starts it; `complete` of what is returned waits until all calls have run. */
  start(run: Run): SippRun {
    const { scenario, calls, rate, most = rate, address, transport = 'UDP', lines } = run;
    const folder = temporaryFolder(this.#t);
    const path = join(folder, 'scenario.xml');
    writeFileSync(path, scenario);
    const args = ['-sf', path, '-m', `${calls}`, '-i', address, '-p', '5060', '-mi', address];
    args.push('-t', transport === 'TCP' ? 't1' : 'u1', '-nostdin', '-trace_err', '-trace_stat', '-fd', '1');
    args.push('-key', 'domain', this.#host.domain, '-auth_uri', this.#host.domain);
    args.push('-timeout', '60', '-timeout_error', '-recv_timeout', '10000');
    if (rate !== undefined) args.push('-r', `${rate}`, '-rp', '1000', '-l', `${most}`);
    if (lines !== undefined) {
      const fields = join(folder, 'lines.csv');
      writeFileSync(fields, ['SEQUENTIAL', ...lines.map((line) => line.join(';')), ''].join('\n'));
      args.push('-inf', fields);
    }
    args.push(`${this.#host.address}:${this.#host.port}`);
    return new SippRun(new Child(this.#t, this.#command, args, folder), folder, calls);
  }

  /** Runs it to its end; no call may fail. */
  async run(run: Run): Promise<void> {
    for (let tries = 1; tries < MOST_TRIES; tries++) {
      const started = this.start(run);
      if (await started.startsWell()) return started.complete();
    }
    await this.start(run).complete();
  }
}

const MOST_MS = 60_000;

export class SippRun {
  readonly #child: Child;
  readonly #folder: string;
  readonly #calls: number;

  constructor(child: Child, folder: string, calls: number) {
    this.#child = child;
    this.#folder = folder;
    this.#calls = calls;
  }

  /** Waits for its end; false when it ended before its first call, or over a keyword it misread at random. */
  async startsWell(): Promise<boolean> {
    const code = await this.#child.exitCode(MOST_MS);
    return code !== NOT_STARTED || (this.#counts().succeeded > 0 && !this.#errors().includes('invalid [keyword]'));
  }

  /** Waits until all calls have run; none may have failed. */
  async complete(): Promise<void> {
    // 0: all calls succeeded, 1: some failed, 97: it stopped before, 254 and 255: it could not run.
    const code = await this.#child.exitCode(MOST_MS);
    const counts = this.#counts();
    assert.equal(code, 0, `SIPp ended with ${code}: ${JSON.stringify(counts)}\n${this.#errors()}`);
    assert.deepEqual(counts, { succeeded: this.#calls, failed: 0 });
  }

  #counts(): { succeeded: number; failed: number } {
    const [header = '', ...rows] = this.#file('.csv').trim().split('\n');
    const titles = header.split(';');
    const last = (rows.at(-1) ?? '').split(';');
    const count = (title: string) => Number(last[titles.indexOf(title)] ?? Number.NaN);
    return { succeeded: count('SuccessfulCall(C)'), failed: count('FailedCall(C)') };
  }

  #errors(): string {
    return `${this.#file('_errors.log').slice(0, 4000)}\n${this.#child.errors.slice(-2000)}`;
  }

  /** The file of SIPp's named scenario_PID and then `ending`. */
  #file(ending: string): string {
    if (!existsSync(this.#folder)) return '';
    const name = readdirSync(this.#folder).find((one) => one.startsWith('scenario_') && one.endsWith(ending));
    return name === undefined ? '' : readFileSync(join(this.#folder, name), 'utf8');
  }
}
