import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { acknowledge, insideAsCaller, SDP_HEADER, sdpOf } from '../support/call-flow.ts';
import { Child } from '../support/child.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { credentials, type Phone } from '../support/phone.ts';
import { findCommand } from '../support/require-package.ts';

const CX = 16_777_216;
const RX = 16_777_236;
const TGPP = 10415;
const REALM = 'amarisoft.com';
const USER_DATA =
  '<IMSSubscription><PrivateID>NAME@ims.test</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:NAME@ims.test</Identity></PublicIdentity></ServiceProfile></IMSSubscription>';

/** An AVP as ims_diameter_server writes it in JSON. */
function json(avpCode: number, value: number | string | readonly object[], vendorId = 0): object {
  const kind = typeof value === 'number' ? 'int32' : typeof value === 'string' ? 'string' : 'list';
  return { avpCode, vendorId, Flags: vendorId === 0 ? 64 : 192, [kind]: value };
}

function answer(application: number, avps: readonly object[]): string {
  const common = [json(277, 1), json(260, [json(266, TGPP), json(258, application)])];
  return JSON.stringify([...common, ...avps]);
}

const SUCCESS = json(268, 2001);
const FIRST_REGISTRATION = json(297, [json(266, TGPP), json(298, 2001)]);

/** Kamailio as the HSS of users whose password is their name, and as a PCRF that agrees to everything. */
function startKamailio(t: TestContext, command: string, address: string): Child {
  const folder = temporaryFolder(t);
  const file = (name: string) => join(folder, name);
  const applications = [CX, RX].flatMap((id) => [0, TGPP].map((vendor) => `<Auth id="${id}" vendor="${vendor}"/>`));
  writeFileSync(
    file('peer.xml'),
    `<?xml version="1.0" encoding="UTF-8"?>
<DiameterPeer FQDN="hss.${REALM}" Realm="${REALM}" Vendor_Id="${TGPP}" Product_Name="kamailio" AcceptUnknownPeers="1"
  DropUnknownOnDisconnect="1" Tc="30" Workers="2" QueueLength="32" TransactionTimeout="5" SessionsHashSize="128"
  DefaultAuthSessionTimeout="60" MaxAuthSessionTimeout="300">
  <Acceptor port="3868" bind="${address}"/>
  ${applications.join('')}
  <SupportedVendor id="${TGPP}"/>
</DiameterPeer>`,
  );
  const digest = (name: string) => {
    const ha1 = hash('md5', `${name}@ims.test:ims.test:${name}`, 'hex');
    const inner = [json(104, 'ims.test'), json(111, 'MD5'), json(110, 'auth'), json(121, ha1)];
    return json(612, [json(608, 'SIP Digest', TGPP), json(635, inner, TGPP)], TGPP);
  };
  const respond = (text: string) => `$diameter_response = '${text.replaceAll("'", "\\'")}';`;
  const perUser = (make: (name: string) => string) =>
    ['alice', 'bob']
      .map((name) => `if ($diameter_request =~ "${name}@ims.test") { ${respond(make(name))} }`)
      .join('\n    ');
  writeFileSync(
    file('kamailio.cfg'),
    `#!KAMAILIO
debug=2
log_stderror=yes
children=1
disable_tcp=yes
listen=udp:${address}:5099
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "cdp.so"
loadmodule "cdp_avp.so"
loadmodule "ims_diameter_server.so"
modparam("cdp", "config_file", "${file('peer.xml')}")
request_route { exit; }
event_route[diameter:request] {
  xlog("L_ERR", "asked $diameter_command of $diameter_application: $diameter_request\\n");
  if ($diameter_command == 300) { ${respond(answer(CX, [FIRST_REGISTRATION]))} }
  if ($diameter_command == 303) {
    ${perUser((name) => answer(CX, [json(1, `${name}@ims.test`), json(607, 1, TGPP), digest(name), SUCCESS]))}
  }
  if ($diameter_command == 301) {
    ${perUser((name) => answer(CX, [json(606, USER_DATA.replaceAll('NAME', name), TGPP), SUCCESS]))}
  }
  if ($diameter_command == 265 || $diameter_command == 275) { ${respond(answer(RX, [SUCCESS]))} }
}
`,
  );
  return new Child(t, command, ['-f', file('kamailio.cfg'), '-DD', '-E', '-Y', folder, '-w', folder]);
}

/** Registers with the password that is the phone's name. */
async function register(phone: Phone): Promise<void> {
  const headers = [`Contact: <${phone.contact}>;expires=3600`];
  const { callId } = phone.start('REGISTER', { headers });
  const header = credentials(
    await phone.response(401),
    'REGISTER',
    'sip:ims.test',
    `${phone.name}@ims.test`,
    phone.name,
  );
  phone.start('REGISTER', { callId, headers: [...headers, header] });
  await phone.response(200);
}

describe('with Kamailio as HSS and PCRF', () => {
  it('two phones register, call each other and hang up', async (t) => {
    const command = findCommand('kamailio');
    if (command === undefined) {
      t.skip('skipped: needs Debian packages kamailio and kamailio-ims-modules');
      return;
    }
    const address = loopbackAddress();
    const kamailio = startKamailio(t, command, address);
    try {
      const lab = await startLab(t, '', `cx_server_addr: "tcp:${address}", auth_on_register_only: true,`);
      await eventually(() => {
        for (let second = 0; second < 130 && stateOf(lab) === 'closed'; second++) lab.clock.advance(1000);
        assert.equal(stateOf(lab), 'open', kamailio.errors);
      }, 20_000);
      const [alice, bob] = [await lab.phone('alice'), await lab.phone('bob')];
      for (const phone of [alice, bob]) {
        await register(phone).catch((error: unknown) => assert.fail(`${String(error)} ${kamailio.errors}`));
      }
      assert.deepEqual([lab.server.counts().bindings, lab.server.actions.cx().users], [2, 2]);
      const { sent, invite } = await ring(alice, bob);
      bob.respond(invite, 200, { headers: SDP_HEADER, body: sdpOf(bob) });
      await bob.request('ACK');
      const accepted = await alice.response(200);
      acknowledge(alice, sent, accepted);
      await eventually(() => {
        const states = lab.server.actions.rx().sessions.map(({ state }) => state);
        assert.deepEqual(states, ['open', 'open'], kamailio.errors);
      });
      insideAsCaller(alice, { sent, invite, accepted }, 'BYE');
      bob.respond(await bob.request('BYE'), 200);
      await eventually(() => assert.equal(lab.server.counts().rxSessions, 0));
      // The HSS is told of the end of a registration.
      lab.server.actions.unregister('alice@ims.test', 'rejected');
      await eventually(() => assert.equal(kamailio.errors.split('asked 301 of').length - 1, 3));
    } finally {
      // Its own processes end with it only so.
      kamailio.kill('SIGTERM');
      await kamailio.ended;
    }
    assert.doesNotMatch(kamailio.errors, /ERROR: cdp.*(decode|parse|invalid)/i);
  });
});

function stateOf(lab: Lab): string | undefined {
  return lab.server.actions.cx().peer?.state;
}

async function ring(alice: Phone, bob: Phone) {
  const headers = [`Contact: <${alice.contact}>`, ...SDP_HEADER];
  const sent = alice.start('INVITE', { uri: 'sip:bob@ims.test', headers, body: sdpOf(alice) });
  return { sent, invite: await bob.request('INVITE') };
}
