import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../src/core/errors.ts';
import { SECURITY_CLIENT } from '../../src/ipsec/mechanism.ts';
import { Headers } from '../../src/sip/message/headers.ts';
import { chosenBy, offeredPairs, parseAlgorithmPairs, printOffer } from '../../src/ue/security-offer.ts';

const NUMBERS = 'spi-c=1001;spi-s=1002;port-c=5062;port-s=5063';
const OFFERED = parseAlgorithmPairs('hmac-sha-1-96/aes-cbc,hmac-md5-96/null');

function challenge(...lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) headers.addRaw('Security-Server', line);
  return headers;
}

/** Why nothing was chosen. */
function refusal(...lines: readonly string[]): string {
  const chosen = chosenBy(challenge(...lines), OFFERED);
  assert.ok(typeof chosen === 'string', 'nothing is chosen');
  return chosen;
}

describe('what a handset offers', () => {
  it('is a list of pairs, whose encryption is null when it is not named', () => {
    assert.deepEqual(parseAlgorithmPairs('HMAC-SHA-1-96/AES-CBC, hmac-md5-96'), [
      { integrity: 'hmac-sha-1-96', encryption: 'aes-cbc' },
      { integrity: 'hmac-md5-96', encryption: 'null' },
    ]);
    for (const text of ['', 'md5', 'null/null', 'hmac-md5-96/null/x', 'hmac-md5-96/rot13']) {
      assert.throws(() => parseAlgorithmPairs(text), MalformedError, text);
    }
  });

  it('is what the kernel has', () => {
    const kernel = {
      integrity: new Set(['hmac-sha-1-96', 'null'] as const),
      encryption: new Set(['aes-cbc', 'null'] as const),
      ipv6: true,
    };
    const names = (pairs: ReturnType<typeof offeredPairs>) =>
      pairs.map((pair) => `${pair.integrity}/${pair.encryption}`);
    assert.deepEqual(names(offeredPairs(kernel)), ['hmac-sha-1-96/null', 'hmac-sha-1-96/aes-cbc', 'null/aes-cbc']);
    assert.deepEqual(names(offeredPairs(kernel, OFFERED)), ['hmac-sha-1-96/aes-cbc']);
  });

  it('has one mechanism for each pair, with the same numbers', () => {
    const headers = new Headers();
    headers.addRaw('Security-Client', printOffer(OFFERED, { spiC: 300, spiS: 301, portC: 4000, portS: 4001 }));
    const read = headers
      .all(SECURITY_CLIENT)
      .map(({ name, params }) => [name, params.get('alg'), params.get('port-s')]);
    assert.deepEqual(read, [
      ['ipsec-3gpp', 'hmac-sha-1-96', '4001'],
      ['ipsec-3gpp', 'hmac-md5-96', '4001'],
    ]);
  });
});

describe('what a handset takes', () => {
  it('is what the server wants most of what was offered; all of it is repeated', () => {
    const lines = [
      `ipsec-3gpp;q=0.9;alg=hmac-md5-96;ealg=aes-cbc;${NUMBERS}, tls;q=0.8`,
      `ipsec-3gpp;q=0.1;alg=hmac-md5-96;${NUMBERS}`,
      `Ipsec-3gpp;q=0.5;alg=hmac-sha-1-96;ealg=aes-cbc;${NUMBERS}`,
    ];
    assert.deepEqual(chosenBy(challenge(...lines), OFFERED), {
      algorithms: { integrity: 'hmac-sha-1-96', encryption: 'aes-cbc' },
      theirs: { spiC: 1001, spiS: 1002, portC: 5062, portS: 5063 },
      verify: lines.join(', '),
    });
  });

  it('is nothing without Security-Server, with a strange one, or one that cannot be read', () => {
    assert.match(refusal(), /no Security-Server/);
    assert.match(refusal('tls'), /nothing in its Security-Server was offered/);
    assert.match(refusal(`ipsec-3gpp;alg=hmac-sha-1-96;ealg=des-cbc;${NUMBERS}`), /des-cbc/);
    assert.match(refusal(`ipsec-3gpp;alg=hmac-md5-96;mod=tun;${NUMBERS}`), /mod=tun/);
    assert.match(refusal('ipsec-3gpp;alg=hmac-md5-96;spi-c=1000'), /cannot be read: spi-s is missing/);
    assert.match(refusal('ipsec-3gpp;alg="'), /cannot be read/);
  });
});
