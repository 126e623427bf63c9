import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { type Log, openLog } from '../../src/log/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

const root = mkdtempSync(join(tmpdir(), 'json-log-test-'));
after(() => rmSync(root, { recursive: true }));

let directory: string;
let clock: FakeClock;
let said: string[];

beforeEach(() => {
  directory = mkdtempSync(join(root, 'case-'));
  clock = new FakeClock(Date.UTC(2026, 0, 1, 7, 36, 58, 783));
  said = [];
});

function open(options: string, jsonFilename = join(directory, 'ims.json')): Log {
  return openLog({ clock, program: 'lteims', version: '1', jsonFilename, options, console: (line) => said.push(line) });
}

/** The records of a file, each line parsed. */
function records(name = 'ims.json'): { [member: string]: unknown }[] {
  const lines = readFileSync(join(directory, name), 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'the last line has its end');
  return lines.map((line) => JSON.parse(line) as { [member: string]: unknown });
}

const AT = '2026-01-01T07:36:58.783Z';

describe('JSON log', () => {
  it('has a line for each record, with what it has', () => {
    const log = open('all.level=debug,all.max_size=2');
    const text = 'INVITE "x"\r\n\u0001\u2028é\r\n';
    log.logger('sip').info('192.0.2.1:5060 INVITE', { dir: 'FROM', id: 'a1b2', text });
    log.logger('cx').debug('UAR', { dir: '-', octets: Buffer.from('ABC') });
    log.logger('ims').error('Error: bug\n    at x');
    log.logger('ims').warn('%s %d as it is');
    log.close();
    assert.deepEqual(records(), [
      { level: 'info', time: AT, layer: 'sip', dir: 'FROM', id: 'a1b2', msg: '192.0.2.1:5060 INVITE', text },
      { level: 'debug', time: AT, layer: 'cx', msg: 'UAR', octets: '4142' },
      { level: 'error', time: AT, layer: 'ims', msg: 'Error: bug\n    at x' },
      { level: 'warn', time: AT, layer: 'ims', msg: '%s %d as it is' },
    ]);
  });

  it('has the levels and payloads of the text log', () => {
    const filename = join(directory, 'ims.log');
    const jsonFilename = join(directory, 'ims.json');
    const options = 'all.level=info,cx.level=debug,cx.max_size=0';
    const log = openLog({ clock, program: 'lteims', version: '1', filename, jsonFilename, options, console: () => {} });
    log.logger('sip').debug('off');
    log.logger('sip').info('without', { text: 'x', octets: Buffer.alloc(3) });
    log.logger('cx').info('dumps nothing', { text: 'x', octets: Buffer.alloc(3) });
    log.configure('sip.level=debug,sip.payload=1');
    log.logger('sip').debug('on', { text: 'x', octets: Buffer.alloc(3) });
    log.close();
    assert.deepEqual(
      records().map(({ msg, text, octets }) => [msg, text, octets]),
      [
        ['without', undefined, undefined],
        ['dumps nothing', undefined, undefined],
        ['on', 'x', '000000'],
      ],
    );
    assert.deepEqual(readFileSync(filename, 'utf8').match(/without|dumps nothing|on$/gm), [
      'without',
      'dumps nothing',
      'on',
    ]);
  });

  it('has a line on the disk after 100 ms, an error at once', () => {
    const log = open('all.level=info');
    log.logger('cx').info('first');
    assert.deepEqual(records(), []);
    clock.advance(100);
    assert.equal(records().length, 1);
    log.logger('cx').error('second');
    assert.equal(records().length, 2);
    log.close();
    assert.equal(clock.waiting, 0);
  });

  it('is rotated and cut with the text log, and holds nothing but records', () => {
    const log = open('all.level=info');
    log.logger('cx').info('one');
    log.configure('file.rotate=now');
    log.logger('cx').info('two');
    log.flush();
    const [rotated = ''] = readdirSync(directory).filter((name) => name !== 'ims.json');
    assert.match(rotated, /^ims\.json\.\d{8}-\d{6}$/);
    assert.deepEqual(
      [...records(rotated), ...records()].map(({ msg }) => msg),
      ['one', 'two'],
    );
    log.configure('file=cut');
    assert.deepEqual(records(), []);
    log.configure('file.rotate=300');
    for (let line = 0; line < 20; line++) log.logger('cx').info(`line ${line}`);
    log.close();
    assert.ok(readdirSync(directory).length > 4);
  });

  it('is one warning where it cannot be written', () => {
    const log = open('all.level=info', join(directory, 'missing', 'ims.json'));
    for (let line = 0; line < 10; line++) log.logger('cx').error('x');
    clock.advance(60_000);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /missing\/ims\.json: no such directory/);
    log.close();
  });

  it('goes on when a full disk has room again, and says what is lost', {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, () => {
    const file = join(directory, 'ims.json');
    symlinkSync('/dev/full', file);
    const log = open('all.level=info');
    for (let line = 0; line < 60_000; line++) log.logger('cx').info('x'.repeat(100));
    rmSync(file);
    clock.advance(20_000);
    log.logger('cx').error('after');
    log.close();
    assert.equal(said.length, 2);
    const all = records();
    assert.equal(all.at(-1)?.msg, 'after');
    assert.match(String(all.at(-2)?.msg), /^\d+ lines lost/);
  });
});
