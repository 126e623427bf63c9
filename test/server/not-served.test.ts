import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readFromMemory } from '../../src/config/source.ts';
import { unfulfillable, withoutEffect } from '../../src/not-served.ts';

function load(text: string) {
  const config = `sip_addr: "192.0.2.1", domain: "ims.test", ipsec: false, ${text}`;
  const { settings, errors } = loadConfig('/lab/ims.cfg', { read: readFromMemory({ '/lab/ims.cfg': config }) });
  assert.deepEqual(errors, []);
  if (settings === undefined) throw new Error('no settings');
  return settings;
}

describe('settings whose service is not there', () => {
  it('are named when they are set', () => {
    assert.deepEqual(withoutEffect(load('')), []);
    assert.deepEqual(withoutEffect(load('com_addr: "127.0.0.1", sctp_addr: "127.0.0.1"')), ['com_addr']);
  });

  it('keep the server from starting when somebody relies on them', () => {
    assert.equal(unfulfillable(load('')), undefined);
    assert.equal(unfulfillable(load('rx_required: true, rx_server_addr: "192.0.2.9"')), undefined);
    assert.match(unfulfillable(load('rx_required: true')) ?? '', /^rx_required demands Rx/);
  });
});
