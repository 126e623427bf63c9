import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { inKernelLab } from '../../support/kernel-lab.ts';
import { abolish, counted, establish, makeEnds, newSet, nothingLeft } from './ends.ts';
import { additions, PAIRS, type SaSet } from './sa-set.ts';

if (inKernelLab(import.meta.url)) {
  const ends = await makeEnds();
  const { phone, server } = ends;

  test('every pair of algorithms carries UDP and TCP both ways, on IPv4 and IPv6', async () => {
    const sets = ([4, 6] as const).flatMap((family) =>
      PAIRS.map(([integrity, encryption]) => newSet(ends, { family, integrity, encryption })),
    );
    await establish(ends, ...sets);
    const exchange = async (set: SaSet, transport: 'udp' | 'tcp') => {
      const name = `${set.integrity} ${set.encryption} ${transport} ${set.ps.address}`;
      await server.far.listen(transport, set.ps);
      await phone.far.listen(transport, set.us);
      assert.equal(await phone.far.ask(transport, set.uc, set.ps, `${name} up`), `${name} up`);
      assert.equal(await server.far.ask(transport, set.pc, set.us, `${name} down`), `${name} down`);
    };
    await Promise.all(sets.flatMap((set) => [exchange(set, 'udp'), exchange(set, 'tcp')]));
    for (const { kernel } of [phone, server]) {
      const usage = await kernel.states();
      assert.equal(usage.length, 4 * sets.length);
      for (const { spi, packets, octets, failed, replayed } of usage) {
        // A datagram, and at least three packets of a connection.
        assert.ok(packets >= 4 && octets > 100, `${packets} packets through ${spi}`);
        assert.deepEqual([failed, replayed], [0, 0]);
      }
    }
    await abolish(ends, ...sets);
    await nothingLeft(phone);
    await nothingLeft(server);
  });

  test('on the wire there is nothing but ESP', async (t) => {
    const set = newSet(ends);
    await establish(ends, set);
    await server.far.listen('udp', set.ps);
    const capture = phone.side.start(t, 'tcpdump', '-nlp', '-i', phone.side.device, 'ip');
    await eventually(() => assert.match(capture.errors, /listening/));
    assert.equal(await phone.far.ask('udp', set.uc, set.ps, 'secret'), 'secret');
    await capture.until(/10\.7\.0\.2 > 10\.7\.0\.1: ESP.*\n(?:.*\n)*.*10\.7\.0\.1 > 10\.7\.0\.2: ESP/);
    assert.doesNotMatch(capture.output, /UDP/);
  });

  test('a block keeps strangers and cleartext from the protected ports', async () => {
    for (const family of [4, 6] as const) {
      const set = newSet(ends, { family });
      const stranger = family === 4 ? '10.7.0.66' : 'fd07::66';
      await phone.side.addAddress(stranger);
      await server.far.listen('udp', set.ps);
      await server.far.listen('tcp', set.ps);
      await server.kernel.apply(additions('server', set));
      const from = (port: number) => ({ address: stranger, port });
      const say = (text: string) => `IPv${family}: ${text}`;
      assert.equal(await phone.far.ask('udp', from(1000), set.ps, say('open')), say('open'));

      await server.kernel.apply([{ type: 'block', direction: 'in', port: set.ps }]);
      await counted(server.side, { XfrmInPolBlock: 3, XfrmInTmplMismatch: 1 }, async () => {
        await phone.far.tell(from(1000), set.ps, say('by a stranger'));
        // Nobody answers it; the connection is given up when the process ends.
        phone.far.ask('tcp', from(1001), set.ps, say('connected')).catch(() => {});
        await phone.far.tell({ ...set.uc, port: 1002 }, set.ps, say('from another port'));
        // The phone's own address and port, without its states.
        await phone.far.tell(set.uc, set.ps, say('in the clear'));
      });
      await phone.kernel.apply(additions('phone', set));
      assert.equal(await phone.far.ask('udp', set.uc, set.ps, say('protected')), say('protected'));
      // The connection the other family's stranger wanted may have come about after the end of the block.
      const heard = (await server.far.heard()).filter((text) => text.startsWith(say('')));
      assert.deepEqual(heard, [say('open'), say('protected')]);

      await server.kernel.apply([{ type: 'unblock', direction: 'in', port: set.ps }]);
      assert.equal(await phone.far.ask('udp', from(1003), set.ps, say('open again')), say('open again'));
    }
  });

  test('a state is of use only between its own ports', async () => {
    const set = newSet(ends);
    await server.far.listen('udp', set.ps);
    await server.kernel.apply(additions('server', set));
    // A phone that sends from another port through its state; the server has no policy there.
    const cheat = { ...set, uc: { ...set.uc, port: 999 } };
    await phone.kernel.apply(additions('phone', cheat));
    await counted(server.side, { XfrmInStateMismatch: 1 }, () => phone.far.tell(cheat.uc, set.ps, 'wrong port'));
    const heard = await server.far.heard();
    assert.ok(!heard.includes('wrong port'), heard.join());
  });

  test('two sets of one phone with different port_pc live side by side, and one ends without the other', async () => {
    const old = newSet(ends);
    const fresh = newSet(ends, { us: old.us, ps: old.ps });
    await establish(ends, old);
    await establish(ends, fresh);
    await server.far.listen('udp', old.ps);
    await phone.far.listen('udp', old.us);
    for (const set of [old, fresh, old]) {
      assert.equal(await phone.far.ask('udp', set.uc, set.ps, 'up'), 'up');
      assert.equal(await server.far.ask('udp', set.pc, set.us, 'down'), 'down');
    }
    await abolish(ends, old);
    assert.equal(await phone.far.ask('udp', fresh.uc, fresh.ps, 'up'), 'up');
    assert.equal(await server.far.ask('udp', fresh.pc, fresh.us, 'down'), 'down');
  });

  test('one port_pc serves several phones', async () => {
    await phone.side.addAddress('10.7.0.3');
    const one = newSet(ends);
    const two = newSet(ends, {
      uc: { ...one.uc, address: '10.7.0.3' },
      us: { ...one.us, address: '10.7.0.3' },
      pc: one.pc,
      ps: one.ps,
    });
    for (const set of [one, two]) {
      await establish(ends, set);
      await phone.far.listen('udp', set.us);
      assert.equal(await server.far.ask('udp', set.pc, set.us, 'down'), 'down');
    }
  });

  test('after a restart of the server only a sequence number ahead of the last one is accepted', async () => {
    const set = newSet(ends);
    await establish(ends, set);
    await phone.far.listen('udp', set.us);
    for (const text of ['1', '2', '3']) await server.far.tell(set.pc, set.us, text);
    await server.kernel.flush();
    await server.kernel.apply(additions('server', set));
    await counted(phone.side, { XfrmInStateSeqError: 1 }, () => server.far.tell(set.pc, set.us, 'repeated'));
    const replayed = (await phone.kernel.states()).find(({ spi }) => spi === set.first + 2)?.replayed;
    assert.equal(replayed, 1);

    await server.kernel.flush();
    await server.kernel.apply(additions('server', { ...set, lastSequence: 2 ** 20 }));
    assert.equal(await server.far.ask('udp', set.pc, set.us, 'ahead'), 'ahead');
    assert.deepEqual(await phone.far.heard(), ['1', '2', '3', 'ahead']);
  });

  test('other keys are seen as failed packets', async () => {
    const set = newSet(ends);
    await server.kernel.apply(additions('server', set));
    const wrong = additions('phone', set).map((change) => {
      if (change.type !== 'addState') return change;
      const integrity = { algorithm: 'hmac-sha-1-96', key: new Uint8Array(20) } as const;
      return { ...change, state: { ...change.state, integrity } };
    });
    await phone.kernel.apply(wrong);
    await phone.far.tell(set.uc, set.ps, 'lost');
    await eventually(async () => {
      assert.equal((await server.kernel.states()).find(({ spi }) => spi === set.first)?.failed, 1);
    });
  });
}
