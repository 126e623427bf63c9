import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { printMechanism, readIpsecMechanism } from '../../src/ipsec/mechanism.ts';
import { FakeKernel } from '../support/fake-kernel.ts';
import { HANDSET, HOUR, OURS, offerOf, PORTS, Rig } from './rig.ts';

const FADE = 32_000;

describe('the start', () => {
  test('a kernel without IPsec is said in words, and nothing is asked of it', async () => {
    const rig = new Rig({ kernel: new FakeKernel({ integrity: new Set(), problem: 'no ESP: modprobe esp4' }) });
    assert.match((await rig.associations.start()) ?? '', /modprobe esp4/);
    assert.equal(rig.associations.available, false);
    rig.associations.opened(PORTS);
    assert.equal(rig.associations.supports(offerOf(1000, 1).algorithms), false);
    assert.match(await rig.refusal({ offer: offerOf(1000, 4000) }), /does not work/);
    await rig.associations.stop({ keep: false });
    assert.equal(rig.kernel.applied, 0);
  });

  test('what an earlier life left in the kernel is gone', async () => {
    const kernel = new FakeKernel();
    await (await Rig.started({ kernel })).register({ offer: offerOf(1000, 4000) });
    const rig = await Rig.started({ kernel });
    rig.assertEmpty();
  });

  test('only pairs the kernel can do are supported', async () => {
    const rig = await Rig.started({ kernel: new FakeKernel({ encryption: new Set(['null']) }) });
    const { algorithms } = offerOf(1000, 1);
    assert.equal(rig.associations.supports(algorithms), false);
    assert.equal(rig.associations.supports({ ...algorithms, encryption: 'null' }), true);
  });
});

describe('protected ports', () => {
  test('nothing that comes in clear passes, before anything is believed', async () => {
    const rig = new Rig();
    await rig.associations.start();
    rig.kernel.hold();
    rig.associations.opened(PORTS);
    assert.match(await held(rig, () => rig.ask({ offer: offerOf(1000, 4000) })), /does not guard/);
    assert.deepEqual(
      rig.kernel.blocks.map(({ port }) => port),
      [...PORTS.serverPorts, ...PORTS.clientPorts].flatMap((port) => [port, port]),
    );
    await rig.prepare({ offer: offerOf(1000, 4000) });
  });

  test('a kernel that does not guard them carries no associations', async () => {
    const rig = new Rig();
    await rig.associations.start();
    rig.kernel.fail('no memory');
    rig.associations.opened(PORTS);
    await rig.settled();
    assert.match(await rig.refusal({ offer: offerOf(1000, 4000) }), /does not guard/);
  });

  test('until it does: it is asked again when a handset asks', async () => {
    const rig = new Rig();
    await rig.associations.start();
    rig.kernel.fail('no memory');
    rig.associations.opened(PORTS);
    await rig.settled();
    await rig.refusal({ offer: offerOf(1000, 4000) });
    await rig.prepare({ offer: offerOf(1000, 4000) });
  });

  test('ports that were opened before the start are guarded by it', async () => {
    const rig = new Rig();
    rig.associations.opened(PORTS);
    await rig.associations.start();
    await rig.settled();
    assert.equal(rig.kernel.blocks.length, 20);
  });

  test('an address that is gone takes its associations with it', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.register({ offer: offerOf(1000, 4000) });
    await rig.prepare({ association, offer: offerOf(2000, 4001) });
    rig.associations.gone(OURS);
    await rig.settled();
    assert.equal(rig.associations.setOf(set), undefined);
    assert.equal(rig.associations.requestPath(association), undefined);
    assert.deepEqual(rig.kernel.blocks, []);
    rig.assertEmpty();
    rig.associations.opened(PORTS);
    await rig.settled();
    await rig.prepare({ offer: offerOf(1000, 4000) });
  });

  test('IPv6 needs a kernel that does it', async () => {
    const rig = await Rig.started({ kernel: new FakeKernel({ ipv6: false }) });
    rig.associations.opened({ ...PORTS, address: '2001:db8::1' });
    await rig.settled();
    const asked = { local: '2001:db8::1', remote: '2001:db8::9', offer: offerOf(1000, 4000) };
    assert.match(await rig.refusal(asked), /IPv6/);
    await rig.prepare({ offer: offerOf(1000, 4000) });
  });
});

