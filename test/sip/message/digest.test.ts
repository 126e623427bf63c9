import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Credentials, parseCredentials, printCredentials } from '../../../src/sip/message/authorization.ts';
import { digestAlgorithm, digestResponse, verifyDigest } from '../../../src/sip/message/digest.ts';
import { akaVectors } from '../../aka/vectors.ts';

const md5 = (text: string) => createHash('md5').update(text, 'latin1').digest('hex');
const octets = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

describe('digestResponse', () => {
  for (const { id, password, response, ...vector } of akaVectors.digest) {
    it(`agrees with ${id}`, () => {
      const input = { ...vector, algorithm: 'MD5', password: octets(password) } as const;
      assert.equal(digestResponse(input), response);
      const credentials = { scheme: 'Digest', ...vector, algorithm: 'MD5', response };
      assert.ok(verifyDigest(parseCredentials(printCredentials(credentials)), vector.method, octets(password)));
    });
  }

  const base = { username: 'u', realm: 'r', method: 'REGISTER', uri: 'sip:r', nonce: 'n' };

  it('without qop takes the form of RFC 2069', () => {
    assert.equal(digestResponse({ ...base, password: octets('p') }), md5(`${md5('u:r:p')}:n:${md5('REGISTER:sip:r')}`));
  });

  it('with MD5-sess hashes nonce and cnonce into the secret', () => {
    const password = octets('p');
    assert.equal(
      digestResponse({ ...base, algorithm: 'MD5-sess', password, qop: 'auth', nc: '00000001', cnonce: 'c' }),
      md5(`${md5(`${md5('u:r:p')}:n:c`)}:n:00000001:c:auth:${md5('REGISTER:sip:r')}`),
    );
  });

  it('takes any octets for a password, NUL and those that are no UTF-8 included', () => {
    const password = Uint8Array.of(0, 0xff, 0xfe, 0, 0x3a, 0x80, 0, 0);
    assert.equal(
      digestResponse({ ...base, password }),
      md5(`${md5(`u:r:${Buffer.from(password).toString('latin1')}`)}:n:${md5('REGISTER:sip:r')}`),
    );
  });

  it('hashes what stands between the quotes', () => {
    assert.equal(
      digestResponse({ ...base, username: 'a"b', password: octets('p') }),
      md5(`${md5('a\\"b:r:p')}:n:${md5('REGISTER:sip:r')}`),
    );
  });
});

describe('verifyDigest', () => {
  const password = octets('secret');
  const base = { username: 'u', realm: 'r', nonce: 'n', uri: 'sip:r' };
  const qopAuth = { qop: 'auth', nc: '0000001a', cnonce: 'c' };

  function signed(parameters: Omit<Credentials, 'scheme'>, secret = password): Credentials {
    const response = digestResponse({ ...base, ...parameters, algorithm: 'MD5', method: 'INVITE', password: secret });
    return { scheme: 'Digest', ...base, ...parameters, response };
  }

  it('accepts the forms of RFC 2617 and RFC 2069', () => {
    assert.ok(verifyDigest(signed(qopAuth), 'INVITE', password));
    assert.ok(verifyDigest(signed({}), 'INVITE', password));
  });

  it('accepts qop without nonce count when it was signed as RFC 2069 does', () => {
    assert.ok(verifyDigest(signed({ qop: 'auth' }), 'INVITE', password));
    assert.ok(verifyDigest(signed({ qop: 'auth', cnonce: 'c' }), 'INVITE', password));
  });

  it('accepts a response in upper case', () => {
    const credentials = signed(qopAuth);
    assert.ok(
      verifyDigest({ ...credentials, response: credentials.response?.toUpperCase() ?? '' }, 'INVITE', password),
    );
  });

  it('accepts the AKA names for what MD5 hashed', () => {
    for (const algorithm of ['MD5', 'md5', 'AKAv1-MD5', 'akav2-md5']) {
      assert.ok(verifyDigest({ ...signed(qopAuth), algorithm }, 'INVITE', password), algorithm);
    }
  });

  it('refuses another password, method, or anything signed that was changed', () => {
    const credentials = signed(qopAuth);
    assert.ok(!verifyDigest(credentials, 'INVITE', octets('Secret')));
    assert.ok(!verifyDigest(credentials, 'INVITE', new Uint8Array(0)));
    assert.ok(!verifyDigest(credentials, 'REGISTER', password));
    for (const name of ['username', 'realm', 'nonce', 'uri', 'nc', 'cnonce'] as const) {
      assert.ok(!verifyDigest({ ...credentials, [name]: '00000002' }, 'INVITE', password), name);
    }
  });

  it('refuses auth-int, unknown algorithms and what lacks a part', () => {
    const credentials = signed(qopAuth);
    assert.ok(!verifyDigest(signed({ ...qopAuth, qop: 'auth-int' }), 'INVITE', password));
    assert.ok(!verifyDigest({ ...credentials, algorithm: 'SHA-256' }, 'INVITE', password));
    for (const name of ['username', 'realm', 'nonce', 'uri', 'response'] as const) {
      const { [name]: _, ...rest } = credentials;
      assert.ok(!verifyDigest(rest, 'INVITE', password), name);
    }
  });

  it('refuses responses of any other length or alphabet', () => {
    const credentials = signed(qopAuth);
    const response = credentials.response ?? '';
    for (const wrong of ['', response.slice(1), `${response}0`, `${response} `, 'z'.repeat(32), '\u00ff'.repeat(32)]) {
      assert.ok(!verifyDigest({ ...credentials, response: wrong }, 'INVITE', password), wrong);
    }
  });

  it('accepts exactly what was signed, whatever the texts', () => {
    // Every octet but the control characters, which no quoted string holds.
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xfe }).map((code) => String.fromCharCode(code + Number(code > 0x7e))),
    });
    const secret = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(
        fc.record({ username: text, realm: text, nonce: text, uri: text }),
        secret,
        secret,
        (fields, one, two) => {
          const credentials = parseCredentials(printCredentials(signed({ ...fields, ...qopAuth }, one)));
          assert.equal(verifyDigest(credentials, 'INVITE', one), true);
          assert.equal(verifyDigest(credentials, 'INVITE', two), Buffer.compare(one, two) === 0);
        },
      ),
    );
  });
});

describe('digestAlgorithm', () => {
  it('knows its names in any case', () => {
    assert.deepEqual(['md5', 'MD5-Sess', 'akav1-md5', 'AKAV2-MD5'].map(digestAlgorithm), [
      'MD5',
      'MD5-sess',
      'AKAv1-MD5',
      'AKAv2-MD5',
    ]);
  });

  it('knows no others', () => {
    for (const name of ['', 'SHA-256', 'AKAv3-MD5', 'MD5 ']) assert.equal(digestAlgorithm(name), undefined);
  });
});
