import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  acknowledge,
  type CallUp,
  callUp,
  challenged,
  described,
  insideAsCaller,
  invite,
  SDP_HEADER,
  sdpOf,
} from '../support/call-flow.ts';
import { AAR, components, STR, TestPcrf } from '../support/diameter/pcrf.ts';
import type { ServerOptions } from '../support/diameter/server.ts';
import { LISTENING, serverAddress } from '../support/diameter/transport.ts';
import * as wire from '../support/diameter/wire.ts';
import { eventually } from '../support/eventually.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { loopbackAddress } from '../support/loopback.ts';
import type { Phone } from '../support/phone.ts';

const USERS = `{impi: "alice", imsi: "001010000000001", impu: ["alice", "tel:1001"], pwd: "alice"},
  {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob", multi_sim: true},
  {impi: "police", impu: ["police", {impu: "urn:service:sos.police", anonymous: true}], pwd: "police"},`;
const BOB = 'sip:bob@ims.test';

interface Rig {
  readonly pcrf: TestPcrf;
  readonly lab: Lab;
  readonly alice: Phone;
  readonly bob: Phone;
}

async function lab(t: TestContext, settings = '', options: Partial<ServerOptions> = {}, more: readonly string[] = []) {
  const address = loopbackAddress();
  const pcrf = await TestPcrf.start(t, { address, ...LISTENING, ...options });
  const server = `rx_server_addr: "${serverAddress(address, pcrf.server.port)}",`;
  const started = await startLab(t, USERS, `${server} ${settings}`, '', more);
  await connected(started);
  return { pcrf, lab: started };
}

async function rig(t: TestContext, settings = '', options: Partial<ServerOptions> = {}): Promise<Rig> {
  const { pcrf, lab: started } = await lab(t, settings, options);
  const [alice, bob] = [await started.phone('alice'), await started.phone('bob')];
  await alice.register();
  await bob.register();
  return { pcrf, lab: started, alice, bob };
}

async function connected({ server }: Lab): Promise<void> {
  await eventually(() => assert.equal(server.actions.rx().peer?.state, 'open'));
}

async function disconnected({ server }: Lab): Promise<void> {
  await eventually(() => assert.equal(server.actions.rx().peer?.state, 'closed'));
}

const states = ({ server }: Lab) => server.actions.rx().sessions.map(({ state }) => state);
const qos = ({ server }: Lab) =>
  server.actions.dialogs().map(({ medias }) => medias.map((media) => media.qos).join(' '));

/** Both legs have their bearers. */
async function reserved({ lab: { server } }: Rig, sessions = 2): Promise<void> {
  await eventually(() => {
    const found = server.actions.rx().sessions.map(({ state }) => state);
    assert.deepEqual(found, new Array(sessions).fill('open'));
  });
}

async function hungUp({ alice, bob }: Rig, call: CallUp): Promise<void> {
  insideAsCaller(alice, call, 'BYE');
  bob.respond(await bob.request('BYE'), 200);
  await alice.response(200);
}

/** The PCRF has no session any more, and neither have we. */
async function nothingLeft({ lab: { server }, pcrf }: Rig): Promise<void> {
  await eventually(() => assert.deepEqual([pcrf.sessions.size, server.counts().rxSessions], [0, 0]));
}

/** A final answer, reached over whatever is provisional. */
async function final(phone: Phone, status: number) {
  for (;;) {
    const message = await phone.next();
    if ('status' in message && message.status >= 200) {
      assert.equal(message.status, status);
      return message;
    }
  }
}

