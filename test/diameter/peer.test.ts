import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { noTap } from '../../src/core/tap.ts';
import { AvpError } from '../../src/diameter/avp.ts';
import { CX, RX } from '../../src/diameter/command.ts';
import { avp, find } from '../../src/diameter/dictionary.ts';
import { Peer } from '../../src/diameter/peer.ts';
import type { Outcome } from '../../src/diameter/requests.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { DiameterServer, type ServerOptions } from '../support/diameter/server.ts';
import { LISTENING, TRANSPORT } from '../support/diameter/transport.ts';
import * as wire from '../support/diameter/wire.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { loopbackAddress } from '../support/loopback.ts';

const UAR = 300;
const RTR = 304;
const OWN = { host: 'ims.home.test', realm: 'home.test' };

interface Rig {
  readonly server: DiameterServer;
  readonly peer: Peer;
  readonly clock: FakeClock;
  /** Asks something of the server's; the answer's Result-Code, or why there is none. */
  readonly ask: () => Promise<number | string>;
}

async function rig(
  t: TestContext,
  options: Partial<ServerOptions> = {},
  applications = [CX],
  prepare: (server: DiameterServer) => void = () => {},
): Promise<Rig> {
  const address = loopbackAddress();
  const server = await DiameterServer.start(t, { address, ...LISTENING, ...options });
  prepare(server);
  const clock = new FakeClock();
  const bugs: unknown[] = [];
  const peer = new Peer(
    { net: systemNet((bug) => bugs.push(bug)), clock, random: systemRandom(), logger: silent, tap: noTap },
    {
      transport: TRANSPORT,
      remote: { address, port: server.port },
      own: OWN,
      product: 'test',
      applications,
      answerMs: 6000,
    },
  );
  server.on(UAR, (request) => server.answer(request, [wire.avp(268, 2001)]));
  t.after(async () => {
    const stopped = peer.stop();
    clock.advance(10_000);
    await stopped;
    assert.deepEqual(bugs, []);
  });
  peer.start();
  const ask = () =>
    new Promise<number | string>((resolve) => {
      const avps = [avp('Session-Id', peer.newSessionId()), avp('Public-Identity', 'sip:a@home.test')];
      peer.request(CX, 'User-Authorization', avps, (outcome) => resolve(shown(outcome)));
    });
  return { server, peer, clock, ask };
}

async function connected(t: TestContext, options?: Partial<ServerOptions>, applications?: number[]): Promise<Rig> {
  const made = await rig(t, options, applications);
  await made.server.until(() => made.peer.status.state === 'open');
  return made;
}

function shown(outcome: Outcome): number | string {
  if ('unreachable' in outcome) return outcome.unreachable;
  return find(outcome.answer.avps, 'Result-Code') ?? 0;
}

