import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Log, openLog } from '../../src/log/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

process.env.TZ = 'UTC';

const root = mkdtempSync(join(tmpdir(), 'log-test-'));
after(() => rmSync(root, { recursive: true }));

const HEADER =
  '# lteims version 1.2.3\n# Log file format:\n# time layer dir id message\n# Started on 2026-01-01 07:36:58\n';

let directory: string;
let filename: string;
let clock: FakeClock;
let said: string[];

beforeEach(() => {
  directory = mkdtempSync(join(root, 'case-'));
  filename = join(directory, 'ims.log');
  clock = new FakeClock(Date.UTC(2026, 0, 1, 7, 36, 58, 783));
  said = [];
});

function open(options = 'all.level=debug'): Log {
  return openLog({ clock, program: 'lteims', version: '1.2.3', filename, options, console: (line) => said.push(line) });
}

function content(name = 'ims.log'): string {
  return readFileSync(join(directory, name), 'utf8');
}

/** What stands behind the header, once the log had its time to write. */
function lines(log: Log): string {
  log.flush();
  const text = content();
  assert.equal(text.slice(0, HEADER.length), HEADER);
  return text.slice(HEADER.length);
}

/** What a pipe holds. */
function drained(reader: number): string {
  const octets = Buffer.alloc(1024 * 1024);
  let text = '';
  try {
    for (let length = 1; length > 0; text += octets.toString('utf8', 0, length)) length = readSync(reader, octets);
  } catch (error) {
    assert.equal(error instanceof Error && 'code' in error && error.code, 'EAGAIN');
  }
  return text;
}

