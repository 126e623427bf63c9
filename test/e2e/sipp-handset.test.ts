import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.ts';
import { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Sipp, type SippRun } from './sipp/sipp.ts';

/** Calls of handsets message by message as TS 34.229-1 has them, and SIPp's own scenarios: nothing here wrote them. */

const USERS = ['ue', 'sipp', 'service'].map((name) => ({ impi: name, impu: [name], authent_type: 'none' }));

function rootFile(name: string): string {
  return fileURLToPath(new URL(`../../../${name}`, import.meta.url));
}

class Bed {
  readonly daemon: Daemon;
  readonly #sipp: Sipp;

  private constructor(sipp: Sipp, daemon: Daemon) {
    this.#sipp = sipp;
    this.daemon = daemon;
  }

  static async make(t: TestContext): Promise<Bed | undefined> {
    const config = { echo: 'tel:666', p_called_party_id: true, timer_t1: 0.5 };
    const started = await Sipp.against(t, () => Daemon.start(t, { users: USERS, config }));
    return started && new Bed(started.sipp, started.host);
  }

  start(scenario: string, address: string, name: string): SippRun {
    const text = readFileSync(rootFile(`test/e2e/scenarios/${scenario}.xml`), 'utf8');
    return this.#sipp.start({ scenario: text, calls: 1, address, lines: [[name]] });
  }

  async run(scenario: string, address: string, name = 'ue'): Promise<void> {
    await this.start(scenario, address, name).complete();
  }

  async ends(): Promise<void> {
    await eventually(async () => {
      const dialogs = (await this.daemon.ask('dialog')).filter((line) => /^[0-9a-f]{16} +(?!stop)\S/.test(line));
      assert.deepEqual(dialogs, []);
    });
    await this.daemon.stop();
  }
}

describe('a handset’s calls message by message', () => {
  for (const scenario of ['mo-precondition', 'mo-plain']) {
    it(`${scenario}, to the echo`, async (t) => {
      const bed = await Bed.make(t);
      if (bed === undefined) return;
      const address = loopbackAddress();
      await bed.run('register', address);
      await bed.run(scenario, address);
      await bed.ends();
    });
  }

  for (const [scenario, template] of [
    ['mt-precondition', 'mt_call_qos.sdp'],
    ['mt-plain', 'mt_call.sdp'],
  ] as const) {
    it(`${scenario}, called by the server`, async (t) => {
      const bed = await Bed.make(t);
      if (bed === undefined) return;
      const { daemon } = bed;
      copyFileSync(rootFile(`config/${template}`), join(daemon.folder, template));
      const address = loopbackAddress();
      await bed.run('register', address);
      const ringing = bed.start(scenario, address, 'ue');
      await eventually(() => assert.ok(isBound(address)));
      assert.match((await daemon.ask(`mt_call -d 1 ue ${template}`)).join(), /Call started/);
      await ringing.complete();
      await bed.ends();
    });
  }
});

describe('SIPp’s own scenarios', () => {
  it('uac calls uas', async (t) => {
    const bed = await Bed.make(t);
    if (bed === undefined) return;
    const { daemon } = bed;
    const [caller, callee] = [loopbackAddress(), loopbackAddress()];
    await bed.run('register', callee, 'service');
    const to = `${daemon.address}:${daemon.port}`;
    const common = ['-m', '20', '-nostdin', '-timeout', '30', '-p', '5060'];
    const uas = new Child(t, 'sipp', ['-sn', 'uas', '-i', callee, ...common]);
    await eventually(() => assert.ok(isBound(callee)));
    const uac = new Child(t, 'sipp', ['-sn', 'uac', '-i', caller, '-r', '20', ...common, to]);
    assert.equal(await uac.exitCode(30_000), 0, uac.output.slice(-2000));
    assert.equal(await uas.exitCode(30_000), 0, uas.output.slice(-2000));
    await bed.ends();
  });
});

/** Whether somebody listens on UDP port 5060 there. */
function isBound(address: string): boolean {
  const hex = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return readFileSync('/proc/net/udp', 'latin1').includes(`${hex.toReversed().join('').toUpperCase()}:13C4`);
}
