import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { acknowledge, described, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { startLab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';

/** The operator takes emergency calls of anybody. */
const USERS = `{impi: "alice", impu: ["alice", "tel:1001"], pwd: "alice"},
  {impi: "bob", impu: ["bob", "tel:1002"], pwd: "bob"},
  {impi: "operator", impu: ["operator", {impu: "urn:service:sos", anonymous: true}], pwd: "operator"},
  {impi: "police", impu: ["police", {impu: "urn:service:sos.police", anonymous: true}], pwd: "police"},`;
/** What a handset of 3GPP accepts (TS 24.229 §5.1.3.1). */
const ACCEPTS = 'Accept: application/sdp, application/3gpp-ims+xml';

async function lab(t: TestContext, settings = '') {
  const bed = await startLab(t, USERS, `auth_on_register_only: true, ${settings}`);
  const alice = await bed.phone('alice');
  const operator = await bed.phone('operator');
  await operator.register();
  return { lab: bed, alice, operator };
}

function contacts(phone: Phone): string[] {
  return [`Contact: <${phone.contact}>;+sip.instance="<urn:gsma:imei:35209900-176148-1>"`, 'Expires: 3600'];
}

/** An emergency registration: of the same phone, with `sos` in the Contact's URI. */
function registerForEmergency(phone: Phone) {
  const headers = [
    `Contact: <${phone.contact};sos>;+sip.instance="<urn:gsma:imei:35209900-176148-1>"`,
    'Expires: 3600',
  ];
  return phone.register({ headers });
}

function dial(phone: Phone, uri: string, headers: readonly string[] = [], from?: string) {
  const all = [`Contact: <${phone.contact}>`, ...headers, ...SDP_HEADER];
  return phone.start('INVITE', { uri, headers: all, body: sdpOf(phone), ...(from !== undefined && { from }) });
}

describe('an emergency call', () => {
  it('of a phone that is not registered reaches the operator, who sees nobody’s name', async (t) => {
    const { alice, operator } = await lab(t);
    const from = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a';
    const sent = dial(alice, 'urn:service:sos', [ACCEPTS], from);
    const received = await operator.request('INVITE');
    assert.match(received.headers.raw('From') ?? '', /^"Anonymous" <sip:anonymous@anonymous.invalid>;tag=/);
    assert.equal(received.headers.has('P-Asserted-Identity'), false);
    operator.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(operator) });
    const accepted = await alice.response(200);
    await operator.request('ACK');
    // The dialog is the stranger's, who may end it.
    alice.start('BYE', {
      uri: 'sip:ims@ims.test',
      callId: sent.callId,
      from,
      to: accepted.headers.raw('To') ?? '',
      cseq: 90,
    });
    await operator.request('BYE');
    await alice.response(200);
  });

  it('of a phone that names a user without being registered is one of somebody unknown', async (t) => {
    const { alice, operator } = await lab(t);
    dial(alice, 'urn:service:sos');
    const received = await operator.request('INVITE');
    assert.doesNotMatch(received.headers.raw('From') ?? '', /alice/);
  });

  it('of a registered phone shows who calls', async (t) => {
    const { alice, operator } = await lab(t);
    await alice.register();
    dial(alice, 'urn:service:sos.ambulance');
    const received = await operator.request('INVITE');
    assert.deepEqual(received.headers.rawAll('P-Asserted-Identity'), ['<sip:alice@ims.test>', '<tel:1001>']);
  });

  it('to one service reaches whoever has just that', async (t) => {
    const { lab: bed, alice, operator } = await lab(t);
    const police = await bed.phone('police');
    await police.register();
    dial(alice, 'URN:service:SOS.police');
    await police.request('INVITE');
    await operator.settled();
    assert.ok(operator.idle);
  });

  it('brings its offer beside a location', async (t) => {
    const { alice, operator } = await lab(t);
    const body = [
      '--part',
      'Content-Type: application/pidf+xml',
      'Content-ID: <alice@ims.test>',
      '',
      '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:alice@ims.test"/>',
      '--part',
      'Content-Type: application/sdp',
      '',
      `${sdpOf(alice)}--part--`,
      '',
    ].join('\r\n');
    const headers = [
      `Contact: <${alice.contact}>`,
      'Geolocation: <cid:alice@ims.test>',
      'Content-Type: multipart/mixed;boundary="part"',
    ];
    alice.start('INVITE', { uri: 'urn:service:sos', headers, body });
    const received = await operator.request('INVITE');
    assert.match(described(received).text, /^m=audio .*\r\n/m);
    operator.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(operator) });
    assert.match(described(await alice.response(200)).text, /^m=audio/m);
  });

  it('that brings a location and no offer is offered one in the 200', async (t) => {
    const { alice, operator } = await lab(t);
    const body = '--p\r\nContent-Type: application/pidf+xml\r\n\r\n<presence/>\r\n--p--\r\n';
    const headers = [`Contact: <${alice.contact}>`, 'Content-Type: multipart/mixed;boundary=p'];
    const sent = alice.start('INVITE', { uri: 'urn:service:sos', headers, body });
    const received = await operator.request('INVITE');
    assert.equal(received.body.length, 0);
    operator.respond(received, 200, { headers: SDP_HEADER, body: sdpOf(operator) });
    const accepted = await alice.response(200);
    assert.match(described(accepted).text, /^m=audio/m);
    acknowledge(alice, sent, accepted, sdpOf(alice));
    assert.match(described(await operator.request('ACK')).text, /^m=audio/m);
  });

  it('of a stranger to anybody else is refused', async (t) => {
    const { lab: bed, alice } = await lab(t);
    const bob = await bed.phone('bob');
    await bob.register();
    const from = '<sip:anonymous@anonymous.invalid>;tag=a';
    for (const uri of ['tel:1002', 'sip:bob@ims.test', 'urn:service:help']) {
      alice.ackRefusal(dial(alice, uri, [], from), await alice.response(403));
    }
    await bob.settled();
    assert.ok(bob.idle);
  });
});