describe('bearers of a call', () => {
  it('are asked for each leg when the answer is known, and given up with the call', async (t) => {
    const made = await rig(t);
    const { pcrf, lab: started, alice, bob } = made;
    const { sent, invite: received } = await invite(alice, bob, BOB);
    assert.equal(pcrf.asked.length, 0);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    acknowledge(alice, sent, accepted);
    await reserved(made);
    assert.equal(pcrf.asked.length, 2);
    for (const [phone, toPhone] of [
      [alice, described(accepted)],
      [bob, described(received)],
    ] as const) {
      const { address } = phone.local;
      const id = pcrf.sessionOf(address);
      const aar = pcrf.sessions.get(id) as wire.WireMessage;
      assert.equal(aar.flags, wire.REQUEST | wire.PROXIABLE);
      assert.equal(wire.number(aar, 258), 16_777_236);
      assert.equal(wire.text(aar, 504), 'urn:urn-7:3gpp-service.ims.icsi.mmtel');
      assert.equal(wire.number(aar, 533), 0);
      assert.deepEqual(
        wire.all(aar, 513).map((action) => action.readUInt32BE()),
        [2, 3, 4, 6, 8, 9, 12],
      );
      const [audio] = components(aar);
      assert.equal(components(aar).length, 1);
      assert.deepEqual([audio?.number, audio?.type, audio?.status], [1, 0, 2]);
      // Both say rtcp-mux: RTCP has no flow of its own.
      assert.deepEqual(audio?.flows, [
        `permit out 17 from ${toPhone.address} ${toPhone.port} to ${address} 40000`,
        `permit in 17 from ${address} 40000 to ${toPhone.address} ${toPhone.port}`,
      ]);
      const [up = '', down = ''] = audio?.codecs ?? [];
      const offers = phone === alice;
      assert.match(
        up,
        new RegExp(`^uplink\n${offers ? 'offer' : 'answer'}\nm=audio 40000 RTP/AVP 8 101\n.*a=rtpmap:8 PCMA`, 's'),
      );
      assert.match(down, new RegExp(`^downlink\n${offers ? 'answer' : 'offer'}\nm=audio ${toPhone.port} `));
    }
    const [ofAlice] = pcrf.asked.filter((aar) => wire.text(aar, 263) === pcrf.sessionOf(alice.local.address));
    const ids = wire
      .groups(ofAlice as wire.WireMessage, 443)
      .map((one) => [wire.number(one, 450), wire.text(one, 444)]);
    assert.deepEqual(ids, [
      [1, '001010000000001'],
      [2, 'sip:alice@ims.test'],
    ]);
    assert.deepEqual(qos(started), ['erab_set', 'erab_set']);
    const [session] = started.server.actions.rx().sessions;
    assert.deepEqual(session?.media, ['audio:enabled']);
    assert.equal(session?.access, '3GPP-E-UTRAN;utran-cell-id-3gpp=0010100010019b01;network-provided');
    await hungUp(made, { sent, invite: received, accepted });
    const str = await pcrf.server.next(STR);
    assert.equal(wire.number(str, 295), 1);
    await nothingLeft(made);
  });

  it('follow b= lines and RTCP ports of their own', async (t) => {
    const made = await rig(t);
    const { pcrf, alice, bob } = made;
    const more = (body: string, lines: string) =>
      body.replace('a=rtcp-mux\r\n', '').replace('m=audio 40000 RTP/AVP 8 101\r\n', `$&${lines}`);
    const { invite: received } = await invite(
      alice,
      bob,
      BOB,
      more(sdpOf(alice), 'b=AS:41\r\nb=RS:600\r\nb=RR:2000\r\n'),
    );
    bob.respond(received, 183, { headers: SDP_HEADER, body: more(sdpOf(bob), 'b=AS:30\r\na=rtcp:40007\r\n') });
    await reserved(made);
    const [audio] = components(pcrf.sessions.get(pcrf.sessionOf(bob.local.address)) as wire.WireMessage);
    assert.deepEqual([audio?.uplink, audio?.downlink, audio?.senders, audio?.receivers], [41_000, 30_000, 600, 2000]);
    assert.equal(audio?.flows.length, 4);
    assert.match(
      audio?.flows[2] ?? '',
      new RegExp(`^rtcp permit out 17 from \\S+ \\d+ to ${bob.local.address} 40007$`),
    );
  });

  it('are not asked for again while the media are the same, and modified when they change, all of them each time', async (t) => {
    const made = await rig(t);
    const { pcrf, alice, bob } = made;
    const call = await callUp(alice, bob, BOB);
    await reserved(made);
    const reinvite = async (body: string, answer: string) => {
      const sent = insideAsCaller(alice, call, 'INVITE', body);
      bob.respond(await bob.request('INVITE'), 200, { headers: SDP_HEADER, body: answer });
      await bob.request('ACK');
      acknowledge(alice, sent, await alice.response(200));
      await alice.settled();
    };
    await reinvite(sdpOf(alice), sdpOf(bob));
    assert.equal(pcrf.asked.length, 2);
    // Alice holds the call: she sends, Bob only listens.
    await reinvite(sdpOf(alice, 'sendonly'), sdpOf(bob, 'recvonly'));
    await eventually(() => assert.equal(pcrf.asked.length, 4));
    await reserved(made);
    const latest = (phone: Phone) => pcrf.sessions.get(pcrf.sessionOf(phone.local.address)) as wire.WireMessage;
    assert.deepEqual(
      [alice, bob].map((phone) => components(latest(phone))[0]?.status),
      [0, 1],
    );
    assert.equal(wire.number(latest(alice), 533), 1);
    // Video is added beside the audio.
    const video = 'm=video 40100 RTP/AVP 96\r\nb=AS:500\r\na=rtpmap:96 H264/90000\r\n';
    await reinvite(sdpOf(alice) + video, sdpOf(bob) + video);
    await eventually(() => assert.equal(pcrf.asked.length, 6));
    await reserved(made);
    assert.deepEqual(
      components(latest(bob)).map(({ number, type, status, uplink }) => [number, type, status, uplink]),
      [
        [1, 0, 2, 88_000],
        [2, 1, 2, 500_000],
      ],
    );
    // And taken away.
    const off = 'm=video 0 RTP/AVP 96\r\n';
    await reinvite(sdpOf(alice) + off, sdpOf(bob) + off);
    await eventually(() => assert.equal(pcrf.asked.length, 8));
    assert.deepEqual(
      components(latest(bob)).map(({ status, flows }) => [status, flows.length]),
      [
        [2, 2],
        [4, 0],
      ],
    );
    await reserved(made);
    await hungUp(made, call);
    await nothingLeft(made);
  });

  it('are asked for one leg of an echo', async (t) => {
    const made = await rig(t, 'echo: "tel:666",');
    const { alice, pcrf } = made;
    await challenged(alice, 'tel:666');
    await final(alice, 200);
    await reserved(made, 1);
    assert.equal(pcrf.asked.length, 1);
  });

  it('name the service of an emergency call, also of a stranger', async (t) => {
    const made = await rig(t);
    const { lab: started, alice, pcrf } = made;
    const police = await started.phone('police');
    await police.register();
    const from = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a';
    const stranger = await started.phone('nobody');
    const headers = [`Contact: <${stranger.contact}>`, ...SDP_HEADER];
    stranger.start('INVITE', { uri: 'urn:service:sos.police', headers, body: sdpOf(stranger), from });
    police.respond(await police.request('INVITE'), 183, { headers: SDP_HEADER, body: sdpOf(police) });
    await reserved(made);
    assert.equal(pcrf.asked.length, 2);
    for (const aar of pcrf.asked) assert.equal(wire.text(aar, 525), 'sos.police');
    const ofStranger = pcrf.sessions.get(pcrf.sessionOf(stranger.local.address)) as wire.WireMessage;
    assert.equal(wire.groups(ofStranger, 443).length, 0);
    assert.ok(alice.idle);
  });

  it('of a handset with an IPv6 address are for its whole address', async (t) => {
    const { pcrf, lab: started } = await lab(t, 'echo: "tel:666",', {}, ['[::1]']);
    const alice = await started.phone6('alice');
    await alice.register();
    await challenged(alice, 'tel:666');
    await final(alice, 200);
    await eventually(() => assert.equal(pcrf.asked.length, 1));
    const [prefix] = wire.all(pcrf.asked[0] as wire.WireMessage, 97);
    assert.equal(prefix?.toString('hex'), `0080${'00'.repeat(15)}01`);
    assert.match(
      components(pcrf.asked[0] as wire.WireMessage)[0]?.flows[0] ?? '',
      /^permit out 17 from ::1 \d+ to ::1 40000$/,
    );
  });
});