describe('a peer is met', () => {
  it('with who we are, where, and what we speak', async (t) => {
    const { server, peer } = await connected(t, {}, [CX, RX]);
    const cer = await server.next(257);
    assert.equal(cer.flags, wire.REQUEST);
    assert.deepEqual([wire.text(cer, 264), wire.text(cer, 296)], [OWN.host, OWN.realm]);
    assert.equal(wire.all(cer, 257)[0]?.subarray(0, 3).toString('hex'), '00017f');
    assert.equal(wire.number(cer, 266), 10415);
    assert.equal(wire.text(cer, 269), 'test');
    assert.equal(wire.number(cer, 265), 10415);
    assert.ok((wire.number(cer, 278) ?? 0) > 0);
    assert.deepEqual(
      wire.groups(cer, 260).map((group) => [wire.number(group, 266), wire.number(group, 258)]),
      [
        [10415, CX],
        [10415, RX],
      ],
    );
    assert.deepEqual(peer.status.identity, { host: 'hss.home.test', realm: 'home.test' });
  });

  it('and left alone for 30 s, then 60 s, when it has nothing for us', async (t) => {
    const { server, peer, clock } = await rig(t, { applications: [4] });
    await server.until(() => peer.status.state === 'closed');
    assert.match(peer.status.trouble ?? '', /does not serve Cx/);
    clock.advance(27_000);
    assert.equal(server.connections, 1);
    clock.advance(6_000);
    await server.until(() => server.connections === 2 && peer.status.state === 'closed');
    clock.advance(54_000);
    assert.equal(peer.status.state, 'closed');
    clock.advance(12_000);
    await server.until(() => server.connections === 3);
  });

  it('also when it serves only one of our applications: the other has a clear error', async (t) => {
    const { peer, ask } = await connected(t, { applications: [CX] }, [CX, RX]);
    assert.equal(await ask(), 2001);
    const outcome = await new Promise<Outcome>((done) => {
      peer.request(RX, 'AA', [avp('Session-Id', 'x')], done);
    });
    assert.match(String(shown(outcome)), /does not serve Rx/);
  });

  it('also when it is a relay', async (t) => {
    const { ask } = await connected(t, { applications: [0xffff_ffff] });
    assert.equal(await ask(), 2001);
  });

  for (const [what, react, trouble] of [
    ['a refusal', (server: DiameterServer, cer: wire.WireMessage) => server.error(cer, 3010), /UNKNOWN_PEER/],
    ['without a name', (server: DiameterServer, cer: wire.WireMessage) => nameless(server, cer), /whose it is/],
    [
      'malformed',
      (server: DiameterServer, cer: wire.WireMessage) => server.answer(cer, [wire.avp(268, 'x')]),
      /holds 1/,
    ],
    ['never sent', () => undefined, /no answer/],
  ] as const) {
    it(`again in 30 s when its CEA is ${what}`, async (t) => {
      const { server, peer, clock } = await rig(t, {}, [CX], (started) =>
        started.on(257, (cer) => react(started, cer)),
      );
      await server.next(257);
      if (what === 'never sent') clock.advance(10_000);
      await server.until(() => peer.status.state === 'closed');
      assert.match(peer.status.trouble ?? '', trouble);
      clock.advance(33_000);
      await server.until(() => server.connections === 2);
    });
  }
});

function nameless(server: DiameterServer, { flags, hopByHop, endToEnd }: wire.WireMessage): Buffer {
  const head = { flags: flags & ~wire.REQUEST, code: 257, application: 0, hopByHop, endToEnd };
  return wire.message(head, [wire.avp(268, 2001), ...server.capabilities()]);
}

describe('a request', () => {
  it('says who asks whom, and has its answer', async (t) => {
    const { server, ask } = await connected(t);
    assert.equal(await ask(), 2001);
    const uar = await server.next(UAR);
    assert.equal(uar.flags, wire.REQUEST | wire.PROXIABLE);
    assert.equal(uar.application, CX);
    assert.equal(uar.avps[0]?.code, 263);
    assert.match(wire.text(uar, 263) ?? '', /^ims\.home\.test;\d+;\d+$/);
    assert.deepEqual([wire.text(uar, 264), wire.text(uar, 296)], [OWN.host, OWN.realm]);
    assert.deepEqual([wire.text(uar, 293), wire.text(uar, 283)], ['hss.home.test', 'home.test']);
  });

  it('has identifiers of its own, its session among them', async (t) => {
    const { server, ask } = await connected(t);
    await Promise.all([ask(), ask(), ask()]);
    for (const of of [
      (one: wire.WireMessage) => one.hopByHop,
      (one: wire.WireMessage) => one.endToEnd,
      (one: wire.WireMessage) => wire.text(one, 263),
    ]) {
      assert.equal(new Set(server.requests.map((one): unknown => of(one))).size, 3);
    }
  });

  it('has its own answer when answers come in another order', async (t) => {
    const { server, ask } = await connected(t);
    const waiting: wire.WireMessage[] = [];
    server.on(UAR, (request) => {
      waiting.push(request);
      if (waiting.length < 3) return undefined;
      return waiting.reverse().map((one, index) => server.answer(one, [wire.avp(268, 5001 + index)]));
    });
    assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [5003, 5002, 5001]);
  });

  it('that is never answered fails in 6 s; the late answer and a second one disturb nobody', async (t) => {
    const { server, peer, clock, ask } = await connected(t);
    let late: Buffer | undefined;
    server.on(UAR, (request) => {
      late = server.answer(request, [wire.avp(268, 2001)]);
      return undefined;
    });
    const asked = ask();
    await server.next(UAR);
    clock.advance(6000);
    assert.match(String(await asked), /no answer to User-Authorization-Request within 6 s/);
    server.write(late as Buffer);
    server.on(UAR, (request) => {
      const answer = server.answer(request, [wire.avp(268, 2001)]);
      return [answer, answer];
    });
    assert.equal(await ask(), 2001);
    assert.equal(await ask(), 2001);
    assert.equal(peer.status.state, 'open');
    assert.equal(peer.status.pending, 0);
  });

  it('whose answer is malformed fails at once, and the connection stays', async (t) => {
    const { server, peer, ask } = await connected(t);
    server.on(UAR, (request) => {
      const whole = server.answer(request, [wire.avp(268, 2001)]);
      // The first AVP claims to be longer than the message.
      whole.writeUIntBE(0x10000, 20 + 5, 3);
      return whole;
    });
    assert.match(String(await ask()), /malformed answer/);
    assert.equal(peer.status.state, 'open');
  });

  it('whose answer is one to something else is not taken in', async (t) => {
    const { server, clock, ask } = await connected(t);
    server.on(UAR, (request) =>
      server.answer({ ...request, endToEnd: (request.endToEnd ^ 1) >>> 0 }, [wire.avp(268, 2001)]),
    );
    const asked = ask();
    await server.next(UAR);
    clock.advance(6000);
    assert.match(String(await asked), /no answer/);
  });

  it('fails at once, with the reason, while there is no connection', async (t) => {
    const { server, peer, ask } = await connected(t);
    server.close();
    await server.until(() => peer.status.state === 'closed');
    assert.match(String(await ask()), /closed the connection|lost the connection/);
  });
});

