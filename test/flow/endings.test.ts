import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import {
  acknowledge,
  callUp,
  challenged,
  insideAsCalled,
  insideAsCaller,
  invite,
  SDP_HEADER,
  sdpOf,
} from '../support/call-flow.ts';
import { eventually } from '../support/eventually.ts';
import { type Lab, startLab } from '../support/lab.ts';
import type { Phone, Sent } from '../support/phone.ts';

const USERS = `{impi: "alice", impu: ["alice"], pwd: "alice"}, {impi: "bob", impu: ["bob"], pwd: "bob", multi_sim: true},
  {impi: "carol", impu: ["carol"], authent_type: "none"},`;
const BOB = 'sip:bob@ims.test';

async function registered(t: TestContext, settings = '') {
  const lab = await startLab(t, USERS, settings);
  const alice = await lab.phone('alice');
  const bob = await lab.phone('bob');
  await alice.register();
  await bob.register();
  return { lab, alice, bob };
}

function cancel(phone: Phone, { uri, branch, callId, sequence: cseq, from, to }: Sent): void {
  phone.start('CANCEL', { uri, branch, callId, cseq, from, to });
}

/** When every timer has run out nothing of a call is left. */
function assertNothingLeft(lab: Lab): void {
  for (let round = 0; round < 4; round++) lab.clock.advance(33_000);
  const { dialogs, calls, transactions, streams } = lab.server.counts();
  assert.deepEqual({ dialogs, calls, transactions, streams }, { dialogs: 0, calls: 0, transactions: 0, streams: 0 });
  assert.deepEqual(lab.server.actions.dialogs(), []);
}

describe('CANCEL', () => {
  it('before the called phone said anything: it is cancelled once it does (RFC 3261 §9.1)', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    cancel(alice, sent);
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    await bob.settled();
    assert.ok(bob.idle, 'no CANCEL yet');
    bob.respond(received, 180);
    bob.respond(await bob.request('CANCEL'), 200);
    bob.respond(received, 487);
    await bob.request('ACK');
    await bob.settled();
    assertNothingLeft(lab);
  });

  it('to a phone that never says anything', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent } = await invite(alice, bob, BOB);
    cancel(alice, sent);
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('while two phones ring cancels both', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const other = await lab.phone('bob');
    await other.register();
    const { sent, invite: first } = await invite(alice, bob, BOB);
    const second = await other.request('INVITE');
    for (const [phone, request] of [
      [bob, first],
      [other, second],
    ] as const) {
      phone.respond(request, 180);
      await alice.response(180);
    }
    cancel(alice, sent);
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    for (const [phone, request] of [
      [bob, first],
      [other, second],
    ] as const) {
      phone.respond(await phone.request('CANCEL'), 200);
      phone.respond(request, 487);
      await phone.request('ACK');
      await phone.settled();
    }
    assertNothingLeft(lab);
  });

  it('after the 200 changes nothing: the call is up', async (t) => {
    const { alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await bob.request('ACK');
    const accepted = await alice.response(200);
    cancel(alice, sent);
    await alice.response(200);
    acknowledge(alice, sent, accepted);
    await alice.settled();
    assert.ok(alice.idle && bob.idle);
  });

  it('that the called phone ignores ends with its 200, which is acknowledged and ended', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    await alice.response(180);
    cancel(alice, sent);
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    await bob.request('CANCEL');
    lab.clock.advance(3000);
    bob.drain();
    bob.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
    await eventually(() => assert.ok(bob.drain().some((message) => 'method' in message && message.method === 'BYE')));
    assertNothingLeft(lab);
  });
});

describe('BYE', () => {
  it('of the caller before the answer: its INVITE ends with 487, the called phone is cancelled', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    const ringing = await alice.response(180);
    insideAsCaller(alice, { sent, invite: received, accepted: ringing }, 'BYE');
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    bob.respond(await bob.request('CANCEL'), 200);
    bob.respond(received, 487);
    await bob.request('ACK');
    await bob.settled();
    assertNothingLeft(lab);
  });

  it('of the called phone before its answer: the caller hears 480', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const { sent, invite: received } = await invite(alice, bob, BOB);
    bob.respond(received, 180);
    const ringing = await alice.response(180);
    insideAsCalled(bob, { sent, invite: received, accepted: ringing }, 'BYE');
    await bob.response(200);
    alice.ackRefusal(sent, await alice.response(480));
    bob.respond(await bob.request('CANCEL'), 200);
    bob.respond(received, 487);
    await bob.request('ACK');
    await bob.settled();
    assertNothingLeft(lab);
  });

  it('that nobody answers leaves nothing', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, BOB);
    insideAsCaller(alice, up, 'BYE');
    await alice.response(200);
    await bob.request('BYE');
    assertNothingLeft(lab);
  });

  it('that comes late is answered 200 for 64·T1, then 481', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, BOB);
    insideAsCaller(alice, up, 'BYE');
    await alice.response(200);
    bob.respond(await bob.request('BYE'), 200);
    await bob.settled();
    lab.clock.advance(31_000);
    insideAsCalled(bob, up, 'BYE');
    await bob.response(200);
    lab.clock.advance(33_000);
    insideAsCalled(bob, up, 'BYE');
    await bob.response(481);
  });
});

