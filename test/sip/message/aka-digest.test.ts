import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  akaNonce,
  akaPassword,
  akaV2SessionKeys,
  parseAkaNonce,
  parseAuts,
  printAuts,
} from '../../../src/sip/message/aka-digest.ts';
import { akaVectors, hex, octets } from '../../aka/vectors.ts';

describe('the nonce of an AKA challenge', () => {
  for (const { id, RAND, expect, ims_nonce_b64, ims_res_b64 } of akaVectors.authentication_vectors) {
    if (ims_nonce_b64 === undefined) continue;
    it(`is that of ${id}`, () => {
      assert.equal(akaNonce(octets(RAND), octets(expect.AUTN)), ims_nonce_b64);
      assert.equal(Buffer.from(octets(expect.RES)).toString('base64'), ims_res_b64);
    });
  }

  it('is taken apart as it was made, with server data or without', () => {
    const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(block, block, fc.uint8Array(), (rand, autn, serverData) => {
        assert.deepEqual(parseAkaNonce(akaNonce(rand, autn, serverData)), { rand, autn, serverData });
      }),
    );
  });

  it('is taken apart without its padding', () => {
    const nonce = akaNonce(new Uint8Array(16), new Uint8Array(16));
    assert.equal(parseAkaNonce(nonce.replaceAll('=', '')).autn.length, 16);
  });

  it('is refused when it cannot be one', () => {
    const short = akaNonce(new Uint8Array(16), new Uint8Array(15));
    for (const nonce of ['', short, 'dcd98b7102dd2f0e8b11d0f600bfb0c093', '*'.repeat(44)]) {
      assert.throws(() => parseAkaNonce(nonce), { name: 'MalformedError' }, nonce);
    }
  });
});

describe('auts', () => {
  it('is 14 octets in base64', () => {
    const auts = octets('5d69309ce135f97bc15d7be99cf3');
    assert.equal(printAuts(auts), 'XWkwnOE1+XvBXXvpnPM=');
    assert.deepEqual(parseAuts('XWkwnOE1+XvBXXvpnPM='), auts);
  });

  it('is refused in any other length, and when it is no base64', () => {
    assert.throws(() => parseAuts(''), { name: 'MalformedError', message: /auts of 0 octets, 14 expected/ });
    assert.throws(() => parseAuts('AAAA'), { name: 'MalformedError', message: /auts of 3 octets/ });
    assert.throws(() => parseAuts('XWkwnOE1-XvBXXvpnPM='), { name: 'MalformedError', message: /no base64/ });
  });
});

describe('passwords', () => {
  const keys = {
    res: octets('0011223344556600'),
    ck: octets('b40ba9a3c58b2a05bbf0d987b21bf8cb'),
    ik: octets('f769bcd751044604127672711c6d3441'),
  };
  const hmac = (key: Uint8Array, text: string) => createHmac('md5', key).update(text).digest();

  it('of AKAv1 are the octets of RES', () => {
    assert.equal(hex(akaPassword('AKAv1-MD5', keys)), '0011223344556600');
  });

  it('of AKAv2 are base64 keyed by RES, IK and CK', () => {
    const key = octets('0011223344556600f769bcd751044604127672711c6d3441b40ba9a3c58b2a05bbf0d987b21bf8cb');
    const password = Buffer.from(akaPassword('AKAv2-MD5', keys)).toString('latin1');
    assert.equal(password, hmac(key, 'http-digest-akav2-password').toString('base64'));
    assert.match(password, /^[A-Za-z0-9+/]{22}==$/);
  });

  it('of AKAv2 come with session keys of their own', () => {
    assert.deepEqual(akaV2SessionKeys(keys), {
      ck: new Uint8Array(hmac(keys.ck, 'http-digest-akav2-cipherkey')),
      ik: new Uint8Array(hmac(keys.ik, 'http-digest-akav2-integritykey')),
    });
  });
});
