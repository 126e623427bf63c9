import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDestination, isOfPeer } from '../../src/rtp/peer-address.ts';

describe('where media may be sent', () => {
  for (const address of ['192.0.2.1', '10.0.0.1', '100.64.0.1', '2001:db8::1', 'fd00::1', 'fe80::1%eth0', 'ff::1']) {
    it(`is ${address}`, () => assert.equal(isDestination(address, '198.51.100.1'), true));
  }

  for (const address of [
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '0.0.0.0',
    '0.0.0.1',
    '::',
    'ff02::1%eth0',
  ]) {
    it(`is not ${address}, which is no single machine`, () => assert.equal(isDestination(address, '127.0.0.1'), false));
  }

  for (const address of ['127.0.0.1', '127.9.9.9', '::1']) {
    it(`is ${address} only for a peer that signals from this machine`, () => {
      assert.equal(isDestination(address, '198.51.100.1'), false);
      assert.equal(isDestination(address, '127.0.0.3'), true);
      assert.equal(isDestination(address, '::1'), true);
    });
  }
});

describe('who a packet can be of', () => {
  it('is the peer that signals from there, or from the same machine without an address of its own', () => {
    assert.equal(isOfPeer('192.0.2.1', '192.0.2.1'), true);
    assert.equal(isOfPeer('127.0.0.1', '127.4.5.6'), true);
    assert.equal(isOfPeer('127.4.5.7', '127.4.5.6'), false);
    assert.equal(isOfPeer('127.0.0.1', '192.0.2.1'), false);
  });
});
