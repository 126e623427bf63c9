import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { P_ASSERTED_IDENTITY } from '../../src/sip/message/header-types.ts';
import { printUri } from '../../src/sip/message/uri.ts';
import { ANSWER, called, hangUp, OFFER, pair, text } from './flows.ts';

/** Alice calls Bob with these headers; what Bob's phone gets. */
async function inviteWith(headers: { readonly [name: string]: string }) {
  const bed = pair();
  const caller = bed.alice.invite('tel:+15550002', { sdp: OFFER, headers });
  await bed.rig.settle();
  const callee = bed.bob.invited();
  return { ...bed, caller, callee, invite: callee.invite.headers };
}

describe('the INVITE a called phone gets', () => {
  it('names caller and called by proven identities, whatever the caller wrote', async () => {
    const { callee } = await called();
    const { uri, headers } = callee.invite;
    assert.equal(uri, 'sip:phone@10.0.0.2:5060');
    assert.match(headers.raw('From') ?? '', /^<sip:alice@ims\.test>;tag=\w+$/);
    assert.equal(headers.raw('To'), '<tel:+15550002>');
    assert.deepEqual(
      headers.all(P_ASSERTED_IDENTITY).map((one) => printUri(one.uri)),
      ['sip:alice@ims.test', 'tel:+15550001'],
    );
    assert.equal(headers.raw('P-Called-Party-ID'), '<tel:+15550002>');
  });

  it('keeps the display name and replaces a From that is not the caller', async () => {
    const { invite } = await inviteWith({ From: '"Al" <sip:president@ims.test>;tag=x' });
    assert.match(invite.raw('From') ?? '', /^"Al" <sip:alice@ims\.test>;tag=(?!x$)/);
  });

  it('leads back to us, and to nobody else', async () => {
    const { caller, callee } = await called();
    const { headers } = callee.invite;
    assert.equal(headers.raw('Contact'), '<sip:ims@192.0.2.1:5060>');
    assert.deepEqual(headers.rawAll('Record-Route'), ['<sip:192.0.2.1:5060;lr>']);
    assert.equal(headers.rawAll('Via').length, 1);
    assert.notEqual(headers.raw('Call-ID'), caller.callId);
    assert.equal(headers.has('Route'), false);
  });

  it('says what we can do, and has one hop less to go', async () => {
    const { callee, invite } = await inviteWith({ 'Max-Forwards': '12' });
    assert.equal(invite.raw('Max-Forwards'), '11');
    assert.match(invite.raw('Allow') ?? '', /INVITE, ACK, CANCEL, BYE/);
    assert.equal(invite.has('Supported'), true);
    assert.equal(callee.invite.headers.raw('Content-Type'), 'application/sdp');
  });

  it('carries the headers that are between the phones, and no others', async () => {
    const { invite } = await inviteWith({
      Subject: 'lunch',
      'P-Preferred-Service': 'urn:urn-7:3gpp-service.ims.icsi.mmtel',
      'P-Preferred-Identity': '<sip:alice@ims.test>',
      'Security-Verify': 'ipsec-3gpp',
      'P-Access-Network-Info': '3GPP-E-UTRAN-FDD',
      Contact:
        '<sip:phone@10.0.0.1>;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel";video;+sip.instance="<urn:gsma:imei:1>";expires=9',
    });
    assert.equal(invite.raw('Subject'), 'lunch');
    assert.equal(invite.raw('P-Asserted-Service'), 'urn:urn-7:3gpp-service.ims.icsi.mmtel');
    for (const name of ['P-Preferred-Service', 'P-Preferred-Identity', 'Security-Verify', 'P-Access-Network-Info']) {
      assert.equal(invite.has(name), false, name);
    }
    assert.equal(
      invite.raw('Contact'),
      '<sip:ims@192.0.2.1:5060>;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel";video',
    );
  });

  it('does not tell who calls when the caller hides it (RFC 3325 §9.3)', async () => {
    const { invite } = await inviteWith({
      Privacy: 'id',
      From: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x',
    });
    assert.match(invite.raw('From') ?? '', /^"Anonymous" <sip:anonymous@anonymous\.invalid>;tag=(?!x$)/);
    assert.equal(invite.has('P-Asserted-Identity'), false);
    assert.equal(invite.raw('Privacy'), 'id');
  });

  for (const [what, written, shown] of [
    ['somebody else', '<sip:president@ims.test>;tag=x', /^"Anonymous" <sip:anonymous@anonymous\.invalid>;tag=\w+$/],
    ['another number', '<tel:+15550002>;tag=x', /^"Anonymous" <sip:anonymous@anonymous\.invalid>;tag=\w+$/],
    ['its other identity', '<tel:+15550001>;tag=x', /^<tel:\+15550001>;tag=(?!x$)\w+$/],
    [
      'an anonymous name of its own',
      '<sip:nobody@ims.test.invalid>;tag=x',
      /^<sip:nobody@ims\.test\.invalid>;tag=\w+$/,
    ],
  ] as const) {
    it(`does not let a caller that hides pass for somebody else: ${what}`, async () => {
      const { invite } = await inviteWith({
        Privacy: 'id',
        From: written,
        'P-Preferred-Identity': '<sip:alice@ims.test>',
      });
      assert.match(invite.raw('From') ?? '', shown);
    });
  }

  it('goes no further than 70 hops, whatever the caller wrote', async () => {
    const { invite } = await inviteWith({ 'Max-Forwards': '255' });
    assert.equal(invite.raw('Max-Forwards'), '69');
  });

  it('has an anonymous From when the caller asks for one (RFC 3323 §5.3)', async () => {
    const { invite } = await inviteWith({ Privacy: 'user;id' });
    assert.match(invite.raw('From') ?? '', /^"Anonymous" <sip:anonymous@anonymous\.invalid>;tag=/);
  });

  it('has the description of the caller with our address and ports, and nothing else changed', async () => {
    const { callee } = await called();
    const lines = text(callee.invite.body).split('\r\n');
    assert.match(lines[1] ?? '', /^o=- \d+ \d+ IN IP4 192\.0\.2\.1$/);
    assert.deepEqual(
      lines.with(1, 'o'),
      OFFER.replace('c=IN IP4 10.0.0.1', 'c=IN IP4 192.0.2.1').replace('4000', '10002').split('\r\n').with(1, 'o'),
    );
  });
});