describe('a session with the PCRF ends', () => {
  async function ringing(
    t: TestContext,
  ): Promise<Rig & { readonly sent: CallUp['sent']; readonly received: CallUp['invite'] }> {
    const made = await rig(t);
    const { sent, invite: received } = await invite(made.alice, made.bob, BOB);
    made.bob.respond(received, 183, { headers: SDP_HEADER, body: sdpOf(made.bob) });
    await made.alice.response(183);
    await reserved(made);
    return { ...made, sent, received };
  }

  it('when the caller cancels', async (t) => {
    const made = await ringing(t);
    const { uri, branch, callId, sequence: cseq, from, to } = made.sent;
    made.alice.start('CANCEL', { uri, branch, callId, cseq, from, to });
    await made.alice.response(200);
    await nothingLeft(made);
  });

  it('when the called one refuses', async (t) => {
    const made = await ringing(t);
    made.bob.respond(made.received, 486);
    await nothingLeft(made);
  });

  it('when nobody answers', async (t) => {
    const made = await ringing(t);
    for (let second = 0; second < 180; second += 20) {
      made.lab.clock.advance(20_000);
      await connected(made.lab);
    }
    made.lab.clock.advance(10_000);
    await nothingLeft(made);
  });

  it('when a user’s registration ends', async (t) => {
    const made = await ringing(t);
    made.lab.server.actions.unregister('bob', 'rejected');
    await nothingLeft(made);
  });

  it('when a call of the other callee’s phone is answered first', async (t) => {
    const made = await rig(t);
    const { lab: started, alice, bob, pcrf } = made;
    const other = await started.phone('bob');
    await other.register();
    const { sent, invite: received } = await invite(alice, bob, BOB);
    const elsewhere = await other.request('INVITE');
    other.respond(elsewhere, 183, { headers: SDP_HEADER, body: sdpOf(other) });
    await reserved(made, 2);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await other.request('CANCEL');
    acknowledge(alice, sent, await final(alice, 200));
    await eventually(() => assert.equal(pcrf.sessions.size, 2));
    assert.ok(pcrf.sessions.has(pcrf.sessionOf(bob.local.address)));
    assert.ok(!pcrf.sessions.has(pcrf.sessionOf(other.local.address)));
  });

  it('also when the PCRF was away just then: it hears of it later', async (t) => {
    const made = await rig(t);
    const call = await callUp(made.alice, made.bob, BOB);
    await reserved(made);
    made.pcrf.server.cut();
    await disconnected(made.lab);
    await hungUp(made, call);
    assert.deepEqual(states(made.lab), ['owed', 'owed']);
    made.lab.clock.advance(1100);
    await nothingLeft(made);
  });

  it('when the answer to its AAR is still to come', async (t) => {
    const made = await rig(t);
    const { pcrf, alice, bob } = made;
    const late: Buffer[] = [];
    pcrf.server.on(AAR, (request) => {
      pcrf.sessions.set(wire.text(request, 263) ?? '', request);
      late.push(pcrf.success(request));
      return undefined;
    });
    const call = await callUp(alice, bob, BOB);
    await eventually(() => assert.equal(late.length, 2));
    await hungUp(made, call);
    for (const answer of late) pcrf.server.write(answer);
    await nothingLeft(made);
  });
});

