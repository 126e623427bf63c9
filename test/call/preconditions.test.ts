import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallFeature, CallPath } from '../../src/call/feature.ts';
import { Resources } from '../../src/call/resources.ts';
import type { Identity, Subscriber } from '../../src/store/subscribers.ts';
import { ALLOW, ANSWER, hangUp, OFFER, prack, pracked, reliably, text } from './flows.ts';
import type { Part } from './phone.ts';
import { Rig } from './rig.ts';

const ABLE = { Supported: '100rel, timer, precondition', Allow: ALLOW };

type Access = 'none' | 'sendrecv';

/** A description of a VoLTE phone. @param local what is reserved on its side. @param remote on the other, as it knows. */
function volte(address: string, local: Access, remote: Access, direction = 'sendrecv', codecs = '97 98 100'): string {
  return [
    'v=0',
    `o=- 1111111111 1111111111 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio 49170 RTP/AVP ${codecs}`,
    'b=AS:37',
    'b=RS:0',
    'b=RR:2000',
    ...codecs.split(' ').map((codec) => `a=rtpmap:${codec} ${codec === '100' ? 'telephone-event' : 'AMR'}/8000`),
    'a=fmtp:97 mode-change-capability=2; max-red=220',
    'a=ptime:20',
    `a=${direction}`,
    `a=curr:qos local ${local}`,
    `a=curr:qos remote ${remote}`,
    'a=des:qos mandatory local sendrecv',
    `a=des:qos ${remote === 'none' && local === 'none' ? 'optional' : 'mandatory'} remote sendrecv`,
    '',
  ].join('\r\n');
}

/** The lines of a description that preconditions are made of. */
function qosLines(body: Uint8Array): string[] {
  return text(body)
    .split('\r\n')
    .filter((line) => /^a=(curr|des|conf):/.test(line));
}

const AMR_ANSWER = (direction = 'sendrecv') =>
  `v=0\r\no=- 2 2 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 97 100\r\na=rtpmap:97 AMR/8000\r\na=rtpmap:100 telephone-event/8000\r\na=${direction}\r\n`;

interface Setting {
  readonly identity?: Partial<Identity>;
  readonly user?: Partial<Subscriber>;
}

/** Alice's phone calls Bob's. */
async function begun(offer: string, alice: Setting = {}, bob: Setting = {}, features: readonly CallFeature[] = []) {
  const rig = new Rig(features);
  const user = (uri: string, { identity, user: more }: Setting) => rig.subscriber([uri], identity, more);
  const a = rig.phone([], '10.0.0.1', user('sip:alice@ims.test', alice));
  const b = rig.phone([], '10.0.0.2', user('sip:bob@ims.test', bob));
  const caller = a.invite('sip:bob@ims.test', { sdp: offer, headers: ABLE });
  await rig.settle();
  return { rig, caller, callee: b.invited() };
}

/** The callee answers and both hang up. */
function finish(rig: Rig, caller: Part, callee: Part & { readonly invite: Parameters<Part['answer']>[0] }): void {
  callee.answer(callee.invite, 200);
  callee.takeRequest('ACK');
  caller.take('200 INVITE');
  caller.request('ACK');
  hangUp(caller, callee);
  rig.finish();
}

function states(rig: Rig): (readonly string[])[] {
  return [...rig.b2bua.calls].flatMap(({ records }) => records.map(({ qos }) => qos()));
}

const OFFERED = volte('10.0.0.1', 'none', 'none');