describe('the responses a calling phone gets', () => {
  it('open the dialog with us and say who was reached', async () => {
    const { rig, caller, callee } = await called();
    callee.answer(callee.invite, 180);
    const { headers } = caller.take('180 INVITE');
    assert.equal(headers.raw('Contact'), '<sip:ims@192.0.2.1:5060>');
    assert.equal(headers.raw('Record-Route'), '<sip:192.0.2.1:5060;lr>');
    assert.match(headers.raw('Allow') ?? '', /BYE/);
    assert.equal(headers.has('Supported'), true);
    assert.match(headers.raw('To') ?? '', /^<tel:\+15550002>;tag=\w+$/);
    assert.deepEqual(
      headers.all(P_ASSERTED_IDENTITY).map(({ uri }) => printUri(uri)),
      ['tel:+15550002', 'sip:bob@ims.test'],
    );
    callee.answer(callee.invite, 200, { sdp: ANSWER });
    const ok = caller.take('200 INVITE');
    assert.equal(ok.headers.raw('Record-Route'), '<sip:192.0.2.1:5060;lr>');
    assert.equal(ok.headers.raw('Content-Type'), 'application/sdp');
    assert.match(text(ok.body), /m=audio 10000 RTP\/AVP 0 101\r\na=rtpmap:101 telephone-event\/8000\r\na=sendrecv/);
    caller.request('ACK');
    callee.takeRequest('ACK');
    hangUp(caller, callee);
    rig.finish();
  });

  it('show what the called phone can do and whether it sends early media', async () => {
    const { caller, callee } = await called();
    const Contact = '<sip:phone@10.0.0.2>;video;+sip.instance="<urn:gsma:imei:2>"';
    callee.answer(callee.invite, 183, { sdp: ANSWER, headers: { Contact, 'P-Early-Media': 'sendrecv' } });
    const { headers } = caller.take('183 INVITE');
    assert.equal(headers.raw('Contact'), '<sip:ims@192.0.2.1:5060>;video');
    assert.equal(headers.raw('P-Early-Media'), 'sendrecv');
  });

  it('do not say who was reached when the callee hides it', async () => {
    const { caller, callee } = await called();
    callee.answer(callee.invite, 180, { headers: { Privacy: 'id' } });
    assert.equal(caller.take('180 INVITE').headers.has('P-Asserted-Identity'), false);
  });

  it('keep the Record-Route of proxies between the phone and us', async () => {
    const { caller, callee } = await inviteWith({ 'Record-Route': '<sip:proxy.test;lr>' });
    callee.answer(callee.invite, 180);
    const routes = ['<sip:192.0.2.1:5060;lr>', '<sip:proxy.test;lr>'];
    assert.deepEqual(caller.take('180 INVITE').headers.rawAll('Record-Route'), routes);
  });
});

describe('requests inside a call', () => {
  it('go to the Contact of each phone, in the dialog of its leg, with rising CSeq', async () => {
    const { rig, caller, callee } = await called();
    const Contact = '<sip:other@10.0.0.2:6000>';
    callee.answer(callee.invite, 200, { sdp: ANSWER, headers: { Contact } });
    const ack = callee.takeRequest('ACK');
    assert.equal(ack.uri, 'sip:other@10.0.0.2:6000');
    assert.equal(callee.phone.port, 6000);
    assert.equal(ack.headers.raw('CSeq'), '1 ACK');
    caller.take('200 INVITE');
    caller.request('ACK');
    const bye = hangUp(caller, callee);
    assert.equal(bye.uri, 'sip:other@10.0.0.2:6000');
    assert.equal(bye.headers.raw('CSeq'), '2 BYE');
    assert.equal(bye.headers.raw('Call-ID'), callee.callId);
    assert.equal(bye.headers.has('Route'), false);
    rig.finish();
  });
});
