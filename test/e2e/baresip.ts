import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Child } from '../support/child.ts';
import { type Daemon, temporaryFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { loopbackAddress } from '../support/loopback.ts';

export interface SoftphoneOptions {
  /** User part of its identity, and user name. */
  readonly name: string;
  readonly password: string;
  /** Hertz of the tone it says. */
  readonly tone: number;
  readonly transport?: 'udp' | 'tcp';
  /** It sends a test picture and wants to see one. */
  readonly video?: boolean;
  /** `[::1]:PORT` of the server: it speaks IPv6 then. */
  readonly server6?: string;
}

const CONTROL_PORT = 4444;
/** Samples a second of what it hears (PCMU). */
const RATE = 8000;

const AUDIO_MODULES = ['g711', 'ausine', 'aubridge', 'sndfile'];
const VIDEO_MODULES = ['fakevideo', 'vp8'];
const VIDEO_SETTINGS = [
  'video_source fakevideo,nil',
  'video_display fakevideo,nil',
  'video_size 176x144',
  'video_bitrate 100000',
  'video_fps 10',
];

/** A baresip without sound card: it says a tone and keeps what it hears, and is steered over its control socket. */
export class Softphone {
  /** Where it speaks SIP. */
  readonly address: string;
  readonly #child: Child;
  readonly #folder: string;
  readonly #control: Socket;
  #events = '';

  private constructor(address: string, child: Child, folder: string, control: Socket) {
    this.address = address;
    this.#child = child;
    this.#folder = folder;
    this.#control = control.setEncoding('utf8').on('data', (text: string) => {
      this.#events += text;
    });
    control.on('error', () => {});
  }

  static async start(t: TestContext, command: string, daemon: Daemon, options: SoftphoneOptions): Promise<Softphone> {
    const { name, password, tone, transport = 'udp', video = false, server6 } = options;
    const folder = temporaryFolder(t);
    const address = loopbackAddress();
    mkdirSync(join(folder, 'heard'));
    writeFileSync(
      join(folder, 'config'),
      [
        `sip_listen ${server6 === undefined ? `${address}:5060` : '[::1]:0'}`,
        `audio_source ausine,${tone}`,
        'audio_player aubridge,nobody',
        'audio_alert aubridge,nobody-either',
        // What ausine can do.
        'ausrc_srate 48000',
        'ausrc_channels 2',
        `auplay_srate ${RATE}`,
        'auplay_channels 1',
        'rtp_ports 20000-20100',
        ...(video ? VIDEO_SETTINGS : []),
        `snd_path ${join(folder, 'heard')}`,
        'module_path /usr/lib/baresip/modules',
        ...[...AUDIO_MODULES, ...(video ? VIDEO_MODULES : []), 'account', 'menu', 'ctrl_tcp'].map(
          (module) => `module ${module}.so`,
        ),
        `ctrl_tcp_listen ${address}:${CONTROL_PORT}`,
        '',
      ].join('\n'),
    );
    const proxy = `sip:${server6 ?? `${daemon.address}:${daemon.port}`};transport=${transport}`;
    const account = [
      `<sip:${name}@${daemon.domain};transport=${transport}>`,
      `auth_user=${name}`,
      `auth_pass=${password}`,
      `outbound="${proxy}"`,
      'audio_codecs=PCMU',
      ...(video ? ['video_codecs=VP8'] : []),
      'regint=600',
    ].join(';');
    writeFileSync(join(folder, 'accounts'), `${account}\n`);
    const child = new Child(t, command, ['-f', folder, server6 === undefined ? '-4' : '-6', '-s'], folder);
    const control = await eventually(async () => {
      const socket = connect(CONTROL_PORT, address);
      await once(socket, 'connect');
      return socket;
    });
    t.after(() => control.destroy());
    return new Softphone(server6 === undefined ? address : '::1', child, folder, control);
  }

  dial(name: string): void {
    this.#command('dial', name);
  }

  accept(): void {
    this.#command('accept');
  }

  hold(): void {
    this.#command('hold');
  }

  resume(): void {
    this.#command('resume');
  }

  hangUp(): void {
    this.#command('hangup');
  }

  /** Waits for an event of baresip's, `CALL_ESTABLISHED` for one. */
  async sees(event: string): Promise<void> {
    await eventually(() => {
      if (!this.#events.includes(`"type":"${event}"`))
        throw new Error(`no ${event}: ${this.#events}\n${this.#child.output}`);
    });
  }

  /** The SIP messages it sent and got. */
  get trace(): string {
    return this.#child.output;
  }

  /** Samples it heard since the call began, at 8000 a second. */
  heard(): Int16Array {
    const folder = join(this.#folder, 'heard');
    const name = readdirSync(folder).find((one) => one.endsWith('-dec.wav'));
    const data = name === undefined ? Buffer.alloc(0) : readFileSync(join(folder, name)).subarray(44);
    return new Int16Array(data.buffer.slice(data.byteOffset, data.byteOffset + (data.length & ~1)));
  }

  /** Ends it, which ends its registration. */
  async quit(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#child.exitCode();
  }

  /** Netstrings with JSON inside. */
  #command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: command });
    this.#control.write(`${text.length}:${text},`);
  }
}

/** The share, 0 to 1, that a tone of `hertz` has of the power of the samples (Goertzel's algorithm). */
export function shareOf(hertz: number, samples: Int16Array): number {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let [before, last, power] = [0, 0, 0];
  for (const sample of samples) {
    [before, last] = [last, sample + factor * last - before];
    power += sample * sample;
  }
  const tone = last * last + before * before - factor * last * before;
  return power === 0 ? 0 : (2 * tone) / (samples.length * power);
}
