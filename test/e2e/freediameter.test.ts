import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { noTap } from '../../src/core/tap.ts';
import { CX, RX } from '../../src/diameter/command.ts';
import { avp, find } from '../../src/diameter/dictionary.ts';
import { Peer } from '../../src/diameter/peer.ts';
import type { Outcome } from '../../src/diameter/requests.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { Child } from '../support/child.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { commandOrSkip } from '../support/require-package.ts';

const EXTENSIONS = '/usr/lib/freeDiameter';

/** freeDiameter as a relay of the realm home.test; it needs a certificate also where TLS is not used. */
function startRelay(t: TestContext, command: string, openssl: string, address: string): Child {
  const folder = temporaryFolder(t);
  const file = (name: string) => join(folder, name);
  const subject = ['-subj', '/CN=free.home.test', '-days', '2'];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file('key'), '-out', file('certificate')];
  execFileSync(openssl, ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
  writeFileSync(file('friends'), 'ALLOW_IPSEC ims.home.test\n');
  const extension = (name: string, argument = '') => `LoadExtension = "${EXTENSIONS}/${name}.fdx"${argument};`;
  writeFileSync(
    file('conf'),
    [
      'Identity = "free.home.test"; Realm = "home.test";',
      `Port = 3868; SecPort = 0; No_SCTP; No_IPv6; ListenOn = "${address}";`,
      `TLS_Cred = "${file('certificate')}", "${file('key')}"; TLS_CA = "${file('certificate')}"; TLS_DH_Bits = 1024;`,
      ...['dict_nasreq', 'dict_dcca', 'dict_dcca_3gpp'].map((name) => extension(name)),
      extension('acl_wl', ` : "${file('friends')}"`),
    ].join('\n'),
  );
  return new Child(t, command, ['-c', file('conf')]);
}

describe('with freeDiameter', () => {
  it('capabilities, watchdog, a request nobody serves, and disconnection', async (t) => {
    const command = commandOrSkip(t, 'freeDiameterd', 'freediameterd, freediameter-extensions');
    const openssl = command === undefined ? undefined : commandOrSkip(t, 'openssl', 'openssl');
    if (command === undefined || openssl === undefined) return;
    const address = loopbackAddress();
    const relay = startRelay(t, command, openssl, address);
    const clock = new FakeClock();
    const bugs: unknown[] = [];
    const came: string[] = [];
    const tap = {
      ...noTap,
      active: true,
      message: ({ dir, summary }: { dir: string; summary: string }) => came.push(`${dir} ${summary}`),
    };
    const peer = new Peer(
      { net: systemNet((bug) => bugs.push(bug)), clock, random: systemRandom(), logger: silent, tap },
      {
        transport: 'TCP',
        remote: { address, port: 3868 },
        own: { host: 'ims.home.test', realm: 'home.test' },
        product: 'test',
        applications: [CX, RX],
        answerMs: 6000,
      },
    );
    peer.start();
    await eventually(() => {
      if (peer.status.state === 'closed') clock.advance(30_000);
      assert.equal(peer.status.state, 'open', `${peer.status.trouble} ${relay.output}`);
    }, 20_000);
    assert.deepEqual(peer.status.identity, { host: 'free.home.test', realm: 'home.test' });

    clock.advance(33_000);
    await eventually(() => assert.ok(came.includes('FROM Device-Watchdog-Answer')));

    const outcome = await new Promise<Outcome>((done) => {
      const session = avp('Session-Id', peer.newSessionId());
      peer.request(CX, 'User-Authorization', [session, avp('User-Name', 'a@home.test')], done);
    });
    assert.ok('answer' in outcome, 'unreachable' in outcome ? outcome.unreachable : '');
    assert.equal(outcome.answer.error, true);
    assert.equal(find(outcome.answer.avps, 'Result-Code'), 3007);

    await peer.stop();
    assert.ok(came.includes('FROM Disconnect-Peer-Answer'));
    assert.deepEqual(bugs, []);
    assert.ok(relay.running);
  });
});
