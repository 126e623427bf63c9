import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelChange, SecurityState } from '../../../src/net/ports.ts';
import { isOurReqid, lineOf } from '../../../src/net/xfrm/change-line.ts';
import { causeOf } from '../../../src/net/xfrm/failure.ts';

const PHONE = { address: '192.0.2.7', port: 5062 };
const SERVER = { address: '192.0.2.1', port: 5061 };
const key = (octets: number) => new Uint8Array(octets).fill(0xab);
const STATE: SecurityState = {
  source: PHONE,
  destination: SERVER,
  spi: 0x1000,
  reqid: 5,
  integrity: { algorithm: 'hmac-md5-96', key: key(16) },
  encryption: { algorithm: 'null', key: key(0) },
  lifetimeMs: 240_000,
};
const add = (changed: Partial<Record<keyof SecurityState, unknown>>): KernelChange => ({
  type: 'addState',
  state: { ...STATE, ...changed } as SecurityState,
});

test('a state is of transport mode, bound to its ports and checked against replay', () => {
  assert.equal(
    lineOf(add({ lastSequence: 1 << 20 })).text,
    `xfrm state add src 192.0.2.7 dst 192.0.2.1 proto esp spi 4096 reqid 855638021 mode transport replay-window 32 replay-oseq 1048576 auth-trunc hmac(md5) 0x${'ab'.repeat(16)} 96 enc ecb(cipher_null) "" limit time-hard 240 sel src 192.0.2.7/32 dst 192.0.2.1/32 sport 5062 dport 5061`,
  );
  assert.ok(isOurReqid(855638021));
  assert.ok(!isOurReqid(5));
});

test('policies and blocks', () => {
  assert.deepEqual(
    (
      [
        { type: 'protect', direction: 'out', source: SERVER, destination: PHONE, reqid: 5 },
        { type: 'unprotect', direction: 'out', source: SERVER, destination: PHONE },
        { type: 'block', direction: 'in', port: { address: '2001:db8::1', port: 5061 } },
        { type: 'unblock', direction: 'in', port: { address: '2001:db8::1', port: 5061 } },
        { type: 'block', direction: 'out', port: { address: '192.0.2.1', port: 5061 } },
        { type: 'deleteState', destination: '2001:db8::1', spi: 257 },
      ] satisfies KernelChange[]
    ).map((change) => lineOf(change).text),
    [
      'xfrm policy add src 192.0.2.1/32 dst 192.0.2.7/32 sport 5061 dport 5062 dir out priority 33203 tmpl src 192.0.2.1 dst 192.0.2.7 proto esp reqid 855638021 mode transport',
      'xfrm policy delete src 192.0.2.1/32 dst 192.0.2.7/32 sport 5061 dport 5062 dir out',
      'xfrm policy update src ::/0 dst 2001:db8::1/128 dport 5061 dir in action block priority 33204',
      'xfrm policy delete src ::/0 dst 2001:db8::1/128 dport 5061 dir in',
      'xfrm policy update src 192.0.2.1/32 dst 0.0.0.0/0 sport 5061 dir out action block priority 33204',
      'xfrm state delete dst 2001:db8::1 proto esp spi 257',
    ],
  );
});

test('nothing but numbers, addresses and keys that fit reaches a line', () => {
  const v6 = { address: '2001:db8::1', port: 1 };
  for (const [what, change] of Object.entries({
    'a name': add({ source: { address: 'phone.example', port: 1 } }),
    'more than an address': add({ source: { address: '192.0.2.7\nlink delete eth0', port: 1 } }),
    'a zone': add({ source: { address: 'fe80::1%a\nb', port: 1 }, destination: v6 }),
    'two families': add({ destination: v6 }),
    'port 0': add({ source: { address: '192.0.2.7', port: 0 } }),
    'port 65536': add({ source: { address: '192.0.2.7', port: 65536 } }),
    'no number': add({ source: { address: '192.0.2.7', port: '1 dir in' } }),
    'a reserved SPI': add({ spi: 255 }),
    'a long SPI': add({ spi: 2 ** 32 }),
    'half an SPI': add({ spi: 1000.5 }),
    'a foreign reqid': add({ reqid: 2 ** 24 }),
    'no life': add({ lifetimeMs: 0 }),
    'an endless life': add({ lifetimeMs: Number.POSITIVE_INFINITY }),
    'a negative sequence number': add({ lastSequence: -1 }),
    'a short key': add({ integrity: { algorithm: 'hmac-sha-1-96', key: key(16) } }),
    'a key of nothing': add({ encryption: { algorithm: 'null', key: key(1) } }),
    'no algorithm at all': add({ integrity: { algorithm: 'null', key: key(0) } }),
    'AES-GMAC with a cipher': add({
      integrity: { algorithm: 'aes-gmac', key: key(20) },
      encryption: { algorithm: 'aes-cbc', key: key(16) },
    }),
    'AES-GCM with an integrity': add({ encryption: { algorithm: 'aes-gcm', key: key(20) } }),
    'a block of no port': { type: 'block', direction: 'in', port: { address: '192.0.2.1', port: Number.NaN } } as const,
    'a name to delete': { type: 'deleteState', destination: 'x', spi: 300 } as const,
  })) {
    assert.throws(() => lineOf(change), { code: 'EINVAL' }, what);
  }
});

test('no error shows a key', () => {
  assert.ok(!lineOf(add({})).what.includes('abab'));
  assert.equal(causeOf(`Error: "0x${'ab'.repeat(16)}" is wrong.\n`).why, 'Error: "(a key)" is wrong.');
});