describe('a connection that breaks', () => {
  it('comes back within about a second, and what was asked is asked again with the T flag', async (t) => {
    const { server, peer, clock, ask } = await connected(t);
    server.on(UAR, () => undefined);
    const asked = ask();
    const first = await server.next(UAR);
    server.on(UAR, (request) => server.answer(request, [wire.avp(268, 2001)]));
    server.cut();
    await server.until(() => peer.status.state === 'closed');
    assert.equal(peer.status.pending, 1);
    clock.advance(1100);
    assert.equal(await asked, 2001);
    const second = await server.next(UAR);
    assert.equal(second.flags, first.flags | wire.RETRANSMITTED);
    assert.equal(second.endToEnd, first.endToEnd);
    assert.notEqual(second.hopByHop, first.hopByHop);
    assert.equal(wire.text(second, 263), wire.text(first, 263));
  });

  it('in the middle of an answer counts as broken; what was asked fails when nothing comes back in time', async (t) => {
    const { server, peer, clock, ask } = await connected(t);
    server.on(UAR, (request) => server.answer(request, [wire.avp(268, 2001)]).subarray(0, 31));
    const asked = ask();
    await server.next(UAR);
    server.on(257, () => undefined);
    server.close();
    await server.until(() => peer.status.state === 'closed');
    clock.advance(6000);
    assert.match(String(await asked), /no answer/);
    assert.equal(peer.status.pending, 0);
  });

  it('because the peer sends what is no Diameter is given up', async (t) => {
    const { server, peer } = await connected(t);
    server.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await server.until(() => peer.status.state === 'closed');
    assert.match(peer.status.trouble ?? '', /Diameter version/);
  });
});

describe('a silent peer', () => {
  it('is asked whether it lives after 30 s, and given up after two more such waits', async (t) => {
    const { server, peer, clock } = await connected(t);
    server.on(280, () => undefined);
    clock.advance(33_000);
    const dwr = await server.next(280);
    assert.equal(dwr.flags, wire.REQUEST);
    assert.equal(wire.text(dwr, 264), OWN.host);
    clock.advance(33_000);
    assert.equal(peer.status.state, 'suspect');
    clock.advance(30_000);
    assert.match(peer.status.trouble ?? '', /Device-Watchdog/);
  });

  it('that answers is a peer', async (t) => {
    const { server, peer, clock } = await connected(t);
    for (let round = 0; round < 4; round++) {
      clock.advance(33_000);
      await server.next(280);
      await server.until(() => server.octets.at(-1)?.fromUs === false);
      // The answer has been read when the next request was answered.
      await new Promise<void>((done) => {
        peer.request(CX, 'User-Authorization', [avp('Session-Id', 'x')], () => done());
      });
    }
    assert.equal(peer.status.state, 'open');
    assert.equal(server.connections, 1);
  });
});

