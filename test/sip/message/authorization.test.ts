import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  AUTHORIZATION,
  type AuthParam,
  type Challenge,
  type Credentials,
  PROXY_AUTHENTICATE,
  PROXY_AUTHORIZATION,
  parseChallenge,
  parseCredentials,
  printChallenge,
  printCredentials,
  WWW_AUTHENTICATE,
} from '../../../src/sip/message/authorization.ts';
import { Headers } from '../../../src/sip/message/headers.ts';

describe('credentials', () => {
  it('are read from the first REGISTER of a phone', () => {
    const text =
      'Digest username="001010123456789@ims.mnc001.mcc001.3gppnetwork.org",realm="ims.mnc001.mcc001.3gppnetwork.org",' +
      'uri="sip:ims.mnc001.mcc001.3gppnetwork.org",nonce="",response=""';
    assert.deepEqual(parseCredentials(text), {
      scheme: 'Digest',
      username: '001010123456789@ims.mnc001.mcc001.3gppnetwork.org',
      realm: 'ims.mnc001.mcc001.3gppnetwork.org',
      uri: 'sip:ims.mnc001.mcc001.3gppnetwork.org',
      nonce: '',
      response: '',
    });
  });

  it('are read quoted, unquoted, spaced and in any case alike', () => {
    const wanted: Credentials = {
      scheme: 'Digest',
      username: 'a@b',
      realm: 'b',
      nonce: 'abc==',
      uri: 'sip:b;transport=udp',
      response: '0123456789abcdef0123456789abcdef',
      algorithm: 'AKAv1-MD5',
      qop: 'auth',
      nc: '00000001',
      cnonce: 'x',
    };
    const spellings = [
      'Digest username="a@b", realm="b", nonce="abc==", uri="sip:b;transport=udp", response="0123456789abcdef0123456789abcdef", algorithm=AKAv1-MD5, qop=auth, nc=00000001, cnonce="x"',
      'digest USERNAME="a@b",Realm="b",Nonce="abc==",URI="sip:b;transport=udp",Response="0123456789abcdef0123456789abcdef",Algorithm="AKAv1-MD5",QOP="auth",NC="00000001",CNonce="x"',
      ' DIGEST  username = a@b ,\t realm = b , nonce=abc== , uri=sip:b;transport=udp , response=0123456789abcdef0123456789abcdef , algorithm = AKAv1-MD5 , qop = auth , nc = 00000001 , cnonce=x ',
      'Digest ,username="a@b",,realm="b", ,nonce="abc==",uri="sip:b;transport=udp",response="0123456789abcdef0123456789abcdef",algorithm=AKAv1-MD5,qop=auth,nc=00000001,cnonce="x",',
    ];
    for (const spelling of spellings) assert.deepEqual(parseCredentials(spelling), wanted, spelling);
  });

  it('keep auts, and what they do not know as it stood', () => {
    const read = parseCredentials(
      'Digest username="u", auts="5PYxMuX2NOT2NeQ=", Integrity-Protected="no \\"x\\"", x=1',
    );
    assert.equal(read.auts, '5PYxMuX2NOT2NeQ=');
    assert.deepEqual(read.others, [
      ['Integrity-Protected', '"no \\"x\\""'],
      ['x', '1'],
    ]);
    assert.equal(
      printCredentials(read),
      'Digest username="u", auts="5PYxMuX2NOT2NeQ=", Integrity-Protected="no \\"x\\"", x=1',
    );
  });

  it('count empty tokens as absent', () => {
    assert.deepEqual(parseCredentials('Digest username="u", response=, algorithm="", qop=, nc="", auts=""'), {
      scheme: 'Digest',
      username: 'u',
      response: '',
    });
  });

  it('take the escapes out of quoted strings', () => {
    assert.equal(parseCredentials('Digest username="a\\"b\\\\c"').username, 'a"b\\c');
  });

  it('are printed in the usual forms', () => {
    const credentials: Credentials = {
      scheme: 'Digest',
      username: 'u@d',
      realm: 'd',
      nonce: 'n',
      uri: 'sip:d',
      response: 'r',
      algorithm: 'MD5',
      qop: 'auth',
      nc: '00000001',
      cnonce: 'c',
      opaque: 'o',
    };
    assert.equal(
      printCredentials(credentials),
      'Digest username="u@d", realm="d", nonce="n", uri="sip:d", response="r", algorithm=MD5, qop=auth, nc=00000001, cnonce="c", opaque="o"',
    );
  });

  const malformed = [
    '',
    'Digest',
    'Digest ',
    'Digest ,,',
    'Digest username',
    'Digest username "u"',
    'Digest username="u',
    'Digest username="u" realm="r"',
    'Digest username="u"x',
    'Digest ="u"',
    'Digest username="u", username="v"',
    'Digest username="u", Username="v"',
    'Digest username="u", nc=xyz',
    'Digest username="u", nc=123456789',
    '"Digest" username="u"',
    'Digest username="u";realm="r"',
  ];
  for (const text of malformed) {
    it(`are refused as ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseCredentials(text), { name: 'MalformedError' });
    });
  }

  it('survive being cut anywhere', () => {
    const text = 'Digest username="u\\"", realm="d", nonce="", uri="sip:d", response="", nc=00000001, auts="AA=="';
    for (let length = 0; length < text.length; length++) {
      try {
        parseCredentials(text.slice(0, length));
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'MalformedError');
      }
    }
  });

  it('or any other text are read or refused, never more', () => {
    const piece = fc.constantFrom('Digest', ' ', ',', '=', '"', '\\', 'nc', 'qop', 'a', '1', '\u00ff', ';');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          parseCredentials(pieces.join(''));
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'MalformedError');
        }
      }),
    );
  });
});

describe('challenges', () => {
  it('are read with all they may carry', () => {
    const text =
      'Digest realm="d", domain="sip:d", nonce="bm9uY2U=", algorithm=AKAv1-MD5, qop="auth, AUTH-INT", opaque="o", stale=TRUE, ck="0"';
    assert.deepEqual(parseChallenge(text), {
      scheme: 'Digest',
      realm: 'd',
      nonce: 'bm9uY2U=',
      algorithm: 'AKAv1-MD5',
      qop: ['auth', 'auth-int'],
      opaque: 'o',
      stale: true,
      others: [
        ['domain', '"sip:d"'],
        ['ck', '"0"'],
      ],
    });
  });

  it('are read from unquoted qop, quoted algorithm and stale', () => {
    assert.deepEqual(parseChallenge('digest realm="d",nonce="n",algorithm="MD5",qop=auth,stale="false"'), {
      scheme: 'Digest',
      realm: 'd',
      nonce: 'n',
      algorithm: 'MD5',
      qop: ['auth'],
      stale: false,
    });
  });

  it('offer nothing with an empty qop', () => {
    assert.deepEqual(parseChallenge('Digest realm="d",nonce="n",qop=" , "'), {
      scheme: 'Digest',
      realm: 'd',
      nonce: 'n',
    });
  });

  it('are printed with algorithm and stale unquoted, the rest quoted', () => {
    assert.equal(
      printChallenge({
        scheme: 'Digest',
        realm: 'a "home"',
        nonce: 'n',
        algorithm: 'AKAv2-MD5',
        qop: ['auth'],
        opaque: 'o',
        stale: false,
      }),
      'Digest realm="a \\"home\\"", nonce="n", algorithm=AKAv2-MD5, qop="auth", opaque="o", stale=false',
    );
    assert.equal(printChallenge({ scheme: 'Digest', realm: 'd', nonce: 'n' }), 'Digest realm="d", nonce="n"');
  });

  for (const text of ['Digest nonce="n"', 'Digest realm="d"', 'NTLM', 'Digest realm="d", nonce="n", realm="d"']) {
    it(`are refused as ${text}`, () => {
      assert.throws(() => parseChallenge(text), { name: 'MalformedError' });
    });
  }
});

describe('printed and read again', () => {
  // Every octet but the control characters, which no quoted string holds.
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xfe }).map((code) => String.fromCharCode(code + Number(code > 0x7e))),
  });
  const token = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]+$/);
  const others = fc
    .uniqueArray(fc.tuple(fc.stringMatching(/^x-[a-z]{1,5}$/), fc.constantFrom('1', '"a, b"', '"\\""', '')), {
      minLength: 1,
      selector: ([name]) => name,
    })
    .map((params): AuthParam[] => params);

  it('credentials are the same', () => {
    const credentials: fc.Arbitrary<Credentials> = fc.record(
      {
        scheme: fc.constantFrom('Digest', 'Other'),
        username: text,
        realm: text,
        nonce: text,
        uri: text,
        response: text,
        algorithm: token,
        qop: token,
        nc: fc.stringMatching(/^[0-9a-f]{8}$/),
        cnonce: text,
        opaque: text,
        auts: token,
        others,
      },
      { requiredKeys: ['scheme', 'username'] },
    );
    fc.assert(
      fc.property(credentials, (value) => assert.deepEqual(parseCredentials(printCredentials(value)), { ...value })),
    );
  });

  it('challenges are the same', () => {
    const challenges: fc.Arbitrary<Challenge> = fc.record(
      {
        scheme: fc.constantFrom('Digest', 'Other'),
        realm: text,
        nonce: text,
        algorithm: token,
        qop: fc.array(fc.constantFrom('auth', 'auth-int', 'x'), { minLength: 1 }),
        opaque: text,
        stale: fc.boolean(),
        others,
      },
      { requiredKeys: ['scheme', 'realm', 'nonce'] },
    );
    fc.assert(
      fc.property(challenges, (value) => assert.deepEqual(parseChallenge(printChallenge(value)), { ...value })),
    );
  });
});

describe('headers', () => {
  it('hold one value in each line', () => {
    const headers = new Headers();
    headers.add(WWW_AUTHENTICATE, { scheme: 'Digest', realm: 'a', nonce: '1', algorithm: 'AKAv2-MD5', qop: ['auth'] });
    headers.add(WWW_AUTHENTICATE, { scheme: 'Digest', realm: 'a', nonce: '2', algorithm: 'MD5' });
    headers.addRaw('Authorization', 'Digest username="u", realm="a"');
    headers.addRaw('authorization', 'Digest username="u", realm="b"');
    assert.deepEqual(
      headers.all(WWW_AUTHENTICATE).map(({ nonce }) => nonce),
      ['1', '2'],
    );
    assert.deepEqual(
      headers.all(AUTHORIZATION).map(({ realm }) => realm),
      ['a', 'b'],
    );
    assert.equal(headers.get(PROXY_AUTHENTICATE), undefined);
    assert.equal(headers.get(PROXY_AUTHORIZATION), undefined);
  });

  it('are named when they are malformed', () => {
    const headers = new Headers().addRaw('Proxy-Authorization', 'Digest');
    assert.throws(() => headers.get(PROXY_AUTHORIZATION), {
      name: 'MalformedError',
      message: /^Proxy-Authorization: /,
    });
  });
});