describe('a set', () => {
  test('is told in Security-Server, and is in the kernel by then', async () => {
    const rig = await Rig.started();
    const offer = offerOf(1000, 4000);
    const { set, association, securityServer } = await rig.prepare({ offer });
    const server = readIpsecMechanism(securityServer);
    assert.ok(PORTS.serverPorts.includes(server.portS) && PORTS.clientPorts.includes(server.portC));
    assert.deepEqual([server.integrity, server.encryption], ['hmac-sha-1-96', 'aes-cbc']);
    assert.ok(server.spiC >= 256 && server.spiS >= 256);
    assert.deepEqual(
      rig.kernel.live.map(({ spi }) => spi),
      [server.spiS, 1000, 1001, server.spiC],
    );
    assert.equal(rig.kernel.policies.length, 4);
    const view = rig.associations.setOf(set);
    assert.deepEqual(
      { ...view, securityServer: printMechanism(view?.securityServer ?? assert.fail()) },
      {
        set,
        association,
        owner: 'alice',
        role: 'temporary',
        endsAt: 240_000,
        local: OURS,
        remote: HANDSET,
        offer,
        securityServer: printMechanism(securityServer),
      },
    );
    assert.equal(rig.associations.ownerOf(association), 'alice');
  });

  test('proves what came between its ports, once the kernel has it', async () => {
    const rig = await Rig.started();
    const offer = offerOf(1000, 4000);
    rig.kernel.hold();
    const answer = rig.ask({ offer });
    const [listed] = rig.associations.list();
    assert.ok(listed !== undefined);
    const { ours, set, association } = listed;
    const ps = { address: OURS, port: ours.portS };
    const pc = { address: OURS, port: ours.portC };
    const uc = { address: HANDSET, port: 4000 };
    const us = { address: HANDSET, port: 5000 };
    assert.equal(rig.associations.incoming(ps, uc), undefined);
    rig.kernel.release();
    await rig.settled();
    assert.ok(!(answer.outcome instanceof Error) && answer.outcome !== undefined);
    assert.deepEqual(rig.associations.incoming(ps, uc), { association, set });
    assert.deepEqual(rig.associations.incoming(pc, us), { association, set });
    for (const [local, remote] of [
      [ps, us],
      [pc, uc],
      [ps, { ...uc, port: 4001 }],
      [ps, { ...uc, address: '192.0.2.10' }],
      [{ ...ps, address: '192.0.2.2' }, uc],
    ] as const) {
      assert.equal(rig.associations.incoming(local, remote), undefined);
    }
  });

  test('carries answers at once, and requests once the handset has authenticated', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.prepare({ offer: offerOf(1000, 4000) });
    const path = rig.associations.responsePath(set);
    assert.deepEqual(path?.remote, { address: HANDSET, port: 5000 });
    assert.equal(rig.associations.requestPath(association), undefined);
    rig.associations.authenticated(set, HOUR);
    assert.deepEqual(rig.associations.requestPath(association), path);
  });

  test('the kernel keeps it a little longer than we do', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.prepare({ offer: offerOf(1000, 4000) });
    const lifetimes = () => [...new Set(rig.kernel.live.map(({ lifetimeMs }) => lifetimeMs))];
    assert.ok((lifetimes()[0] ?? 0) > 240_000 + FADE && lifetimes().length === 1);
    rig.clock.advance(1000);
    rig.associations.authenticated(set, 1000 + HOUR);
    await rig.settled();
    assert.ok((lifetimes()[0] ?? 0) > 1000 + HOUR + 30_000 && lifetimes().length === 1);
    rig.associations.extend(association, 5 * HOUR);
    await rig.settled();
    assert.ok((lifetimes()[0] ?? 0) > 5 * HOUR && lifetimes().length === 1);
  });

  test('nobody authenticates in one that is not there', async () => {
    const rig = await Rig.started();
    rig.associations.authenticated(4711, HOUR);
    rig.associations.refused(4711);
    rig.associations.extend(4711, HOUR);
    rig.associations.leave(4711);
    assert.equal(rig.associations.setOf(4711), undefined);
    assert.equal(rig.associations.ownerOf(4711), undefined);
    rig.assertEmpty();
  });
});

