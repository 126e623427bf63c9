import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Listeners } from '../../src/core/listeners.ts';

describe('Listeners', () => {
  it('calls everyone in the order they were added', () => {
    const listeners = new Listeners<[string, number]>();
    const heard: string[] = [];
    listeners.add((text, number) => void heard.push(`a ${text} ${number}`));
    listeners.add((text) => void heard.push(`b ${text}`));
    listeners.call('x', 1);
    assert.deepEqual(heard, ['a x 1', 'b x']);
  });

  it('calls the others when one throws, then throws the first error', () => {
    const listeners = new Listeners<[]>();
    const heard: string[] = [];
    listeners.add(() => {
      throw new Error('one');
    });
    listeners.add(() => void heard.push('b'));
    listeners.add(() => {
      throw new Error('two');
    });
    assert.throws(() => listeners.call(), /one/);
    assert.deepEqual(heard, ['b']);
  });

  it('calls nobody when there is nobody', () => new Listeners<[]>().call());
});
