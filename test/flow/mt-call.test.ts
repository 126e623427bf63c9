import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import type { MtCallRequest } from '../../src/control/actions.ts';
import type { Request } from '../../src/sip/message/message.ts';
import { described, mediaSocket, RTP_PACKET, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { type Lab, startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';

const USERS = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice", multi_sim: true},
  {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob", mt_call_sdp_file: "bob.sdp"},
  {impi: "quiet", impu: [{impu: "quiet", ring_only: true}], pwd: "quiet"},`;
const template = (name: string, payload: number) =>
  `v=0\no=- 0 0 IN IP4 0.0.0.0\ns=${name}\nt=0 0\nm=audio 0 RTP/AVP ${payload}\n`;
const FILES = {
  'all.sdp': template('all', 0),
  'bob.sdp': template('bob', 3),
  'mine.sdp': template('mine', 8),
  'wrong.sdp': 'hello',
};

async function registered(t: TestContext, ...names: string[]): Promise<{ lab: Lab; phones: Phone[] }> {
  const settings = 'p_called_party_id: true, mt_call_sdp_file: "all.sdp",';
  const lab = await startLab(t, USERS, settings, '', [], { files: FILES });
  const phones: Phone[] = [];
  for (const name of names) {
    const phone = await lab.phone(name);
    await phone.register();
    phones.push(phone);
  }
  return { lab, phones };
}

function mtCaller({ server }: Lab): (request: MtCallRequest) => readonly string[] | string {
  return (request) => server.actions.mtCall(request);
}

async function answered(phone: Phone, invite: Request, direction = 'sendrecv'): Promise<void> {
  phone.respond(invite, 180);
  phone.respond(invite, 200, { headers: SDP_HEADER, body: sdpOf(phone, direction) });
  await phone.request('ACK');
  await phone.settled();
}

function assertNothingLeft(lab: Lab): void {
  for (let round = 0; round < 3; round++) lab.clock.advance(33_000);
  const { dialogs, calls, transactions, streams } = lab.server.counts();
  assert.deepEqual({ dialogs, calls, transactions, streams }, { dialogs: 0, calls: 0, transactions: 0, streams: 0 });
}

describe('a call of the server’s making', () => {
  it('INVITE, 180, 200, ACK; the phone hears itself and hangs up', async (t) => {
    const { lab, phones } = await registered(t, 'alice');
    const [alice] = phones as [Phone];
    const sessions = lab.server.actions.mtCall({ callee: 'tel:1001' });
    const invite = await alice.request('INVITE');
    assert.equal(invite.uri, alice.contact);
    assert.equal(invite.headers.raw('P-Called-Party-ID'), '<tel:1001>');
    assert.match(invite.headers.raw('From') ?? '', /^<sip:ims@ims.test>;tag=/);
    assert.match(invite.headers.raw('Accept-Contact') ?? '', /mmtel/);
    const offer = described(invite);
    assert.equal(offer.address, lab.address);
    assert.match(offer.text, /m=audio [1-9]\d* RTP\/AVP 0\r/);
    const row = () => lab.server.actions.dialogs()[0];
    assert.deepEqual([[row()?.sessionId], row()?.type, row()?.state], [sessions, 'mt call', 'init']);
    alice.respond(invite, 180);
    await alice.settled();
    assert.equal(row()?.state, 'ringing');
    await answered(alice, invite);
    assert.equal(row()?.state, 'start');
    const socket = await mediaSocket(t, alice);
    const heard = once(socket, 'message');
    socket.send(RTP_PACKET, offer.port, offer.address);
    assert.deepEqual((await heard)[0], RTP_PACKET);
    assert.deepEqual([row()?.medias[0]?.rtpReceived, row()?.medias[0]?.rtpSent], [1, 1]);
    alice.start('BYE', {
      uri: 'sip:ims@ims.test',
      callId: invite.headers.raw('Call-ID') ?? '',
      from: `${invite.headers.raw('To')};tag=alice-to`,
      to: invite.headers.raw('From') ?? '',
    });
    await alice.response(200);
    assert.equal(row()?.state, 'stop');
    assertNothingLeft(lab);
  });

  it('offers what the command, the user or the server names, in this order', async (t) => {
    const { lab, phones } = await registered(t, 'alice', 'bob');
    const [alice, bob] = phones as [Phone, Phone];
    const mtCall = mtCaller(lab);
    const payload = async (phone: Phone) =>
      / (\d+)\r/.exec(described(await phone.request('INVITE')).text.split('m=')[1] ?? '')?.[1];
    mtCall({ callee: 'alice' });
    assert.equal(await payload(alice), '0');
    mtCall({ callee: 'sip:bob' });
    assert.equal(await payload(bob), '3');
    mtCall({ callee: 'bob', sipFile: 'mine.sdp' });
    assert.equal(await payload(bob), '8');
  });

  it('comes from whom the command says', async (t) => {
    const { lab, phones } = await registered(t, 'alice');
    const [alice] = phones as [Phone];
    const mtCall = mtCaller(lab);
    mtCall({ callee: 'alice', caller: 'tel:+3312345' });
    const stranger = await alice.request('INVITE');
    assert.match(stranger.headers.raw('From') ?? '', /^<tel:\+3312345>/);
    assert.deepEqual(stranger.headers.rawAll('P-Asserted-Identity'), ['<tel:+3312345>']);
    mtCall({ callee: 'alice', caller: 'tel:1002' });
    const user = await alice.request('INVITE');
    assert.deepEqual(user.headers.rawAll('P-Asserted-Identity'), ['<tel:1002>', '<sip:bob@ims.test>']);
  });

  it('says in words why it cannot be', async (t) => {
    const { lab } = await registered(t, 'alice');
    const mtCall = mtCaller(lab);
    const rows: readonly (readonly [MtCallRequest, RegExp])[] = [
      [{ callee: 'nobody' }, /nobody has the identity/],
      [{ callee: 'bob' }, /bob is not registered/],
      [{ callee: 'alice', sipFile: 'none.sdp' }, /none\.sdp cannot be read/],
      [{ callee: 'alice', sipFile: 'wrong.sdp' }, /wrong\.sdp: .*v=0/],
      [{ callee: 'alice', caller: 'tel:' }, /tel/],
    ];
    for (const [request, words] of rows) assert.match(String(mtCall(request)), words);
    assert.deepEqual(lab.server.actions.dialogs(), []);
  });

  it('rings all phones of the user; the first to answer has it', async (t) => {
    const { lab, phones } = await registered(t, 'alice', 'alice');
    const [one, two] = phones as [Phone, Phone];
    const sessions = lab.server.actions.mtCall({ callee: 'alice' });
    assert.equal(sessions.length, 2);
    const [first, second] = [await one.request('INVITE'), await two.request('INVITE')];
    one.respond(first, 180);
    await one.settled();
    await answered(two, second);
    const cancelled = await one.request('CANCEL');
    assert.match(cancelled.headers.raw('Reason') ?? '', /cause=200/);
    one.respond(cancelled, 200);
    one.respond(first, 487);
    await one.request('ACK');
    await one.settled();
    assert.deepEqual(
      lab.server.actions.dialogs().map(({ state }) => state),
      ['stop', 'start'],
    );
    assert.equal(lab.server.counts().streams, 1);
  });

  it('lasts as long as the command says', async (t) => {
    const { lab, phones } = await registered(t, 'alice');
    const [alice] = phones as [Phone];
    lab.server.actions.mtCall({ callee: 'alice', durationS: 7.5 });
    await answered(alice, await alice.request('INVITE'));
    lab.clock.advance(7_499);
    await alice.settled();
    assert.ok(alice.idle);
    lab.clock.advance(1);
    const bye = await alice.request('BYE');
    assert.match(bye.headers.raw('Reason') ?? '', /cause=16/);
    alice.respond(bye, 200);
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('to an identity that rings only is ended when it is answered', async (t) => {
    const { lab, phones } = await registered(t, 'quiet');
    const [quiet] = phones as [Phone];
    lab.server.actions.mtCall({ callee: 'quiet' });
    const invite = await quiet.request('INVITE');
    quiet.respond(invite, 200, { headers: SDP_HEADER, body: sdpOf(quiet) });
    await quiet.request('ACK');
    quiet.respond(await quiet.request('BYE'), 200);
    await quiet.settled();
    assertNothingLeft(lab);
  });

  for (const status of [486, 603, 488]) {
    it(`is over when the phone refuses with ${status}`, async (t) => {
      const { lab, phones } = await registered(t, 'alice');
      const [alice] = phones as [Phone];
      lab.server.actions.mtCall({ callee: 'alice' });
      alice.respond(await alice.request('INVITE'), status);
      await alice.request('ACK');
      await alice.settled();
      assert.equal(lab.server.actions.dialogs()[0]?.state, 'stop');
      assertNothingLeft(lab);
    });
  }

  it('to a phone that is gone is over after 64·T1', async (t) => {
    const { lab, phones } = await registered(t, 'alice');
    const [alice] = phones as [Phone];
    lab.server.actions.mtCall({ callee: 'alice' });
    await alice.request('INVITE');
    lab.clock.advance(33_000);
    assert.equal(lab.server.actions.dialogs()[0]?.state, 'stop');
    assertNothingLeft(lab);
  });

  it('is cancelled by command while it rings, ended while it is up', async (t) => {
    const { lab, phones } = await registered(t, 'alice');
    const [alice] = phones as [Phone];
    const { actions } = lab.server;
    actions.mtCall({ callee: 'alice' });
    const invite = await alice.request('INVITE');
    alice.respond(invite, 180);
    await alice.settled();
    assert.ok(actions.stopDialog(actions.dialogs()[0]?.sessionId ?? ''));
    alice.respond(await alice.request('CANCEL'), 200);
    alice.respond(invite, 487);
    await alice.request('ACK');
    const [session = ''] = actions.mtCall({ callee: 'alice' });
    await answered(alice, await alice.request('INVITE'));
    assert.ok(actions.stopDialog(session));
    alice.respond(await alice.request('BYE'), 200);
    await alice.settled();
    assertNothingLeft(lab);
  });

  it('is held and resumed by the phone', async (t) => {
    const { lab, phones } = await registered(t, 'alice');
    const [alice] = phones as [Phone];
    lab.server.actions.mtCall({ callee: 'alice' });
    const invite = await alice.request('INVITE');
    await answered(alice, invite);
    const inside = {
      uri: 'sip:ims@ims.test',
      callId: invite.headers.raw('Call-ID') ?? '',
      from: `${invite.headers.raw('To')};tag=alice-to`,
      to: invite.headers.raw('From') ?? '',
      headers: [`Contact: <${alice.contact}>`, ...SDP_HEADER],
    };
    for (const [direction, ours, state] of [
      ['sendonly', 'recvonly', 'hold'],
      ['sendrecv', 'sendrecv', 'start'],
    ] as const) {
      const sent = alice.start('INVITE', { ...inside, body: sdpOf(alice, direction) });
      const accepted = await alice.response(200);
      assert.ok(described(accepted).text.includes(`a=${ours}`));
      alice.start('ACK', { ...inside, headers: [], cseq: sent.sequence, branch: `z9hG4bKack${sent.sequence}` });
      await alice.settled();
      assert.equal(lab.server.actions.dialogs()[0]?.state, state);
    }
  });
});
