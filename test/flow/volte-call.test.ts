/** Voice calls as VoLTE handsets make them (TS 34.229-1 C.11, C.21, C.21a; 12.12 to 12.15). */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Request, Response } from '../../src/sip/message/message.ts';
import { acknowledge, challenged, insideAsCaller, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { type Lab, startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';

const ICSI = '+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"';
const ALLOW = 'Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, MESSAGE';
const VOLTE = ['Supported: 100rel, timer, precondition', ALLOW, 'P-Early-Media: supported', 'Session-Expires: 1800'];
const IETF = ['Supported: 100rel, timer', ALLOW];

async function registered(t: TestContext, bob = '', settings = '') {
  const users = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},
    {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob", ${bob}},`;
  const lab = await startLab(t, users, `p_called_party_id: true, ${settings}`);
  const [alice, bobs] = [await lab.phone('alice'), await lab.phone('bob')];
  for (const phone of [alice, bobs]) {
    await phone.register({ headers: [`Contact: <${phone.contact}>;${ICSI};audio`, 'Expires: 3600'] });
  }
  return { lab, alice, bob: bobs };
}

/** What a VoLTE phone says: AMR, and how its access stands. */
function volte(phone: Phone, local: string, remote: string, codecs = '97 100'): string {
  const lines = [
    'v=0',
    `o=- 1111111111 1111111111 IN IP4 ${phone.local.address}`,
    's=-',
    `c=IN IP4 ${phone.local.address}`,
    't=0 0',
    `m=audio 40000 RTP/AVP ${codecs}`,
    'b=AS:37',
    'b=RS:0',
    'b=RR:2000',
    'a=rtpmap:97 AMR/8000/1',
    'a=fmtp:97 mode-change-capability=2; max-red=220',
    'a=rtpmap:100 telephone-event/8000',
    'a=fmtp:100 0-15',
    'a=ptime:20',
    'a=maxptime:240',
    'a=sendrecv',
    `a=curr:qos local ${local}`,
    `a=curr:qos remote ${remote}`,
    'a=des:qos mandatory local sendrecv',
    'a=des:qos mandatory remote sendrecv',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function qos({ body }: Request | Response): string[] {
  return (
    Buffer.from(body)
      .toString()
      .match(/^a=(curr|des|conf):.*$/gm) ?? []
  );
}

function rackOf(response: Response): string {
  return `RAck: ${response.headers.raw('RSeq')} ${response.headers.raw('CSeq')}`;
}

/** The called phone answers reliably; the server acknowledges that to it, the caller to the server. */
async function progress(alice: Phone, bob: Phone, up: Begun, status: number, sdp: string, required = '100rel') {
  const headers = [`Require: ${required}`, 'RSeq: 121', ALLOW, ...SDP_HEADER];
  bob.respond(up.invite, status, { headers, body: sdp });
  const prack = await bob.request('PRACK');
  assert.equal(prack.headers.raw('RAck'), '121 1 INVITE');
  bob.respond(prack, 200);
  const response = await alice.response(status);
  insideAsCaller(alice, { ...up, accepted: response }, 'PRACK', '', [rackOf(response)]);
  await alice.response(200);
  return response;
}

interface Begun {
  readonly sent: Awaited<ReturnType<typeof challenged>>;
  readonly invite: Request;
}

async function begin(alice: Phone, bob: Phone, sdp: string, headers: readonly string[]): Promise<Begun> {
  const sent = await challenged(alice, 'tel:1002', sdp, headers);
  return { sent, invite: await bob.request('INVITE') };
}

/** 180, 200, ACK, BYE; nothing is left then. */
async function complete(lab: Lab, alice: Phone, bob: Phone, up: Begun, body = '') {
  bob.respond(up.invite, 180);
  const ringing = await alice.response(180);
  bob.respond(up.invite, 200, body === '' ? {} : { headers: SDP_HEADER, body });
  await bob.request('ACK');
  const accepted = await alice.response(200);
  assert.equal(accepted.headers.raw('To'), ringing.headers.raw('To'));
  acknowledge(alice, up.sent, accepted);
  insideAsCaller(alice, { ...up, accepted }, 'BYE', '', ['Require: sec-agree', 'Proxy-Require: sec-agree']);
  bob.respond(await bob.request('BYE'), 200);
  await alice.response(200);
  await bob.settled();
  for (let round = 0; round < 3; round++) lab.clock.advance(33_000);
  const { dialogs, calls, transactions, streams } = lab.server.counts();
  assert.deepEqual({ dialogs, calls, transactions, streams }, { dialogs: 0, calls: 0, transactions: 0, streams: 0 });
  return accepted;
}

function qosStates(lab: Lab): unknown {
  return lab.server.actions.dialogs().map(({ medias }) => medias.map((media) => media.qos));
}

describe('a voice call of VoLTE handsets', () => {
  it('C.21: preconditions at both ends', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await begin(alice, bob, volte(alice, 'none', 'none'), VOLTE);
    const { headers } = up.invite;
    assert.equal(headers.raw('P-Called-Party-ID'), '<tel:1002>');
    assert.equal(headers.raw('Supported'), '100rel, precondition, timer');
    assert.equal(headers.raw('Require'), undefined);
    assert.match(headers.raw('Allow') ?? '', /PRACK, UPDATE/);
    assert.equal(qos(up.invite)[0], 'a=curr:qos local none');

    const first = await progress(alice, bob, up, 183, volte(bob, 'none', 'none'), '100rel, precondition');
    assert.equal(first.headers.raw('Require'), '100rel, precondition');
    assert.equal(qos(first)[0], 'a=curr:qos local none');
    assert.deepEqual(qosStates(lab), [['pending'], ['pending']]);

    const at = { ...up, accepted: first };
    insideAsCaller(alice, at, 'UPDATE', volte(alice, 'sendrecv', 'none'), ['Require: sec-agree, precondition']);
    const update = await bob.request('UPDATE');
    assert.equal(qos(update)[0], 'a=curr:qos local sendrecv');
    bob.respond(update, 200, { headers: SDP_HEADER, body: volte(bob, 'sendrecv', 'sendrecv') });
    assert.deepEqual(qos(await alice.response(200)).slice(0, 2), [
      'a=curr:qos local sendrecv',
      'a=curr:qos remote sendrecv',
    ]);
    assert.deepEqual(qosStates(lab), [['erab_set'], ['erab_set']]);
    const accepted = await complete(lab, alice, bob, up);
    assert.equal(accepted.headers.raw('Session-Expires'), '1800;refresher=uas');
  });

  it('C.21a: no preconditions, the answer in the 180', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await begin(alice, bob, sdpOf(alice), IETF);
    assert.deepEqual(qos(up.invite), []);
    const ringing = await progress(alice, bob, up, 180, sdpOf(bob));
    assert.equal(ringing.headers.raw('Require'), '100rel');
    assert.deepEqual(qos(ringing), []);
    assert.deepEqual(qosStates(lab), [['disabled'], ['disabled']]);
    await complete(lab, alice, bob, up);
  });

  it('C.11: called with preconditions by a phone without', async (t) => {
    const { lab, alice, bob } = await registered(t, '', 'precondition: true,');
    const up = await begin(alice, bob, sdpOf(alice), []);
    assert.equal(qos(up.invite)[0], 'a=curr:qos local sendrecv');
    bob.respond(up.invite, 183, {
      headers: ['Require: 100rel, precondition', 'RSeq: 1', ALLOW, ...SDP_HEADER],
      body: volte(bob, 'none', 'sendrecv', '8'),
    });
    bob.respond(await bob.request('PRACK'), 200);
    // Alice's phone knows no reliable responses.
    const early = await alice.response(183);
    assert.equal(early.headers.has('RSeq'), false);
    assert.deepEqual(qos(early), []);
    const accepted = await complete(lab, alice, bob, up);
    assert.equal(Buffer.from(accepted.body).toString(), Buffer.from(early.body).toString());
  });

  it('12.12: towards a phone without preconditions, which are played', async (t) => {
    const { lab, alice, bob } = await registered(t, 'precondition: "off"');
    const up = await begin(alice, bob, volte(alice, 'none', 'none'), VOLTE);
    assert.equal(up.invite.headers.raw('Supported'), '100rel, timer');
    assert.deepEqual(qos(up.invite), []);
    const plain = volte(bob, 'x', 'x').replace(/a=(curr|des).*\r\n/g, '');
    const first = await progress(alice, bob, up, 183, plain);
    assert.deepEqual(qos(first).slice(0, 2), ['a=curr:qos local sendrecv', 'a=curr:qos remote none']);
    insideAsCaller(alice, { ...up, accepted: first }, 'UPDATE', volte(alice, 'sendrecv', 'sendrecv'));
    assert.equal(qos(await alice.response(200))[1], 'a=curr:qos remote sendrecv');
    assert.deepEqual(qosStates(lab), [['erab_set'], ['disabled']]);
    await complete(lab, alice, bob, up);
  });

  it('without reliable responses where the user has 100rel off', async (t) => {
    const { lab, alice, bob } = await registered(t, '100rel: false');
    const up = await begin(alice, bob, volte(alice, 'none', 'none'), VOLTE);
    assert.equal(up.invite.headers.raw('Supported'), 'timer');
    assert.deepEqual(qos(up.invite), []);
    bob.respond(up.invite, 183, { headers: SDP_HEADER, body: sdpOf(bob) });
    assert.equal((await alice.response(183)).headers.has('RSeq'), false);
    await complete(lab, alice, bob, up, sdpOf(bob));
  });

  it('is cancelled after the 183: CANCEL, 487, and nothing is left', async (t) => {
    const { lab, alice, bob } = await registered(t);
    const up = await begin(alice, bob, volte(alice, 'none', 'none'), VOLTE);
    await progress(alice, bob, up, 183, volte(bob, 'none', 'none'), '100rel, precondition');
    const { sent } = up;
    alice.start('CANCEL', {
      uri: sent.uri,
      branch: sent.branch,
      callId: sent.callId,
      cseq: sent.sequence,
      from: sent.from,
      to: sent.to,
    });
    await alice.response(200);
    alice.ackRefusal(sent, await alice.response(487));
    bob.respond(await bob.request('CANCEL'), 200);
    bob.respond(up.invite, 487);
    await bob.request('ACK');
    for (let round = 0; round < 3; round++) lab.clock.advance(33_000);
    const { dialogs, calls, transactions, streams } = lab.server.counts();
    assert.deepEqual({ dialogs, calls, transactions, streams }, { dialogs: 0, calls: 0, transactions: 0, streams: 0 });
  });

  it('ends with 580 when the called phone gets no bearer', async (t) => {
    const { alice, bob } = await registered(t);
    const up = await begin(alice, bob, volte(alice, 'none', 'none'), VOLTE);
    await progress(alice, bob, up, 183, volte(bob, 'none', 'none'), '100rel, precondition');
    bob.respond(up.invite, 580);
    await bob.request('ACK');
    alice.ackRefusal(up.sent, await alice.response(580));
  });
});
