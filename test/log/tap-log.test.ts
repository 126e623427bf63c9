import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TapRecord } from '../../src/core/tap.ts';
import { type Log, openLog } from '../../src/log/log.ts';
import { diameterLogTap, sgsapLogTap, sipLogTap } from '../../src/log/tap-log.ts';
import { FakeClock } from '../support/fake-clock.ts';

const REGISTER = 'REGISTER sip:example.org SIP/2.0\r\nCall-ID: a84b4c76e66710\r\nContent-Length: 0\r\n\r\n';

function open(options: string): Log {
  return openLog({ clock: new FakeClock(), program: 'lteims', version: '1', options, console: () => {} });
}

function tell(log: Log, octets: string | Uint8Array, extra: Partial<TapRecord> = {}): void {
  sipLogTap(log).message({
    protocol: 'SIP',
    transport: 'UDP',
    dir: 'FROM',
    local: { address: '192.0.2.1', port: 5060 },
    remote: { address: '2001:db8::2', port: 5061 },
    summary: 'REGISTER sip:example.org SIP/2.0',
    octets: typeof octets === 'string' ? Buffer.from(octets) : octets,
    ...extra,
  });
}

function record(log: Log) {
  const [first] = log.ring.read({ from: 0 })?.records ?? [];
  assert.ok(first);
  return first;
}

describe('SIP messages in the log', () => {
  it('are one line at info', () => {
    const log = open('sip.level=info');
    tell(log, REGISTER);
    const { dir, layer, data } = record(log);
    assert.deepEqual(
      { dir, layer, data },
      {
        dir: 'FROM',
        layer: 'sip',
        data: ['[2001:db8::2]:5061 REGISTER sip:example.org SIP/2.0'],
      },
    );
  });

  it('share an id with their dialog and have none without a Call-ID', () => {
    const ids = [
      REGISTER,
      'SIP/2.0 200 OK\r\ni : a84b4c76e66710 \r\n\r\n',
      'SIP/2.0 200 OK\r\nCALL-ID:other\r\n\r\n',
      'SIP/2.0 200 OK\r\n\r\ni: a84b4c76e66710\r\n',
    ].map((octets) => {
      const log = open('sip.level=info');
      tell(log, octets);
      return record(log).id;
    });
    assert.match(ids[0] ?? '', /^[0-9a-f]{4}$/);
    assert.equal(ids[1], ids[0]);
    assert.notEqual(ids[2], ids[0]);
    assert.equal(ids[3], undefined);
  });

  it('are shown as they were sent at debug, whatever max_size above 0', () => {
    for (const size of ['-1', '1']) {
      const log = open(`sip.level=debug,sip.max_size=${size}`);
      tell(log, `${REGISTER}body é\r\n`);
      assert.deepEqual(record(log).data.slice(1), [...REGISTER.split('\r\n').slice(0, -1), 'body é']);
    }
    const log = open('sip.level=debug,sip.max_size=0');
    tell(log, REGISTER);
    assert.equal(record(log).data.length, 1);
  });

  it('show a binary body as a hexdump of max_size octets', () => {
    const octets = Buffer.concat([Buffer.from(REGISTER), Buffer.from('0001020304', 'hex')]);
    const dumped = (size: number): string[] => {
      const log = open(`sip.level=debug,sip.max_size=${size}`);
      tell(log, octets);
      return record(log).data.slice(4);
    };
    assert.deepEqual(dumped(-1), ['', `0000:  00 01 02 03 04${' '.repeat(36)}.....`]);
    assert.deepEqual(dumped(2), ['', `0000:  00 01${' '.repeat(45)}..`]);
  });

  it('cost nothing when the layer is off, and follow it', () => {
    const log = open('sip.level=error');
    const tap = sipLogTap(log);
    assert.equal(tap.active, false);
    tell(log, REGISTER);
    assert.equal(log.ring.size, 0);
    log.configure('sip.level=info');
    assert.equal(tap.active, true);
  });

  it('are only SIP', () => {
    const log = open('all.level=debug');
    tell(log, REGISTER, { protocol: 'Diameter' });
    assert.equal(log.ring.size, 0);
  });
});