describe('a refresh', () => {
  test('has another port_pc, and both sets live until the new one is used', async () => {
    const rig = await Rig.started();
    const [first, second] = [offerOf(1000, 4000), offerOf(2000, 4001)];
    const old = await rig.register({ offer: first });
    const fresh = await rig.register({ association: old.association, offer: second });
    assert.equal(fresh.association, old.association);
    const [oldPath, freshPath] = [rig.associations.responsePath(old.set), rig.associations.responsePath(fresh.set)];
    assert.notEqual(oldPath?.clientPort, freshPath?.clientPort);
    assert.deepEqual(rig.associations.requestPath(old.association), oldPath);
    assert.equal(rig.kernel.live.length, 8);
    rig.arrives(old.set, first);
    assert.deepEqual(rig.associations.requestPath(old.association), oldPath);
    rig.arrives(fresh.set, second);
    assert.deepEqual(rig.associations.requestPath(old.association), freshPath);
    rig.clock.advance(FADE);
    await rig.settled();
    assert.equal(rig.kernel.live.length, 4);
    assert.equal(rig.kernel.policies.length, 4);
    assert.deepEqual(
      rig.associations.list().map(({ set, role }) => [set, role]),
      [[fresh.set, 'current']],
    );
  });

  test('keeps port_ps, which the routes of its dialogs name', async () => {
    const rig = await Rig.started();
    await rig.register({ key: 'bob', owner: 'bob', offer: offerOf(1000, 4000) });
    const { set, association } = await rig.register({ offer: offerOf(2000, 4000, 5001) });
    const port = rig.associations.responsePath(set)?.local.port;
    assert.equal(port, 6002);
    for (let index = 1; index < 6; index++) {
      const offer = offerOf(2000 + 10 * index, 4000 + index, 5001);
      const fresh = await rig.register({ association, offer });
      assert.equal(rig.associations.responsePath(fresh.set)?.local.port, port);
      rig.arrives(fresh.set, offer);
    }
  });

  test('may keep port_uc: it is told another port_ps', async () => {
    const rig = await Rig.started();
    const old = await rig.register({ offer: offerOf(1000, 4000) });
    const fresh = await rig.prepare({ association: old.association, offer: offerOf(2000, 4000) });
    assert.notEqual(
      rig.associations.responsePath(old.set)?.local.port,
      rig.associations.responsePath(fresh.set)?.local.port,
    );
  });

  test('finds its association gone and gets a new one', async () => {
    const rig = await Rig.started();
    const { association } = await rig.prepare({ association: 4711, offer: offerOf(1000, 4000) });
    assert.equal(rig.associations.ownerOf(association), 'alice');
    assert.notEqual(association, 4711);
  });
});