describe('a PCRF that', () => {
  const failures: readonly (readonly [
    string,
    (pcrf: TestPcrf, request: wire.WireMessage) => Buffer | readonly Buffer[] | undefined,
  ])[] = [
    ['knows no such handset', (pcrf, request) => pcrf.experimental(request, 5065)],
    ['cannot be routed to', (pcrf, request) => pcrf.server.error(request, 3002)],
    ['gives no result', (pcrf, request) => pcrf.server.answer(request, [])],
    [
      'answers what cannot be read',
      (pcrf, request) => {
        const answer = pcrf.success(request);
        answer.writeUIntBE(0x2000, 25, 3);
        return answer;
      },
    ],
    ['never answers', () => undefined],
  ];
  for (const [what, react] of failures) {
    it(`${what} does not stop a call, which has no bearer then`, async (t) => {
      const made = await rig(t);
      const { pcrf, lab: started, alice, bob } = made;
      pcrf.server.on(AAR, (request) => react(pcrf, request));
      const call = await callUp(alice, bob, BOB);
      await pcrf.server.until(() => pcrf.server.requests.length === 2);
      if (what === 'never answers') started.clock.advance(6000);
      await eventually(() => assert.deepEqual(qos(started), ['disabled', 'disabled']));
      assert.equal(started.server.counts().calls, 1);
      await hungUp(made, call);
      await eventually(() => assert.equal(started.server.counts().rxSessions, 0));
    });

    it(`${what} ends a call that needs it (rx_required)`, async (t) => {
      const made = await rig(t, 'rx_required: true,');
      const { pcrf, lab: started, alice, bob } = made;
      pcrf.server.on(AAR, (request) => react(pcrf, request));
      const { invite: received } = await invite(alice, bob, BOB);
      bob.respond(received, 183, { headers: SDP_HEADER, body: sdpOf(bob) });
      await pcrf.server.until(() => pcrf.server.requests.length === 2);
      if (what === 'never answers') started.clock.advance(6000);
      const refused = await final(alice, 580);
      assert.ok(refused !== undefined);
      await bob.request('CANCEL');
    });
  }

  it('answers twice disturbs nobody', async (t) => {
    const made = await rig(t);
    const { pcrf, alice, bob } = made;
    pcrf.server.on(AAR, (request) => {
      pcrf.sessions.set(wire.text(request, 263) ?? '', request);
      return [pcrf.success(request), pcrf.success(request)];
    });
    const call = await callUp(alice, bob, BOB);
    await reserved(made);
    await hungUp(made, call);
    await nothingLeft(made);
  });

  it('refuses a modification leaves what was before', async (t) => {
    const made = await rig(t);
    const { pcrf, lab: started, alice, bob } = made;
    const call = await callUp(alice, bob, BOB);
    await reserved(made);
    pcrf.server.on(AAR, (request) => pcrf.experimental(request, 5063));
    const sent = insideAsCaller(alice, call, 'INVITE', sdpOf(alice, 'sendonly'));
    bob.respond(await bob.request('INVITE'), 200, { headers: SDP_HEADER, body: sdpOf(bob, 'recvonly') });
    await bob.request('ACK');
    acknowledge(alice, sent, await alice.response(200));
    await pcrf.server.until(() => pcrf.server.requests.length === 4);
    await reserved(made);
    assert.deepEqual(qos(started), ['erab_set', 'erab_set']);
    await hungUp(made, call);
    await nothingLeft(made);
  });

  it('has forgotten a session is asked anew when it is to be modified', async (t) => {
    const made = await rig(t);
    const { pcrf, alice, bob } = made;
    const call = await callUp(alice, bob, BOB);
    await reserved(made);
    const initial: (number | undefined)[] = [];
    pcrf.server.on(AAR, (request) => {
      initial.push(wire.number(request, 533));
      return wire.number(request, 533) === 1
        ? pcrf.server.answer(request, [wire.avp(268, 5002)])
        : pcrf.success(request);
    });
    const sent = insideAsCaller(alice, call, 'INVITE', sdpOf(alice, 'sendonly'));
    bob.respond(await bob.request('INVITE'), 200, { headers: SDP_HEADER, body: sdpOf(bob, 'recvonly') });
    await bob.request('ACK');
    acknowledge(alice, sent, await alice.response(200));
    await eventually(() => assert.deepEqual(initial.map(String).toSorted(), ['0', '0', '1', '1']));
    await reserved(made);
  });

  it('restarts hears of the live sessions again', async (t) => {
    const made = await rig(t);
    const { pcrf, lab: started, alice, bob } = made;
    const call = await callUp(alice, bob, BOB);
    await reserved(made);
    pcrf.sessions.clear();
    pcrf.server.stateId++;
    pcrf.server.cut();
    await disconnected(started);
    started.clock.advance(1100);
    await eventually(() => assert.equal(pcrf.sessions.size, 2));
    await reserved(made);
    await hungUp(made, call);
    await nothingLeft(made);
  });

  it('is away does not stop calls and registrations', async (t) => {
    const made = await rig(t);
    const { pcrf, lab: started, alice, bob } = made;
    pcrf.server.close();
    await disconnected(started);
    await alice.register();
    const call = await callUp(alice, bob, BOB);
    await hungUp(made, call);
    assert.equal(started.server.counts().rxSessions, 0);
  });

  it('is away stops both when they need it (rx_required)', async (t) => {
    const made = await rig(t, 'rx_required: true,');
    const { pcrf, lab: started, alice } = made;
    pcrf.server.close();
    await disconnected(started);
    await challenged(alice, BOB);
    await final(alice, 503);
    alice.drain();
    alice.start('REGISTER', { headers: [`Contact: <${alice.contact}>`] });
    const refused = await final(alice, 503);
    assert.equal(refused.headers.raw('Retry-After'), '30');
  });
});