describe('a phone that is gone', () => {
  it('in a call: the BYE to it runs out, the other one is free at once', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, BOB);
    insideAsCaller(alice, up, 'BYE');
    await alice.response(200);
    assert.equal(lab.server.counts().streams, 0);
    await bob.request('BYE');
    // The phone is back: it can be called while the old BYE is still repeated.
    await callUp(alice, bob, BOB);
    assert.equal(lab.server.counts().streams, 1);
  });

  it('does not answer a re-INVITE: the call ends on both sides', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await callUp(alice, bob, BOB);
    insideAsCaller(alice, up, 'INVITE', sdpOf(alice, 'sendonly'));
    await bob.request('INVITE');
    lab.clock.advance(33_000);
    await alice.settled();
    const said = alice.drain().map((message) => ('status' in message ? message.status : message.method));
    assert.ok(said.includes('BYE') || said.includes(408), said.join());
    assertNothingLeft(lab);
  });

  it('is deregistered: whom it talks with gets a BYE', async (t) => {
    const { lab, alice, bob } = await registered(t);
    await callUp(alice, bob, BOB);
    lab.server.actions.unregister('alice', 'rejected');
    for (const phone of [alice, bob]) phone.respond(await phone.request('BYE'), 200);
    await bob.settled();
    assertNothingLeft(lab);
  });

  it('resets its TCP connection while it rings: the caller hears 480, the phone stays registered', async (t) => {
    const { lab, alice } = await registered(t);
    const carol = await TcpPhone.open(t, lab);
    await carol.register();
    const { bindings } = lab.server.counts();
    await challenged(alice, 'sip:carol@ims.test');
    await carol.has('INVITE sip:');
    carol.reset();
    await eventually(async () => {
      lab.clock.advance(2000);
      await alice.settled();
      assert.ok(alice.drain().some((message) => 'status' in message && message.status === 480));
    });
    assert.equal(lab.server.counts().bindings, bindings);
    assertNothingLeft(lab);
  });
});

/** A phone without a password on a connection of its own. */
class TcpPhone {
  readonly #socket: Socket;
  readonly #lab: Lab;
  #heard = '';

  private constructor(socket: Socket, lab: Lab) {
    this.#socket = socket;
    this.#lab = lab;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#heard += text;
    });
    socket.on('error', () => {});
  }

  static async open(t: TestContext, lab: Lab): Promise<TcpPhone> {
    const socket = connect({ host: lab.address, port: 5060, localAddress: lab.address.replace(/\d+$/, '230') });
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return new TcpPhone(socket, lab);
  }

  async register(): Promise<void> {
    const { localAddress, localPort } = this.#socket;
    const place = `${localAddress}:${localPort};transport=tcp`;
    this.#socket.write(
      [
        'REGISTER sip:ims.test SIP/2.0',
        `Via: SIP/2.0/TCP ${localAddress}:${localPort};branch=z9hG4bKtcp`,
        'From: <sip:carol@ims.test>;tag=c',
        'To: <sip:carol@ims.test>',
        'Call-ID: tcp',
        'CSeq: 1 REGISTER',
        'Max-Forwards: 70',
        `Contact: <sip:carol@${place}>`,
        'Expires: 600',
        'Content-Length: 0',
        '\r\n',
      ].join('\r\n'),
    );
    await this.has('SIP/2.0 200');
  }

  /** Waits until it has got a message that begins so. */
  async has(start: string): Promise<void> {
    await eventually(() => assert.ok(this.#heard.includes(start), this.#heard));
    assert.ok(this.#lab.bugs.length === 0);
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

describe('a server that stops', () => {
  it('ends calls that are up, answers those that ring, cancels phones', async (t) => {
    const { lab, alice, bob } = await registered(t, 'echo: "tel:666",');
    await callUp(alice, bob, BOB);
    const carol = await lab.phone('carol');
    carol.start('REGISTER', { headers: [`Contact: <${carol.contact}>`, 'Expires: 600'] });
    await carol.response(200);
    const { invite: ringing } = await invite(alice, carol, 'sip:carol@ims.test');
    carol.respond(ringing, 180);
    await alice.response(180);
    lab.server.actions.mtCall({ callee: 'bob' });
    const called = await bob.request('INVITE');
    bob.respond(called, 180);
    await bob.settled();
    const stopped = lab.server.stop();
    bob.respond(await bob.request('BYE'), 200);
    bob.respond(await bob.request('CANCEL'), 200);
    carol.respond(await carol.request('CANCEL'), 200);
    const said = [await alice.next(), await alice.next()].map((one) => ('status' in one ? one.status : one.method));
    assert.deepEqual(new Set(said), new Set([503, 'BYE']));
    lab.clock.advance(5000);
    await stopped;
  });
});
