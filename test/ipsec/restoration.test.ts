import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { HOUR, OURS, offerOf, PORTS, Rig } from './rig.ts';

/** Ends a server, however it ends, and starts the next with what was kept. */
async function restarted(rig: Rig, { later = 0, kernel = rig.kernel, ports = PORTS } = {}): Promise<Rig> {
  const clock = new FakeClock(rig.clock.wallNow() + later);
  const next = new Rig({ clock, kernel, records: rig.records });
  await next.associations.start();
  next.associations.restore([...rig.records.values()]);
  next.associations.opened(ports);
  await next.settled();
  return next;
}

const [first, second] = [offerOf(1000, 4000), offerOf(2000, 4001)];

describe('what is kept', () => {
  test('only sets a handset has authenticated in', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.prepare({ offer: first });
    assert.equal(rig.records.size, 0);
    rig.associations.authenticated(set, HOUR);
    assert.deepEqual([...rig.records.keys()], [set]);
    const fresh = await rig.prepare({ association, offer: second });
    assert.equal(rig.records.size, 1);
    rig.associations.authenticated(fresh.set, HOUR);
    assert.deepEqual(
      [...rig.records.values()].map(({ role }) => role),
      ['old', 'current'],
    );
    rig.arrives(fresh.set, second);
    assert.deepEqual([...rig.records.keys()], [fresh.set]);
    rig.associations.leave(association);
    assert.equal(rig.records.size, 0);
  });

  test('until when, in the time of day', async () => {
    const rig = await Rig.started({ clock: new FakeClock(1_000_000) });
    rig.clock.advance(500);
    const { set, association } = await rig.prepare({ offer: first });
    rig.associations.authenticated(set, rig.clock.now() + HOUR);
    assert.equal(rig.records.get(set)?.endsAt, 1_000_500 + HOUR + 30_000);
    rig.associations.extend(association, rig.clock.now() + 2 * HOUR);
    assert.equal(rig.records.get(set)?.endsAt, 1_000_500 + 2 * HOUR + 30_000);
  });

  test('stopping keeps it where there is a state file, and clears the kernel', async () => {
    const rig = await Rig.started();
    await rig.register({ offer: first });
    await rig.associations.stop({ keep: true });
    assert.equal(rig.records.size, 1);
    assert.deepEqual([rig.kernel.live, rig.kernel.policies, rig.kernel.blocks], [[], [], []]);
    assert.equal(rig.clock.waiting, 0);
  });

  test('and forgets it where there is none', async () => {
    const rig = await Rig.started();
    const { association } = await rig.register({ offer: first });
    await rig.register({ association, offer: second });
    await rig.prepare({ association, offer: offerOf(3000, 4002) });
    await rig.associations.stop({ keep: false });
    rig.assertEmpty();
  });

  test('a set in the making when the server stops is refused', async () => {
    const rig = await Rig.started();
    rig.kernel.hold();
    const answer = rig.ask({ offer: first });
    const stopped = rig.associations.stop({ keep: true });
    rig.kernel.release();
    await stopped;
    await rig.settled();
    assert.ok(answer.outcome instanceof Error);
    rig.assertEmpty();
  });
});