describe('strangers', () => {
  test('whose user or address differs get no set in the association of another', async () => {
    const rig = await Rig.started();
    const alice = await rig.register({ offer: offerOf(1000, 4000) });
    const { association } = alice;
    const mallory = await rig.prepare({ association, owner: 'mallory', key: 'm', offer: offerOf(3000, 4003) });
    const elsewhere = await rig.prepare({ association, key: 'e', remote: '192.0.2.66', offer: offerOf(3000, 4003) });
    assert.equal(new Set([association, mallory.association, elsewhere.association]).size, 3);
  });

  test('cannot take SPIs that an authenticated handset has', async () => {
    const rig = await Rig.started();
    const { set } = await rig.register({ offer: offerOf(1000, 4000) });
    const before = rig.kernel.live;
    for (const spi of [999, 1000, 1001]) {
      assert.match(await rig.refusal({ key: 'x', owner: 'mallory', offer: offerOf(spi, 4003) }), /in use/);
    }
    assert.deepEqual(rig.kernel.live, before);
    assert.equal(rig.associations.setOf(set)?.role, 'current');
    await rig.prepare({ key: 'x', remote: '192.0.2.10', offer: offerOf(1000, 4000) });
  });

  test('cannot take the ports of an authenticated handset: it keeps its sets, they get none', async () => {
    const rig = await Rig.started();
    const kept = [await rig.register({ offer: offerOf(1000, 4000) })];
    kept.push(await rig.register({ key: 'alice 2', offer: offerOf(2000, 4000) }));
    assert.match(await rig.refusal({ key: 'x', owner: 'mallory', offer: offerOf(3000, 4000) }), /server port/);
    for (const { set } of kept) assert.equal(rig.associations.setOf(set)?.role, 'current');
    for (let index = 2; index < 8; index++) {
      await rig.register({ key: `alice ${index}`, offer: offerOf(1000 * (index + 1), 4000 + index) });
    }
    assert.match(await rig.refusal({ key: 'x', owner: 'mallory', offer: offerOf(9000, 4100) }), /client port/);
    assert.equal(rig.kernel.live.length, 8 * 4);
  });

  test('make room for each other', async () => {
    const rig = await Rig.started();
    for (let index = 0; index < 20; index++) {
      await rig.prepare({ key: `x ${index}`, owner: 'mallory', offer: offerOf(1000, 4000) });
      assert.equal(rig.kernel.live.length, 4);
    }
    for (let index = 0; index < 20; index++) {
      await rig.prepare({ key: `y ${index}`, owner: 'mallory', offer: offerOf(1000 + 10 * index, 4000 + index) });
    }
    assert.equal(rig.kernel.live.length, 8 * 4);
    rig.clock.advance(240_000);
    await rig.settled();
    rig.assertEmpty();
  });

  test('of one address never hold up the kernel or push those of others out', async () => {
    const rig = await Rig.started();
    const alice = await rig.prepare({ remote: '192.0.2.10', offer: offerOf(1000, 4000) });
    rig.kernel.hold();
    const { applied } = rig.kernel;
    for (let index = 0; index < 5000; index++) {
      const offer = index % 2 === 0 ? offerOf(1000, 4000) : offerOf(1000 + 2 * index, 4000 + index, 5000 + index);
      rig.ask({ key: `x ${index}`, owner: 'mallory', offer });
    }
    assert.ok(rig.kernel.applied - applied <= 2 * 256, `${rig.kernel.applied - applied} changes wait`);
    rig.kernel.release();
    await rig.settled();
    for (let index = 0; index < 1100; index++) {
      const port = 20_000 + index;
      await rig.prepare({ key: `y ${index}`, owner: 'mallory', offer: offerOf(50_000 + 2 * index, port, port) });
    }
    assert.equal(rig.associations.setOf(alice.set)?.role, 'temporary');
    assert.equal(rig.kernel.live.length, 1025 * 4);
    rig.clock.advance(240_000);
    await rig.settled();
    rig.assertEmpty();
  });

  test('are bounded in number, and the oldest go first', async () => {
    const rig = await Rig.started();
    const first = await rig.prepare({ key: 'first', offer: offerOf(1000, 4000) });
    const alice = await rig.register({ key: 'alice', remote: '192.0.2.10', offer: offerOf(1000, 4000) });
    for (let index = 0; index < 5000; index++) {
      const remote = `198.51.${index >> 8}.${index & 255}`;
      rig.ask({ key: `x ${index}`, owner: 'mallory', remote, offer: offerOf(1000, 4000) });
      if (index % 1000 === 0) await rig.settled();
    }
    await rig.settled();
    assert.equal(rig.associations.setOf(first.set), undefined);
    assert.equal(rig.associations.setOf(alice.set)?.role, 'current');
    const { sets, unproven } = rig.associations.counts;
    assert.ok(unproven >= 2000 && unproven <= 4096, String(unproven));
    assert.equal(sets, unproven + 1);
    assert.equal(rig.kernel.live.length, 4 * sets);
  });
});

