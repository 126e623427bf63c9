import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  hostOf,
  isWildcard,
  parseEndpoint,
  printEndpoint,
  sameEndpoint,
  shortestAddress,
} from '../../src/core/endpoint.ts';

describe('parseEndpoint', () => {
  const read: readonly [text: string, address: string, port: number][] = [
    ['192.0.2.1', '192.0.2.1', 5060],
    ['192.0.2.1:1', '192.0.2.1', 1],
    ['192.0.2.1:65535', '192.0.2.1', 65535],
    ['2001:db8::1', '2001:db8::1', 5060],
    ['::', '::', 5060],
    ['[2001:db8::1]', '2001:db8::1', 5060],
    ['[2001:DB8:0:0::1]:5070', '2001:db8::1', 5070],
    ['fe80::1%eth0', 'fe80::1%eth0', 5060],
  ];
  for (const [text, address, port] of read) {
    it(`reads ${text}`, () => assert.deepEqual(parseEndpoint(text, 5060), { address, port }));
  }

  const refused = [
    '',
    'localhost',
    'localhost:5060',
    '192.0.2.256',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:5060:1',
    '192.0.2.1:-1',
    '[192.0.2.1]:5060',
    '[2001:db8::1',
    '[2001:db8::1]5060',
    '[]:5060',
    ' 192.0.2.1',
    '2001:db8::1::2',
  ];
  for (const text of refused) {
    it(`refuses "${text}"`, () => assert.equal(parseEndpoint(text, 5060), undefined));
  }

  it('takes any default port, 0 included', () => assert.equal(parseEndpoint('192.0.2.1', 0)?.port, 0));
});

describe('addresses', () => {
  it('print with their port, IPv6 in brackets', () => {
    assert.equal(printEndpoint({ address: '192.0.2.1', port: 5060 }), '192.0.2.1:5060');
    assert.equal(printEndpoint({ address: '2001:db8::1', port: 5060 }), '[2001:db8::1]:5060');
    assert.equal(hostOf('::1'), '[::1]');
    assert.equal(hostOf('192.0.2.1'), '192.0.2.1');
  });

  it('have one spelling', () => {
    assert.equal(shortestAddress('2001:0DB8:0000:0000:0000:0000:0000:0001'), '2001:db8::1');
    assert.equal(shortestAddress('FE80::1%eth0'), 'fe80::1%eth0');
    assert.equal(shortestAddress('192.0.2.1'), '192.0.2.1');
  });

  it('compare with their port', () => {
    const one = { address: '192.0.2.1', port: 5060 };
    assert.equal(sameEndpoint(one, { ...one }), true);
    assert.equal(sameEndpoint(one, { ...one, port: 5061 }), false);
    assert.equal(sameEndpoint(one, { ...one, address: '192.0.2.2' }), false);
  });

  it('know the wildcards', () => {
    assert.deepEqual(['0.0.0.0', '::', '::1', '192.0.2.1'].map(isWildcard), [true, true, false, false]);
  });
});
