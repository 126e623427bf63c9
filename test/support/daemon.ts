import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { loopbackAddress } from './loopback.ts';

/** The program that was built beside the test that runs. */
export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface DaemonOptions {
  /** Entries of ue_db. */
  readonly users?: readonly object[];
  /** Properties besides, or instead of, those every test needs. */
  readonly config?: object;
  /** Addresses to listen on besides its own. */
  readonly more?: readonly string[];
}

/** A folder that goes away with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lteims-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The real daemon as a process of its own, on an address of its own, port 5060, serving `domain`. */
export class Daemon {
  readonly address: string;
  readonly port = 5060;
  readonly domain: string;
  readonly folder: string;
  readonly #config: string;
  #child: Child;
  #questions = 0;

  private constructor(t: TestContext, { users = [], config = {}, more = [] }: DaemonOptions) {
    this.folder = temporaryFolder(t);
    this.address = loopbackAddress();
    this.domain = 'test.example';
    const settings = {
      sip_addr: [`${this.address}:${this.port}`, ...more],
      domain: this.domain,
      log_filename: 'ims.log',
      log_options: 'all.level=debug,sip.max_size=1',
      ...config,
      ue_db: users,
    };
    this.#config = join(this.folder, 'ims.cfg');
    writeFileSync(this.#config, JSON.stringify(settings, undefined, 1));
    this.#child = this.#run(t);
  }

  #run(t: TestContext): Child {
    return new Child(t, process.execPath, ['--enable-source-maps', MAIN, this.#config]);
  }

  /** Its present process. */
  get child(): Child {
    return this.#child;
  }

  /** Runs it again, after its process has ended, and waits until it answers. */
  async startAgain(t: TestContext): Promise<void> {
    this.#child = this.#run(t);
    await this.answers();
  }

  /** Starts it and waits until it answers. */
  static async start(t: TestContext, options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = new Daemon(t, options);
    await daemon.answers();
    return daemon;
  }

  /** What its log file holds. */
  get log(): string {
    return readFileSync(join(this.folder, 'ims.log'), 'utf8');
  }

  /** What the monitor prints for a command, a line each. */
  async ask(command: string): Promise<string[]> {
    // The next answer to a command that is none marks the end of this one's.
    const mark = `end-of-answer-${++this.#questions}`;
    const start = this.child.output.length;
    this.child.type(`${command}\n${mark}\n`);
    const { index } = await this.child.until(new RegExp(`^.*${mark}`, 'm'), { start });
    return this.child.output
      .slice(start, start + index)
      .split('\n')
      .slice(0, -1);
  }

  /** How many users are registered and how many calls they have, as the monitor shows them. */
  async usage(): Promise<{ registered: number; dialogs: number }> {
    const rows = (await this.ask('users')).map((line) => /^ *\S+ +((?:un)?registered) +(\d+) /.exec(line));
    return {
      registered: rows.filter((row) => row?.[1] === 'registered').length,
      dialogs: rows.reduce((sum, row) => sum + Number(row?.[2] ?? 0), 0),
    };
  }

  /** Sockets it holds: SIP, media, its standard streams where they are some. */
  sockets(): number {
    const folder = `/proc/${this.child.pid}/fd`;
    return readdirSync(folder).filter((fd) => {
      try {
        return readlinkSync(join(folder, fd)).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;
  }

  /** Asks it to end, as a service manager does. */
  async stop(ms = 5000): Promise<void> {
    this.child.kill('SIGTERM');
    assert.equal(await this.child.exitCode(ms), 0, 'exit code after SIGTERM');
  }

  /** Sends OPTIONS again and again until there is an answer. @throws Error when the process ends before. */
  async answers(): Promise<void> {
    const socket = createSocket('udp4');
    const answered = new Promise<void>((done) => socket.once('message', () => done()));
    const { address, port } = this;
    socket.bind(0, address);
    // Nobody listens there yet.
    socket.on('error', () => {});
    const ask = () => {
      const from = `${address}:${socket.address().port}`;
      socket.send(
        [
          `OPTIONS sip:${address}:${port} SIP/2.0`,
          `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${performance.now()}`,
          `From: <sip:test@${from}>;tag=1`,
          `To: <sip:${address}:${port}>`,
          `Call-ID: ${performance.now()}@${from}`,
          'CSeq: 1 OPTIONS',
          'Max-Forwards: 70',
          'Content-Length: 0',
          '\r\n',
        ].join('\r\n'),
        port,
        address,
      );
    };
    const asking = setInterval(ask, 25);
    try {
      const ended = this.child.ended.then(({ code }) => {
        throw new Error(`the daemon ended with ${code}:\n${this.child.output}${this.child.errors}`);
      });
      await Promise.race([answered, ended]);
    } finally {
      clearInterval(asking);
      socket.close();
    }
  }
}
