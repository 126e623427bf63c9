import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readFromMemory } from '../../src/config/source.ts';
import { messageLimits, portRanges, socketOptions, streamOptions, subscriberOf } from '../../src/options.ts';
import { DEFAULT_LIMITS } from '../../src/sip/message/parse.ts';
import { DEFAULT_STREAM_OPTIONS } from '../../src/sip/transport/connection.ts';
import type { Subscriber } from '../../src/store/subscribers.ts';

function load(text: string) {
  const loaded = loadConfig('/lab/ims.cfg', { read: readFromMemory({ '/lab/ims.cfg': text }) });
  assert.deepEqual(loaded.errors, []);
  if (loaded.settings === undefined) throw new Error('no settings');
  return loaded.settings;
}

function user(text: string): Subscriber {
  const settings = load(`sip_addr: "192.0.2.1", domain: "ims.test", ue_db: [{ ${text} }]`);
  const [first] = settings.ue_db;
  if (first === undefined) throw new Error('no user');
  return subscriberOf(first, settings);
}

const identities = (text: string) => user(text).identities.map((identity) => identity.text);

describe('the identities of a user', () => {
  it('are in their order, a SIP URI first', () => {
    assert.deepEqual(identities('impi: "a", pwd: "a", impu: ["tel:600", "alice", "tel:601"]'), [
      'sip:alice@ims.test',
      'tel:600',
      'tel:601',
    ]);
  });
  it('begin with the SIP form of the number where there is only a number', () => {
    assert.deepEqual(identities('impi: "sipclient", pwd: "x", impu: ["tel:1234"]'), [
      'sip:1234@ims.test;user=phone',
      'tel:1234',
    ]);
  });
  it('follow from IMSI and MSISDN', () => {
    const sim = 'imsi: "001010123456789", msisdn: "33600000001", K: "00112233445566778899aabbccddeeff"';
    assert.deepEqual(identities(sim), [
      'sip:+33600000001@ims.test;user=phone',
      'tel:+33600000001',
      'sip:001010123456789@ims.test',
    ]);
  });
  it('are not doubled when the configuration has them', () => {
    const sim = 'imsi: "001010123456789", impu: "001010123456789", K: "00112233445566778899aabbccddeeff"';
    assert.deepEqual(identities(sim), ['sip:001010123456789@ims.test']);
  });
  it('have the domain of the user', () => {
    assert.deepEqual(identities('impi: "a", pwd: "a", impu: "alice", domain: "own.test"'), ['sip:alice@own.test']);
  });
  it('inherit what the user says for all of them', () => {
    const [first, second] = user(
      'impi: "a", pwd: "a", authentication: false, impu: ["alice", {impu: "bob", authentication: true}]',
    ).identities;
    assert.equal(first?.authentication, false);
    assert.equal(second?.authentication, true);
  });
});

describe('a user', () => {
  it('with a password is authenticated by MD5', () => assert.equal(user('impi: "a", pwd: "p"').level, 'MD5'));
  it('with a key is authenticated by AKAv1, its IMPI made of the IMSI', () => {
    const sim = user('imsi: "001010123456789", K: "00112233445566778899aabbccddeeff", sqn: "0000000000ff"');
    assert.equal(sim.impi, '001010123456789@ims.test');
    assert.equal(sim.level, 'AKAv1');
    assert.equal(sim.sqn, 255);
    assert.equal(sim.sim?.amf, 0x9001);
    assert.deepEqual(sim.sim?.keys.k, Uint8Array.from(Buffer.from('00112233445566778899aabbccddeeff', 'hex')));
  });
});

describe('sip_addr', () => {
  it('gives sockets and media ports', () => {
    const settings = load(
      'sip_addr: [{addr: "192.0.2.1", port_min: 20000, port_max: 20100}, "[2001:db8::1]:5070"], domain: "d"',
    );
    assert.deepEqual(socketOptions(settings), [
      { address: '192.0.2.1', port: 5060 },
      { address: '2001:db8::1', port: 5070 },
    ]);
    assert.deepEqual(portRanges(settings), [
      { address: '192.0.2.1', portMin: 20000, portMax: 20100 },
      { address: '2001:db8::1', portMin: 10000, portMax: 20000 },
    ]);
  });
  it('takes an interface to bind to', () => {
    const settings = load('sip_addr: {addr: "192.0.2.1", bind_addr: "tun0"}, domain: "d"');
    assert.deepEqual(socketOptions(settings), [{ address: '192.0.2.1', port: 5060, bind: 'tun0' }]);
  });
});

describe('limits', () => {
  const needed = 'sip_addr: "192.0.2.1", domain: "ims.test", ue_db: [],';
  it('are those of the SIP parts where none are set', () => {
    assert.deepEqual(messageLimits(load(needed)), DEFAULT_LIMITS);
    assert.deepEqual(streamOptions(load(needed)), DEFAULT_STREAM_OPTIONS);
  });
  it('are the ones that are set', () => {
    const settings = load(
      `${needed} limits: { message_size: 4000, header_count: 50, nesting: 2, connections: 9, connections_per_address: 3,
        message_time: 0.5, idle_time: 60 }`,
    );
    assert.deepEqual(messageLimits(settings), { messageSize: 4000, headerCount: 50, nesting: 2 });
    const { maxConnections, maxPerAddress, messageMs, idleMs } = streamOptions(settings);
    assert.deepEqual([maxConnections, maxPerAddress, messageMs, idleMs], [9, 3, 500, 60_000]);
  });
});