describe('what the PCRF says by itself', () => {
  async function up(t: TestContext): Promise<Rig & { readonly call: CallUp }> {
    const made = await rig(t);
    const call = await callUp(made.alice, made.bob, BOB);
    await reserved(made);
    return { ...made, call };
  }

  for (const action of ['loss', 'release'] as const) {
    it(`${action} of a bearer ends the call, both phones hear why`, async (t) => {
      const made = await up(t);
      const { pcrf, alice, bob } = made;
      const raa = await pcrf.reauthorize(pcrf.sessionOf(bob.local.address), [action]);
      assert.equal(wire.number(raa, 268), 2001);
      for (const phone of [alice, bob]) {
        const bye = await phone.request('BYE');
        assert.equal(bye.headers.raw('Reason'), `SIP;cause=503;text="${action} of bearer"`);
        phone.respond(bye, 200);
      }
      await nothingLeft(made);
    });
  }

  it('resources that cannot be had before the answer refuse the call', async (t) => {
    const made = await rig(t);
    const { pcrf, alice, bob } = made;
    const { invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 183, { headers: SDP_HEADER, body: sdpOf(bob) });
    await reserved(made);
    await pcrf.reauthorize(pcrf.sessionOf(bob.local.address), ['failed']);
    await final(alice, 580);
    await bob.request('CANCEL');
    await nothingLeft(made);
  });

  it('another access network is shown', async (t) => {
    const { pcrf, lab: started, alice } = await up(t);
    const wlan = [wire.tgpp(1027, 6), wire.tgpp(1032, 0, 0)];
    const raa = await pcrf.reauthorize(pcrf.sessionOf(alice.local.address), ['ipCanChange'], wlan);
    assert.equal(wire.number(raa, 268), 2001);
    const session = started.server.actions.rx().sessions.find(({ address }) => address === alice.local.address);
    assert.equal(session?.access, 'IEEE-802.11;network-provided');
    assert.equal(started.server.counts().calls, 1);
  });

  for (const [cause, words] of [
    [0, 'bearer released'],
    [2, 'insufficient bearer resources'],
    [3, 'PS to CS handover'],
  ] as const) {
    it(`an abort ends the call: ${words}`, async (t) => {
      const made = await up(t);
      const { pcrf, alice, bob } = made;
      const session = pcrf.sessionOf(alice.local.address);
      const asa = await pcrf.abort(session, cause);
      assert.equal(wire.number(asa, 268), 2001);
      for (const phone of [alice, bob]) {
        const bye = await phone.request('BYE');
        assert.equal(bye.headers.raw('Reason'), `SIP;cause=503;text="${words}"`);
        phone.respond(bye, 200);
      }
      await nothingLeft(made);
      // Twice.
      assert.equal(wire.number(await pcrf.abort(session, cause), 268), 5002);
    });
  }

  it('of a session nobody knows is refused', async (t) => {
    const { pcrf } = await rig(t);
    assert.equal(wire.number(await pcrf.reauthorize('x;1;2', ['loss']), 268), 5002);
    assert.equal(wire.number(await pcrf.abort('x;1;2', 0), 268), 5002);
  });
});

describe('Cx and Rx to one server', () => {
  it('share one connection', async (t) => {
    const address = loopbackAddress();
    const pcrf = await TestPcrf.start(t, { address, ...LISTENING, applications: [16_777_216, 16_777_236] });
    const started = await startLab(t, USERS, `cx_server_addr: "${serverAddress(address, pcrf.server.port)}",`);
    await connected(started);
    assert.equal(pcrf.server.connections, 1);
    assert.equal(started.server.actions.cx().peer?.remote, started.server.actions.rx().peer?.remote);
    const cer = await pcrf.server.next(257);
    assert.equal(wire.groups(cer, 260).length, 2);
  });

  it('do not, when they are to know us by different names', async (t) => {
    const address = loopbackAddress();
    const pcrf = await TestPcrf.start(t, { address, ...LISTENING, applications: [16_777_216, 16_777_236] });
    const one = `cx_server_addr: "${serverAddress(address, pcrf.server.port)}", rx_origin_host: "other.amarisoft.com",`;
    const started = await startLab(t, USERS, one);
    await connected(started);
    await eventually(() => assert.equal(started.server.actions.cx().peer?.state, 'open'));
    assert.equal(pcrf.server.connections, 2);
  });
});