describe('what the peer asks', () => {
  it('is answered: whether we live', async (t) => {
    const { server } = await connected(t);
    const dwa = await server.request(280, 0, []);
    assert.equal(dwa.flags, 0);
    assert.equal(wire.number(dwa, 268), 2001);
    assert.deepEqual([wire.text(dwa, 264), wire.text(dwa, 296)], [OWN.host, OWN.realm]);
  });

  it('is done: to disconnect; we come back in 30 s, or in 120 s when it does not want to talk to us', async (t) => {
    const { server, peer, clock } = await connected(t);
    for (const [cause, wait] of [
      [0, 30_000],
      [2, 120_000],
    ] as const) {
      assert.equal(wire.number(await server.request(282, 0, [wire.avp(273, cause)]), 268), 2001);
      await server.until(() => peer.status.state === 'closed');
      const { connections } = server;
      clock.advance(wait * 0.92);
      assert.equal(peer.status.state, 'closed');
      for (let step = 0; step < 16 && peer.status.state === 'closed'; step++) clock.advance(wait / 100);
      await server.until(() => server.connections === connections + 1 && peer.status.state === 'open');
    }
  });

  it('is handed to the application, and answered in its session with the proxies it came by', async (t) => {
    const { server, peer } = await connected(t);
    peer.serve(CX, 'Registration-Termination', ({ avps }) => {
      assert.equal(find(avps, 'User-Name'), 'a@home.test');
      return [avp('Result-Code', 2001)];
    });
    const proxy = wire.avp(284, [wire.avp(280, 'agent.test'), wire.avp(33, 'state')]);
    const rta = await server.request(RTR, CX, [wire.avp(263, 'hss;1;2'), wire.avp(1, 'a@home.test'), proxy]);
    assert.equal(rta.flags, wire.PROXIABLE);
    assert.equal(rta.avps[0]?.value.toString(), 'hss;1;2');
    assert.equal(wire.number(rta, 268), 2001);
    assert.equal(wire.text(wire.groups(rta, 284)[0] as wire.WireAvp, 33), 'state');
  });

  for (const [what, code, application, avps, result, flags] of [
    ['another application', RTR, 99, [], 3007, wire.ERROR | wire.PROXIABLE],
    ['a command that is not served', 888, CX, [], 3001, wire.ERROR | wire.PROXIABLE],
    ['another host', RTR, CX, [wire.avp(293, 'elsewhere.test')], 3002, wire.ERROR | wire.PROXIABLE],
    ['an AVP that must be understood and is not', RTR, CX, [wire.avp(7777, 'x')], 5001, wire.PROXIABLE],
    ['too little', RTR, CX, [], 5005, wire.PROXIABLE],
    ['what cannot be read', RTR, CX, [wire.tgpp(614, 'abcdef')], 5014, wire.PROXIABLE],
  ] as const) {
    it(`is refused: ${what}`, async (t) => {
      const { server, peer } = await connected(t);
      peer.serve(CX, 'Registration-Termination', (request) => {
        find(request.avps, 'Server-Assignment-Type');
        if (find(request.avps, 'User-Name') === undefined) throw new AvpError(5005, 'User-Name is missing');
        return [];
      });
      const answer = await server.request(code, application, [wire.avp(263, 's'), ...avps]);
      assert.equal(wire.number(answer, 268), result);
      assert.equal(answer.flags, flags);
      assert.equal(peer.status.state, 'open');
    });
  }

  it('is refused when its AVPs cannot be told apart', async (t) => {
    const { server } = await connected(t);
    const answer = await server.request(RTR, CX, [wire.avp(263, 's'), Buffer.from('0000000140000fff', 'hex')]);
    assert.equal(wire.number(answer, 268), 5014);
    assert.equal(wire.groups(wire.groups(answer, 279)[0] as wire.WireAvp, 1).length, 1);
  });
});

describe('a peer that restarted', () => {
  it('is known by its state, so that its sessions can be opened anew', async (t) => {
    const { server, peer, clock } = await connected(t);
    let restarts = 0;
    peer.restarted.add(() => {
      restarts++;
    });
    for (const [stateId, count] of [
      [1000, 0],
      [1001, 1],
    ] as const) {
      server.stateId = stateId;
      server.cut();
      await server.until(() => peer.status.state === 'closed');
      clock.advance(1100);
      await server.until(() => peer.status.state === 'open');
      assert.equal(restarts, count);
    }
  });
});

describe('a server that stops', () => {
  it('says farewell and waits for the answer', async (t) => {
    const { server, peer } = await connected(t);
    const stopped = peer.stop();
    const dpr = await server.next(282);
    assert.equal(wire.number(dpr, 273), 0);
    await stopped;
    await server.until(() => !server.connected);
    assert.equal(server.connections, 1);
  });
});
