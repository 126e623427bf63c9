import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { choose, type Preferences, securityServer, verifyMismatch } from '../../src/ipsec/agreement.ts';
import { type AlgorithmPair, algorithmPair } from '../../src/ipsec/algorithm.ts';
import { SECURITY_CLIENT, SECURITY_VERIFY } from '../../src/ipsec/mechanism.ts';
import { Headers } from '../../src/sip/message/headers.ts';

const NUMBERS = 'spi-c=1001;spi-s=1002;port-c=5001;port-s=5002';
const manual: Preferences = {
  integrity: ['hmac-md5-96', 'hmac-sha-1-96'],
  encryption: ['null', 'aes-cbc', 'des-ede3-cbc'],
};

function offers(...mechanisms: readonly string[]) {
  return new Headers().addRaw('Security-Client', mechanisms.join(', ')).all(SECURITY_CLIENT);
}

function ipsec(parameters: string): string {
  return `ipsec-3gpp;${parameters};${NUMBERS}`;
}

const everything = (_pair: AlgorithmPair) => true;
const six = ['hmac-sha-1-96', 'hmac-md5-96'].flatMap((alg) =>
  ['aes-cbc', 'des-ede3-cbc', 'null'].map((ealg) => ipsec(`alg=${alg};ealg=${ealg}`)),
);

describe('the choice', () => {
  const rows: readonly {
    readonly what: string;
    readonly offered: readonly string[];
    readonly wanted?: Partial<Preferences>;
    readonly supported?: (pair: AlgorithmPair) => boolean;
    readonly chosen: string;
  }[] = [
    { what: 'the configured order decides, not the order of the offer', offered: six, chosen: 'hmac-md5-96 null' },
    {
      what: 'integrity weighs more than encryption',
      offered: [ipsec('alg=hmac-sha-1-96'), ipsec('alg=hmac-md5-96;ealg=aes-cbc')],
      chosen: 'hmac-md5-96 aes-cbc',
    },
    {
      what: 'encryption first',
      offered: six,
      wanted: { integrity: ['hmac-sha-1-96'], encryption: ['aes-cbc', 'null'] },
      chosen: 'hmac-sha-1-96 aes-cbc',
    },
    {
      what: 'only what was offered',
      offered: [ipsec('alg=hmac-sha-1-96;ealg=aes-cbc')],
      chosen: 'hmac-sha-1-96 aes-cbc',
    },
    {
      what: 'what the kernel cannot do is passed over',
      offered: six,
      supported: ({ integrity }) => integrity !== 'hmac-md5-96',
      chosen: 'hmac-sha-1-96 null',
    },
    {
      what: 'null with null is never chosen',
      offered: [ipsec('alg=null'), ipsec('alg=null;ealg=aes-cbc')],
      wanted: { integrity: ['null'] },
      chosen: 'null aes-cbc',
    },
    {
      what: 'AES-GCM stands alone',
      offered: [ipsec('alg=hmac-sha-1-96;ealg=aes-gcm'), ipsec('alg=null;ealg=aes-gcm')],
      wanted: { integrity: ['hmac-sha-1-96', 'null'], encryption: ['aes-gcm'] },
      chosen: 'null aes-gcm',
    },
    {
      what: 'mechanisms that cannot be read or used are passed over',
      offered: [
        'digest;d-alg=md5',
        'ipsec-3gpp;alg=hmac-md5-96',
        ipsec('alg=hmac-md5-96;mod=tun'),
        ipsec('alg=hmac-md5-96;prot=ah'),
        ipsec('alg=hmac-sha-1-96'),
      ],
      chosen: 'hmac-sha-1-96 null',
    },
  ];
  for (const { what, offered, wanted, supported, chosen } of rows) {
    test(what, () => {
      const choice = choose(offers(...offered), { ...manual, ...wanted }, supported ?? everything);
      assert.ok('offer' in choice, JSON.stringify(choice));
      const { algorithms, ...numbers } = choice.offer;
      assert.equal(`${algorithms.integrity} ${algorithms.encryption}`, chosen);
      assert.deepEqual(numbers, { spiC: 1001, spiS: 1002, portC: 5001, portS: 5002 });
    });
  }

  test('the numbers are those of the chosen mechanism', () => {
    const choice = choose(
      offers(ipsec('alg=hmac-sha-1-96'), 'ipsec-3gpp;alg=hmac-md5-96;spi-c=1011;spi-s=1012;port-c=13;port-s=14'),
      manual,
      everything,
    );
    assert.ok('offer' in choice);
    assert.deepEqual(choice.offer, {
      algorithms: { integrity: 'hmac-md5-96', encryption: 'null' },
      spiC: 1011,
      spiS: 1012,
      portC: 13,
      portS: 14,
    });
  });
});

