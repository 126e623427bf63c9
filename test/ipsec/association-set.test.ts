import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALGORITHM_PAIRS, algorithmPair } from '../../src/ipsec/algorithm.ts';
import { type AssociationSet, additions, deletions, pathOf } from '../../src/ipsec/association-set.ts';
import { espSaLines } from '../../src/ipsec/wireshark.ts';
import type { KernelChange, SecurityState } from '../../src/net/ports.ts';

const CK = '0123456789abcdef0011223344556677';
const IK = 'fedcba98765432108899aabbccddeeff';

function made(integrity: string, encryption: string, more: Partial<AssociationSet> = {}): AssociationSet {
  return {
    set: 7,
    ours: { address: '192.0.2.1', spiC: 0x3001, spiS: 0x3002, portC: 6001, portS: 6002 },
    handset: { address: '192.0.2.9', spiC: 0x1001, spiS: 0x1002, portC: 5001, portS: 5002 },
    algorithms: algorithmPair(integrity, encryption) ?? assert.fail(`${integrity} with ${encryption}`),
    ck: CK,
    ik: IK,
    securityServer: '',
    restarts: 0,
    ...more,
  };
}

function statesOf(changes: readonly KernelChange[]): SecurityState[] {
  return changes.flatMap((change) => (change.type === 'addState' ? [change.state] : []));
}

function hex(octets: Uint8Array | undefined): string {
  return Buffer.from(octets ?? []).toString('hex');
}

test('the pairs that go together', () => {
  assert.deepEqual(
    ALGORITHM_PAIRS.map(({ integrity, encryption }) => `${integrity} ${encryption}`),
    [
      'hmac-md5-96 null',
      'hmac-md5-96 aes-cbc',
      'hmac-md5-96 des-ede3-cbc',
      'hmac-md5-96 des-cbc',
      'hmac-sha-1-96 null',
      'hmac-sha-1-96 aes-cbc',
      'hmac-sha-1-96 des-ede3-cbc',
      'hmac-sha-1-96 des-cbc',
      'aes-gmac null',
      'null aes-cbc',
      'null des-ede3-cbc',
      'null des-cbc',
      'null aes-gcm',
    ],
  );
  for (const [integrity, encryption] of [
    ['null', 'null'],
    ['aes-gmac', 'aes-cbc'],
    ['hmac-sha-1-96', 'aes-gcm'],
    ['hmac-sha-256-128', 'null'],
  ] as const) {
    assert.equal(algorithmPair(integrity, encryption), undefined);
  }
});

describe('keys (TS 33.203 Annex I)', () => {
  const rows: readonly (readonly [integrity: string, encryption: string, ikEsp: string, ckEsp: string])[] = [
    ['hmac-md5-96', 'null', IK, ''],
    ['hmac-sha-1-96', 'aes-cbc', `${IK}00000000`, CK],
    ['null', 'des-ede3-cbc', '', `${CK}${CK.slice(0, 16)}`],
    ['hmac-md5-96', 'des-cbc', IK, CK.slice(0, 16)],
    // The salts: HMAC-SHA-256 by OpenSSL over 58 "AES_GMAC_SALT" 000d and 59 "AES_GCM_SALT" 000c, keyed with CK ‖ IK.
    ['aes-gmac', 'null', `${IK}0886af74`, ''],
    ['null', 'aes-gcm', '', `${CK}539138fd`],
  ];
  for (const [integrity, encryption, ikEsp, ckEsp] of rows) {
    test(`${integrity} with ${encryption}`, () => {
      for (const state of statesOf(additions(made(integrity, encryption), 1, 1000))) {
        assert.equal(hex(state.integrity.key), ikEsp);
        assert.equal(hex(state.encryption.key), ckEsp);
        assert.deepEqual([state.integrity.algorithm, state.encryption.algorithm], [integrity, encryption]);
      }
    });
  }
});