describe('after a restart', () => {
  test('a handset goes on in its set, above the sequence numbers it has seen', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.register({ offer: first });
    const path = rig.associations.requestPath(association);
    const keys = rig.kernel.live.map(({ spi, integrity, encryption }) => [spi, integrity, encryption]);
    const next = await restarted(rig);
    assert.deepEqual(next.associations.requestPath(association), path);
    assert.deepEqual(next.arrives(set, first), { association, set });
    assert.equal(next.associations.ownerOf(association), 'alice');
    assert.deepEqual(
      next.kernel.live.map(({ spi, integrity, encryption }) => [spi, integrity, encryption]),
      keys,
    );
    const sequences = (one: Rig) => one.kernel.live.map(({ lastSequence }) => lastSequence ?? 0);
    assert.deepEqual(sequences(next), [0, 2 ** 20, 2 ** 20, 0]);
    assert.deepEqual(sequences(await restarted(next)), [0, 2 ** 21, 2 ** 21, 0]);
  });

  test('its set ends when it was to end', async () => {
    const rig = await Rig.started();
    await rig.register({ offer: first });
    const next = await restarted(rig, { later: HOUR });
    next.clock.advance(30_000 - 1);
    assert.equal(next.associations.counts.sets, 1);
    next.clock.advance(1);
    await next.settled();
    next.assertEmpty();
  });

  test('a handset in between two sets has both', async () => {
    const rig = await Rig.started();
    const old = await rig.register({ offer: first });
    const fresh = await rig.register({ association: old.association, offer: second });
    const next = await restarted(rig);
    assert.equal(next.kernel.live.length, 8);
    assert.deepEqual(next.associations.requestPath(old.association), next.associations.responsePath(old.set));
    next.arrives(fresh.set, second);
    assert.deepEqual(next.associations.requestPath(old.association), next.associations.responsePath(fresh.set));
    next.associations.leave(old.association);
    next.clock.advance(64 * 500);
    await next.settled();
    next.assertEmpty();
  });

  test('and when the time of the older has come meanwhile, the newer', async () => {
    const rig = await Rig.started();
    const { association } = await rig.register({ offer: first });
    rig.clock.advance(HOUR / 2);
    const fresh = await rig.register({ association, offer: second });
    const next = await restarted(rig, { later: HOUR });
    assert.deepEqual([...next.records.keys()], [fresh.set]);
    assert.equal(next.kernel.live.length, 4);
    assert.deepEqual(next.associations.requestPath(association), next.associations.responsePath(fresh.set));
  });

  test('a refresh goes on in the association, beside its set', async () => {
    const rig = await Rig.started();
    const { association } = await rig.register({ offer: first });
    const next = await restarted(rig);
    const fresh = await next.register({ association, offer: second });
    assert.equal(fresh.association, association);
    assert.equal(next.kernel.live.length, 8);
  });

  test('what has ended meanwhile is forgotten', async () => {
    const rig = await Rig.started();
    await rig.register({ offer: first });
    const next = await restarted(rig, { later: HOUR + 30_000, kernel: new FakeKernel() });
    next.assertEmpty();
    assert.equal(next.kernel.applied, 1, 'more than the ports were guarded');
  });

  test('so is what the kernel cannot do any more', async () => {
    const rig = await Rig.started();
    await rig.register({ offer: first });
    (await restarted(rig, { kernel: new FakeKernel({ encryption: new Set(['null']) }) })).assertEmpty();
  });

  test('and what it refuses', async () => {
    const rig = await Rig.started();
    const { association } = await rig.register({ offer: first });
    await rig.register({ association, offer: second });
    const next = new Rig({ records: rig.records });
    await next.associations.start();
    next.kernel.fail('no');
    next.associations.restore([...rig.records.values()]);
    await next.settled();
    next.assertEmpty();
  });

  test('and what has other ports than we have', async () => {
    const rig = await Rig.started();
    await rig.register({ offer: first });
    (await restarted(rig, { ports: { address: OURS, serverPorts: [1], clientPorts: [2] } })).assertEmpty();
  });

  test('and what contradicts itself', async () => {
    const rig = await Rig.started();
    const { set } = await rig.register({ offer: first });
    const record = rig.records.get(set) ?? assert.fail();
    const next = new Rig();
    await next.associations.start();
    const twice = { ...record, set: 5, association: 6 };
    const used = { ...record, set: 7, association: 8, restarts: 4095 };
    for (const each of [record, twice, used]) next.records.set(each.set, each);
    next.associations.restore([record, twice, used]);
    await next.settled();
    assert.deepEqual([...next.records.keys()], [set]);
    assert.equal(next.kernel.live.length, 4);
  });
});
