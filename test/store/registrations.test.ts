import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registrations } from '../../src/store/registrations.ts';
import { binding, subscriber } from '../support/subscribers.ts';

const alice = subscriber('alice');
const bob = subscriber('bob');

describe('Registrations', () => {
  it('holds what is bound', () => {
    const registrations = new Registrations();
    const phone = binding(alice, '192.0.2.7', 5060);
    registrations.change({ subscriber: alice, bound: [phone], removed: [] });
    assert.deepEqual(registrations.of(alice), [phone]);
    assert.deepEqual(registrations.of(bob), []);
  });

  it('replaces a binding with the same contact', () => {
    const registrations = new Registrations();
    const later = binding(alice, '192.0.2.7', 5060, { cseq: 2 });
    registrations.change({ subscriber: alice, bound: [binding(alice, '192.0.2.7', 5060)], removed: [] });
    registrations.change({ subscriber: alice, bound: [later], removed: [] });
    assert.deepEqual(registrations.of(alice), [later]);
    assert.equal(registrations.size, 1);
  });

  it('replaces a binding of the same device at another address', () => {
    const registrations = new Registrations();
    const instance = 'urn:gsma:imei:35-209900-176148-0';
    const moved = binding(alice, '192.0.2.8', 5060, { instance });
    registrations.change({ subscriber: alice, bound: [binding(alice, '192.0.2.7', 5060, { instance })], removed: [] });
    registrations.change({ subscriber: alice, bound: [moved], removed: [] });
    assert.deepEqual(registrations.of(alice), [moved]);
    assert.equal(registrations.isAt(alice, '192.0.2.7'), false);
    assert.equal(registrations.isAt(alice, '192.0.2.8'), true);
  });

  it('knows who is at an address until the last binding there is gone', () => {
    const registrations = new Registrations();
    const one = binding(alice, '192.0.2.7', 5060);
    const two = binding(alice, '192.0.2.7', 5062);
    registrations.change({ subscriber: alice, bound: [one, two], removed: [] });
    assert.equal(registrations.onlyOneAt('192.0.2.7'), alice);
    registrations.change({ subscriber: bob, bound: [binding(bob, '192.0.2.7', 5070)], removed: [] });
    assert.equal(registrations.onlyOneAt('192.0.2.7'), undefined);
    registrations.change({ subscriber: alice, bound: [], removed: [gone(one)] });
    assert.equal(registrations.isAt(alice, '192.0.2.7'), true);
    registrations.change({ subscriber: alice, bound: [], removed: [gone(two)] });
    assert.equal(registrations.isAt(alice, '192.0.2.7'), false);
    assert.equal(registrations.onlyOneAt('192.0.2.7'), bob);
    assert.equal(registrations.size, 1);
  });
});

function gone(of: ReturnType<typeof binding>) {
  return { binding: of, event: 'unregistered', replaced: false } as const;
}