describe('preconditions of two phones that use them', () => {
  it('C.21: INVITE, 183, PRACK, UPDATE, 180, 200 pass as they are', async () => {
    const { rig, caller, callee } = await begun(OFFERED);
    assert.match(callee.invite.headers.raw('Supported') ?? '', /precondition/);
    assert.equal(callee.invite.headers.has('Require'), false);
    assert.deepEqual(qosLines(callee.invite.body), qosLines(Buffer.from(OFFERED)));

    const answer = `${volte('10.0.0.2', 'none', 'none', 'sendrecv', '97 100')}a=conf:qos remote sendrecv\r\n`;
    callee.answer(callee.invite, 183, { sdp: answer, headers: { ...reliably(1), Require: '100rel, precondition' } });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    assert.equal(progress.headers.raw('Require'), '100rel, precondition');
    assert.deepEqual(qosLines(progress.body), qosLines(Buffer.from(answer)));
    assert.match(text(progress.body), /m=audio 1\d{4} RTP\/AVP 97 100\r\n/);
    prack(caller, progress);
    caller.take('200 PRACK');
    assert.deepEqual(states(rig), [['pending'], ['pending']]);

    const ready = volte('10.0.0.1', 'sendrecv', 'none', 'sendrecv', '97 100');
    caller.request('UPDATE', {
      sdp: ready,
      headers: { Require: 'precondition, sec-agree', 'Proxy-Require': 'sec-agree' },
    });
    await rig.settle();
    const update = callee.takeRequest('UPDATE');
    assert.deepEqual(qosLines(update.body), qosLines(Buffer.from(ready)));
    const both = volte('10.0.0.2', 'sendrecv', 'sendrecv', 'sendrecv', '97 100');
    callee.answer(update, 200, { sdp: both });
    assert.deepEqual(qosLines(caller.take('200 UPDATE').body), qosLines(Buffer.from(both)));
    assert.deepEqual(states(rig), [['erab_set'], ['erab_set']]);
    callee.answer(callee.invite, 180);
    caller.take('180 INVITE');
    finish(rig, caller, callee);
  });

  it('are played by the server once the call is up: video is added though neither hears of the other’s access', async () => {
    const { rig, caller, callee } = await begun(volte('10.0.0.1', 'sendrecv', 'sendrecv'));
    callee.answer(callee.invite, 200, { sdp: volte('10.0.0.2', 'sendrecv', 'sendrecv') });
    callee.takeRequest('ACK');
    caller.take('200 INVITE');
    caller.request('ACK');
    const video = (local: Access, remote: Access) =>
      `m=video 4002 RTP/AVP 99\r\na=sendrecv\r\na=curr:qos local ${local}\r\na=curr:qos remote ${remote}\r\na=des:qos mandatory local sendrecv\r\na=des:qos mandatory remote sendrecv\r\n`;
    const offered = volte('10.0.0.1', 'sendrecv', 'sendrecv');
    caller.request('INVITE', { sdp: offered + video('none', 'none'), headers: ABLE });
    await rig.settle();
    const invite = callee.takeRequest('INVITE');
    assert.deepEqual(qosLines(invite.body).slice(4, 6), ['a=curr:qos local sendrecv', 'a=curr:qos remote none']);
    const answer = volte('10.0.0.2', 'sendrecv', 'sendrecv') + video('none', 'sendrecv');
    callee.answer(invite, 183, { sdp: answer, headers: { ...reliably(1), Require: '100rel, precondition' } });
    callee.answer(callee.takeRequest('PRACK'), 200);
    callee.answer(invite, 200);
    callee.takeRequest('ACK');
    const lines = qosLines(caller.take('200 INVITE').body).slice(4);
    assert.deepEqual(lines.slice(0, 2), ['a=curr:qos local sendrecv', 'a=curr:qos remote none']);
    assert.equal(lines.at(-1), 'a=conf:qos remote sendrecv');
    caller.request('ACK');
    caller.request('UPDATE', { sdp: offered + video('sendrecv', 'sendrecv'), headers: ABLE });
    await rig.settle();
    assert.equal(qosLines(caller.take('200 UPDATE').body)[5], 'a=curr:qos remote sendrecv');
    assert.deepEqual(callee.phone.takeAll(), []);
    assert.equal(rig.relay.open, 2);
    hangUp(caller, callee);
    rig.finish();
  });

  it('are removed both ways by the policy strip, and for a user that has them off', async () => {
    const settings: Setting[] = [{ user: { preconditionPolicy: 'strip' } }, { identity: { precondition: false } }];
    for (const bob of settings) {
      const { rig, caller, callee } = await begun(OFFERED, {}, bob);
      assert.deepEqual(qosLines(callee.invite.body), []);
      assert.doesNotMatch(callee.invite.headers.raw('Supported') ?? '', /precondition/);
      callee.answer(callee.invite, 183, { sdp: volte('10.0.0.2', 'none', 'none'), headers: reliably(1) });
      callee.answer(pracked(callee, 1), 200);
      const progress = caller.take('183 INVITE');
      // The caller is played the preconditions that it uses.
      assert.deepEqual(qosLines(progress.body)[0], 'a=curr:qos local sendrecv');
      prack(caller, progress);
      caller.take('200 PRACK');
      assert.deepEqual(states(rig), [['pending'], ['disabled']]);
      finish(rig, caller, callee);
    }
  });

  it('are not for a caller that has them off: 420 when it requires them', async () => {
    const rig = new Rig();
    const alice = rig.phone([], '10.0.0.1', rig.subscriber(['sip:alice@ims.test'], { precondition: false }));
    rig.phone(['sip:bob@ims.test'], '10.0.0.2');
    const caller = alice.invite('sip:bob@ims.test', { sdp: OFFERED, headers: { ...ABLE, Require: 'precondition' } });
    assert.equal(caller.take('420 INVITE').headers.raw('Unsupported'), 'precondition');
    rig.finish();
  });

  it('are reported as met by the policy force-ready; each phone is answered here', async () => {
    const { rig, caller, callee } = await begun(OFFERED, { user: { preconditionPolicy: 'force-ready' } });
    assert.deepEqual(qosLines(callee.invite.body), [
      'a=curr:qos local sendrecv',
      'a=curr:qos remote none',
      'a=des:qos mandatory local sendrecv',
      'a=des:qos optional remote sendrecv',
    ]);
    const answer = volte('10.0.0.2', 'none', 'sendrecv', 'sendrecv', '97 100');
    callee.answer(callee.invite, 183, { sdp: answer, headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    assert.deepEqual(qosLines(progress.body), [
      'a=curr:qos local sendrecv',
      'a=curr:qos remote none',
      'a=des:qos mandatory local sendrecv',
      'a=des:qos mandatory remote sendrecv',
      'a=conf:qos remote sendrecv',
    ]);
    prack(caller, progress);
    caller.take('200 PRACK');
    caller.request('UPDATE', { sdp: volte('10.0.0.1', 'sendrecv', 'sendrecv', 'sendrecv', '97 100') });
    await rig.settle();
    assert.equal(qosLines(caller.take('200 UPDATE').body)[1], 'a=curr:qos remote sendrecv');
    callee.request('UPDATE', { sdp: volte('10.0.0.2', 'sendrecv', 'sendrecv', 'sendrecv', '97 100') });
    await rig.settle();
    assert.equal(qosLines(callee.take('200 UPDATE').body)[1], 'a=curr:qos remote sendrecv');
    assert.deepEqual(states(rig), [['erab_set'], ['erab_set']]);
    finish(rig, caller, callee);
  });
});

describe('preconditions of a caller whose callee uses none', () => {
  it('are played by the server: the UPDATE is answered, the callee is not asked', async () => {
    const { rig, caller, callee } = await begun(OFFERED);
    callee.answer(callee.invite, 183, { sdp: AMR_ANSWER(), headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    assert.equal(progress.headers.raw('Require'), '100rel, precondition');
    assert.deepEqual(qosLines(progress.body), [
      'a=curr:qos local sendrecv',
      'a=curr:qos remote none',
      'a=des:qos mandatory local sendrecv',
      'a=des:qos mandatory remote sendrecv',
      'a=conf:qos remote sendrecv',
    ]);
    prack(caller, progress);
    caller.take('200 PRACK');
    assert.deepEqual(states(rig), [['pending'], ['disabled']]);

    caller.request('UPDATE', { sdp: volte('10.0.0.1', 'sendrecv', 'sendrecv', 'sendrecv', '97 100') });
    await rig.settle();
    const ok = caller.take('200 UPDATE');
    assert.deepEqual(qosLines(ok.body), [
      'a=curr:qos local sendrecv',
      'a=curr:qos remote sendrecv',
      'a=des:qos mandatory local sendrecv',
      'a=des:qos mandatory remote sendrecv',
    ]);
    assert.match(text(ok.body), /m=audio 1\d{4} RTP\/AVP 97 100\r\n.*a=sendrecv/s);
    assert.deepEqual(callee.phone.takeAll(), []);
    assert.deepEqual(states(rig), [['erab_set'], ['disabled']]);
    finish(rig, caller, callee);
  });

  it('are no reason for silence: a=inactive of a caller that is not ready is sendrecv for the callee', async () => {
    const { rig, caller, callee } = await begun(
      volte('10.0.0.1', 'none', 'none', 'inactive'),
      {},
      { identity: { precondition: false } },
    );
    assert.match(text(callee.invite.body), /a=sendrecv/);
    assert.doesNotMatch(text(callee.invite.body), /inactive|qos/);
    callee.answer(callee.invite, 183, { sdp: AMR_ANSWER(), headers: reliably(1) });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    // RFC 3264 §6.1: what is offered inactive is answered so.
    assert.match(text(progress.body), /a=inactive/);
    prack(caller, progress);
    caller.take('200 PRACK');
    caller.request('UPDATE', { sdp: volte('10.0.0.1', 'sendrecv', 'sendrecv', 'sendrecv', '97 100') });
    await rig.settle();
    assert.match(text(caller.take('200 UPDATE').body), /a=sendrecv/);
    assert.deepEqual(callee.phone.takeAll(), []);
    finish(rig, caller, callee);
  });

  it('leave a hold what it is: it goes to the callee, without preconditions', async () => {
    const { rig, caller, callee } = await begun(OFFERED);
    callee.answer(callee.invite, 200, { sdp: AMR_ANSWER() });
    callee.takeRequest('ACK');
    assert.match(text(caller.take('200 INVITE').body), /curr:qos local sendrecv/);
    caller.request('ACK');
    caller.request('INVITE', { sdp: volte('10.0.0.1', 'sendrecv', 'sendrecv', 'sendonly', '97 100') });
    await rig.settle();
    const hold = callee.takeRequest('INVITE');
    assert.match(text(hold.body), /a=sendonly/);
    assert.deepEqual(qosLines(hold.body), []);
    callee.answer(hold, 200, { sdp: AMR_ANSWER('recvonly') });
    callee.takeRequest('ACK');
    const held = caller.take('200 INVITE');
    assert.match(text(held.body), /a=recvonly/);
    assert.equal(qosLines(held.body).length, 4);
    caller.request('ACK');
    hangUp(caller, callee);
    rig.finish();
  });
});

describe('preconditions of a callee whose caller uses none', () => {
  it('are played by the server where they are set: the callee is told that all is ready', async () => {
    const { rig, caller, callee } = await begun(
      AMR_ANSWER().replaceAll('10.0.0.2', '10.0.0.1'),
      {},
      { identity: { precondition: true } },
    );
    assert.equal(qosLines(callee.invite.body)[0], 'a=curr:qos local sendrecv');
    const answer = volte('10.0.0.2', 'none', 'sendrecv', 'inactive', '97 100');
    callee.answer(callee.invite, 183, { sdp: answer, headers: { ...reliably(1), Require: '100rel, precondition' } });
    callee.answer(pracked(callee, 1), 200);
    const progress = caller.take('183 INVITE');
    assert.equal(progress.headers.raw('Require'), '100rel');
    assert.doesNotMatch(text(progress.body), /inactive|qos/);
    prack(caller, progress);
    caller.take('200 PRACK');
    assert.deepEqual(states(rig), [['disabled'], ['pending']]);
    callee.request('UPDATE', { sdp: volte('10.0.0.2', 'sendrecv', 'sendrecv', 'sendrecv', '97 100') });
    await rig.settle();
    assert.equal(qosLines(callee.take('200 UPDATE').body).length, 4);
    assert.deepEqual(caller.phone.takeAll(), []);
    assert.deepEqual(states(rig), [['disabled'], ['erab_set']]);
    finish(rig, caller, callee);
  });

  it('are not begun by the server otherwise', async () => {
    const { rig, caller, callee } = await begun(AMR_ANSWER());
    assert.deepEqual(qosLines(callee.invite.body), []);
    caller.request('CANCEL');
    rig.finish();
  });
});

describe('preconditions that cannot be met', () => {
  it('of a type we do not know: 580', async () => {
    const rig = new Rig();
    const alice = rig.phone(['sip:alice@ims.test'], '10.0.0.1');
    rig.phone(['sip:bob@ims.test'], '10.0.0.2');
    const caller = alice.invite('sip:bob@ims.test', {
      sdp: `${OFFER}a=des:sec mandatory e2e sendrecv\r\n`,
      headers: ABLE,
    });
    await rig.settle();
    caller.take('580 INVITE');
    rig.finish();
  });

  it('as the callee says: its 580 passes', async () => {
    const { rig, caller, callee } = await begun(OFFERED);
    callee.answer(callee.invite, 580);
    callee.takeRequest('ACK');
    caller.take('580 INVITE');
    rig.finish();
  });

  /** What reserves resources for a call. */
  class Reserving implements CallFeature {
    readonly name = 'reserving';
    path: CallPath | undefined;
    async prepare(path: CallPath): Promise<void> {
      this.path = path;
    }
  }

  it('because resources are lost before the answer: 580; afterwards BYE', async () => {
    for (const answered of [false, true]) {
      const reserving = new Reserving();
      const { rig, caller, callee } = await begun(OFFERED, {}, {}, [reserving]);
      const { resources } = reserving.path ?? {};
      assert.ok(resources instanceof Resources);
      resources.report('caller', [0], 'pending');
      callee.answer(callee.invite, 180);
      caller.take('180 INVITE');
      if (answered) {
        callee.answer(callee.invite, 200, { sdp: ANSWER });
        callee.takeRequest('ACK');
        caller.take('200 INVITE');
        caller.request('ACK');
        assert.deepEqual(states(rig)[0], ['pending']);
        resources.report('caller', [0], 'erab_set');
        assert.deepEqual(states(rig)[0], ['erab_set']);
      }
      resources.lost('caller', 'bearer "released"');
      const why = 'SIP;cause=580;text="bearer \\"released\\""';
      if (answered) {
        assert.equal(caller.takeRequest('BYE').headers.raw('Reason'), why);
        assert.equal(callee.takeRequest('BYE').headers.raw('Reason'), why);
      } else {
        caller.take('580 INVITE');
        assert.equal(callee.takeRequest('CANCEL').headers.raw('Reason'), why);
      }
      rig.finish();
    }
  });
});

describe("what is answered in the other side's place", () => {
  it('leaves the version of what the other side was told alone', async () => {
    const { rig, caller, callee } = await begun(OFFERED);
    callee.answer(callee.invite, 200, { sdp: AMR_ANSWER() });
    callee.takeRequest('ACK');
    caller.take('200 INVITE');
    caller.request('ACK');
    const version = (body: Uint8Array) => BigInt(/^o=- \d+ (\d+) /m.exec(text(body))?.[1] ?? '');
    for (const moved of ['49170', '49172']) {
      const ready = volte('10.0.0.1', 'sendrecv', 'sendrecv', 'sendrecv', '97 100').replace('49170', moved);
      caller.request('UPDATE', { sdp: ready });
      await rig.settle();
      caller.take('200 UPDATE');
    }
    // Media go where the caller wants them now.
    assert.equal(rig.relay.targets.includes('10.0.0.1:49172'), true);
    caller.request('INVITE', { sdp: volte('10.0.0.1', 'sendrecv', 'sendrecv', 'sendonly', '97 100') });
    await rig.settle();
    const hold = callee.takeRequest('INVITE');
    assert.equal(version(hold.body), version(callee.invite.body) + 1n);
    callee.answer(hold, 488);
    callee.takeRequest('ACK');
    caller.take('488 INVITE');
    caller.request('ACK');
    hangUp(caller, callee);
    rig.finish();
  });
});

describe('preconditions of an INVITE without an offer', () => {
  it("pass from the callee's 183 to the caller that supports them", async () => {
    const rig = new Rig();
    const alice = rig.phone(['sip:alice@ims.test'], '10.0.0.1');
    const bob = rig.phone(['sip:bob@ims.test'], '10.0.0.2');
    const caller = alice.invite('sip:bob@ims.test', { headers: ABLE });
    const callee = bob.invited();
    const offer = volte('10.0.0.2', 'none', 'none');
    callee.answer(callee.invite, 183, { sdp: offer, headers: { ...reliably(1), Require: '100rel, precondition' } });
    await rig.settle();
    const progress = caller.take('183 INVITE');
    assert.deepEqual(qosLines(progress.body), qosLines(Buffer.from(offer)));
    prack(caller, progress, volte('10.0.0.1', 'sendrecv', 'none', 'sendrecv', '97 100'));
    caller.take('200 PRACK');
    const ack = pracked(callee, 1);
    assert.equal(qosLines(ack.body)[0], 'a=curr:qos local sendrecv');
    callee.answer(ack, 200);
    finish(rig, caller, callee);
  });
});