describe('one attempt to register', () => {
  test('gets a new set with each challenge, in one association', async () => {
    const rig = await Rig.started();
    const first = await rig.prepare({ offer: offerOf(1000, 4000) });
    const second = await rig.prepare({ offer: offerOf(2000, 4001) });
    assert.equal(first.association, second.association);
    assert.deepEqual(
      [first, second].map(({ set }) => rig.associations.setOf(set)?.role),
      ['fading', 'temporary'],
    );
    rig.clock.advance(FADE);
    await rig.settled();
    assert.equal(rig.kernel.live.length, 4);
  });

  test('keeps the port_ps of a refresh that comes again, which routes of dialogs name', async () => {
    const rig = await Rig.started();
    const { association, securityServer } = await rig.register({ offer: offerOf(1000, 4000) });
    const { portS } = readIpsecMechanism(securityServer);
    for (const spi of [2000, 2000, 3000]) {
      const again = await rig.prepare({ association, offer: offerOf(spi, 4001) });
      assert.equal(readIpsecMechanism(again.securityServer).portS, portS);
    }
  });

  test('may come again with the same SPIs and ports', async () => {
    const rig = await Rig.started();
    const first = await rig.prepare({ offer: offerOf(1000, 4000) });
    const second = await rig.prepare({ offer: offerOf(1000, 4000) });
    assert.equal(rig.associations.setOf(first.set), undefined);
    assert.equal(rig.kernel.live.length, 4);
    rig.associations.authenticated(second.set, HOUR);
    assert.equal(rig.associations.setOf(second.set)?.role, 'current');
  });

  test('that fails can still be answered a while', async () => {
    const rig = await Rig.started();
    const { set } = await rig.prepare({ offer: offerOf(1000, 4000) });
    rig.associations.refused(set);
    rig.clock.advance(FADE - 1);
    assert.ok(rig.associations.responsePath(set));
    rig.clock.advance(1);
    await rig.settled();
    rig.assertEmpty();
  });

  test('that nobody answers leaves nothing', async () => {
    const rig = await Rig.started();
    await rig.prepare({ offer: offerOf(1000, 4000) });
    rig.clock.advance(240_000);
    await rig.settled();
    rig.assertEmpty();
  });
});

describe('the end', () => {
  test('the transport lets a set go before its associations do', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.register({ offer: offerOf(1000, 4000) });
    rig.associations.leave(association);
    assert.ok(rig.associations.requestPath(association));
    rig.clock.advance(FADE);
    assert.deepEqual(rig.removed, [{ set, states: 4 }]);
    await rig.settled();
    rig.assertEmpty();
  });

  test('a registration that just ends takes its associations along', async () => {
    const rig = await Rig.started();
    await rig.register({ offer: offerOf(1000, 4000) });
    rig.clock.advance(HOUR + 30_000);
    await rig.settled();
    rig.assertEmpty();
  });
});

describe('a kernel that fails', () => {
  test('is an error in words, and nothing leaks', async () => {
    const rig = await Rig.started();
    rig.kernel.fail('Cannot allocate memory');
    assert.match(await rig.refusal({ offer: offerOf(1000, 4000) }), /Cannot allocate memory/);
    rig.assertEmpty();
    await rig.prepare({ offer: offerOf(1000, 4000) });
  });

  test('does no harm to the set in use', async () => {
    const rig = await Rig.started();
    const { set, association } = await rig.register({ offer: offerOf(1000, 4000) });
    rig.kernel.fail('no');
    await rig.refusal({ association, offer: offerOf(2000, 4001) });
    assert.equal(rig.associations.setOf(set)?.role, 'current');
    assert.equal(rig.kernel.live.length, 4);
    assert.equal(rig.associations.counts.sets, 1);
  });

  test('and one that is slow: what was given up meanwhile is not answered for', async () => {
    const rig = await Rig.started();
    rig.kernel.hold();
    const first = rig.ask({ offer: offerOf(1000, 4000) });
    const second = rig.ask({ offer: offerOf(1000, 4000) });
    rig.kernel.release();
    await rig.settled();
    assert.ok(first.outcome instanceof Error);
    assert.ok(second.outcome !== undefined && !(second.outcome instanceof Error));
    assert.equal(rig.kernel.live.length, 4);
  });

  test('that cannot remove: what it keeps is not held here', async () => {
    const rig = await Rig.started();
    const { association } = await rig.register({ offer: offerOf(1000, 4000) });
    rig.associations.leave(association);
    rig.kernel.fail('busy');
    rig.clock.advance(FADE);
    await rig.settled();
    assert.equal(rig.associations.counts.taken, 0);
  });
});

/** What is asked while the kernel holds its answers back, and the words of the refusal. */
async function held(rig: Rig, ask: () => { outcome: unknown }): Promise<string> {
  const answer = ask();
  rig.clock.advance(0);
  const { outcome } = answer;
  assert.ok(outcome instanceof Error);
  rig.kernel.release();
  await rig.settled();
  return outcome.message;
}