describe('log', () => {
  it('writes header and lines in the layout', () => {
    const log = open();
    log.logger('ims').info('001010123456789 authenticated', { id: '00a1' });
    clock.advance(1234);
    log
      .logger('sip')
      .debug('192.0.2.1:5060 REGISTER sip:x SIP/2.0', { dir: 'FROM', id: '1234', text: 'REGISTER\r\n\r\nv=0\r\n' });
    log.logger('cx').debug('UAR', { dir: 'TO', id: '127.0.1.100:3868', octets: Buffer.from('AB') });
    assert.equal(
      lines(log),
      '07:36:58.783 [IMS] -  00a1 001010123456789 authenticated\n' +
        '07:37:00.017 [SIP] FROM 1234 192.0.2.1:5060 REGISTER sip:x SIP/2.0\n' +
        '        REGISTER\n        \n        v=0\n\n' +
        '07:37:00.017 [CX] TO 127.0.1.100:3868 UAR\n' +
        `        0000:  41 42${' '.repeat(45)}AB\n`,
    );
    log.close();
  });

  it('follows the time zone and the time option', () => {
    const log = open('all.level=info');
    const logger = log.logger('cx');
    process.env.TZ = 'Asia/Kolkata';
    log.configure('time=full');
    clock.advance(1000);
    logger.info('full');
    process.env.TZ = 'UTC';
    log.configure('time=sec');
    logger.info('sec');
    assert.equal(lines(log), '2026-01-01 13:06:59.783 [CX] -  full\n1.000 [CX] -  sec\n');
    log.close();
  });

  it('builds no text for a level that is off', () => {
    const log = open('all.level=error,sip.level=info');
    const refuse = (): string => assert.fail('built');
    log.logger('ims').info(refuse);
    log.logger('sip').debug(refuse);
    log.logger('sip').info(() => 'built');
    assert.equal(log.logger('sip').enabled('debug'), false);
    assert.equal(log.logger('sip').enabled('info'), true);
    assert.equal(lines(log), '07:36:58.783 [SIP] -  - built\n');
    log.configure('all.level=none');
    assert.equal(log.logger('ims').enabled('error'), false);
    log.close();
  });

  it('shows payloads at debug level only and as max_size and payload say', () => {
    const shown = (options: string): number => {
      const log = openLog({ clock, program: 'lteims', version: '1', options, console: () => {} });
      log.logger('rx').info('m', { text: 'one\ntwo', octets: Buffer.alloc(64) });
      return (log.ring.read({ from: 0 })?.records[0]?.data.length ?? 0) - 1;
    };
    assert.equal(shown('all.level=info'), 0);
    assert.equal(shown('all.level=debug'), 2);
    assert.equal(shown('all.level=debug,all.max_size=1'), 2);
    assert.equal(shown('all.level=debug,all.max_size=0,all.payload=1'), 0);
    assert.equal(shown('all.level=debug,all.payload=1'), 2 + 4);
    assert.equal(shown('all.level=debug,all.payload=1,all.max_size=17'), 2 + 2);
  });

  it('shows keys and protected data only where the layer asks for them', () => {
    const shown = (options: string): readonly string[] => {
      const log = openLog({ clock, program: 'lteims', version: '1', options, console: () => {} });
      log.logger('ims').debug('vector', { keys: () => 'CK 00', crypto: () => 'RAND 01' });
      return log.ring.read({ from: 0 })?.records[0]?.data.slice(1) ?? [];
    };
    assert.deepEqual(shown('all.level=debug'), []);
    assert.deepEqual(shown('all.level=debug,ims.key=1'), ['CK 00']);
    assert.deepEqual(shown('all.level=debug,ims.crypto=1'), ['RAND 01']);
    assert.deepEqual(shown('all.level=debug,all.key=1,all.crypto=1'), ['CK 00', 'RAND 01']);
    assert.deepEqual(shown('all.level=debug,all.key=1,ims.key=0'), []);
  });

  it('indents further lines of a message, so that none can be forged', () => {
    const log = open('all.level=error');
    log.logger('cx').error('Error: bug\n00:00:00.000 [IMS] forged');
    assert.equal(lines(log), '07:36:58.783 [CX] -  Error: bug\n        00:00:00.000 [IMS] forged\n\n');
    log.close();
  });

  it('keeps records for log_get, with or without a file', () => {
    const log = openLog({ clock, program: 'lteims', version: '1', options: 'all.level=debug', console: () => {} });
    log.logger('sip').info('m', { dir: 'TO', id: 'abcd', text: 'x' });
    log.logger('cx').warn('n');
    assert.deepEqual(log.ring.read({ from: 0 })?.records, [
      { idx: 0, timestamp: 27418.783, layer: 'sip', level: 'info', dir: 'TO', id: 'abcd', data: ['m', 'x'] },
      { idx: 1, timestamp: 27418.783, layer: 'cx', level: 'warn', data: ['n'] },
    ]);
  });

  it('is changed at run time, wholly or not at all', () => {
    const log = open('all.level=error');
    const logger = log.logger('sip');
    assert.equal(log.configure('sip.level=debug,sip.max_size=5'), undefined);
    assert.equal(logger.enabled('debug'), true);
    assert.match(log.configure('sip.level=error,cx.level=loud') ?? '', /^cx\.level=loud: .* at offset 16$/);
    assert.equal(logger.enabled('debug'), true);
    assert.deepEqual(log.config().layers.sip, { level: 'debug', max_size: 5 });
    assert.deepEqual(log.config().layers.cx, { level: 'error', max_size: -1 });
    logger.info('m');
    assert.equal(log.config().count, 1);
    assert.match(log.describe(), /sip\.level=debug/);
    log.close();
  });

  it('refuses wrong options at start', () => {
    assert.throws(() => open('sip.level=loud'), /sip\.level=loud/);
  });
});

