import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches } from '../../../src/net/xfrm/batches.ts';
import type { Line } from '../../../src/net/xfrm/change-line.ts';
import { FakeIp } from './fake-ip.ts';

const removal = (name: string): Line => ({ text: `remove ${name}`, what: `remove ${name}`, removes: true });
const addition = (name: string): Line => ({
  text: `add ${name}`,
  what: `add ${name}`,
  removes: false,
  undo: removal(name),
});

test('what several owners want while a batch runs is one batch, and two never run at once', async () => {
  const ip = new FakeIp();
  const batches = new Batches(ip.run);
  const first = batches.apply([addition('a1'), addition('a2')]);
  await Promise.resolve();
  await Promise.all([first, batches.apply([addition('b')]), batches.apply([addition('c1'), addition('c2')])]);
  assert.deepEqual(ip.batches, [
    ['add a1', 'add a2'],
    ['add b', 'add c1', 'add c2'],
  ]);
  assert.equal(ip.mostRunning, 1);
});

test('a line that fails in the middle costs its owner only, and takes back what the owner had added', async () => {
  const ip = new FakeIp();
  ip.refusals.set('add b2', 'RTNETLINK answers: File exists');
  const batches = new Batches(ip.run);
  const [a, b, c] = await Promise.allSettled([
    batches.apply([addition('a')]),
    batches.apply([addition('b1'), removal('old'), addition('b2'), addition('b3')]),
    batches.apply([addition('c1'), addition('c2')]),
  ]);
  assert.equal(a.status, 'fulfilled');
  assert.equal(c.status, 'fulfilled');
  assert.equal(b.status, 'rejected');
  assert.equal(b.reason.message, 'cannot add b2: there is one already');
  assert.equal(b.reason.code, 'EEXIST');
  assert.deepEqual(ip.done, ['add a', 'add b1', 'remove old', 'remove b1', 'add c1', 'add c2']);
});

test('the last line of all failing is found too', async () => {
  const ip = new FakeIp();
  ip.refusals.set('add b', 'RTNETLINK answers: Invalid argument');
  const batches = new Batches(ip.run);
  const [a, b] = await Promise.allSettled([batches.apply([addition('a')]), batches.apply([addition('b')])]);
  assert.equal(a.status, 'fulfilled');
  assert.equal(b.status === 'rejected' && b.reason.message, 'cannot add b: RTNETLINK answers: Invalid argument');
});

test('removing what is not there is no failure', async () => {
  const ip = new FakeIp();
  ip.refusals.set('remove gone', 'RTNETLINK answers: No such process');
  ip.refusals.set('remove lost', 'RTNETLINK answers: No such file or directory');
  const batches = new Batches(ip.run);
  await Promise.all([
    batches.apply([removal('gone'), removal('x'), removal('lost'), addition('y')]),
    batches.apply([removal('z')]),
  ]);
  assert.deepEqual(ip.done, ['remove x', 'add y', 'remove z']);
});

test('adding to something that is not there is one', async () => {
  const ip = new FakeIp();
  ip.refusals.set('renew', 'RTNETLINK answers: No such process');
  const batches = new Batches(ip.run);
  await assert.rejects(batches.apply([{ text: 'renew s', what: 'extend s', removes: false }]), {
    message: 'cannot extend s: there is none',
  });
});

test('a failure while taking back leaves no other addition behind', async () => {
  const ip = new FakeIp();
  ip.refusals.set('add 3', 'RTNETLINK answers: File exists');
  ip.refusals.set('remove 2', 'RTNETLINK answers: No such process');
  await assert.rejects(new Batches(ip.run).apply([addition('1'), addition('2'), addition('3')]), { code: 'EEXIST' });
  assert.deepEqual(ip.done, ['add 1', 'add 2', 'remove 1']);
});

test('when ip does not come to an end, every owner is told and whatever it may have added is taken back', async () => {
  const ip = new FakeIp();
  ip.hangsAt = 'add b';
  const batches = new Batches(ip.run);
  const results = await Promise.allSettled([
    batches.apply([addition('a')]),
    batches.apply([addition('b'), addition('c')]),
  ]);
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && result.reason.code),
    ['ETIMEDOUT', 'ETIMEDOUT'],
  );
  assert.deepEqual(ip.done, ['add a', 'remove a', 'remove c', 'remove b']);
  await batches.apply([addition('d')]);
  assert.equal(ip.done.at(-1), 'add d');
});

test('what no line can do anything about is told to all at once', async () => {
  const ip = new FakeIp();
  ip.refusals.set('add', 'RTNETLINK answers: Operation not permitted');
  const batches = new Batches(ip.run);
  const results = await Promise.allSettled([1, 2, 3].map((n) => batches.apply([addition(`a${n}`)])));
  for (const result of results) assert.match(String(result.status === 'rejected' && result.reason), /CAP_NET_ADMIN/);
  assert.equal(ip.batches.length, 1);
});

test('many changes go in batches, so that nobody waits for all of them', async () => {
  const ip = new FakeIp();
  const batches = new Batches(ip.run);
  const order: number[] = [];
  const all = Array.from({ length: 1000 }, async (_, owner) => {
    await batches.apply([addition(`${owner}.1`), addition(`${owner}.2`), addition(`${owner}.3`)]);
    order.push(ip.batches.length);
  });
  await Promise.all(all);
  assert.equal(ip.done.length, 3000);
  assert.equal(order[0], 1);
  assert.ok(ip.batches.every((lines) => lines.length <= 512));
});

test('an owner with more lines than a batch holds is served', async () => {
  const ip = new FakeIp();
  const batches = new Batches(ip.run);
  await batches.apply(Array.from({ length: 2000 }, (_, n) => addition(String(n))));
  assert.equal(ip.done.length, 2000);
});

test('nothing to change runs nothing', async () => {
  const ip = new FakeIp();
  await new Batches(ip.run).apply([]);
  assert.deepEqual(ip.batches, []);
});

test('an end without an error that did not do all is a failure', async () => {
  const batches = new Batches(async (_args, input = '') =>
    input.includes('remove') ? { ok: true, output: 'SAD count 1\n', errors: '' } : { ok: true, output: '', errors: '' },
  );
  await assert.rejects(batches.apply([addition('a')]), { message: 'cannot add a: no reason was given' });
});