test('four associations and their policies (TS 33.203 §7.1)', () => {
  const changes = additions(made('hmac-md5-96', 'null'), 99, 5000);
  const ways = changes.map((change) => {
    assert.ok(change.type === 'addState' || change.type === 'protect');
    const way = change.type === 'addState' ? change.state : change;
    const { source, destination, reqid } = way;
    const which = change.type === 'addState' ? `spi ${change.state.spi.toString(16)}` : change.direction;
    return `${source.address}:${source.port} ${destination.address}:${destination.port} ${which} ${reqid}`;
  });
  assert.deepEqual(ways, [
    '192.0.2.9:5001 192.0.2.1:6002 spi 3002 99',
    '192.0.2.1:6002 192.0.2.9:5001 spi 1001 99',
    '192.0.2.1:6001 192.0.2.9:5002 spi 1002 99',
    '192.0.2.9:5002 192.0.2.1:6001 spi 3001 99',
    '192.0.2.9:5001 192.0.2.1:6002 in 99',
    '192.0.2.1:6002 192.0.2.9:5001 out 99',
    '192.0.2.1:6001 192.0.2.9:5002 out 99',
    '192.0.2.9:5002 192.0.2.1:6001 in 99',
  ]);
});

test('all that was added is deleted', () => {
  const set = made('hmac-md5-96', 'null');
  const keys = (changes: readonly KernelChange[]) =>
    changes.flatMap((change) => {
      switch (change.type) {
        case 'addState':
          return [`${change.state.destination.address} ${change.state.spi}`];
        case 'deleteState':
          return [`${change.destination} ${change.spi}`];
        case 'protect':
        case 'unprotect':
          return [`${change.direction} ${change.source.port} ${change.destination.port}`];
        default:
          return assert.fail(change.type);
      }
    });
  assert.deepEqual(new Set(keys(deletions(set))), new Set(keys(additions(set, 1, 1000))));
});

test('a set that is added again goes on above the sequence numbers the handset has seen', () => {
  const states = statesOf(additions(made('hmac-md5-96', 'null', { restarts: 3 }), 1, 1000));
  assert.deepEqual(
    states.map(({ spi, lastSequence }) => [spi, lastSequence ?? 0]),
    [
      [0x3002, 0],
      [0x1001, 3 * 2 ** 20],
      [0x1002, 3 * 2 ** 20],
      [0x3001, 0],
    ],
  );
});

test('the way of our messages', () => {
  assert.deepEqual(pathOf(made('hmac-md5-96', 'null')), {
    local: { address: '192.0.2.1', port: 6002 },
    clientPort: 6001,
    remote: { address: '192.0.2.9', port: 5002 },
  });
});

describe('lines for Wireshark', () => {
  test('IPv4', () => {
    assert.deepEqual(espSaLines(made('hmac-sha-1-96', 'null')), [
      `"IPv4","192.0.2.9","192.0.2.1","0x00003002","NULL","","HMAC-SHA-1-96 [RFC2404]","0x${IK}00000000"`,
      `"IPv4","192.0.2.1","192.0.2.9","0x00001001","NULL","","HMAC-SHA-1-96 [RFC2404]","0x${IK}00000000"`,
      `"IPv4","192.0.2.1","192.0.2.9","0x00001002","NULL","","HMAC-SHA-1-96 [RFC2404]","0x${IK}00000000"`,
      `"IPv4","192.0.2.9","192.0.2.1","0x00003001","NULL","","HMAC-SHA-1-96 [RFC2404]","0x${IK}00000000"`,
    ]);
  });
  test('IPv6', () => {
    const { ours, handset } = made('null', 'des-cbc');
    const set = made('null', 'des-cbc', {
      ours: { ...ours, address: '2001:db8::1' },
      handset: { ...handset, address: '2001:db8::9' },
    });
    assert.equal(
      espSaLines(set)[0],
      '"IPv6","2001:db8::9","2001:db8::1","0x00003002","DES-CBC [RFC2405]","0x0123456789abcdef","NULL",""',
    );
  });
  test('none where Wireshark has no name', () => {
    assert.deepEqual(espSaLines(made('aes-gmac', 'null')), []);
  });
});
