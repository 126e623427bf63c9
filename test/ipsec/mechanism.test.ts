import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import {
  ipsecMechanism,
  isIpsec,
  parseMechanism,
  printMechanism,
  readIpsecMechanism,
  SECURITY_CLIENT,
  SECURITY_SERVER,
} from '../../src/ipsec/mechanism.ts';
import { Headers } from '../../src/sip/message/headers.ts';

const numbers = { spiC: 23456789, spiS: 12345678, portC: 2468, portS: 1357 };

describe('what phones send', () => {
  const forms: readonly (readonly [form: string, lines: readonly string[], algorithms: readonly string[]])[] = [
    [
      'several mechanisms with commas, without prot and mod',
      [
        'ipsec-3gpp; alg=hmac-md5-96; ealg=des-ede3-cbc; spi-c=23456789; spi-s=12345678; port-c=2468; port-s=1357, ' +
          'ipsec-3gpp; alg=hmac-sha-1-96; ealg=aes-cbc; spi-c=23456789; spi-s=12345678; port-c=2468; port-s=1357',
      ],
      ['hmac-md5-96 des-ede3-cbc', 'hmac-sha-1-96 aes-cbc'],
    ],
    [
      'several lines',
      [
        'ipsec-3gpp;prot=esp;mod=trans;spi-c=23456789;spi-s=12345678;port-c=2468;port-s=1357;alg=hmac-md5-96;ealg=null',
        'ipsec-3gpp;prot=esp;mod=trans;spi-c=23456789;spi-s=12345678;port-c=2468;port-s=1357;alg=hmac-sha-1-96',
      ],
      ['hmac-md5-96 null', 'hmac-sha-1-96 null'],
    ],
    [
      'any case and order, quotes, leading zeros, spaces, an empty ealg',
      [
        'Ipsec-3gpp ;PORT-S = 1357;port-c="2468" ; Spi-S=0012345678;spi-c=23456789;ealg=;Mod=Trans;PROT=ESP;alg="HMAC-SHA-1-96";q=0.5',
      ],
      ['hmac-sha-1-96 null'],
    ],
  ];
  for (const [form, lines, algorithms] of forms) {
    test(form, () => {
      const headers = new Headers();
      for (const line of lines) headers.addRaw('security-client', line);
      const read = headers.all(SECURITY_CLIENT).map(readIpsecMechanism);
      assert.deepEqual(
        read.map(({ integrity, encryption }) => `${integrity} ${encryption}`),
        algorithms,
      );
      for (const { spiC, spiS, portC, portS, protocol, mode } of read) {
        assert.deepEqual({ spiC, spiS, portC, portS }, numbers);
        assert.deepEqual([protocol, mode], ['esp', 'trans']);
      }
    });
  }

  test('unknown mechanisms and parameters stay as they are', () => {
    const line = 'digest;d-alg=md5;d-ver="0123456789abcdef0123456789abcdef", ipsec-3gpp;alg=x;vendor="a,b";flag';
    const headers = new Headers().addRaw('Security-Client', line);
    const all = headers.all(SECURITY_CLIENT);
    assert.deepEqual(all.map(isIpsec), [false, true]);
    assert.equal(all.map(printMechanism).join(', '), line);
  });
});

describe('what cannot be used', () => {
  const good = 'ipsec-3gpp;alg=hmac-md5-96;spi-c=256;spi-s=257;port-c=3;port-s=4';
  const rows: readonly (readonly [text: string, says: RegExp])[] = [
    [good.replace('alg=hmac-md5-96;', ''), /alg/],
    [good.replace('spi-c=256', 'spi-c=255'), /spi-c/],
    [good.replace('spi-c=256', 'spi-c=4294967296'), /spi-c/],
    [good.replace('spi-c=256', 'spi-c=-1'), /spi-c/],
    [good.replace('spi-c=256', 'spi-c=1e3'), /spi-c/],
    [good.replace('spi-c=256;', ''), /spi-c/],
    [good.replace('spi-s=257', 'spi-s=0x10'), /spi-s/],
    [good.replace('spi-s=257', 'spi-s=256'), /spi-s/],
    [good.replace('port-c=3', 'port-c=65536'), /port-c/],
    [good.replace('port-s=4', 'port-s='), /port-s/],
    [good.replace('port-s=4', 'port-s'), /port-s/],
    [good.replace('port-s=4', `port-s=${'9'.repeat(400)}`), /port-s/],
  ];
  for (const [text, says] of rows) {
    test(text.slice(0, 90), () => {
      assert.throws(() => readIpsecMechanism(parseMechanism(text)), { name: 'MalformedError', message: says });
    });
  }
  test('the extremes of SPI and port', () => {
    const { spiC, portS } = readIpsecMechanism(
      parseMechanism(good.replace('spi-c=256', 'spi-c=4294967295').replace('port-s=4', 'port-s=65535')),
    );
    assert.deepEqual([spiC, portS], [4294967295, 65535]);
  });
  for (const text of ['', ';alg=x', 'ipsec-3gpp alg=x', 'ipsec-3gpp;alg="x', 'ipsec-3gpp;=x']) {
    test(`malformed: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseMechanism(text), MalformedError);
    });
  }
});

test('ours has no parameter that Annex H does not know', () => {
  const ours = ipsecMechanism({
    ...numbers,
    integrity: 'hmac-md5-96',
    encryption: 'null',
    protocol: 'esp',
    mode: 'trans',
    q: '0.1',
  });
  assert.equal(
    SECURITY_SERVER.print(ours),
    'ipsec-3gpp;q=0.1;prot=esp;mod=trans;spi-c=23456789;spi-s=12345678;port-c=2468;port-s=1357;alg=hmac-md5-96;ealg=null',
  );
});

test('whatever comes is read or refused, and what was read is printed the same', () => {
  const token = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,12}$/);
  const value = fc.oneof(
    token,
    fc.string({ maxLength: 12 }).map((text) => `"${text.replace(/["\\\r\n]/g, '')}"`),
  );
  const parameters = fc.array(fc.tuple(token, value), { maxLength: 8 });
  fc.assert(
    fc.property(token, parameters, (name, entries) => {
      const text = `${name}${entries.map(([key, raw]) => `;${key}=${raw}`).join('')}`;
      assert.equal(printMechanism(parseMechanism(text)), text);
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        readIpsecMechanism(parseMechanism(text));
      } catch (error) {
        assert.ok(error instanceof MalformedError, String(error));
      }
    }),
  );
});

test('parameters in any order mean the same', () => {
  const ours = ipsecMechanism({
    ...numbers,
    integrity: 'hmac-sha-1-96',
    encryption: 'aes-cbc',
    protocol: 'esp',
    mode: 'trans',
  });
  const entries = ours.params.entries.map(([name, raw]) => [name, raw] as const);
  const spelt = fc.tuple(fc.shuffledSubarray(entries, { minLength: entries.length }), fc.infiniteStream(fc.boolean()));
  fc.assert(
    fc.property(spelt, ([order, coins]) => {
      const toss = () => coins.next().value === true;
      const text = order.map(([name, raw]) => {
        const key = toss() ? name.toUpperCase() : name;
        const quoted = toss() ? `"${raw}"` : raw;
        return `${toss() ? ' ' : ''};${key}${toss() ? ' = ' : '='}${quoted}`;
      });
      assert.deepEqual(readIpsecMechanism(parseMechanism(`IPSEC-3GPP${text.join('')}`)), readIpsecMechanism(ours));
    }),
  );
});