describe('no agreement, in words', () => {
  const rows: readonly (readonly [kind: string, offered: readonly string[], says: RegExp])[] = [
    ['none', [], /no security mechanism/],
    ['none', ['digest', 'tls;q=0.2'], /digest, tls/],
    ['malformed', ['ipsec-3gpp;alg=hmac-md5-96;spi-c=0;spi-s=1;port-c=1;port-s=1'], /spi-c 0/],
    ['unusable', [ipsec('alg=hmac-md5-96;mod=UDP-enc-tun')], /esp udp-enc-tun/],
    ['unusable', [ipsec('alg=hmac-sha-256-128;ealg=aes-ctr')], /unknown here: hmac-sha-256-128, aes-ctr/],
    ['unusable', [ipsec('alg=hmac-md5-96;ealg=des-cbc')], /hmac-md5-96 with des-cbc/],
    ['unusable', [ipsec('alg=null')], /null with null/],
  ];
  for (const [kind, offered, says] of rows) {
    test(`${kind}: ${offered.join(', ').slice(0, 80)}`, () => {
      const choice = choose(offers(...offered), { ...manual, integrity: [...manual.integrity, 'null'] }, everything);
      assert.ok('unagreed' in choice);
      assert.equal(choice.unagreed.kind, kind);
      assert.match(choice.unagreed.reason, says);
    });
  }

  test('a stranger cannot fill the log', () => {
    const many = Array.from({ length: 90 }, (_, index) => ipsec(`alg=${'x'.repeat(500)}${index}`));
    const choice = choose(offers(...many), manual, everything);
    assert.ok('unagreed' in choice && choice.unagreed.reason.length < 2000);
  });
});

describe('Security-Verify', () => {
  const server = securityServer(algorithmPair('hmac-sha-1-96', 'null') ?? assert.fail(), {
    spiC: 3001,
    spiS: 3002,
    portC: 6001,
    portS: 6002,
  });
  const echo =
    'ipsec-3gpp;q=0.1;prot=esp;mod=trans;spi-c=3001;spi-s=3002;port-c=6001;port-s=6002;alg=hmac-sha-1-96;ealg=null';

  function mismatch(...lines: readonly string[]) {
    const headers = new Headers();
    for (const line of lines) headers.addRaw('Security-Verify', line);
    return verifyMismatch(headers.all(SECURITY_VERIFY), server);
  }

  const same: readonly string[] = [
    echo,
    echo
      .split(';')
      .reverse()
      .join(';')
      .replace(/^(.*);ipsec-3gpp$/, 'ipsec-3gpp;$1'),
    echo.toUpperCase(),
    echo.replaceAll(';', ' ; ').replaceAll('=', ' = '),
    echo.replace('q=0.1;', ''),
    echo.replace('q=0.1', 'q=0.9'),
    echo.replace(';ealg=null', ''),
    echo.replace('prot=esp;mod=trans;', ''),
    echo.replace('spi-c=3001', 'spi-c=0000003001').replace('alg=hmac-sha-1-96', 'alg="hmac-sha-1-96"'),
    `digest;d-alg=md5, ${echo}`,
    `${echo}, ${echo}`,
  ];
  for (const line of same) test(`the same: ${line}`, () => assert.equal(mismatch(line), undefined));

  const other: readonly (readonly [line: string, says: RegExp])[] = [
    [echo.replace('alg=hmac-sha-1-96', 'alg=hmac-md5-96'), /alg hmac-md5-96/],
    [echo.replace('ealg=null', 'ealg=aes-cbc'), /ealg aes-cbc/],
    [echo.replace('3001', '3003'), /spi-c 3003/],
    [echo.replace('3002', '3003'), /spi-s 3003/],
    [echo.replace('6001', '6003'), /port-c 6003/],
    [echo.replace('6002', '6003'), /port-s 6003/],
    [echo.replace('trans', 'tun'), /mod tun/],
    [echo.replace('prot=esp', 'prot=ah'), /prot ah/],
    [echo.replace(';port-s=6002', ''), /port-s/],
    [`${echo}, ${echo.replace('alg=hmac-sha-1-96', 'alg=null')}`, /alg null/],
    ['digest', /ipsec-3gpp/],
  ];
  for (const [line, says] of other) test(`not the same: ${line}`, () => assert.match(mismatch(line) ?? '', says));
  test('none at all', () => assert.ok(mismatch()));
});
