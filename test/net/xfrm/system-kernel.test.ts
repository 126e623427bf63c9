import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipCommand } from '../../../src/net/xfrm/ip-command.ts';
import { systemKernel } from '../../../src/net/xfrm/system-kernel.ts';
import { eventually } from '../../support/eventually.ts';
import { inKernelLab } from '../../support/kernel-lab.ts';
import { establish, makeEnds, newSet } from './ends.ts';
import { additions } from './sa-set.ts';

if (inKernelLab(import.meta.url)) {
  const ends = await makeEnds();
  const { phone, server } = ends;

  test('the kernel of the lab has every algorithm', async () => {
    const { integrity, encryption, ipv6, problem } = await systemKernel().capabilities();
    assert.deepEqual([...integrity].sort(), ['aes-gmac', 'hmac-md5-96', 'hmac-sha-1-96', 'null']);
    assert.deepEqual([...encryption].sort(), ['aes-cbc', 'aes-gcm', 'des-cbc', 'des-ede3-cbc', 'null']);
    assert.equal(ipv6, true);
    assert.equal(problem, undefined);
    assert.deepEqual(await systemKernel().states(), []);
  });

  test('without the privilege the reason is told', async () => {
    const run = ipCommand(['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all', 'ip']);
    const { integrity, problem } = await systemKernel(run).capabilities();
    assert.equal(integrity.size, 0);
    assert.match(problem ?? '', /CAP_NET_ADMIN/);
  });

  test('a wrong change among others costs its owner only', async () => {
    const sets = [1, 2, 3].map(() => newSet(ends));
    const [one, two, three] = sets;
    if (one === undefined || two === undefined || three === undefined) throw new Error('no sets');
    // The last state of the second set has an SPI that is in use.
    const wrong = additions('server', two).map((change) =>
      change.type === 'addState' && change.state.spi === two.first + 1
        ? { ...change, state: { ...change.state, spi: one.first + 1, destination: one.pc } }
        : change,
    );
    const results = await Promise.allSettled([
      server.kernel.apply(additions('server', one)),
      server.kernel.apply(wrong),
      server.kernel.apply(additions('server', three)),
    ]);
    assert.deepEqual(
      results.map((result) => (result.status === 'rejected' ? result.reason.code : 'done')),
      ['done', 'EEXIST', 'done'],
    );
    const spis = (await server.kernel.states()).map(({ spi }) => spi).sort((a, b) => a - b);
    assert.deepEqual(
      spis,
      [one, three].flatMap(({ first }) => [0, 1, 2, 3].map((n) => first + n)),
    );
    assert.equal((await server.side.run('ip', 'xfrm', 'policy')).match(/^src/gm)?.length, 8);
    for (const set of [one, three]) {
      await phone.kernel.apply(additions('phone', set));
      await server.far.listen('udp', set.ps);
      assert.equal(await phone.far.ask('udp', set.uc, set.ps, 'still'), 'still');
    }
  });

  test('a set that wants the ports of another is refused and leaves that one as it is', async () => {
    const active = newSet(ends);
    await establish(ends, active);
    await server.far.listen('udp', active.ps);
    const rival = newSet(ends, { uc: active.uc, us: active.us, ps: active.ps });
    await assert.rejects(server.kernel.apply(additions('server', rival)), { code: 'EEXIST', message: /protect/ });
    assert.equal((await server.kernel.states()).length, 4);
    assert.equal(await phone.far.ask('udp', active.uc, active.ps, 'still'), 'still');
  });

  test('a state ends by itself with its lifetime, unless it was renewed', async () => {
    const states = [1, 2].map(() => {
      const change = additions('server', newSet(ends))[0];
      if (change?.type !== 'addState') throw new Error('no state');
      return { ...change.state, lifetimeMs: 2000 };
    });
    const [first, second] = states;
    if (first === undefined || second === undefined) throw new Error('no states');
    await server.kernel.apply(states.map((state) => ({ type: 'addState', state }) as const));
    await server.kernel.apply([{ type: 'renewState', state: { ...second, lifetimeMs: 600_000 } }]);
    await eventually(async () => {
      assert.deepEqual(
        (await server.kernel.states()).map(({ spi }) => spi),
        [second.spi],
      );
    }, 20_000);
    await assert.rejects(server.kernel.apply([{ type: 'renewState', state: first }]), { code: 'ESRCH' });
    // What is gone by itself needs no deleting.
    await server.kernel.apply(
      states.map(({ spi, destination }) => ({ type: 'deleteState', destination: destination.address, spi }) as const),
    );
    assert.deepEqual(await server.kernel.states(), []);
  });

  test('flush removes all that is ours, of an earlier life too, and nothing else', async () => {
    const { kernel, side } = server;
    const foreign = 'src 10.9.0.1 dst 10.9.0.2';
    const state = `ip xfrm state add ${foreign} proto esp spi 0x9999 reqid 77 mode transport enc cbc(aes) 0x${'17'.repeat(16)}`;
    await side.run(...state.split(' '));
    await side.run(...`ip xfrm policy add ${foreign} dir out action block`.split(' '));
    const before = [await side.run('ip', 'xfrm', 'state'), await side.run('ip', 'xfrm', 'policy')];
    for (const family of [4, 6] as const) {
      const set = newSet(ends, { family });
      await kernel.apply([...additions('server', set), { type: 'block', direction: 'in', port: set.ps }]);
    }
    await systemKernel(ipCommand(['ip', '-netns', side.namespace])).flush();
    assert.deepEqual([await side.run('ip', 'xfrm', 'state'), await side.run('ip', 'xfrm', 'policy')], before);
    await side.run('ip', 'xfrm', 'state', 'flush');
    await side.run('ip', 'xfrm', 'policy', 'flush');
  });
}