describe('SGsAP messages in the log', () => {
  const octets = Uint8Array.of(13, 1, 2, 3);
  const tellSgs = (log: Log, extra: Partial<TapRecord> = {}) =>
    sgsapLogTap(log).message({
      protocol: 'SGsAP',
      transport: 'SCTP',
      dir: 'TO',
      local: { address: '192.0.2.1', port: 29118 },
      remote: { address: '192.0.2.9', port: 4000 },
      summary: 'SGsAP-ALERT-REQUEST 001010000000002',
      octets,
      text: () => 'IMSI: 001010000000002\nSGs cause: 3',
      ...extra,
    });

  it('are one line at info, with the MME', () => {
    const log = open('sgsap.level=info');
    tellSgs(log);
    const { dir, layer, id, data } = record(log);
    assert.deepEqual(
      { dir, layer, id, data },
      { dir: 'TO', layer: 'sgsap', id: '192.0.2.9:4000', data: ['SGsAP-ALERT-REQUEST 001010000000002'] },
    );
  });

  it('have their elements below at debug, and their octets with payload', () => {
    const log = open('sgsap.level=debug');
    tellSgs(log);
    assert.deepEqual(record(log).data.slice(1), ['IMSI: 001010000000002', 'SGs cause: 3']);
    const whole = open('sgsap.level=debug,sgsap.payload=1');
    tellSgs(whole);
    assert.match(record(whole).data.at(-1) ?? '', /^0000: {2}0d 01 02 03 /);
    const short = open('sgsap.level=debug,sgsap.max_size=0');
    tellSgs(short);
    assert.equal(record(short).data.length, 1);
  });

  it('that are malformed are a hexdump', () => {
    const log = open('sgsap.level=debug');
    sgsapLogTap(log).message({
      protocol: 'SGsAP',
      transport: 'SCTP',
      dir: 'FROM',
      local: { address: '192.0.2.1', port: 29118 },
      remote: { address: '192.0.2.9', port: 4000 },
      summary: 'malformed',
      octets,
    });
    assert.match(record(log).data[1] ?? '', /^0000: {2}0d 01/);
  });

  it('are only SGsAP, and cost nothing when the layer is off', () => {
    const log = open('all.level=debug,sgsap.level=error');
    tellSgs(log);
    assert.equal(sgsapLogTap(log).active, false);
    log.configure('sgsap.level=debug');
    tellSgs(log, { protocol: 'SIP' });
    assert.equal(log.ring.size, 0);
  });
});

describe('Diameter messages in the log', () => {
  const UAR = {
    protocol: 'Diameter',
    transport: 'SCTP',
    dir: 'TO',
    local: { address: '127.0.0.1', port: 40_000 },
    remote: { address: '127.0.1.100', port: 3868 },
    summary: 'User-Authorization-Request',
    octets: Buffer.from([1, 2, 3]),
    application: 16_777_216,
    text: () => 'flags=RP\nUser-Name: a@b',
    secrets: () => 'Confidentiality-Key: c0ffee',
  } as const;
  const logged = (options: string, message: Partial<TapRecord> = {}) => {
    const log = open(options);
    diameterLogTap(log, (application) => (application === 16_777_236 ? 'rx' : 'cx')).message({ ...UAR, ...message });
    return log.ring.read({ from: 0 })?.records ?? [];
  };

  it('are one line at info, with the peer as their id, in the layer of their application', () => {
    const [first] = logged('all.level=info');
    assert.deepEqual(
      { layer: first?.layer, dir: first?.dir, id: first?.id, data: first?.data },
      { layer: 'cx', dir: 'TO', id: '127.0.1.100:3868', data: ['User-Authorization-Request'] },
    );
    assert.equal(logged('all.level=info', { application: 16_777_236 })[0]?.layer, 'rx');
    assert.deepEqual(logged('all.level=info,cx.level=error'), []);
  });

  it('have their AVPs below at debug, whatever max_size above 0, octets and keys where they are asked for', () => {
    const decoded = ['flags=RP', 'User-Name: a@b'];
    assert.deepEqual(logged('cx.level=debug,cx.max_size=1')[0]?.data.slice(1), decoded);
    assert.deepEqual(logged('cx.level=debug,cx.max_size=0')[0]?.data.slice(1), []);
    assert.deepEqual(logged('cx.level=debug,cx.key=1')[0]?.data.slice(1), [...decoded, 'Confidentiality-Key: c0ffee']);
    assert.match(logged('cx.level=debug,cx.payload=1')[0]?.data.at(-1) ?? '', /^0000: {2}01 02 03 /);
  });

  it('that are no Diameter are nobody’s here', () => {
    assert.deepEqual(logged('all.level=debug', { protocol: 'SGsAP' }), []);
  });
});