describe('a dialled emergency number', () => {
  for (const uri of ['tel:112', 'sip:112@ims.test;user=phone', 'tel:911;phone-context=ims.test']) {
    it(`${uri} reaches the operator`, async (t) => {
      const { alice, operator } = await lab(t);
      await alice.register();
      dial(alice, uri);
      await operator.request('INVITE');
    });
  }

  it('is whatever emergency_numbers says', async (t) => {
    const { alice, operator } = await lab(t, 'emergency_numbers: ["110"],');
    await alice.register();
    alice.ackRefusal(dial(alice, 'tel:112'), await alice.response(404));
    dial(alice, 'tel:110');
    await operator.request('INVITE');
  });

  it('that a user has is that user’s', async (t) => {
    const { lab: bed, alice } = await lab(t, 'emergency_numbers: ["1002"],');
    const bob = await bed.phone('bob');
    await Promise.all([alice.register(), bob.register()]);
    dial(alice, 'tel:1002', [ACCEPTS]);
    await bob.request('INVITE');
  });

  it('makes a handset register for emergency first: 380 (TS 24.229 §5.2.10.4)', async (t) => {
    const { alice, operator, lab: bed } = await lab(t);
    const registered = await alice.register({ headers: [...contacts(alice), 'Supported: path'] });
    const sent = dial(alice, 'tel:112', [ACCEPTS]);
    const elsewhere = await alice.response(380);
    alice.ackRefusal(sent, elsewhere);
    assert.equal(elsewhere.headers.raw('Content-Type'), 'application/3gpp-ims+xml');
    assert.equal(elsewhere.headers.raw('P-Asserted-Identity'), registered.headers.rawAll('Path').at(-1));
    const xml = Buffer.from(elsewhere.body).toString().replaceAll(/>\s+</g, '><');
    assert.match(
      xml,
      /<ims-3gpp version="1"><alternative-service><type>emergency<\/type><reason\/><action>emergency-registration<\/action><\/alternative-service><\/ims-3gpp>/,
    );
    assert.equal((await registerForEmergency(alice)).status, 200);
    assert.equal(bed.server.counts().bindings, 3);
    dial(alice, 'urn:service:sos', [ACCEPTS, 'P-Preferred-Identity: <sip:alice@ims.test>']);
    await operator.request('INVITE');
  });

  it('that a handset knows for one is served over its usual registration', async (t) => {
    const { alice, operator } = await lab(t);
    await alice.register();
    dial(alice, 'urn:service:sos', [ACCEPTS]);
    await operator.request('INVITE');
  });

  it('that nobody takes: 380 without an action for a handset, 404 for others', async (t) => {
    const bed = await startLab(t, USERS.split('\n').slice(0, 2).join('\n'), 'auth_on_register_only: true,');
    const alice = await bed.phone('alice');
    await alice.register();
    const elsewhere = dial(alice, 'tel:112', [ACCEPTS]);
    const response = await alice.response(380);
    alice.ackRefusal(elsewhere, response);
    assert.doesNotMatch(Buffer.from(response.body).toString(), /action/);
    alice.ackRefusal(dial(alice, 'tel:112'), await alice.response(404));
  });
});

describe('an emergency registration', () => {
  it('stands beside the usual one of the same phone, rings for no call and is not told to watchers', async (t) => {
    const { lab: bed, alice } = await lab(t);
    const bob = await bed.phone('bob');
    await alice.register({ headers: contacts(alice) });
    await bob.register();
    alice.start('SUBSCRIBE', {
      uri: alice.uri,
      headers: ['Event: reg', `Contact: <${alice.contact}>`, 'Expires: 600'],
    });
    await alice.response(200);
    alice.respond(await alice.request('NOTIFY'), 200);
    assert.equal((await registerForEmergency(alice)).status, 200);
    await alice.settled();
    assert.ok(alice.idle, 'no NOTIFY');
    assert.equal(bed.server.counts().bindings, 4);
    dial(bob, 'tel:1001');
    assert.equal((await alice.request('INVITE')).uri, alice.contact);
    await alice.settled();
    assert.ok(alice.idle, 'one INVITE');
  });

  it('takes the call back when there is no other', async (t) => {
    const { lab: bed, alice } = await lab(t);
    const bob = await bed.phone('bob');
    await bob.register();
    await registerForEmergency(alice);
    dial(bob, 'tel:1001');
    assert.equal((await alice.request('INVITE')).uri, `${alice.contact};sos`);
  });

  it('is ended by its own deregistration only', async (t) => {
    const { lab: bed, alice } = await lab(t);
    await alice.register({ headers: contacts(alice) });
    await registerForEmergency(alice);
    await alice.register({ headers: [`Contact: <${alice.contact};sos>`, 'Expires: 0'] });
    assert.equal(bed.server.counts().bindings, 2);
  });
});