describe('log file', () => {
  it('has a line on the disk after 100 ms, an error at once, everything at the end', () => {
    const log = open();
    const logger = log.logger('cx');
    logger.info('first');
    assert.equal(content(), HEADER);
    clock.advance(100);
    assert.match(content(), /first\n$/);
    logger.info('second');
    logger.error('third');
    assert.match(content(), /second\n.*third\n$/);
    logger.info('fourth');
    log.close();
    assert.match(content(), /fourth\n$/);
    assert.equal(clock.waiting, 0);
    logger.error('too late');
    assert.doesNotMatch(content(), /too late/);
  });

  it('writes much at once without waiting', () => {
    const log = open();
    for (let line = 0; line < 1000; line++) log.logger('cx').info('x'.repeat(100));
    assert.ok(statSync(filename).size > 64 * 1024);
    log.close();
    assert.equal(content().split('\n').length, 4 + 1000 + 1);
  });

  it('begins anew, or goes on with append', () => {
    writeFileSync(filename, 'old\n');
    const appending = open('all.level=info,append=1');
    appending.close();
    assert.equal(content(), `old\n${HEADER}`);
    open('all.level=info').close();
    assert.equal(content(), HEADER);
  });

  it('is cut: closed and opened by its name', () => {
    const log = open('all.level=info,append=1');
    log.logger('cx').info('before');
    log.configure('file=cut');
    log.logger('cx').info('after');
    log.flush();
    assert.match(content(), /before\n# lteims.*after\n$/s);
    log.configure('append=0,file=cut');
    assert.equal(content(), HEADER);
    log.close();
  });

  it('is rotated now, under a name of its own each time', () => {
    const log = open('all.level=info');
    log.logger('cx').info('one');
    log.configure('file.rotate=now');
    log.logger('cx').info('two');
    log.configure('file.rotate=now');
    log.logger('cx').info('three');
    log.close();
    assert.deepEqual(readdirSync(directory).sort(), [
      'ims.log',
      'ims.log.20260101-073658',
      'ims.log.20260101-073658.1',
    ]);
    assert.match(content('ims.log.20260101-073658'), /one\n$/);
    assert.match(content('ims.log.20260101-073658.1'), /two\n$/);
    assert.equal(content(), `${HEADER}# Rotated on 2026-01-01 07:36:58\n07:36:58.783 [CX] -  three\n`);
  });

  it('is rotated at a size without losing a line', () => {
    const log = open('all.level=info,file.rotate=1K');
    for (let line = 0; line < 100; line++) {
      log.logger('cx').info(`line ${line}`);
      clock.advance(20);
    }
    log.close();
    const names = readdirSync(directory);
    assert.ok(names.length > 3);
    const all = names
      .sort((a, b) => (a === 'ims.log' ? 1 : b === 'ims.log' ? -1 : a < b ? -1 : 1))
      .map((name) => content(name));
    assert.deepEqual(
      all.join('').match(/line \d+/g),
      Array.from({ length: 100 }, (_, line) => `line ${line}`),
    );
    for (const text of all) assert.ok(text.length < 1024 + 100);
  });

  it('moves rotated files to file.path, made where it is missing', () => {
    const log = open('all.level=info,file.path=old/logs');
    log.logger('cx').info('one');
    log.configure('file.rotate=now');
    log.close();
    assert.match(content('old/logs/ims.log.20260101-073658'), /one\n$/);
  });

  const other = '/dev/shm';
  const elsewhere = existsSync(other) && statSync(other).dev !== statSync(root).dev;
  it('moves rotated files to another file system', { skip: !elsewhere && 'no second file system' }, async () => {
    const target = mkdtempSync(join(other, 'log-test-'));
    const log = open(`all.level=info,file.path=${target}`);
    log.logger('cx').info('one');
    log.configure('file.rotate=now');
    log.close();
    while (readdirSync(directory).length > 1) await turn();
    assert.match(readFileSync(join(target, 'ims.log.20260101-073658'), 'utf8'), /one\n$/);
    rmSync(target, { recursive: true });
  });

  it('keeps an earlier file that is to be rotated at start', () => {
    writeFileSync(filename, 'old\n');
    open('all.level=info,file.rotate=now').close();
    assert.equal(content('ims.log.20260101-073658'), 'old\n');
    assert.match(content(), /# Rotated on/);
  });

  it('goes on behind an earlier file that cannot be moved', () => {
    writeFileSync(filename, 'old\n');
    writeFileSync(join(directory, 'blocked'), '');
    open('all.level=info,file.path=blocked,file.rotate=now').close();
    assert.equal(content(), `old\n${HEADER}`);
    assert.equal(said.length, 1);
  });

  it('refuses a file.path where no directory can be made, and moves its files where it did', {
    skip: !existsSync('/proc/self') && 'no /proc',
  }, () => {
    const log = open();
    writeFileSync(join(directory, 'blocked'), '');
    const before = log.describe();
    assert.match(
      log.configure('time=full,file.path=/proc/x/y') ?? '',
      /^file\.path=\/proc\/x\/y: directory \/proc\/x\/y cannot be made: \/proc takes no directories$/,
    );
    assert.match(log.configure('file.path=blocked/y') ?? '', /blocked is no directory$/);
    assert.equal(log.describe(), before);
    assert.equal(log.configure('file.path=a/b,file.rotate=now'), undefined);
    assert.match(content('a/b/ims.log.20260101-073658'), /^# lteims/);
    log.close();
    assert.deepEqual(said, []);
  });

  it('says at start that file.path cannot be made, and goes on', {
    skip: !existsSync('/proc/self') && 'no /proc',
  }, () => {
    const log = open('all.level=info,file.path=/proc/x/y');
    assert.match(said.join(), /\/proc takes no directories$/);
    log.configure('file.rotate=now');
    log.logger('cx').info('one');
    log.close();
    assert.match(content(), /one\n$/);
    assert.equal(said.length, 1);
  });

  it('is left alone until it is opened, and then holds what was said before', () => {
    writeFileSync(filename, 'of a server that runs\n');
    const log = openLog({
      clock,
      program: 'lteims',
      version: '1.2.3',
      filename,
      options: 'all.level=info',
      later: true,
      console: (line) => said.push(line),
    });
    log.logger('ims').error('early');
    log.flush();
    clock.advance(60_000);
    assert.equal(content(), 'of a server that runs\n');
    log.openFiles();
    assert.equal(lines(log), '07:36:58.783 [IMS] -  - early\n');
    log.close();
    assert.deepEqual(said, []);
  });

  it('says once that it cannot be moved, and goes on', () => {
    writeFileSync(join(directory, 'blocked'), '');
    const log = open('all.level=info,file.rotate=200,file.path=blocked');
    for (let line = 0; line < 50; line++) log.logger('cx').info(`line ${line}`);
    log.close();
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /^Warning: log file .* cannot be moved/);
    assert.equal(content().match(/line \d+/g)?.length, 50);
  });

  it('says once that it cannot be opened, and tries again', () => {
    filename = join(directory, 'missing', 'ims.log');
    const log = open('all.level=info');
    log.logger('cx').error('one');
    clock.advance(35_000);
    log.logger('cx').error('two');
    assert.deepEqual(said, [`Warning: log file ${filename}: no such directory; going on without it and trying again`]);
    mkdirSync(join(directory, 'missing'));
    clock.advance(10_000);
    assert.match(content('missing/ims.log'), /^# lteims.*one\n.*two\n$/s);
    assert.equal(said.length, 2);
    log.close();
    assert.equal(clock.waiting, 0);
  });

  it('survives a full disk and writes on when there is room', {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, () => {
    symlinkSync('/dev/full', filename);
    const log = open('all.level=info');
    for (let line = 0; line < 60_000; line++) log.logger('cx').info('x'.repeat(100));
    clock.advance(25_000);
    assert.deepEqual(said, [`Warning: log file ${filename}: the disk is full; going on without it and trying again`]);
    rmSync(filename);
    clock.advance(10_000);
    log.logger('cx').error('after');
    assert.match(content(), /^# lteims/);
    assert.equal(content().match(/# lteims/g)?.length, 1);
    assert.match(content(), /\n# \d+ lines lost while the file could not be written\n.*after\n$/);
    assert.ok(log.ring.size > 1000);
    log.close();
  });

  it('does not wait for the reader of a pipe, and writes when there is one', () => {
    execFileSync('mkfifo', [filename]);
    const log = open('all.level=info');
    log.logger('cx').error('early');
    assert.deepEqual(said, [
      `Warning: log file ${filename}: nobody reads the pipe; going on without it and trying again`,
    ]);
    const reader = openSync(filename, constants.O_RDONLY | constants.O_NONBLOCK);
    clock.advance(10_000);
    assert.match(drained(reader), /^# lteims.* early\n$/s);
    log.close();
    closeSync(reader);
    assert.equal(said.length, 2);
  });

  it('keeps what a slow reader of a pipe has no room for', () => {
    execFileSync('mkfifo', [filename]);
    const reader = openSync(filename, constants.O_RDONLY | constants.O_NONBLOCK);
    const log = open('all.level=info');
    for (let line = 0; line < 3000; line++) log.logger('cx').info(`line ${line} ${'x'.repeat(100)}`);
    let text = '';
    for (let round = 0; round < 20; round++) {
      text += drained(reader);
      clock.advance(100);
    }
    assert.deepEqual(
      text.match(/line \d+/g),
      Array.from({ length: 3000 }, (_, line) => `line ${line}`),
    );
    log.close();
    closeSync(reader);
    assert.deepEqual(said, []);
    assert.equal(clock.waiting, 0);
  });

  it('is not rotated when it is a pipe or a device', () => {
    symlinkSync('/dev/null', filename);
    const log = open('all.level=info,file.rotate=1K');
    for (let line = 0; line < 50; line++) log.logger('cx').info('x'.repeat(100));
    log.configure('file.rotate=now');
    log.close();
    assert.deepEqual(readdirSync(directory), ['ims.log']);
    assert.equal(said.length, 1);
  });

  it('does not hang on a full disk at the end', { skip: !existsSync('/dev/full') && 'no /dev/full' }, () => {
    symlinkSync('/dev/full', filename);
    const log = open('all.level=info');
    log.logger('cx').info('lost');
    log.close();
    assert.equal(clock.waiting, 0);
    assert.equal(said.length, 1);
  });
});
